use std::fs;
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::fingerprint::{ChunkSizeError, FingerprintError};
use crate::manifest::{HashError, Hashed, Manifest, ManifestError, Resource, Serialization, hash_tree};
use crate::model::{IgnoreRules, ModelPath, ModelTree, OddEntry, PathError};
use crate::progress::Progress;

/// What the user wants left out of a model.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Files and folders, by their paths on disk.
    pub ignore_paths: Vec<PathBuf>,
    /// Whether Git's own files at the top of the model are left out as well.
    pub ignore_git_paths: bool,
}

impl Default for Selection {
    fn default() -> Self {
        Self { ignore_paths: Vec::new(), ignore_git_paths: true }
    }
}

impl Selection {
    /// The rules for a model, and a warning for each path that has no effect. What is our own, such as the signature,
    /// never is part of the model.
    ///
    /// # Errors
    /// [`PathError`] for paths that cannot be left out.
    pub(super) fn rules(&self, model: &Path, own: &[&Path]) -> Result<(IgnoreRules, Vec<Finding>), PathError> {
        let mut rules = IgnoreRules::default();
        let mut warnings = Vec::new();
        for path in &self.ignore_paths {
            if !rules.add_on_disk(model, path)? {
                let text = "lies outside the model, so leaving it out has no effect";
                warnings.push(Finding::warning("ignore-path-outside", text).at(path.display().to_string()));
            }
        }
        for path in own {
            rules.add_on_disk(model, path)?;
            // Where it is a link, the bundle is behind it.
            if let Ok(behind) = fs::canonicalize(path) {
                rules.add_on_disk(model, &behind)?;
            }
        }
        Ok((rules, warnings))
    }
}

/// Under which name the one file of a model is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SingleFileName {
    /// `.`, which every published version of the reference tool reads and writes.
    #[default]
    Dot,
    /// The file's own name, as OMS 1.0, section 6.1.2, has it; the reference tool refuses it.
    Basename,
}

/// Hashes a model that is to be signed or named by its digest: whatever a manifest cannot hold is an error.
pub(super) fn hash_all(
    tree: &ModelTree,
    serialization: Serialization,
    single_file: SingleFileName,
    progress: &dyn Progress,
) -> Result<(Manifest, Vec<Finding>), HashAllError> {
    let Hashed { resources, odd, leading_outside, .. } = hash_tree(tree, &serialization, None, progress)?;
    if !odd.is_empty() {
        return Err(not_signable(odd));
    }
    let (manifest, _) = manifest_of(tree, serialization, resources, single_file)?;
    Ok((manifest, outside_warnings(&leading_outside)))
}

/// The manifest of these resources; with it, the name of the one file where it is not listed as `.`.
pub(super) fn manifest_of(
    tree: &ModelTree,
    serialization: Serialization,
    resources: Vec<Resource>,
    single_file: SingleFileName,
) -> Result<(Manifest, Option<ModelPath>), HashAllError> {
    let manifest = Manifest::sorted(serialization, resources)?;
    if tree.is_file() && single_file == SingleFileName::Basename {
        let name = ModelPath::new(tree.name().map_err(HashError::from)?)?;
        return Ok((manifest.with_single_file_as(&name), Some(name)));
    }
    Ok((manifest, None))
}

/// The error for what a manifest cannot hold.
pub(super) fn not_signable(odd: Vec<OddEntry>) -> HashAllError {
    let finding = |entry: OddEntry| Finding::error("not-signable", entry.kind.to_string()).at(entry.path);
    HashAllError::Odd { findings: odd.into_iter().map(finding).collect() }
}

/// A warning for each link that leads out of the model (OMS 1.0, section 6.1.1).
pub(super) fn outside_warnings(paths: &[ModelPath]) -> Vec<Finding> {
    let text = "is a link to a file outside the model";
    paths.iter().map(|path| Finding::warning("link-outside", text).at(path.as_str())).collect()
}

/// Why a model has no manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashAllError {
    /// It could not be read.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// It holds what a manifest cannot.
    #[error("the model holds what cannot be signed")]
    Odd {
        /// Each such thing.
        findings: Vec<Finding>,
    },
    /// It has no files, or the list would contradict itself.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A name cannot be written down.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The chunks of the Merkle trees are too many.
    #[error(transparent)]
    Chunks(#[from] ChunkSizeError),
    /// The files do not make a fingerprint.
    #[error(transparent)]
    Fingerprint(#[from] FingerprintError),
}
