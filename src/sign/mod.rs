//! Making bundles: keys, and the signers that put their signature around a payload.

mod backend;
mod keyed;
mod keyless;
mod signer;

pub use backend::{FileKey, FileKeyError};
pub use keyed::{CertificateSigner, KeySigner};
pub use keyless::{IdentityToken, KeylessError, KeylessSigner, LoginClient, TokenError, TokenSource};
pub use signer::{SignError, Signer, SigningKey};
