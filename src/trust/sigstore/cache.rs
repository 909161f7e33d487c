use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use crate::io::{AtomicFile, read_to_limit};

/// The folder in which the metadata of one TUF repository is kept. Whoever may write to it is trusted no more than the
/// network: all of it is verified again whenever it is read.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The folder for a repository below the folder of all caches, made if it is not there; `None` where that cannot be.
    pub(super) fn for_repository(base: Option<&Path>, url: &str) -> Option<Self> {
        let name: String = url
            .trim_end_matches('/')
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
            .collect();
        let folder = base?.join("tuf").join(name);
        std::fs::create_dir_all(&folder).ok()?;
        Some(Self { folder })
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    /// When the repository was last asked, if it ever was.
    pub(super) fn updated(&self) -> Option<Timestamp> {
        let text = read_to_limit(&self.folder.join(UPDATED), 64).ok()?;
        std::str::from_utf8(&text).ok()?.trim().parse().ok()
    }

    /// Notes that the repository was asked at this time. A note that cannot be written costs another question.
    pub(super) fn mark(&self, now: Timestamp) {
        if let Ok(mut file) = AtomicFile::create(&self.folder.join(UPDATED)) {
            let written = write!(file, "{now}").is_ok() && file.commit().is_ok();
            debug_assert!(written, "{} cannot be written", self.folder.display());
        }
    }

    /// When the first of the metadata expires.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        let roles = ["root.json", "timestamp.json", "snapshot.json", "targets.json"];
        let times: Option<Vec<Timestamp>> = roles.iter().map(|role| expiry(&self.read(role)?)).collect();
        times?.into_iter().min()
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        read_to_limit(&self.folder.join(name), MAX_METADATA_BYTES).ok()
    }
}

/// When a TUF document expires; believed only as far as the document is.
pub(super) fn expiry(document: &[u8]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Document {
        signed: Signed,
    }
    #[derive(Deserialize)]
    struct Signed {
        expires: Timestamp,
    }
    serde_json::from_slice::<Document>(document).ok().map(|document| document.signed.expires)
}

/// The note of when the repository was last asked.
const UPDATED: &str = "updated";
const MAX_METADATA_BYTES: u64 = 4 << 20;
