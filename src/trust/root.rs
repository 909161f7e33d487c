use super::IdentityPattern;
use super::sigstore::SigstoreRoot;
use crate::crypto::{Certificate, PublicKey};

/// Whom the verifier believes; never taken from what is verified.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TrustRoot {
    /// The holder of this very key.
    Key(PublicKey),
    /// Whoever has a certificate that leads to one of these.
    Certificates {
        /// The trusted certificates.
        anchors: Vec<Certificate>,
        /// When the certificates must be good.
        time: CertificateTime,
    },
    /// Whoever this Sigstore instance knows under the right name.
    Sigstore {
        /// The instance.
        root: Box<SigstoreRoot>,
        /// Who must have signed.
        identity: Box<IdentityPattern>,
        /// What becomes of the transparency log.
        log: LogRule,
    },
}

/// Whether a keyless signature has to be in a transparency log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogRule {
    /// It has to, with a proof.
    #[default]
    Required,
    /// Nobody looks. Whoever stole a signer's token for a minute then leaves no trace.
    InsecureSkip,
}

/// The time at which certificates must be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CertificateTime {
    /// The time of verification (OMS 1.0, section 8.2).
    #[default]
    Now,
    /// The first moment of the signing certificate, as the reference tool judges: an expired certificate is then as
    /// good as any, and nothing tells when it was used.
    StartOfSigner,
}
