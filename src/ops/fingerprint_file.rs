use std::path::Path;
use std::time::Duration;

use super::verify::{Refused, VerifyModelError, authenticate, refused};
use crate::fingerprint::Fingerprint;
use crate::io::{ReadError, read_to_limit};
use crate::manifest::ManifestError;
use crate::oms::{
    Attestation, AttestationError, Bundle, FINGERPRINT_TYPE, FingerprintJsonError, MAX_BUNDLE_BYTES,
    fingerprint_from_json,
};
use crate::trust::TrustRoot;
use crate::verify::Authentic;

/// A fingerprint from a file.
#[derive(Debug)]
pub struct ReadFingerprint {
    /// The fingerprint.
    pub fingerprint: Fingerprint,
    /// Whether somebody signed it, and whether that was checked.
    pub signed: SignedState,
}

/// Who vouches for a fingerprint.
#[derive(Debug)]
pub enum SignedState {
    /// Nobody: the file is a bare document.
    Unsigned,
    /// Somebody may: the file is a bundle, and nobody checked it.
    Unchecked,
    /// This signer, who was checked.
    Checked(Box<Authentic>),
}

/// Reads a fingerprint, and verifies it where it is said whom to trust. A bare document is refused then.
///
/// # Errors
/// [`FingerprintFileError`] where the file cannot be read, or is neither a fingerprint nor a bundle around one; what is
/// not acceptable to the trust root is the inner error.
pub fn read_fingerprint(
    path: &Path,
    trust: Option<&TrustRoot>,
    now: Duration,
) -> Result<Result<ReadFingerprint, Refused>, FingerprintFileError> {
    if let Some(trust) = trust {
        let checked = authenticate(path, trust, now, |verifier, bundle| {
            let verified = verifier.verify_attestation(bundle, FINGERPRINT_TYPE)?;
            Ok((verified.authentic().clone(), of_attestation(verified.attestation())))
        })?;
        return Ok(match checked {
            Ok((authentic, Ok(fingerprint))) => {
                Ok(ReadFingerprint { fingerprint, signed: SignedState::Checked(Box::new(authentic)) })
            }
            Ok((_, Err(error))) => Err(refused("fingerprint-malformed", &error)),
            Err(refused) => Err(refused),
        });
    }
    let content = read_to_limit(path, MAX_BUNDLE_BYTES)?;
    let text = std::str::from_utf8(&content).map_err(|_| DocumentError::NotUtf8)?;
    let error = match fingerprint_from_json(text) {
        Ok(fingerprint) => return Ok(Ok(ReadFingerprint { fingerprint, signed: SignedState::Unsigned })),
        Err(error) => DocumentError::from(error),
    };
    let Ok(bundle) = Bundle::from_json(content) else { return Err(error.into()) };
    let attestation =
        Attestation::from_payload(&bundle.envelope.payload, FINGERPRINT_TYPE).map_err(DocumentError::from)?;
    Ok(Ok(ReadFingerprint { fingerprint: of_attestation(&attestation)?, signed: SignedState::Unchecked }))
}

/// The fingerprint in a statement, which must be about the model that the fingerprint describes.
fn of_attestation(attestation: &Attestation<'_>) -> Result<Fingerprint, DocumentError> {
    let fingerprint = fingerprint_from_json(attestation.predicate.get())?;
    let [subject] = attestation.subjects.as_slice() else { return Err(DocumentError::Subject) };
    match fingerprint.manifest().transpose()? {
        Some(manifest) if manifest.root_digest() != subject.digest => Err(DocumentError::Subject),
        // Shards leave no trace in a fingerprint: the signer alone says that these are the same model.
        _ => Ok(fingerprint),
    }
}

/// Why there is no fingerprint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FingerprintFileError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is neither a fingerprint nor a bundle around one.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// There is no verdict about the signature.
    #[error(transparent)]
    Verify(#[from] VerifyModelError),
}

/// Why a document is no fingerprint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is no text.
    #[error("it is not a fingerprint: it is not UTF-8")]
    NotUtf8,
    /// It is not such a document.
    #[error(transparent)]
    Json(#[from] FingerprintJsonError),
    /// The bundle is around another kind of statement.
    #[error(transparent)]
    Attestation(#[from] AttestationError),
    /// The statement is about something else than the files of the fingerprint.
    #[error("the statement is not about the model that its fingerprint describes")]
    Subject,
    /// The files cannot be listed together.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}
