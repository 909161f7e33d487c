use jiff::Timestamp;

use crate::crypto::{Curve, PublicKey};
use crate::finding::Finding;
use crate::manifest::Manifest;
use crate::oms::Attestation;
use crate::trust::Identity;

/// Proof that a signature over some statement holds: who made it, with what kind of key, and when. Made by
/// [`Verifier`](super::Verifier) alone.
#[derive(Debug, Clone)]
pub struct Authentic {
    pub(super) identity: Identity,
    pub(super) key: PublicKey,
    pub(super) times: Vec<Timestamp>,
    pub(super) warnings: Vec<Finding>,
}

impl Authentic {
    /// Who signed.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The curve of the signer's key.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        self.key.curve()
    }

    /// When it was signed, by every clock that was asked: timestamp authorities and logs. Keyless signatures alone have
    /// such times.
    #[must_use]
    pub fn times(&self) -> &[Timestamp] {
        &self.times
    }

    /// What is worth knowing about the signature, and no reason to refuse it.
    #[must_use]
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }
}

/// Proof that a model signature was checked: who signed, and what. Made by [`Verifier`](super::Verifier) alone.
///
/// Not said: whether the files on disk are those that were signed.
#[derive(Debug, Clone)]
pub struct Verified {
    pub(super) authentic: Authentic,
    pub(super) name: String,
    pub(super) manifest: Manifest,
}

impl Verified {
    /// Who signed, and when.
    #[must_use]
    pub const fn authentic(&self) -> &Authentic {
        &self.authentic
    }

    /// The name under which the model was signed; information, nothing more. Signatures of version 0.2.0 have none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was signed.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

/// Proof that a statement of another type was checked: who signed, and what it says. Made by
/// [`Verifier`](super::Verifier) alone.
#[derive(Debug, Clone)]
pub struct VerifiedAttestation<'a> {
    pub(super) authentic: Authentic,
    pub(super) attestation: Attestation<'a>,
}

impl<'a> VerifiedAttestation<'a> {
    /// Who signed, and when.
    #[must_use]
    pub const fn authentic(&self) -> &Authentic {
        &self.authentic
    }

    /// What was signed.
    #[must_use]
    pub const fn attestation(&self) -> &Attestation<'a> {
        &self.attestation
    }
}
