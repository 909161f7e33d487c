//! Believing bundles: the only way from a [`Bundle`](crate::oms::Bundle) to a [`Verified`] manifest.

mod blob;
mod certificate;
mod dsse_v2;
mod key;
mod keyless;
mod keyless_fault;
mod log_entry;
mod timestamp;
mod verified;
mod verifier;

pub use blob::{BlobBundle, BlobError};
pub use keyless_fault::KeylessFault;
pub use verified::{Authentic, Verified, VerifiedAttestation};
pub use verifier::{BundleFault, Verifier};
