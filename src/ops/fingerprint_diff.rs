use std::borrow::Cow;
use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::Path;

use super::describe::fit;
use super::explain::explain;
use crate::digest::Algorithm;
use crate::finding::Finding;
use crate::fingerprint::{FilePrint, Fingerprint};
use crate::manifest::{Change, Hashed, Manifest, ManifestError, Resource, Serialization, UnsignedFiles, diff};
use crate::model::{IgnoreRules, ModelPath, OddEntry};

/// The differences between two fingerprints, as findings; none where they describe the same files.
///
/// Files are compared by what both fingerprints hold: the digests of common algorithms, and chunks of one size.
#[must_use]
pub fn diff_fingerprints(a: &Fingerprint, b: &Fingerprint) -> Vec<Finding> {
    let chunk_bytes = a.chunk_bytes().filter(|bytes| b.chunk_bytes() == Some(*bytes));
    let is_common = |algorithm| a.algorithms().contains(&algorithm) && b.algorithms().contains(&algorithm);
    let common = |file: &FilePrint| FilePrint {
        digests: file.digests.iter().filter(|digest| is_common(digest.algorithm())).copied().collect(),
        leaves: if chunk_bytes.is_some() { file.leaves.clone() } else { Vec::new() },
        ..file.clone()
    };
    let all_is_common = a.algorithms() == b.algorithms() && a.chunk_bytes() == b.chunk_bytes();
    let of = |print: &'_ Fingerprint| print.files().iter().map(common).collect::<Vec<_>>();
    let (was, is) = match all_is_common {
        true => (Cow::Borrowed(a.files()), Cow::Borrowed(b.files())),
        false => (Cow::Owned(of(a)), Cow::Owned(of(b))),
    };
    let sides = (Side { files: &was, chunk_bytes }, Side { files: &is, chunk_bytes });
    differences(sides.0, sides.1, Vec::new(), (Path::new(NOWHERE), &IgnoreRules::default()))
}

/// The files of one of two models.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    /// Sorted by name.
    pub(super) files: &'a [FilePrint],
    pub(super) chunk_bytes: Option<NonZeroU64>,
}

impl Side<'_> {
    fn file(&self, path: &ModelPath) -> Option<&FilePrint> {
        let at = self.files.binary_search_by(|file| file.path.cmp(path)).ok()?;
        self.files.get(at)
    }
}

fn resource(file: &FilePrint) -> Option<Resource> {
    let digest = file.digests.iter().find(|digest| digest.algorithm() == Algorithm::Sha256)?;
    Some(Resource { path: file.path.clone(), shard: None, digest: *digest })
}

/// What differs between a model as it was and as it is, in words; `place` is where it is now, and what is left out there.
pub(super) fn differences(
    was: Side<'_>,
    is: Side<'_>,
    odd: Vec<OddEntry>,
    (model, ignored): (&Path, &IgnoreRules),
) -> Vec<Finding> {
    if was.files.len() > 1 && was.files.iter().any(|file| file.path.is_root()) {
        return vec![Finding::error("fingerprint-malformed", ManifestError::RootAmongOthers.to_string())];
    }
    // What is the same takes no memory; one file stays in any case, for no manifest is empty.
    let first = was.files.first().map(|file| &file.path);
    let resources = |side: Side<'_>, other: Side<'_>| -> Vec<Resource> {
        let differs = |file: &&FilePrint| Some(&file.path) == first || other.file(&file.path) != Some(*file);
        side.files.iter().filter(differs).filter_map(resource).collect()
    };
    let manifest = match Manifest::new(Serialization::default(), resources(was, is)) {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::error("fingerprint-malformed", error.to_string())],
    };
    let found = Hashed { resources: resources(is, was), odd, ..Hashed::default() };
    let mut changes = diff(&manifest, &found, UnsignedFiles::Refuse);
    for change in &mut changes {
        if let Change::Changed { path, shards } = change
            && let (Some(chunk_bytes), Some(was), Some(is)) = (was.chunk_bytes, was.file(path), is.file(path))
        {
            *shards = was.differing(is, chunk_bytes);
        }
    }
    // The same SHA-256, and yet another digest or tree: nobody has made such files, but whoever does is told.
    let named: BTreeSet<String> = changes.iter().map(|change| change.name().to_owned()).collect();
    let others = was.files.iter().filter(|file| !named.contains(file.path.as_str()));
    let collisions = others.filter(|file| is.file(&file.path).is_some_and(|is| is != *file));
    changes.extend(collisions.map(|file| Change::Changed { path: file.path.clone(), shards: Vec::new() }));
    explain(&changes, &manifest, model, ignored)
}

/// Where files have more chunks than any fingerprint holds they are not those of this one; they are not even read, for the
/// list of their chunks could fill the memory.
pub(super) fn too_many_chunks(sizes: &[u64], chunk_bytes: Option<NonZeroU64>) -> Option<Finding> {
    let chunk_bytes = chunk_bytes.filter(|bytes| !fit(sizes, *bytes))?;
    let text =
        format!("the model has more chunks of {chunk_bytes} bytes than a fingerprint holds, so it is another one");
    Some(Finding::error("fingerprint-chunks", text))
}

/// A path where nothing is, so that no reason for a difference is found; `/dev/null` itself would be an empty file.
pub(super) const NOWHERE: &str = "/dev/null/nothing";
