use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use sigstore_trust_root::{SigningConfig, SigstoreInstance, TrustedRoot};

use super::cache::{Cache, expiry};
use super::repository::Repository;
use super::{Origin, Services, ServicesError, SigstoreError, SigstoreRoot};
use crate::io::read_to_limit;

/// A Sigstore instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instance {
    /// The public good instance, sigstore.dev.
    Public,
    /// Its staging twin, sigstage.dev.
    Staging,
    /// One with a TUF repository of its own.
    Repository {
        /// Where the repository is.
        url: String,
        /// The root of its metadata, which the user trusts.
        root: Vec<u8>,
    },
    /// One whose trust root stands in a file: a `ClientTrustConfig` or a `TrustedRoot` of Sigstore's protobuf-specs.
    File(PathBuf),
}

/// Whether the network may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Where what is at hand is older than a day.
    Online,
    /// Never.
    Offline,
}

/// What is known of an instance.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Whom it makes us trust.
    pub root: SigstoreRoot,
    pub(super) config: Option<SigningConfig>,
    /// Whether it is there the next time.
    pub is_kept: bool,
}

impl Loaded {
    /// The services to sign with.
    ///
    /// # Errors
    /// [`ServicesError`] where the instance does not offer all that is needed.
    pub fn services(&self, now: Duration) -> Result<Services, ServicesError> {
        Services::choose(self.config.as_ref().ok_or(ServicesError::None)?, timestamp(now))
    }
}

/// Loads an instance: from its file; from the cache, if the repository was asked within the last day; from the
/// repository; offline from the cache of any age that has not expired, and before there is one from the copy in the
/// program.
///
/// # Errors
/// [`SigstoreError`]: there is nothing that may be trusted.
pub fn load(instance: &Instance, access: Access, cache: Option<&Path>, now: Duration) -> Result<Loaded, SigstoreError> {
    if let Instance::File(path) = instance {
        return from_file(path);
    }
    let now = timestamp(now);
    let repository = Repository::of(instance);
    let cache = Cache::for_repository(cache, repository.url);
    let current = cache.as_ref().and_then(Cache::current);
    match (access, current) {
        (Access::Online, Some(current)) if is_recent(current.updated, now) => {
            repository.read(&current, now).or_else(|_| repository.fetch(cache.as_ref(), now))
        }
        (Access::Online, _) => repository.fetch(cache.as_ref(), now),
        (Access::Offline, Some(current)) => repository.read(&current, now),
        (Access::Offline, None) => embedded(instance, now),
    }
}

/// Asks an instance's repository, whatever is in the cache.
///
/// # Errors
/// [`SigstoreError`] where it cannot be asked, or is not to be believed.
pub fn update(instance: &Instance, cache: Option<&Path>, now: Duration) -> Result<Loaded, SigstoreError> {
    if let Instance::File(path) = instance {
        return from_file(path);
    }
    let repository = Repository::of(instance);
    repository.fetch(Cache::for_repository(cache, repository.url).as_ref(), timestamp(now))
}

fn from_file(path: &Path) -> Result<Loaded, SigstoreError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        media_type: String,
        #[serde(borrow, default)]
        trusted_root: Option<&'a RawValue>,
        #[serde(borrow, default)]
        signing_config: Option<&'a RawValue>,
    }
    let malformed = |reason: String| SigstoreError::Malformed { place: path.display().to_string(), reason };
    let bytes = read_to_limit(path, MAX_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8".to_owned()))?;
    let document: Document<'_> = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    let (root, config) = match (document.media_type.as_str(), document.trusted_root) {
        (CLIENT_TRUST_CONFIG, Some(root)) => (root.get(), document.signing_config),
        (CLIENT_TRUST_CONFIG, None) => return Err(malformed("it holds no trusted root".to_owned())),
        (kind, None) if kind.starts_with(TRUSTED_ROOT) => (text.as_str(), None),
        (kind, _) => return Err(malformed(format!("its media type is {kind:?}"))),
    };
    let root = TrustedRoot::from_json(root).map_err(|error| malformed(error.to_string()))?;
    let config = config.map(|config| SigningConfig::from_json(config.get())).transpose();
    let config = config.map_err(|error| malformed(error.to_string()))?;
    Ok(Loaded { root: SigstoreRoot { root, origin: Origin::File { path: path.to_owned() } }, config, is_kept: true })
}

fn embedded(instance: &Instance, now: Timestamp) -> Result<Loaded, SigstoreError> {
    let known = match instance {
        Instance::Public => SigstoreInstance::PublicGood,
        Instance::Staging => SigstoreInstance::Staging,
        _ => return Err(SigstoreError::NeverAsked { url: crate::http::shown(Repository::of(instance).url) }),
    };
    let damaged = || SigstoreError::Malformed {
        place: "the copy inside this program".to_owned(),
        reason: "it is damaged".to_owned(),
    };
    let expires = expiry(known.tuf_root()).ok_or_else(damaged)?;
    if expires < now {
        return Err(SigstoreError::Expired { what: "the trust root inside this program".to_owned(), expires });
    }
    let since = EMBEDDED_SINCE.parse().map_err(|_| damaged())?;
    let root = known.embedded_trusted_root().map_err(|_| damaged())?;
    let config = known.embedded_signing_config().map_err(|_| damaged())?;
    Ok(Loaded { root: SigstoreRoot { root, origin: Origin::Embedded { since, expires } }, config, is_kept: true })
}

/// Whether the repository was asked within the last day; a time in the future is no reason not to ask.
fn is_recent(updated: Timestamp, now: Timestamp) -> bool {
    let age = now.as_second() - updated.as_second();
    (0..DAY_SECONDS).contains(&age)
}

fn timestamp(since_epoch: Duration) -> Timestamp {
    let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

const CLIENT_TRUST_CONFIG: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";
/// How the media type of a bare trust root begins; versions follow.
const TRUSTED_ROOT: &str = "application/vnd.dev.sigstore.trustedroot";
const MAX_BYTES: u64 = 4 << 20;
/// When the copies inside the program were made: the release of sigstore-trust-root 0.15.1.
const EMBEDDED_SINCE: &str = "2026-10-13T00:00:00Z";
const DAY_SECONDS: i64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copies_are_as_old_as_is_said() {
        let lock = include_str!("../../../Cargo.lock");
        assert!(lock.contains("name = \"sigstore-trust-root\"\nversion = \"0.15.1\""), "date the copies anew");
        assert!(EMBEDDED_SINCE.parse::<Timestamp>().is_ok());
    }
}
