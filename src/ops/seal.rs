//! Getting a payload signed, and its bundle written.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::sign::SignModelError;
use crate::io::{AtomicFile, WriteError, read_to_limit};
use crate::oms::{Attestation, Bundle, FINGERPRINT_TYPE, MAX_BUNDLE_BYTES, Payload};
use crate::sign::Signer;
use crate::verify::{Authentic, BundleFault, Verifier};

/// Signs a payload. A bundle that needed services of others is verified at once, as anybody would verify it.
///
/// The time of verification is of no account: what such bundles prove they prove for the times that they bring along.
pub(super) fn seal<T>(
    signer: &dyn Signer,
    payload: Payload,
    verify: impl FnOnce(&Verifier<'_>, &Bundle) -> Result<T, BundleFault>,
) -> Result<(Bundle, Option<T>), SignModelError> {
    let bundle = signer.sign(payload)?;
    let verified = match signer.trust(&bundle)? {
        Some(trust) => Some(verify(&Verifier::new(&trust, Duration::ZERO), &bundle)?),
        None => None,
    };
    Ok((bundle, verified))
}

/// Who made a signature over a statement of this type.
pub(super) fn authentic(
    verifier: &Verifier<'_>,
    bundle: &Bundle,
    predicate_type: &'static str,
) -> Result<Authentic, BundleFault> {
    Ok(verifier.verify_attestation(bundle, predicate_type)?.authentic().clone())
}

/// Writes the bundle, whole or not at all.
pub(super) fn save(bundle: &Bundle, model: &Path, signature: &Path) -> Result<(), WriteError> {
    let mut file = target_file(signature, model)?;
    bundle.write_json(&mut file).map_err(|source| WriteError { path: signature.to_owned(), source })?;
    file.commit()
}

/// A file that appears whole or not at all. Into a model nothing else is written: what a kill left there would count as a
/// file of the model.
pub(super) fn target_file(target: &Path, model: &Path) -> Result<AtomicFile, WriteError> {
    match above_if_inside(target, model) {
        Some(above) => AtomicFile::create_staged(target, &above),
        None => AtomicFile::create(target),
    }
}

/// The folder above the model, if the signature goes into the model.
fn above_if_inside(signature: &Path, model: &Path) -> Option<PathBuf> {
    let model = fs::canonicalize(model).ok()?;
    let folder = signature.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let inside = fs::canonicalize(folder).ok()?.starts_with(&model);
    inside.then(|| model.parent().map(Path::to_owned)).flatten()
}

/// Whether a file would lie in a model that is a folder.
pub(super) fn is_inside(target: &Path, model: &Path) -> bool {
    model.is_dir() && above_if_inside(target, model).is_some()
}

/// Makes sure that nothing but an older signature is lost, and that there is a place for the new one.
pub(super) fn check_target(signature: &Path, model: &Path) -> Result<(), SignModelError> {
    if let Ok(target) = fs::canonicalize(signature) {
        let inside = fs::canonicalize(model).is_ok_and(|model| target.starts_with(model));
        if model.is_file() && inside {
            return Err(SignModelError::OverModel { path: model.to_owned() });
        }
        if target.is_file() && !is_replaceable(&target, inside).unwrap_or(true) {
            return Err(SignModelError::OverOtherFile { path: signature.to_owned() });
        }
    }
    Ok(AtomicFile::try_out(signature)?)
}

/// As [`check_target`], for a signed fingerprint: it takes the place of an older one, and of nothing else that is signed.
pub(super) fn check_fingerprint_target(path: &Path, model: &Path) -> Result<(), SignModelError> {
    check_target(path, model)?;
    let is_taken = fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0);
    if is_taken && !is_signed_fingerprint(path) {
        return Err(SignModelError::OverSigned { path: path.to_owned() });
    }
    Ok(())
}

fn is_signed_fingerprint(path: &Path) -> bool {
    let bundle = read_to_limit(path, MAX_BUNDLE_BYTES).ok().and_then(|content| Bundle::from_json(&content).ok());
    bundle.is_some_and(|bundle| Attestation::from_payload(&bundle.envelope.payload, FINGERPRINT_TYPE).is_ok())
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
