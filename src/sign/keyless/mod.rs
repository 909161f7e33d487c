//! Signing with an identity: a token, a certificate for it, a signature, a timestamp, a log entry.

mod ambient;
mod error;
mod fulcio;
mod google;
mod login;
mod rekor;
mod signer;
mod timestamp;
mod token;

pub use error::KeylessError;
pub use login::Client as LoginClient;
pub use signer::{KeylessSigner, TokenSource};
pub use token::{IdentityToken, TokenError};
