use super::verified::Authentic;
use super::{BundleFault, KeylessFault};
use crate::crypto::Curve;
use crate::digest::Algorithm;
use crate::manifest::Manifest;
use crate::oms::BundleError;

/// Proof that enough signers of a rule signed one manifest. Made by [`Threshold`](super::Threshold) alone.
///
/// Not said: whether the files on disk are those that were signed.
#[derive(Debug)]
pub struct Accepted {
    pub(super) counted: Vec<Counted>,
    pub(super) name: String,
    pub(super) manifest: Manifest,
    pub(super) uncounted: Vec<Uncounted>,
}

/// A signature that counts.
#[derive(Debug, Clone)]
pub struct Counted {
    pub(super) role: String,
    pub(super) bundle: String,
    pub(super) authentic: Authentic,
}

impl Accepted {
    /// The signatures that count, each of another signer, in the order of the rule; no fewer than its threshold.
    #[must_use]
    pub fn signatures(&self) -> &[Counted] {
        &self.counted
    }

    /// The name under which the model was signed first; information, nothing more.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What all of them signed.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The bundles that do not count, for each signer of the rule why.
    #[must_use]
    pub fn uncounted(&self) -> &[Uncounted] {
        &self.uncounted
    }
}

impl Counted {
    /// For which signer of the rule it counts.
    #[must_use]
    pub fn role(&self) -> &str {
        &self.role
    }

    /// The name of the bundle.
    #[must_use]
    pub fn bundle(&self) -> &str {
        &self.bundle
    }

    /// Who signed, and when.
    #[must_use]
    pub const fn authentic(&self) -> &Authentic {
        &self.authentic
    }
}

/// Why the signatures of a model do not suffice.
#[derive(Debug)]
pub struct Refusal {
    /// How many signers are needed.
    pub needed: usize,
    /// The roles for which a signature counts.
    pub counted: Vec<String>,
    /// The roles for which none does.
    pub missing: Vec<String>,
    /// The bundles whose signatures count and are over different manifests: the first, and those that differ from it.
    pub differing: Vec<String>,
    /// The bundles that do not count, for each signer of the rule why.
    pub uncounted: Vec<Uncounted>,
}

/// A bundle that does not count.
#[derive(Debug)]
pub struct Uncounted {
    /// The name of the bundle.
    pub bundle: String,
    /// For which signer of the rule; `None` where that does not matter.
    pub role: Option<String>,
    /// Why.
    pub reason: Uncountable,
}

/// Why a bundle does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Uncountable {
    /// It is no bundle, or cannot be read.
    #[error(transparent)]
    Unreadable(BundleError),
    /// The signature does not hold, or is somebody else's.
    #[error(transparent)]
    Fault(Box<BundleFault>),
    /// The signer is one of a Sigstore instance, and it is not known whom that makes us trust.
    #[error("it is not known which Sigstore instance is trusted")]
    NoInstance,
    /// The certificate leads to the right authority, and names somebody else.
    #[error("the signer is {found}, not {expected}")]
    Subject {
        /// Who it is.
        found: String,
        /// Who it should be.
        expected: String,
    },
    /// The key is too small.
    #[error("the key is on {found}, {needed_bits} bits are needed")]
    Curve {
        /// The key's curve.
        found: Curve,
        /// The size that the rule asks for.
        needed_bits: u64,
    },
    /// No clock that is trusted says when it was signed.
    #[error("nobody trusted says when it was signed")]
    NoTime,
    /// The files are hashed in a way that the rule does not have.
    #[error("the files are hashed with {found}, the rule has {}", names(permitted))]
    Hash {
        /// The hash of the files.
        found: Algorithm,
        /// Those that the rule has.
        permitted: Vec<Algorithm>,
    },
    /// The signature holds, and is over a statement about something else.
    #[error("the signature holds, and is not about this package")]
    OtherStatement,
    /// Its signer counts by another signature.
    #[error("its signer counts already, for the role {role:?}")]
    Counted {
        /// For which role.
        role: String,
    },
}

impl Uncountable {
    /// The stable name of this kind of reason.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "signature-malformed",
            Self::Fault(fault) => fault.rule(),
            Self::NoInstance | Self::Subject { .. } => "policy-signer",
            Self::Curve { .. } => "policy-key-bits",
            Self::OtherStatement => "package-statement",
            Self::NoTime => "policy-timestamp",
            Self::Hash { .. } => "policy-hash",
            Self::Counted { .. } => "policy-same-signer",
        }
    }

    /// Whether no more is the matter than that somebody else signed.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        match self {
            Self::Fault(fault) => matches!(
                **fault,
                BundleFault::OtherMethod { .. }
                    | BundleFault::OtherKey { .. }
                    | BundleFault::Keyless(KeylessFault::Identity(_))
            ),
            Self::Subject { .. } => true,
            _ => false,
        }
    }
}

fn names(algorithms: &[Algorithm]) -> String {
    algorithms.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(", ")
}
