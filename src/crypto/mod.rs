//! Keys, signatures and certificates, all through one provider (aws-lc).

mod certificate;
mod certificate_signature;
mod chain;
mod curve;
mod extensions;
mod fulcio;
mod message;
mod name;
mod pem_file;
mod public_key;
mod signature;

pub use certificate::{Certificate, CertificateError, Validity};
pub use chain::{ChainError, Chains};
pub use curve::Curve;
pub use fulcio::{FulcioClaim, SubjectName};
pub use message::{MessageDigest, SigningHash};
pub use pem_file::{KeyError, PemFile};
pub use public_key::PublicKey;
pub(crate) use public_key::{EC, algorithm_in_words, ec_in_words};
pub use signature::Signature;
