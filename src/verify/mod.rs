//! Believing bundles: the only way from a [`Bundle`](crate::oms::Bundle) to a [`Verified`] manifest, and from several of
//! them to one that is [`Accepted`] by the rule of a policy.

mod accepted;
mod blob;
mod blob_cosign;
mod certificate;
mod dsse_v2;
mod key;
mod keyless;
mod keyless_fault;
mod log_entry;
mod matching;
mod threshold;
mod timestamp;
mod verified;
mod verifier;

pub use accepted::{Accepted, Counted, Refusal, Uncountable, Uncounted};
pub use blob::{BlobBundle, BlobError};
pub use keyless_fault::KeylessFault;
pub use threshold::Threshold;
pub use verified::{Authentic, Verified, VerifiedAttestation};
pub use verifier::{BundleFault, Verifier};
