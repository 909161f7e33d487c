use std::fs::File;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::HashError;
use super::part::{Cut, PartDigest};
use crate::digest::Blake3Subtree;
use crate::manifest::Resource;
use crate::model::FileEntry;

/// A large file on its way through the workers: opened by the first, finished by the last.
pub(super) struct LargeFile {
    pub(super) entry: FileEntry,
    pub(super) cut: Cut,
    opened: OnceLock<Arc<File>>,
    parts: Mutex<Vec<Option<PartDigest>>>,
    unfinished: AtomicUsize,
}

impl LargeFile {
    pub(super) fn new(entry: FileEntry, cut: Cut) -> Self {
        let parts = usize::try_from(cut.parts(entry.size())).unwrap_or(usize::MAX);
        Self {
            entry,
            cut,
            opened: OnceLock::new(),
            parts: Mutex::new(vec![None; parts]),
            unfinished: AtomicUsize::new(parts),
        }
    }

    /// The file itself, opened on the first call.
    pub(super) fn file(&self) -> Result<Arc<File>, HashError> {
        if let Some(file) = self.opened.get() {
            return Ok(Arc::clone(file));
        }
        let file = self.entry.open().map_err(|source| HashError::Read { path: self.entry.path.clone(), source })?;
        // Another worker may have been quicker; whichever file stays is checked at the end.
        Ok(Arc::clone(self.opened.get_or_init(|| Arc::new(file))))
    }

    pub(super) fn range(&self, part: u64) -> Range<u64> {
        self.cut.range(part, self.entry.size())
    }

    /// Takes the digest of one part; with the last one come the file's resources.
    pub(super) fn part_done(&self, part: u64, digest: PartDigest) -> Result<Option<Vec<Resource>>, HashError> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = usize::try_from(part).ok().and_then(|part| parts.get_mut(part)) {
            *place = Some(digest);
        }
        if self.unfinished.fetch_sub(1, Ordering::AcqRel) > 1 {
            return Ok(None);
        }
        let unstable = || HashError::Unstable { path: self.entry.path.clone() };
        let file = self.file()?;
        if !is_unchanged(&self.entry, &file)? {
            return Err(unstable());
        }
        let parts: Option<Vec<PartDigest>> = std::mem::take(&mut *parts).into_iter().collect();
        Ok(Some(resources(&self.entry, self.cut, parts.ok_or_else(unstable)?).ok_or_else(unstable)?))
    }
}

/// Whether the file is still what the walk saw.
pub(super) fn is_unchanged(entry: &FileEntry, file: &File) -> Result<bool, HashError> {
    entry.is_unchanged(file).map_err(|source| HashError::Read { path: entry.path.clone(), source })
}

/// The resources of a file from the digests of its parts; `None` where they do not belong together.
pub(super) fn resources(entry: &FileEntry, cut: Cut, parts: Vec<PartDigest>) -> Option<Vec<Resource>> {
    let resource = |shard, digest| Resource { path: entry.path.clone(), shard, digest };
    match cut {
        Cut::Whole(_) => match parts.as_slice() {
            [PartDigest::Whole(digest)] => Some(vec![resource(None, *digest)]),
            _ => None,
        },
        Cut::Subtrees => {
            let values: Option<Vec<_>> = parts
                .iter()
                .map(|part| if let PartDigest::Subtree(value) = part { Some(*value) } else { None })
                .collect();
            Some(vec![resource(None, Blake3Subtree::merge(&values?)?)])
        }
        Cut::Shards { shard_bytes, .. } => {
            let mut resources = Vec::new();
            let mut start = 0;
            for part in parts {
                let PartDigest::Shards(digests) = part else { return None };
                for digest in digests {
                    let end = entry.size().min(start + shard_bytes.get());
                    resources.push(resource(Some(start..end), digest));
                    start = end;
                }
            }
            Some(resources)
        }
    }
}
