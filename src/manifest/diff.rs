use std::collections::BTreeMap;
use std::ops::Range;

use super::{Hashed, Manifest, Resource};
use crate::digest::Digest;
use crate::model::{ModelPath, OddEntry};

/// What becomes of files that nobody signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnsignedFiles {
    /// They are a reason to refuse (OMS 1.0, section 8.5).
    #[default]
    Refuse,
    /// They are passed over, unread.
    Ignore,
}

/// One difference between what was signed and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Same name, other bytes.
    Changed {
        /// The file.
        path: ModelPath,
        /// Where it differs, as far as the shards tell; empty for whole files.
        shards: Vec<Range<u64>>,
    },
    /// Signed, but not found.
    Missing {
        /// The file.
        path: ModelPath,
    },
    /// Found, but not signed.
    Extra {
        /// The file.
        path: ModelPath,
    },
    /// Signed under one name, found with the same bytes under another.
    Renamed {
        /// The signed name.
        from: ModelPath,
        /// The name found.
        to: ModelPath,
    },
    /// Something that a model cannot hold.
    Odd {
        /// What was found.
        entry: OddEntry,
        /// Whether a file of this name was signed.
        signed: bool,
    },
}

/// Compares a signed list with what was found; nothing in the result means that they agree. Sorted by name.
#[must_use]
pub fn diff(signed: &Manifest, found: &Hashed, unsigned: UnsignedFiles) -> Vec<Change> {
    if found.odd.is_empty() && signed.resources() == found.resources {
        return Vec::new();
    }
    let wanted = by_file(signed.resources());
    let mut here = by_file(&found.resources);
    for path in &found.without_bytes {
        here.entry(path).or_default();
    }
    let mut changes = Vec::new();
    let mut missing = Vec::new();
    let mut odd: BTreeMap<&str, &OddEntry> = found.odd.iter().map(|entry| (entry.path.as_str(), entry)).collect();
    for (path, shards) in &wanted {
        if let Some(entry) = odd.remove(path.as_str()) {
            changes.push(Change::Odd { entry: entry.clone(), signed: true });
        } else if let Some(now) = here.remove(path) {
            if now != *shards {
                changes.push(Change::Changed { path: (*path).clone(), shards: differing(shards, &now) });
            }
        } else {
            missing.push((*path, shards));
        }
    }
    // Where unsigned files do not matter, the walk has brought nothing but what is in the way of a signed one.
    changes.extend(odd.into_values().map(|entry| Change::Odd { entry: entry.clone(), signed: false }));
    if unsigned == UnsignedFiles::Ignore {
        here.clear();
    }
    // Under shards a file without bytes leaves no trace in a manifest (OMS 1.0, section 6.3.2), so it is no extra.
    here.retain(|_, content| !content.is_empty());
    pair_renamed(missing, here, &mut changes);
    changes.sort_by(|a, b| a.name().cmp(b.name()));
    changes
}

impl Change {
    /// The name it is about; of a renamed file, the signed one.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Changed { path, .. } | Self::Missing { path } | Self::Extra { path } => path.as_str(),
            Self::Renamed { from, .. } => from.as_str(),
            Self::Odd { entry, .. } => &entry.path,
        }
    }
}

/// A file's digests with their places, in the order of the places.
type Content<'a> = Vec<(Option<&'a Range<u64>>, &'a Digest)>;

fn by_file(resources: &[Resource]) -> BTreeMap<&ModelPath, Content<'_>> {
    let mut files: BTreeMap<&ModelPath, Content<'_>> = BTreeMap::new();
    for resource in resources {
        files.entry(&resource.path).or_default().push((resource.shard.as_ref(), &resource.digest));
    }
    for content in files.values_mut() {
        content.sort_by_key(|(shard, _)| shard.map_or(0, |shard| shard.start));
    }
    files
}

/// The places at which two contents differ; shards stand at the same index on both sides.
fn differing(signed: &Content<'_>, found: &Content<'_>) -> Vec<Range<u64>> {
    (0..signed.len().max(found.len()))
        .filter(|&index| signed.get(index) != found.get(index))
        .filter_map(|index| signed.get(index).or(found.get(index))?.0.cloned())
        .collect()
}

fn pair_renamed(
    missing: Vec<(&ModelPath, &Content<'_>)>,
    extra: BTreeMap<&ModelPath, Content<'_>>,
    changes: &mut Vec<Change>,
) {
    let mut unpaired: BTreeMap<Vec<&[u8]>, Vec<&ModelPath>> = BTreeMap::new();
    for (path, content) in &extra {
        unpaired.entry(digests(content)).or_default().push(path);
    }
    for (path, content) in missing {
        changes.push(match unpaired.get_mut(&digests(content)).and_then(Vec::pop) {
            Some(to) => Change::Renamed { from: path.clone(), to: to.clone() },
            None => Change::Missing { path: path.clone() },
        });
    }
    changes.extend(unpaired.into_values().flatten().map(|path| Change::Extra { path: path.clone() }));
}

fn digests<'a>(content: &Content<'a>) -> Vec<&'a [u8]> {
    content.iter().map(|(_, digest)| digest.as_bytes()).collect()
}
