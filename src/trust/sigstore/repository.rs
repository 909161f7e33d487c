use std::time::Duration;

use jiff::Timestamp;
use sigstore_trust_root::{
    Error as TufError, SIGNING_CONFIG_TARGET, SigningConfig, SigstoreInstance, TrustedRoot, TufBootstrap, TufConfig,
};

use super::cache::{Cache, Generation};
use super::{Instance, Loaded, Origin, SigstoreError, SigstoreRoot};
use crate::http::{Http, HttpError, Request, block_on, shown};

/// A TUF repository, and the root that it is believed by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Repository<'a> {
    pub(super) url: &'a str,
    bootstrap: &'a [u8],
}

impl<'a> Repository<'a> {
    pub(super) fn of(instance: &'a Instance) -> Self {
        let known = |instance: SigstoreInstance| Self { url: instance.tuf_url(), bootstrap: instance.tuf_root() };
        match instance {
            Instance::Repository { url, root } => Self { url, bootstrap: root },
            Instance::Staging => known(SigstoreInstance::Staging),
            Instance::Public | Instance::File(_) => known(SigstoreInstance::PublicGood),
        }
    }

    /// Asks the repository, and keeps what is good.
    pub(super) fn fetch(self, cache: Option<&Cache>, now: Timestamp) -> Result<Loaded, SigstoreError> {
        let http = Http::new()?;
        // The TUF client tries nothing twice and says little of the network: the first question is ours.
        let first = format!("{}/timestamp.json", self.url.trim_end_matches('/'));
        http.send(&Request::get("the TUF repository", &first))?.success()?;
        let cache = cache.and_then(|cache| cache.copy().ok().map(|copy| (Some(cache), copy)));
        let (cache, copy) = match cache {
            Some(pair) => pair,
            // Nothing can be kept, but a place to work in is needed.
            None => (None, tempfile::tempdir().map_err(SigstoreError::Workspace)?),
        };
        let current = Generation { folder: copy.path().to_owned(), updated: now };
        let config = self.config(&current).with_http_client(http.client(self.url));
        let (root, services) = self.ask(&config, &current, now)?;
        let loaded = self.loaded(root, services, &current, now);
        // What cannot be kept is fetched again the next time.
        let is_kept = cache.is_some_and(|cache| cache.promote(copy, now).is_ok());
        Ok(Loaded { is_kept, ..loaded })
    }

    /// Reads what is kept, and verifies it again.
    pub(super) fn read(self, current: &Generation, now: Timestamp) -> Result<Loaded, SigstoreError> {
        if let Some(expires) = current.expires().filter(|expires| *expires < now) {
            let what = format!("the trust root from {}, kept in {},", shown(self.url), current.folder.display());
            return Err(SigstoreError::Expired { what, expires });
        }
        let damaged = |error: TufError| SigstoreError::Kept {
            url: shown(self.url),
            place: current.folder.clone(),
            reason: error.to_string(),
        };
        let (_copy, copied) = current.copy().map_err(SigstoreError::Workspace)?;
        let config = self.config(&copied).offline();
        let (root, services) = block_on(material(&config, &copied, now)).map_err(HttpError::from)?.map_err(damaged)?;
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
        let origin = Origin::Repository { url: shown(self.url), updated: current.updated, expires };
        Loaded { root: SigstoreRoot { root, origin }, config, is_kept: true }
    }

    fn refused(self, error: &TufError) -> SigstoreError {
        let (url, reason) = (shown(self.url), error.to_string());
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

/// Before each further attempt to fetch a trust root.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];
