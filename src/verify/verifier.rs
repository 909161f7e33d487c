use std::time::Duration;

use super::keyless::{self, KeylessSignature};
use super::verified::{Authentic, Verified, VerifiedAttestation};
use super::{KeylessFault, certificate, key};
use crate::crypto::{ChainError, KeyError, MessageDigest, PublicKey, SigningHash};
use crate::oms::{
    Attestation, AttestationError, Bundle, Envelope, Format, Material, Statement, StatementError, legacy_pae,
    may_be_legacy,
};
use crate::trust::TrustRoot;

/// Checks bundles against a trust root, at a given time.
#[derive(Debug)]
pub struct Verifier<'a> {
    trust: &'a TrustRoot,
    now: Duration,
}

impl<'a> Verifier<'a> {
    /// A verifier that believes this trust root; `now` is the time since the Unix epoch.
    #[must_use]
    pub const fn new(trust: &'a TrustRoot, now: Duration) -> Self {
        Self { trust, now }
    }

    pub(super) const fn trust(&self) -> &TrustRoot {
        self.trust
    }

    /// Checks a model signature: that it holds, and that the payload is a statement about a
    /// model, in the format that goes with the way it was signed (OMS 1.0, section 8.3).
    ///
    /// Not checked here: whether files on disk are those of the manifest.
    ///
    /// # Errors
    /// [`BundleFault`]: the bundle is refused, and why.
    pub fn verify(&self, bundle: &Bundle) -> Result<Verified, BundleFault> {
        let (authentic, format) = self.authenticate(bundle)?;
        let statement = Statement::from_payload(&bundle.envelope.payload, format).map_err(BundleFault::Statement)?;
        Ok(Verified { authentic, name: statement.name, manifest: statement.manifest })
    }

    /// Checks a signature over a statement of another type: that it holds, and that the statement has this predicate
    /// type. What the predicate says is left to the caller.
    ///
    /// # Errors
    /// [`BundleFault`]: the bundle is refused, and why.
    pub fn verify_attestation<'b>(
        &self,
        bundle: &'b Bundle,
        predicate_type: &'static str,
    ) -> Result<VerifiedAttestation<'b>, BundleFault> {
        let (authentic, format) = self.authenticate(bundle)?;
        if format == Format::Legacy {
            return Err(BundleFault::Signature);
        }
        let attestation = Attestation::from_payload(&bundle.envelope.payload, predicate_type)?;
        Ok(VerifiedAttestation { authentic, attestation })
    }

    /// Checks whether the signature holds.
    ///
    /// 1. The bundle's material leads to a key that the trust root vouches for.
    /// 2. That key made the signature over the exact payload bytes. Only now the payload is read.
    /// 3. For keyless signatures: certificate log, transparency log and timestamps show when it was made, and that it was
    ///    not made in secret.
    fn authenticate(&self, bundle: &Bundle) -> Result<(Authentic, Format), BundleFault> {
        // 1. From the material to a trusted key.
        let (key, identity, mut warnings) = match (self.trust, &bundle.material) {
            (TrustRoot::Key(key), Material::PublicKey(identifier)) => {
                let (identity, warnings) = key::identify(key, identifier)?;
                (key.clone(), identity, warnings)
            }
            (TrustRoot::Certificates { anchors, time }, Material::Chain { leaf, others }) => {
                certificate::identify(leaf, others, anchors, *time, self.now)?
            }
            (TrustRoot::Sigstore { root, identity, .. }, Material::Keyless { leaf, .. }) => {
                keyless::identify(leaf, root, identity)?
            }
            (_, material) => return Err(BundleFault::OtherMethod { signed: material.method() }),
        };
        // 2. The signature over the payload.
        let format = check_signature(&key, &bundle.envelope)?;
        // 3. The evidence for keyless signatures.
        let times = match (self.trust, &bundle.material) {
            (TrustRoot::Sigstore { root, log, .. }, Material::Keyless { leaf, log_entries, timestamps }) => {
                let signed = KeylessSignature { envelope: &bundle.envelope, leaf, log_entries, timestamps };
                keyless::check(signed, root, *log, &mut warnings)?
            }
            _ => Vec::new(),
        };
        Ok((Authentic { identity, key, times, warnings }, format))
    }
}

/// Checks the signature, and tells by which encoding it holds.
///
/// Version 0.2.0 of the reference tool signed another encoding of the payload; a signature that holds only over that
/// one can vouch for a statement of that generation and for nothing else.
fn check_signature(key: &PublicKey, envelope: &Envelope) -> Result<Format, BundleFault> {
    let Envelope { payload, signature } = envelope;
    let hash = key.curve().signing_hash();
    if key.verifies(hash, &payload.pae_digest(hash), signature) {
        return Ok(Format::V1);
    }
    let legacy = || MessageDigest::of_all(SigningHash::Sha256, legacy_pae(payload));
    if may_be_legacy(payload) && key.verifies(SigningHash::Sha256, &legacy(), signature) {
        return Ok(Format::Legacy);
    }
    Err(BundleFault::Signature)
}

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleFault {
    /// The bundle was made by another method than the one that is trusted.
    #[error("the signature was made by the method {signed:?}")]
    OtherMethod {
        /// The method of the bundle.
        signed: &'static str,
    },
    /// The bundle names another key.
    #[error("the signature names the key {signed}, the trusted key is {trusted}")]
    OtherKey {
        /// The key that the bundle names.
        signed: String,
        /// The trusted key.
        trusted: String,
    },
    /// The keyless signature does not hold, or is not from whom it should be.
    #[error(transparent)]
    Keyless(#[from] KeylessFault),
    /// The signer's certificate does not lead to a trusted one.
    #[error("the signer's certificate is not trusted")]
    Chain(#[source] ChainError),
    /// The signer's certificate was not issued for signing.
    #[error("the certificate of {subject} was issued neither for digital signatures nor for code signing")]
    Usage {
        /// Whose certificate.
        subject: String,
    },
    /// The signer's certificate holds another kind of key.
    #[error("the key of the signer's certificate does not sign models")]
    CertificateKey(#[source] KeyError),
    /// The signature is not that of the key over this payload.
    #[error("the signature does not match what it should have signed, or the key")]
    Signature,
    /// The signature holds, what it vouches for is not acceptable.
    #[error("the signed statement is not acceptable")]
    Statement(#[source] StatementError),
    /// The signature holds, what it vouches for is another kind of statement, or none.
    #[error("the signed statement is not acceptable")]
    Attestation(#[from] AttestationError),
}

impl BundleFault {
    /// The stable name of this kind of refusal.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::OtherMethod { .. } => "signature-method",
            Self::OtherKey { .. } => "signature-key",
            Self::Chain(_) | Self::Usage { .. } | Self::CertificateKey(_) => "signature-certificate",
            Self::Keyless(fault) => fault.rule(),
            Self::Signature => "signature-invalid",
            Self::Statement(_) | Self::Attestation(_) => "statement-invalid",
        }
    }
}
