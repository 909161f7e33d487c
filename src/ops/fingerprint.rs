use std::borrow::Cow;
use std::path::Path;

use super::compare::{Compared, Rules, open, other_kind, settings};
use super::describe::{ChunkSize, Described, FingerprintOptions, describe, read, sizes, wanted};
use super::digest::DigestRequest;
use super::fingerprint_diff::{Side, differences, too_many_chunks};
use super::seal::{authentic, check_fingerprint_target, save, seal};
use super::selection::{HashAllError, outside_warnings};
use super::sign::SignModelError;
use super::{Links, Selection, SingleFileName};
use crate::finding::Finding;
use crate::fingerprint::{FilePrint, Fingerprint};
use crate::manifest::{HashError, Manifest, Method, Serialization, UnsignedFiles};
use crate::model::{ModelPath, ModelTree, PathError};
use crate::oms::{FINGERPRINT_TYPE, Payload, Subject, fingerprint_payload};
use crate::progress::Progress;
use crate::sign::Signer;
use crate::verify::Authentic;

/// A model's fingerprint, and what goes with it.
#[derive(Debug)]
pub struct Fingerprinted {
    /// The model's name.
    pub name: String,
    /// The fingerprint.
    pub fingerprint: Fingerprint,
    /// The list of files that a model signature would hold.
    pub manifest: Manifest,
    /// What is worth knowing.
    pub warnings: Vec<Finding>,
}

/// Reads a model once, and takes its fingerprint.
///
/// # Errors
/// [`HashAllError`] where the model cannot be read, or not be signed.
pub fn fingerprint(
    request: &DigestRequest<'_>,
    options: &FingerprintOptions,
    own: &[&Path],
    progress: &dyn Progress,
) -> Result<Fingerprinted, HashAllError> {
    let (rules, mut warnings) = request.selection.rules(request.model, own)?;
    let tree = ModelTree::open(request.model, request.symlinks).map_err(HashError::from)?;
    let name = tree.name().map_err(HashError::from)?;
    let Described { fingerprint, manifest, warnings: more, .. } =
        describe(&tree, request.serialization(rules), options, SingleFileName::Dot, false, progress)?;
    warnings.extend(more);
    Ok(Fingerprinted { name, fingerprint, manifest, warnings })
}

/// Takes a model's fingerprint, signs it, and writes the bundle.
///
/// # Errors
/// [`SignModelError`]; nothing was written then.
pub fn sign_fingerprint(
    request: &DigestRequest<'_>,
    options: &FingerprintOptions,
    (signer, target): (&dyn Signer, &Path),
    progress: &dyn Progress,
) -> Result<(Fingerprinted, Option<Authentic>), SignModelError> {
    check_fingerprint_target(target, request.model)?;
    signer.prepare()?;
    let made = fingerprint(request, options, &[target], progress)?;
    let payload = payload(&made.name, &made.manifest, &made.fingerprint)?;
    let (bundle, authentic) = seal(signer, payload, |verifier, bundle| authentic(verifier, bundle, FINGERPRINT_TYPE))?;
    save(&bundle, request.model, target)?;
    Ok((made, authentic))
}

/// The statement that is signed: about the same subject as the model signature.
pub(super) fn payload(
    name: &str,
    manifest: &Manifest,
    fingerprint: &Fingerprint,
) -> Result<Payload, serde_json::Error> {
    fingerprint_payload(&Subject { name: name.to_owned(), digest: manifest.root_digest() }, fingerprint)
}

/// How a model is held against a fingerprint.
#[derive(Debug, Clone)]
pub struct CompareRequest<'a> {
    /// The file or folder.
    pub model: &'a Path,
    /// What is left out on top of what the fingerprint leaves out.
    pub selection: &'a Selection,
    /// Files that are our own, such as the fingerprint itself.
    pub own: &'a [&'a Path],
}

/// Reads a model once, and compares all that the fingerprint holds; no error among the findings means that it is the
/// same model.
///
/// # Errors
/// [`CompareError`] where the model cannot be read.
pub fn compare_with_fingerprint(
    request: &CompareRequest<'_>,
    fingerprint: &Fingerprint,
    progress: &dyn Progress,
) -> Result<Vec<Finding>, CompareError> {
    let CompareRequest { model, selection, own } = request;
    let (ignore, warnings) = selection.rules(model, own)?;
    let rules = Rules {
        ignore: &ignore,
        ignore_git_paths: selection.ignore_git_paths,
        unsigned_files: UnsignedFiles::Refuse,
        links: Links::AsSigned,
    };
    let paths = fingerprint.files().iter().map(|file| &file.path);
    let serialization = settings(fingerprint.serialization(), paths, &rules);
    let tree = match open(model, &serialization)? {
        Ok(tree) => tree,
        Err(Compared { findings, .. }) => return Ok(findings),
    };
    let is_single = fingerprint.files().len() == 1;
    let was_file = fingerprint.files().iter().any(|file| file.path.is_root());
    if tree.is_file() && !is_single || !tree.is_file() && was_file {
        return Ok(other_kind(&tree).findings);
    }
    let expected = match tree.is_file() {
        true => Cow::Owned(fingerprint.clone().with_single_file_as(&ModelPath::root())),
        false => Cow::Borrowed(fingerprint),
    };
    if let Some(finding) = too_many_chunks(&sizes(&tree, &serialization)?, expected.chunk_bytes()) {
        return Ok(vec![finding]);
    }
    let options =
        FingerprintOptions { algorithms: expected.algorithms().iter().copied().collect(), chunks: ChunkSize::None };
    let plain = Serialization { method: Method::Files, ..serialization };
    let found = read(&tree, &wanted(&plain, &options, expected.chunk_bytes(), false), &plain, progress)?;
    let files: Vec<FilePrint> = found.sums.into_iter().map(FilePrint::of).collect();
    let was = Side { files: expected.files(), chunk_bytes: expected.chunk_bytes() };
    let is = Side { files: &files, chunk_bytes: expected.chunk_bytes() };
    let mut findings = differences(was, is, found.odd, (model, &plain.ignore));
    findings.extend(warnings);
    findings.extend(outside_warnings(&found.leading_outside));
    Ok(findings)
}

/// Why a model cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// It cannot be read.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A path cannot be left out.
    #[error(transparent)]
    Ignore(#[from] PathError),
}
