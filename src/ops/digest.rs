use std::path::Path;

use super::selection::{HashAllError, hash_all};
use super::{Selection, SingleFileName};
use crate::digest::Algorithm;
use crate::finding::Finding;
use crate::manifest::{Manifest, Method, Serialization};
use crate::model::{IgnoreRules, ModelTree, SymlinkRule};
use crate::progress::Progress;

/// Which model is to be described, and how.
#[derive(Debug, Clone)]
pub struct DigestRequest<'a> {
    /// The file or folder.
    pub model: &'a Path,
    /// Whole files or shards.
    pub method: Method,
    /// The hash of the content.
    pub algorithm: Algorithm,
    /// What becomes of links.
    pub symlinks: SymlinkRule,
    /// What is left out.
    pub selection: &'a Selection,
}

/// A model's files and digests.
#[derive(Debug)]
pub struct Digested {
    /// The list that a signature would hold.
    pub manifest: Manifest,
    /// What is worth knowing.
    pub warnings: Vec<Finding>,
}

impl DigestRequest<'_> {
    /// How the model is to be serialized when these rules and, if wanted, Git's own files are left out.
    pub(super) fn serialization(&self, mut ignore: IgnoreRules) -> Serialization {
        if self.selection.ignore_git_paths {
            ignore.extend(&IgnoreRules::git());
        }
        Serialization { method: self.method, algorithm: self.algorithm, symlinks: self.symlinks, ignore }
    }
}

/// Describes a model; its [`Manifest::root_digest`] is the digest that a signature would carry as its subject.
///
/// # Errors
/// [`HashAllError`] where the model cannot be read, or not be signed.
pub fn digest(request: &DigestRequest<'_>, progress: &dyn Progress) -> Result<Digested, HashAllError> {
    let (rules, mut warnings) = request.selection.rules(request.model, &[])?;
    let tree = ModelTree::open(request.model, request.symlinks).map_err(crate::manifest::HashError::from)?;
    let (manifest, more) = hash_all(&tree, request.serialization(rules), SingleFileName::Dot, progress)?;
    warnings.extend(more);
    Ok(Digested { manifest, warnings })
}
