//! Whom to believe, and who turned out to have signed.

mod identity;
mod root;

pub use identity::Identity;
pub use root::{CertificateTime, TrustRoot};
