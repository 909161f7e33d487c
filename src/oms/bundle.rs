use super::{Envelope, LogEntry};
use crate::crypto::{Certificate, CertificateError, KeyError, PublicKey};
use crate::io::ReadError;

/// A Sigstore bundle around one signed statement; parsed, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// What was signed, and the signature.
    pub envelope: Envelope,
    /// What the signer says about his key.
    pub material: Material,
}

/// What a bundle offers to check its signature with (OMS 1.0, section 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// The name of a key that the verifier must have.
    PublicKey(KeyIdentifier),
    /// The signer's certificate and those that lead on from it.
    Chain {
        /// The signer's certificate.
        leaf: Box<Certificate>,
        /// The others, in the order in which they stand.
        others: Vec<Certificate>,
    },
    /// The certificate of a Sigstore instance, which goes with transparency log entries.
    Keyless {
        /// The signer's certificate.
        leaf: Box<Certificate>,
        /// What logs say of the signature.
        log_entries: Vec<LogEntry>,
        /// What timestamp authorities say of it: RFC 3161 responses or tokens, in DER.
        timestamps: Vec<Vec<u8>>,
    },
}

impl Material {
    /// What the command line calls the way in which it was signed.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::PublicKey(_) => "key",
            Self::Chain { .. } => "certificate",
            Self::Keyless { .. } => "sigstore",
        }
    }

    /// What logs say of the signature.
    #[must_use]
    pub fn log_entries(&self) -> &[LogEntry] {
        match self {
            Self::Keyless { log_entries, .. } => log_entries,
            _ => &[],
        }
    }
}

/// How a bundle names a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyIdentifier {
    /// By its fingerprint.
    Hint(String),
    /// By the key itself, as the reference tool did before 1.1.0.
    Key(PublicKey),
    /// Not at all.
    None,
}

/// Why something is not a bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is nothing in it.
    #[error("the signature is empty")]
    Empty,
    /// It is no text.
    #[error("the signature is not a Sigstore bundle: it is not UTF-8")]
    NotUtf8,
    /// It is not JSON of the right shape.
    #[error("the signature is not a Sigstore bundle")]
    Json(#[from] serde_json::Error),
    /// Another kind of bundle.
    #[error("the signature has the media type {found:?}, not {MEDIA_TYPE:?}")]
    MediaType {
        /// What it says.
        found: String,
    },
    /// Another kind of payload.
    #[error("the envelope holds {found:?}, not {:?}", super::PAYLOAD_TYPE)]
    PayloadType {
        /// What it says.
        found: String,
    },
    /// None, or several, of `publicKey`, `x509CertificateChain` and `certificate`.
    #[error("the signature has {found} kinds of verification material, it must have one")]
    Materials {
        /// How many there are.
        found: usize,
    },
    /// None, or several, signatures.
    #[error("the envelope has {found} signatures, a Sigstore bundle has one")]
    Signatures {
        /// How many there are.
        found: usize,
    },
    /// A chain of no certificates.
    #[error("the signature has no certificate")]
    NoCertificate,
    /// A keyless signature without its log entry.
    #[error("the keyless signature has no transparency log entry")]
    NoLogEntry,
    /// Evidence of a size that it never has.
    #[error("{field} has more than {limit} bytes")]
    TooLarge {
        /// Which.
        field: &'static str,
        /// The ceiling, in bytes.
        limit: usize,
    },
    /// Text that is not standard base64, or empty.
    #[error("{field} is not standard base64, or empty")]
    Base64 {
        /// Where it stands.
        field: &'static str,
    },
    /// A certificate cannot be parsed.
    #[error("certificate {number} of the signature is not acceptable")]
    Certificate {
        /// Which one, from 1.
        number: usize,
        /// Why.
        #[source]
        source: CertificateError,
    },
    /// A public key in the bundle cannot be parsed.
    #[error("the public key in the signature is not acceptable")]
    Key(#[source] KeyError),
    /// Hint and public key in the bundle name different keys.
    #[error("the hint in the signature is not that of the public key beside it")]
    TwoKeys,
}

/// The only media type of bundles that hold a key or certificate signature.
pub(super) const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The largest bundle that is read: that of some million files. Reading one takes up to twice as much memory.
pub const MAX_BUNDLE_BYTES: u64 = 256 << 20;
