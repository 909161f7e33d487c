use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::SingleFileName;
use super::digest::DigestRequest;
use super::selection::{HashAllError, hash_all};
use crate::finding::Finding;
use crate::io::{AtomicFile, WriteError};
use crate::manifest::{HashError, Manifest};
use crate::model::{ModelTree, PathError};
use crate::oms::{Bundle, Statement};
use crate::progress::Progress;
use crate::sign::{SignError, Signer};
use crate::verify::{BundleFault, Verified, Verifier};

/// Which model is to be signed, how, and where the signature goes.
#[derive(Debug, Clone)]
pub struct SignRequest<'a> {
    /// What is signed.
    pub model: DigestRequest<'a>,
    /// Where the bundle is written; inside the model it is left out of it.
    pub signature: &'a Path,
    /// Under which name a model's one file is listed.
    pub single_file: SingleFileName,
}

/// A model that was signed.
#[derive(Debug)]
pub struct Signed {
    /// What was signed.
    pub manifest: Manifest,
    /// What is worth knowing.
    pub warnings: Vec<Finding>,
    /// The bundle as it was written.
    pub bundle: Bundle,
    /// Who signed, where the bundle says it and was checked.
    pub verified: Option<Verified>,
}

/// Signs a model and writes the bundle.
///
/// A bundle that needed services of others is first verified as anybody would verify it.
///
/// # Errors
/// [`SignModelError`]; nothing was written then.
pub fn sign(request: &SignRequest<'_>, signer: &dyn Signer, progress: &dyn Progress) -> Result<Signed, SignModelError> {
    let SignRequest { model, signature, single_file } = request;
    let tree = ModelTree::open(model.model, model.symlinks).map_err(HashError::from).map_err(HashAllError::from)?;
    check_target(signature, &tree, model.model)?;
    AtomicFile::try_out(signature)?;
    signer.prepare()?;
    let (rules, mut warnings) = model.selection.rules(model.model, Some(signature))?;
    let (manifest, more) = hash_all(&tree, model.serialization(rules), *single_file, progress)?;
    warnings.extend(more);
    let name = tree.name().map_err(HashError::from).map_err(HashAllError::from)?;
    let statement = Statement { name, manifest };
    let bundle = signer.sign(statement.to_payload()?)?;
    let verified = check(&bundle, signer)?;
    save(&bundle, model.model, signature)?;
    Ok(Signed { manifest: statement.manifest, warnings, bundle, verified })
}

/// Why a model was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignModelError {
    /// The model could not be described.
    #[error(transparent)]
    Hash(#[from] HashAllError),
    /// A path cannot be left out.
    #[error(transparent)]
    Ignore(#[from] PathError),
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What the services made of it would not be accepted by any verifier.
    #[error("the finished signature does not hold, and was not written")]
    Check(#[from] BundleFault),
    /// The statement could not be written.
    #[error("cannot write the statement")]
    Statement(#[from] serde_json::Error),
    /// The bundle could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The signature would take the model's place.
    #[error("the signature would overwrite the model {}", path.display())]
    OverModel {
        /// The model.
        path: PathBuf,
    },
    /// The signature would take the place of a file that is no signature.
    #[error("{} exists and is not a signature, it is not overwritten", path.display())]
    OverOtherFile {
        /// The file.
        path: PathBuf,
    },
}

/// Verifies a fresh bundle. The time of verification is of no account: what such bundles prove they prove for the times
/// that they bring along.
fn check(bundle: &Bundle, signer: &dyn Signer) -> Result<Option<Verified>, SignModelError> {
    let Some(trust) = signer.trust(bundle)? else { return Ok(None) };
    Ok(Some(Verifier::new(&trust, Duration::ZERO).verify(bundle)?))
}

/// Writes the bundle, whole or not at all. Into a model nothing else is written: what a kill left there would count as a
/// file of the model.
fn save(bundle: &Bundle, model: &Path, signature: &Path) -> Result<(), WriteError> {
    let mut file = match above_if_inside(signature, model) {
        Some(above) => AtomicFile::create_staged(signature, &above)?,
        None => AtomicFile::create(signature)?,
    };
    bundle.write_json(&mut file).map_err(|source| WriteError { path: signature.to_owned(), source })?;
    file.commit()
}

/// The folder above the model, if the signature goes into the model.
fn above_if_inside(signature: &Path, model: &Path) -> Option<PathBuf> {
    let model = fs::canonicalize(model).ok()?;
    let folder = signature.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let inside = fs::canonicalize(folder).ok()?.starts_with(&model);
    inside.then(|| model.parent().map(Path::to_owned)).flatten()
}

/// Makes sure that nothing but an older signature is lost.
fn check_target(signature: &Path, tree: &ModelTree, model: &Path) -> Result<(), SignModelError> {
    let Ok(target) = fs::canonicalize(signature) else { return Ok(()) };
    let inside = fs::canonicalize(model).is_ok_and(|model| target.starts_with(model));
    if tree.is_file() && inside {
        return Err(SignModelError::OverModel { path: model.to_owned() });
    }
    if !target.is_file() || is_replaceable(&target, inside).unwrap_or(true) {
        return Ok(());
    }
    Err(SignModelError::OverOtherFile { path: signature.to_owned() })
}

/// Whether a file begins as a Sigstore bundle does, or is empty: made to be filled, unless it is one of a model's files.
/// One that cannot be read fails when it is written.
fn is_replaceable(path: &Path, in_model: bool) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(LOOK_AT_BYTES).read_to_end(&mut start)?;
    let text = String::from_utf8_lossy(&start);
    Ok((start.is_empty() && !in_model) || text.trim_start().starts_with('{') && text.contains(BUNDLE))
}

/// How the media type of every bundle begins.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
/// Where in a file the media type of a bundle is looked for; it is the first field in every version.
const LOOK_AT_BYTES: u64 = 4096;
