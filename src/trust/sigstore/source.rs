use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use sigstore_trust_root::{
    Error as TufError, SIGNING_CONFIG_TARGET, SigningConfig, SigstoreInstance, TrustedRoot, TufBootstrap, TufConfig,
};

use super::cache::{Cache, Generation, expiry};
use super::{Origin, Services, ServicesError, SigstoreRoot};
use crate::http::{Http, HttpError, Request, block_on};
use crate::io::{ReadError, read_to_limit};

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
    config: Option<SigningConfig>,
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
        (kind, None) if kind.starts_with(TRUSTED_ROOT) => (text.as_str(), None),
        (kind, _) => return Err(malformed(format!("its media type is {kind:?}"))),
    };
    let root = TrustedRoot::from_json(root).map_err(|error| malformed(error.to_string()))?;
    let config = config.map(|config| SigningConfig::from_json(config.get())).transpose();
    let config = config.map_err(|error| malformed(error.to_string()))?;
    Ok(Loaded { root: SigstoreRoot { root, origin: Origin::File { path: path.to_owned() } }, config })
}

/// A TUF repository, and the root that it is believed by.
#[derive(Debug, Clone, Copy)]
struct Repository<'a> {
    url: &'a str,
    bootstrap: &'a [u8],
}

impl<'a> Repository<'a> {
    fn of(instance: &'a Instance) -> Self {
        let known = |instance: SigstoreInstance| Self { url: instance.tuf_url(), bootstrap: instance.tuf_root() };
        match instance {
            Instance::Repository { url, root } => Self { url, bootstrap: root },
            Instance::Staging => known(SigstoreInstance::Staging),
            Instance::Public | Instance::File(_) => known(SigstoreInstance::PublicGood),
        }
    }

    /// Asks the repository, and keeps what is good.
    fn fetch(self, cache: Option<&Cache>, now: Timestamp) -> Result<Loaded, SigstoreError> {
        let http = Http::new()?;
        // The TUF client tries nothing twice and says little of the network: the first question is ours.
        let first = format!("{}/timestamp.json", self.url.trim_end_matches('/'));
        http.send(&Request::get("the TUF repository", &first))?.success()?;
        let cache = cache.and_then(|cache| cache.copy().ok().map(|copy| (Some(cache), copy)));
        let (cache, copy) = match cache {
            Some(pair) => pair,
            // Nothing can be kept, but a place to work in is needed.
            None => (None, tempfile::tempdir().map_err(HttpError::from)?),
        };
        let current = Generation { folder: copy.path().to_owned(), updated: now };
        let config = self.config(&current).with_http_client(http.client());
        let (root, services) = self.ask(&config, &current, now)?;
        let loaded = self.loaded(root, services, &current, now);
        if let Some(cache) = cache {
            // What cannot be kept is fetched again the next time.
            drop(cache.promote(copy, now));
        }
        Ok(loaded)
    }

    /// Reads what is kept, and verifies it again.
    fn read(self, current: &Generation, now: Timestamp) -> Result<Loaded, SigstoreError> {
        if let Some(expires) = current.expires().filter(|expires| *expires < now) {
            let what = format!("the trust root from {}, kept in {},", self.url, current.folder.display());
            return Err(SigstoreError::Expired { what, expires });
        }
        let damaged = |error: TufError| SigstoreError::Kept {
            url: self.url.to_owned(),
            place: current.folder.clone(),
            reason: error.to_string(),
        };
        let config = self.config(current).offline();
        let (root, services) = block_on(material(&config, current, now)).map_err(HttpError::from)?.map_err(damaged)?;
        Ok(self.loaded(root, services, current, now))
    }

    /// Asks with this configuration; what is interrupted is tried again.
    fn ask(self, config: &TufConfig, current: &Generation, now: Timestamp) -> Result<Material, SigstoreError> {
        let mut pauses = PAUSES.iter();
        loop {
            let error = match block_on(material(config, current, now)).map_err(HttpError::from)? {
                Ok(found) => return Ok(found),
                Err(error) => error,
            };
            match pauses.next() {
                Some(pause) if is_interrupted(&error) => std::thread::sleep(*pause),
                _ => return Err(self.refused(&error)),
            }
        }
    }

    fn config(self, current: &Generation) -> TufConfig {
        TufConfig::custom(self.url, TufBootstrap::trusted(self.bootstrap)).with_cache_dir(current.folder.clone())
    }

    fn loaded(self, root: TrustedRoot, config: Option<SigningConfig>, current: &Generation, now: Timestamp) -> Loaded {
        let expires = current.expires().unwrap_or(now);
        let origin = Origin::Repository { url: self.url.to_owned(), updated: current.updated, expires };
        Loaded { root: SigstoreRoot { root, origin }, config }
    }

    fn refused(self, error: &TufError) -> SigstoreError {
        let (url, reason) = (self.url.to_owned(), error.to_string());
        if is_interrupted(error) {
            return SigstoreError::Interrupted { url, reason };
        }
        SigstoreError::Repository { url, reason }
    }
}

type Material = (TrustedRoot, Option<SigningConfig>);

/// Trust root and, where the repository has one, signing configuration.
async fn material(config: &TufConfig, current: &Generation, now: Timestamp) -> Result<Material, TufError> {
    let root = TrustedRoot::from_tuf_at(config.clone(), now).await?;
    // Known once the first has been fetched.
    let has_services = current.lists(SIGNING_CONFIG_TARGET);
    let services = if has_services { Some(SigningConfig::from_tuf_at(config.clone(), now).await?) } else { None };
    Ok((root, services))
}

/// Whether the network is at fault and not what came over it; the library tells it in words alone. More than was
/// announced is no fault of the network.
fn is_interrupted(error: &TufError) -> bool {
    matches!(error, TufError::Tuf(text) if text.contains("transport error") && !text.contains("exceeds max"))
}

fn embedded(instance: &Instance, now: Timestamp) -> Result<Loaded, SigstoreError> {
    let known = match instance {
        Instance::Public => SigstoreInstance::PublicGood,
        Instance::Staging => SigstoreInstance::Staging,
        _ => return Err(SigstoreError::NeverAsked { url: Repository::of(instance).url.to_owned() }),
    };
    let damaged = || SigstoreError::Malformed {
        place: "the copy inside this program".to_owned(),
        reason: "it is damaged".to_owned(),
    };
    let expires = expiry(known.tuf_root()).ok_or_else(damaged)?;
    if expires < now {
        return Err(SigstoreError::Expired { what: "the trust root inside this program".to_owned(), expires });
    }
    let root = known.embedded_trusted_root().map_err(|_| damaged())?;
    let config = known.embedded_signing_config().map_err(|_| damaged())?;
    Ok(Loaded { root: SigstoreRoot { root, origin: Origin::Embedded { expires } }, config })
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

/// Why there is no trust root.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigstoreError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The network, or the repository's server.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What was read is no trust root.
    #[error("{place} is not a Sigstore trust root: {reason}")]
    Malformed {
        /// Where it was read.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The repository's metadata does not hold.
    #[error("the trust root of {url} is not to be believed: {reason}")]
    Repository {
        /// Its URL.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The repository's server stopped answering half-way.
    #[error("the trust root of {url} could not be fetched: {reason}")]
    Interrupted {
        /// Its URL.
        url: String,
        /// What happened.
        reason: String,
    },
    /// What is kept on this machine does not hold, or is not complete.
    #[error("the trust root of {url} that is kept in {} is damaged: {reason}", place.display())]
    Kept {
        /// Its repository.
        url: String,
        /// Where it is kept.
        place: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It is too old to be believed.
    #[error("{what} expired on {expires:.0}")]
    Expired {
        /// Which.
        what: String,
        /// When.
        expires: Timestamp,
    },
    /// Offline, and there is neither cache nor copy.
    #[error("there is no trust root of {url} on this machine yet")]
    NeverAsked {
        /// Its repository.
        url: String,
    },
}

const CLIENT_TRUST_CONFIG: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";
/// How the media type of a bare trust root begins; versions follow.
const TRUSTED_ROOT: &str = "application/vnd.dev.sigstore.trustedroot";
const MAX_BYTES: u64 = 4 << 20;
/// Before each further attempt to fetch a trust root.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];
const DAY_SECONDS: i64 = 24 * 60 * 60;
