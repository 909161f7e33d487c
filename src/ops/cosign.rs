//! Signatures over single files of a model, made with `cosign sign-blob --bundle`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::verify::{Refused, VerifyModelError, in_words};
use super::{DigestRequest, HashAllError, Selection, digest};
use crate::digest::{Algorithm, Digest};
use crate::finding::Finding;
use crate::io::{ReadError, read_to_limit};
use crate::manifest::Method;
use crate::model::{ModelPath, SymlinkRule};
use crate::oms::MAX_BUNDLE_BYTES;
use crate::progress::Progress;
use crate::trust::Identity;
use crate::verify::{BlobBundle, BundleFault, KeylessFault, Verifier};

/// A signature over one file of a model that holds.
#[derive(Debug)]
pub(super) struct BlobSignature {
    pub(super) name: String,
    pub(super) content: Vec<u8>,
    pub(super) file: ModelPath,
    pub(super) by: Identity,
}

/// The files of a model by their SHA-256.
pub(super) type Files = BTreeMap<Vec<u8>, ModelPath>;

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
    let key = |digest: &Digest| digest.as_bytes().to_vec();
    Ok(described.manifest.resources().iter().map(|file| (key(&file.digest), file.path.clone())).collect())
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
        let authentic = match verifier.verify_blob(&bundle) {
            Ok(authentic) => authentic,
            Err(BundleFault::Keyless(KeylessFault::TrustRoot { reason })) => {
                return Err(VerifyModelError::TrustRoot { reason }.into());
            }
            Err(fault) => return refused(fault.rule(), in_words(&fault), Some(fault)),
        };
        let Some(file) = files.get(bundle.digest().as_bytes()) else {
            let text = format!("signs a file with the digest {}, which is not in the model", bundle.digest());
            return refused("signature-of-other-file", text, None);
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        signatures.push(BlobSignature { name, content, file: file.clone(), by: authentic.identity().clone() });
    }
    Ok(Ok(signatures))
}

/// A refusal for each file that no bundle is over.
pub(super) fn uncovered(files: &Files, signatures: &[BlobSignature]) -> Vec<Finding> {
    let is_covered = |path: &&ModelPath| signatures.iter().any(|signature| signature.file == **path);
    let open = files.values().filter(|path| !is_covered(path));
    open.map(|path| Finding::error("file-unsigned", "no bundle signs it").at(path.as_str())).collect()
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
