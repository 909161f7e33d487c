use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use sigstore_trust_root::{SigstoreInstance, TimeRange, TrustedRoot};

use crate::crypto::{Certificate, CertificateError};

/// The certificate authorities, logs and timestamp authorities of a Sigstore instance, and where we have them from.
#[derive(Debug, Clone)]
pub struct SigstoreRoot {
    pub(super) root: TrustedRoot,
    pub(super) origin: Origin,
}

/// Where a trust root comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A file that the user named.
    File {
        /// Its path.
        path: PathBuf,
    },
    /// The instance's TUF repository.
    Repository {
        /// Its URL.
        url: String,
        /// When it was last asked.
        updated: Timestamp,
        /// Until when what it said is good.
        expires: Timestamp,
    },
    /// The copy inside the program.
    Embedded {
        /// When it was made.
        since: Timestamp,
        /// Until when it is good.
        expires: Timestamp,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path } => write!(f, "the file {}", path.display()),
            Self::Repository { url, updated, expires } => {
                write!(f, "{url}, updated {updated:.0}, good until {expires:.0}")
            }
            Self::Embedded { since, expires } => {
                write!(f, "the copy inside this program, of {since:.0}, good until {expires:.0}")
            }
        }
    }
}

impl Origin {
    /// How long ago the instance was asked; `None` where nobody knows.
    #[must_use]
    pub fn age(&self, now: Duration) -> Option<Duration> {
        match self {
            Self::Repository { updated: since, .. } | Self::Embedded { since, .. } => {
                let since = u64::try_from(since.as_second()).ok()?;
                now.checked_sub(Duration::from_secs(since))
            }
            Self::File { .. } => None,
        }
    }
}

/// A log of an instance, of entries or of certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Where it is.
    pub url: String,
    /// The identifier of its key.
    pub id: Vec<u8>,
    /// When its key is good: from, until.
    pub valid: (Option<Timestamp>, Option<Timestamp>),
}

/// An authority of an instance, for certificates or timestamps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Where it is.
    pub url: String,
    /// The distinguished name of its first certificate.
    pub subject: String,
    /// When it is good: from, until.
    pub valid: (Option<Timestamp>, Option<Timestamp>),
}

impl SigstoreRoot {
    /// Where it comes from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The transparency logs, Rekor's.
    #[must_use]
    pub fn transparency_logs(&self) -> Vec<Log> {
        let logs = self.root.tlogs.iter();
        logs.map(|log| entry(&log.base_url, log.log_id.key_id.as_bytes(), log.public_key.valid_for)).collect()
    }

    /// The logs of certificates.
    #[must_use]
    pub fn certificate_logs(&self) -> Vec<Log> {
        let logs = self.root.ctlogs.iter();
        logs.map(|log| entry(&log.base_url, log.log_id.key_id.as_bytes(), log.public_key.valid_for)).collect()
    }

    /// The certificate authorities, Fulcio's.
    #[must_use]
    pub fn certificate_authorities(&self) -> Vec<Authority> {
        let authorities = self.root.certificate_authorities.iter();
        authorities
            .map(|ca| {
                authority(
                    &ca.uri,
                    ca.cert_chain.certificates.first().map(|first| first.raw_bytes.as_bytes()),
                    ca.valid_for,
                )
            })
            .collect()
    }

    /// The timestamp authorities.
    #[must_use]
    pub fn timestamp_authorities(&self) -> Vec<Authority> {
        let authorities = self.root.timestamp_authorities.iter();
        authorities
            .map(|tsa| {
                authority(
                    tsa.uri.as_deref().unwrap_or_default(),
                    tsa.cert_chain.certificates.first().map(|first| first.raw_bytes.as_bytes()),
                    tsa.valid_for,
                )
            })
            .collect()
    }

    /// Whether a log of this instance has this identifier.
    pub(crate) fn has_log(&self, id: &[u8]) -> bool {
        self.root.tlogs.iter().any(|log| log.log_id.key_id.as_bytes() == id)
    }

    /// Every certificate of every certificate authority.
    ///
    /// # Errors
    /// [`CertificateError`] where one cannot be read.
    pub(crate) fn fulcio_certificates(&self) -> Result<Vec<Certificate>, CertificateError> {
        let chains = self.root.certificate_authorities.iter().map(|ca| &ca.cert_chain.certificates);
        chains.flatten().map(|certificate| Certificate::from_der(certificate.raw_bytes.as_bytes())).collect()
    }

    /// Whether the key of the log with this identifier was in service at a time.
    pub(crate) fn has_log_at(&self, id: &[u8], time: Timestamp) -> bool {
        let mut logs = self.root.tlogs.iter().filter(|log| log.log_id.key_id.as_bytes() == id);
        logs.any(|log| log.public_key.valid_for.is_none_or(|window| window.contains(time)))
    }

    /// Every certificate of every timestamp authority, in DER.
    pub(crate) fn timestamp_certificates(&self) -> impl Iterator<Item = &[u8]> {
        let chains = self.root.timestamp_authorities.iter().map(|tsa| &tsa.cert_chain.certificates);
        chains.flatten().map(|certificate| certificate.raw_bytes.as_bytes())
    }

    pub(crate) fn inner(&self) -> &TrustedRoot {
        &self.root
    }
}

fn entry(url: &str, id: &[u8], valid: Option<TimeRange>) -> Log {
    Log { url: url.to_owned(), id: id.to_owned(), valid: ends(valid) }
}

fn authority(url: &str, first: Option<&[u8]>, valid: Option<TimeRange>) -> Authority {
    let subject = first.and_then(|der| Certificate::from_der(der).ok()).map(|certificate| certificate.subject());
    Authority { url: url.to_owned(), subject: subject.unwrap_or_default(), valid: ends(valid) }
}

fn ends(valid: Option<TimeRange>) -> (Option<Timestamp>, Option<Timestamp>) {
    (valid.map(|range| range.start), valid.and_then(|range| range.end))
}

/// The URL of a log that this program knows by itself: one of Sigstore's own. For showing, not for trusting.
#[must_use]
pub fn known_log(id: &[u8]) -> Option<String> {
    [SigstoreInstance::PublicGood, SigstoreInstance::Staging].into_iter().find_map(|instance| {
        let root = instance.embedded_trusted_root().ok()?;
        root.tlogs.into_iter().find(|log| log.log_id.key_id.as_bytes() == id).map(|log| log.base_url)
    })
}
