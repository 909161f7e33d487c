//! Signatures over single files of a model, made with `cosign sign-blob --bundle`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::digest::{Algorithm, Digest};
use crate::finding::Finding;
use crate::io::{ReadError, read_to_limit};
use crate::manifest::Method;
use crate::model::{ModelPath, SymlinkRule};
use crate::oms::MAX_BUNDLE_BYTES;
use crate::ops::verify::{Refused, VerifyModelError, in_words};
use crate::ops::{DigestRequest, HashAllError, Selection, digest};
use crate::progress::Progress;
use crate::trust::Identity;
use crate::verify::{Authentic, BlobBundle, BundleFault, KeylessFault, Verifier};

/// A signature over a file of a model that holds.
#[derive(Debug)]
pub(super) struct BlobSignature {
    pub(super) path: PathBuf,
    pub(super) content: Vec<u8>,
    /// The files with the bytes that it signs.
    pub(super) files: Vec<ModelPath>,
    pub(super) by: Identity,
}

/// The files of a model by their SHA-256; several files may have the same bytes.
pub(super) struct Files(BTreeMap<Vec<u8>, Vec<ModelPath>>);

impl Files {
    /// How many files there are.
    pub(super) fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// The files with this digest.
    pub(super) fn named(&self, sha256: &[u8]) -> Option<&[ModelPath]> {
        self.0.get(sha256).map(Vec::as_slice)
    }

    /// A refusal for each file that no bundle is over.
    pub(super) fn uncovered(&self, signatures: &[BlobSignature]) -> Vec<Finding> {
        let covered: BTreeSet<&ModelPath> = signatures.iter().flat_map(|signature| &signature.files).collect();
        let open: BTreeSet<&ModelPath> = self.0.values().flatten().filter(|path| !covered.contains(path)).collect();
        open.into_iter().map(|path| Finding::error("file-unsigned", "no bundle signs it").at(path.as_str())).collect()
    }
}

/// Reads a model's files.
pub(super) fn files(
    model: &Path,
    selection: &Selection,
    symlinks: SymlinkRule,
    progress: &dyn Progress,
) -> Result<Files, HashAllError> {
    let algorithm = Algorithm::Sha256;
    let request = DigestRequest { model, method: Method::Files, algorithm, symlinks, selection };
    let described = digest(&request, progress)?;
    let mut files: BTreeMap<Vec<u8>, Vec<ModelPath>> = BTreeMap::new();
    for file in described.manifest.resources() {
        files.entry(file.digest.as_bytes().to_vec()).or_default().push(file.path.clone());
    }
    Ok(Files(files))
}

/// Verifies each bundle, which must be over one of the files.
pub(super) fn check(
    bundles: &[PathBuf],
    files: &Files,
    verifier: &Verifier<'_>,
) -> Result<Result<Vec<BlobSignature>, Refused>, CosignError> {
    let mut signatures = Vec::new();
    for path in bundles {
        let place = path.display().to_string();
        let refused = |rule, message: String, fault| {
            let findings = vec![Finding::error(rule, message).at(&place)];
            Ok(Err(Refused { verified: None, findings, fault }))
        };
        let content = read_to_limit(path, MAX_BUNDLE_BYTES)?;
        let bundle = match BlobBundle::from_json(&content) {
            Ok(bundle) => bundle,
            Err(error) => return refused("signature-malformed", in_words(&error), None),
        };
        let candidates: Vec<Digest> = match bundle.digest() {
            Some(digest) => vec![*digest],
            None => files.0.keys().filter_map(|sha256| Digest::new(Algorithm::Sha256, sha256).ok()).collect(),
        };
        let (digest, authentic) = match verify(verifier, &bundle, &candidates) {
            Ok(found) => found,
            Err(BundleFault::Keyless(KeylessFault::TrustRoot { reason })) => {
                return Err(VerifyModelError::TrustRoot { reason }.into());
            }
            Err(fault) => return refused(fault.rule(), in_words(&fault), Some(fault)),
        };
        let Some(named) = files.named(digest.as_bytes()) else {
            let text = format!("signs a file with the digest {digest}, which is not in the model");
            return refused("signature-of-other-file", text, None);
        };
        let by = authentic.identity().clone();
        signatures.push(BlobSignature { path: path.clone(), content, files: named.to_vec(), by });
    }
    Ok(Ok(signatures))
}

/// Finds the file that a bundle signs among these: one, where the bundle names it. The last fault is told.
fn verify(
    verifier: &Verifier<'_>,
    bundle: &BlobBundle,
    candidates: &[Digest],
) -> Result<(Digest, Authentic), BundleFault> {
    let mut fault = BundleFault::Signature;
    for digest in candidates {
        match verifier.verify_blob(bundle, digest) {
            Ok(authentic) => return Ok((*digest, authentic)),
            Err(BundleFault::Signature) => {}
            Err(other) => {
                fault = other;
                break;
            }
        }
    }
    Err(fault)
}

/// Why there is no verdict about a bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CosignError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no verdict about its signature.
    #[error(transparent)]
    Verify(#[from] VerifyModelError),
}
