use sigstore_verify::error::{CertificateError as LibraryCertificate, TimestampError, TransparencyLogError};

use crate::crypto::CertificateError;
use crate::trust::Mismatch;

/// Why a keyless signature is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeylessFault {
    /// There is no log entry, or more than one.
    #[error("the signature has {found} transparency log entries, it must have one")]
    LogEntries {
        /// How many.
        found: usize,
    },
    /// The log entry is of a log that is not trusted.
    #[error("the signature is in a transparency log that is not trusted ({id})")]
    UnknownLog {
        /// The identifier of the log's key, in hexadecimal.
        id: String,
    },
    /// What the log says does not hold, or is about something else.
    #[error("the transparency log entry does not hold: {reason}")]
    Log {
        /// Why.
        reason: String,
    },
    /// The certificate was not issued by the instance, or not for this time, or never logged.
    #[error("the signer's certificate is not trusted: {reason}")]
    Untrusted {
        /// Why.
        reason: String,
    },
    /// The certificate was issued for something else.
    #[error("the signer's certificate was not issued for signing code")]
    Use,
    /// The certificate does not name its subject as it should.
    #[error("the signer's certificate does not say who signed")]
    Certificate(#[source] CertificateError),
    /// Nobody trusted says when it was signed.
    #[error("nobody trusted says when the model was signed: {reason}")]
    NoTime {
        /// Why.
        reason: String,
    },
    /// A timestamp does not hold.
    #[error("a timestamp does not hold: {reason}")]
    Timestamp {
        /// Why.
        reason: String,
    },
    /// The signature is not that of the certificate's key over this payload.
    #[error("the signature does not match what it should have signed: {reason}")]
    Signature {
        /// Why.
        reason: String,
    },
    /// Somebody else signed.
    #[error("the model was signed by somebody else: {0}")]
    Identity(Mismatch),
    /// The payload is not about one subject.
    #[error("the signed payload names no model")]
    NoSubject,
    /// Other things that the bundle format does not allow.
    #[error("the signature is not acceptable: {reason}")]
    Bundle {
        /// Why.
        reason: String,
    },
    /// The trust root itself is not usable.
    #[error("the trust root is not usable: {reason}")]
    TrustRoot {
        /// Why.
        reason: String,
    },
    /// A check was left out that must not be.
    #[error("not everything about the signature was checked")]
    Incomplete,
}

impl KeylessFault {
    /// The stable name of this kind of refusal.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::LogEntries { .. } | Self::UnknownLog { .. } | Self::Log { .. } => "signature-log",
            Self::Untrusted { .. } | Self::Use | Self::Certificate(_) => "signature-certificate",
            Self::NoTime { .. } | Self::Timestamp { .. } => "signature-time",
            Self::Identity(_) => "signature-identity",
            Self::Signature { .. } => "signature-invalid",
            Self::NoSubject => "statement-invalid",
            Self::Bundle { .. } | Self::TrustRoot { .. } | Self::Incomplete => "signature-malformed",
        }
    }
}

impl From<sigstore_verify::Error> for KeylessFault {
    fn from(error: sigstore_verify::Error) -> Self {
        use sigstore_verify::Error;
        let reason = error.to_string();
        match error {
            Error::Certificate(LibraryCertificate::Malformed(_)) => Self::Bundle { reason },
            Error::Certificate(_) => Self::Untrusted { reason },
            Error::TransparencyLog(TransparencyLogError::UnknownLog { log_id }) => Self::UnknownLog { id: log_id },
            Error::TransparencyLog(TransparencyLogError::IntegratedTime(_)) => Self::NoTime { reason },
            Error::TransparencyLog(_) => Self::Log { reason },
            Error::Timestamp(TimestampError::NoVerifiedTimestamp(_)) => Self::NoTime { reason },
            Error::Timestamp(_) => Self::Timestamp { reason },
            Error::SignatureInvalid(_) => Self::Signature { reason },
            Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => {
                Self::TrustRoot { reason }
            }
            _ => Self::Bundle { reason },
        }
    }
}
