//! Whom to believe, and who turned out to have signed.

mod identity;
mod pattern;
mod root;
pub mod sigstore;

pub use identity::Identity;
pub use pattern::{ClaimRule, IdentityPattern, Mismatch, PatternError};
pub use root::{CertificateTime, LogRule, TrustRoot};
