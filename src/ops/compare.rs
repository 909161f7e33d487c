use std::borrow::Cow;
use std::path::Path;

use super::explain::explain;
use super::selection::outside_warnings;
use super::verify::Links;
use crate::finding::Finding;
use crate::manifest::{HashError, Manifest, Serialization, UnsignedFiles, diff, hash_tree};
use crate::model::{IgnoreRules, ModelPath, ModelTree, SymlinkRule, TreeError};
use crate::progress::Progress;

/// How a model on disk is held against a manifest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    /// What is left out on top of what the manifest leaves out.
    pub(super) ignore: &'a IgnoreRules,
    /// Whether Git's own files are left out even where the manifest does not say so.
    pub(super) ignore_git_paths: bool,
    pub(super) unsigned_files: UnsignedFiles,
    pub(super) links: Links,
}

/// The serialization by which a model is read to be compared: that of the manifest, with what is left out besides.
///
/// Git's own files are left out even where the signer did not record it (OMS 1.0, section 6.2.1), unless he signed some
/// of them.
pub(super) fn settings<'a>(
    recorded: &Serialization,
    signed: impl Iterator<Item = &'a ModelPath> + Clone,
    rules: &Rules<'_>,
) -> Serialization {
    let mut ignore = rules.ignore.clone();
    ignore.extend(&recorded.ignore);
    if rules.ignore_git_paths {
        let mut git = IgnoreRules::git();
        git.retain(|rule| !signed.clone().any(|path| path.is_within(rule)));
        ignore.extend(&git);
    }
    let symlinks = match rules.links {
        Links::AsSigned => recorded.symlinks,
        Links::Refuse => SymlinkRule::Refuse,
    };
    Serialization { ignore, symlinks, ..recorded.clone() }
}

/// What a comparison came to: no error among the findings means that the model is the one of the manifest.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) is_same: bool,
    pub(super) findings: Vec<Finding>,
}

impl Compared {
    fn other(rule: &'static str, message: impl Into<String>) -> Self {
        Self { is_same: false, findings: vec![Finding::error(rule, message)] }
    }
}

/// Reads a model once, and compares it with a manifest.
pub(super) fn compare(
    model: &Path,
    manifest: &Manifest,
    rules: &Rules<'_>,
    progress: &dyn Progress,
) -> Result<Compared, HashError> {
    let recorded = manifest.serialization();
    let serialization = settings(recorded, manifest.resources().iter().map(|resource| &resource.path), rules);
    let tree = match open(model, &serialization)? {
        Ok(tree) => tree,
        Err(other) => return Ok(other),
    };
    let Some(signed) = for_this_kind(manifest, &tree) else { return Ok(other_kind(&tree)) };
    let only = (rules.unsigned_files == UnsignedFiles::Ignore).then(|| signed.files());
    let found = hash_tree(&tree, &serialization, only.as_ref(), progress)?;
    let changes = diff(&signed, &found, rules.unsigned_files);
    let mut findings = explain(&changes, &signed, model, &serialization.ignore);
    findings.extend(outside_warnings(&found.leading_outside));
    Ok(Compared { is_same: changes.is_empty(), findings })
}

/// Opens the model; what can be none of those that are signed is a difference, not an error.
pub(super) fn open(model: &Path, serialization: &Serialization) -> Result<Result<ModelTree, Compared>, HashError> {
    match ModelTree::open(model, serialization.symlinks) {
        Ok(tree) => Ok(Ok(tree)),
        Err(error @ TreeError::Root { .. }) => Ok(Err(Compared::other("model-not-a-file", error.to_string()))),
        Err(error) => Err(error.into()),
    }
}

/// The difference between a file and a folder.
pub(super) fn other_kind(tree: &ModelTree) -> Compared {
    let text = if tree.is_file() {
        "the model is a single file, a folder was signed"
    } else {
        "the model is a folder, a single file was signed"
    };
    Compared::other("model-kind", text)
}

/// The manifest as it applies to this model: a single file may be listed as `.` or under its own name; a folder's list
/// never holds `.`.
pub(super) fn for_this_kind<'a>(signed: &'a Manifest, tree: &ModelTree) -> Option<Cow<'a, Manifest>> {
    let first = &signed.resources().first()?.path;
    match tree.is_file() {
        true if first.is_root() => Some(Cow::Borrowed(signed)),
        true if signed.file_count() == 1 => Some(Cow::Owned(signed.clone().with_single_file_as(&ModelPath::root()))),
        false if !first.is_root() => Some(Cow::Borrowed(signed)),
        _ => None,
    }
}
