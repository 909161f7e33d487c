//! Believing bundles: the only way from a [`Bundle`](crate::oms::Bundle) to a [`Verified`] manifest.

mod certificate;
mod key;
mod verified;
mod verifier;

pub use verified::Verified;
pub use verifier::{BundleFault, Verifier};
