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
