use jiff::Timestamp;

use crate::finding::Finding;
use crate::manifest::Manifest;
use crate::trust::Identity;

/// Proof that a bundle was checked: who signed, and what. Made by [`Verifier`](super::Verifier) alone.
///
/// Not said: whether the files on disk are those that were signed.
#[derive(Debug, Clone)]
pub struct Verified {
    pub(super) identity: Identity,
    pub(super) name: String,
    pub(super) manifest: Manifest,
    pub(super) times: Vec<Timestamp>,
    pub(super) warnings: Vec<Finding>,
}

impl Verified {
    /// Who signed.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
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
