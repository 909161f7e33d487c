use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use tempfile::{NamedTempFile, TempDir};

use crate::crypto::{MessageDigest, SigningHash};
use crate::io::read_to_limit;

/// The folder in which the metadata of one TUF repository is kept. Whoever may write to it is trusted no more than the
/// network: all of it is verified again whenever it is read.
///
/// Each update works on a copy, which takes the place of the original when all of it was found good: an update that is
/// refused half-way would otherwise leave newer parts behind, and with them no floor under the versions of the others.
/// The file `current` names the copy that counts, and when the repository was asked for it.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

/// The copy of the metadata that counts.
#[derive(Debug, Clone)]
pub(super) struct Generation {
    pub(super) folder: PathBuf,
    /// When the repository was asked.
    pub(super) updated: Timestamp,
}

impl Cache {
    /// The folder for a repository below the folder of all caches, made if it is not there; `None` where that cannot be.
    pub(super) fn for_repository(base: Option<&Path>, url: &str) -> Option<Self> {
        let name: String = url
            .trim_end_matches('/')
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
            .collect();
        // Two URLs may be spelled alike in this way; no two have one digest.
        let digest = hex::encode(MessageDigest::of(SigningHash::Sha256, &[url.as_bytes()]).as_bytes());
        let folder = base?.join("tuf").join(format!("{name}-{}", digest.get(..16).unwrap_or_default()));
        fs::create_dir_all(&folder).ok()?;
        Some(Self { folder })
    }

    /// What counts now, if there is anything.
    pub(super) fn current(&self) -> Option<Generation> {
        let text = read_to_limit(&self.folder.join(CURRENT), MAX_CURRENT_BYTES).ok()?;
        let text = std::str::from_utf8(&text).ok()?;
        let (updated, name) = text.trim_end().split_once('\n')?;
        // A name of ours and no path.
        let is_ours = name.starts_with(GENERATION) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        is_ours.then(|| updated.parse().ok().map(|updated| Generation { folder: self.folder.join(name), updated }))?
    }

    /// A copy of what counts, to work on and perhaps to keep.
    pub(super) fn copy(&self) -> io::Result<TempDir> {
        let copy = tempfile::Builder::new().prefix(GENERATION).tempdir_in(&self.folder)?;
        if let Some(current) = self.current() {
            copy_metadata(&current.folder, copy.path(), true);
        }
        Ok(copy)
    }

    /// Lets the copy count from now on. Of the others the one before it stays, for whoever is reading it.
    pub(super) fn promote(&self, copy: TempDir, updated: Timestamp) -> io::Result<()> {
        let before = self.current();
        let folder = copy.keep();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Renamed over whatever has the name: a link there is replaced, not followed.
        let mut file = NamedTempFile::new_in(&self.folder)?;
        write!(file, "{updated}\n{name}\n")?;
        file.persist(self.folder.join(CURRENT)).map_err(|error| error.error)?;
        let keep = |found: &Path| found == folder || before.as_ref().is_some_and(|before| found == before.folder);
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let found = entry.path();
            if entry.file_name().to_string_lossy().starts_with(GENERATION) && !keep(&found) && is_old(&found) {
                // What cannot be removed is removed the next time.
                drop(fs::remove_dir_all(found));
            }
        }
        Ok(())
    }
}

/// Whether nobody is still working on it.
fn is_old(folder: &Path) -> bool {
    let age = fs::metadata(folder).and_then(|found| found.modified()).ok().and_then(|time| time.elapsed().ok());
    age.is_some_and(|age| age.as_secs() > ABANDONED_SECONDS)
}

/// Copies regular files of a bearable size, and follows no links: what the library reads has an end. What is not copied
/// is fetched again; it is all verified anyway.
#[expect(clippy::disallowed_methods, reason = "a copy that is not whole is found out when it is verified")]
fn copy_metadata(from: &Path, to: &Path, deeper: bool) {
    for entry in fs::read_dir(from).into_iter().flatten().flatten().take(MAX_FILES) {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type() {
            Ok(kind) if kind.is_file() => {
                if let Ok(content) = read_to_limit(&source, MAX_METADATA_BYTES) {
                    drop(fs::write(target, content));
                }
            }
            Ok(kind) if kind.is_dir() && deeper && fs::create_dir(&target).is_ok() => {
                copy_metadata(&source, &target, false);
            }
            _ => {}
        }
    }
}

impl Generation {
    /// A copy to read from.
    pub(super) fn copy(&self) -> io::Result<(TempDir, Self)> {
        let copy = tempfile::tempdir()?;
        copy_metadata(&self.folder, copy.path(), true);
        let folder = copy.path().to_owned();
        Ok((copy, Self { folder, updated: self.updated }))
    }

    /// When the first of the metadata expires.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        let roles = ["root.json", "timestamp.json", "snapshot.json", "targets.json"];
        let times: Option<Vec<Timestamp>> = roles.iter().map(|role| expiry(&self.read(role)?)).collect();
        times?.into_iter().min()
    }

    /// Whether the repository lists a target.
    pub(super) fn lists(&self, target: &str) -> bool {
        #[derive(Deserialize)]
        struct Document {
            signed: Signed,
        }
        #[derive(Deserialize)]
        struct Signed {
            targets: std::collections::BTreeMap<String, serde::de::IgnoredAny>,
        }
        let document = self.read("targets.json").and_then(|text| serde_json::from_slice::<Document>(&text).ok());
        document.is_some_and(|document| document.signed.targets.contains_key(target))
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

/// Which copy counts, and since when.
const CURRENT: &str = "current";
const MAX_CURRENT_BYTES: u64 = 256;
/// How the names of copies begin.
const GENERATION: &str = "root-";
const MAX_METADATA_BYTES: u64 = 4 << 20;
/// How many files of a folder are copied; one root a rotation is what grows.
const MAX_FILES: usize = 1000;
/// After this time a copy that does not count is nobody's any more.
const ABANDONED_SECONDS: u64 = 15 * 60;
