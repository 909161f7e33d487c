use serde::{Deserialize, Serialize};

use crate::digest::{Algorithm, Digest, Hasher};
use crate::oms::{Attestation, Payload, Subject};
use crate::package::PackageManifest;

/// The predicate type of package statements.
pub const PACKAGE_TYPE: &str = "https://github.com/secureml/sign/package/v1";

/// The statement that the signer of a package signs: about its manifest, its model signature, and, where they are no more
/// than 1,024, the model's files.
pub(super) fn statement(
    manifest: &PackageManifest,
    manifest_digest: Digest,
    model_signature: Digest,
) -> Result<Payload, serde_json::Error> {
    let subjects = subjects(manifest, manifest_digest, Some(model_signature));
    Attestation::payload(&subjects, PACKAGE_TYPE, &Predicate { format_version: FORMAT_VERSION })
}

/// What is wrong with a statement about the package that has this manifest and model signature.
pub(super) fn fault(
    attestation: &Attestation<'_>,
    manifest: &PackageManifest,
    manifest_digest: Digest,
    model_signature: Option<Digest>,
) -> Option<&'static str> {
    let predicate: Result<Predicate, _> = serde_json::from_str(attestation.predicate.get());
    let expected = subjects(manifest, manifest_digest, model_signature);
    let is_first = |subject: &Subject| subject.digest == manifest_digest && subject.name == MANIFEST;
    match predicate {
        Err(_) => Some("its predicate does not have the form of a package statement"),
        Ok(Predicate { format_version }) if format_version != FORMAT_VERSION => {
            Some("it is of another version of the format")
        }
        Ok(_) if !attestation.subjects.first().is_some_and(is_first) => Some("it is about another manifest"),
        Ok(_) if attestation.subjects != expected => Some("it is about another model signature, or other files"),
        Ok(_) => None,
    }
}

fn subjects(manifest: &PackageManifest, manifest_digest: Digest, model_signature: Option<Digest>) -> Vec<Subject> {
    let subject = |name: &str, digest| Subject { name: name.to_owned(), digest };
    let mut subjects = vec![subject(MANIFEST, manifest_digest)];
    subjects.extend(model_signature.map(|digest| subject(MODEL_SIGNATURE, digest)));
    if manifest.files().len() <= MAX_FILE_SUBJECTS {
        subjects.extend(manifest.files().iter().map(|file| subject(&format!("model/{}", file.path), file.sha256)));
    }
    subjects
}

/// The SHA-256 of some bytes.
pub(super) fn sha256(bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    hasher.update(bytes);
    hasher.finish()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Predicate {
    format_version: u32,
}

const FORMAT_VERSION: u32 = 1;
const MAX_FILE_SUBJECTS: usize = 1024;
pub(super) const MANIFEST: &str = "secureml/manifest.json";
pub(super) const MODEL_SIGNATURE: &str = "model.sig";
pub(super) const PACKAGE_SIGNATURE: &str = "secureml/package.sigstore.json";
pub(super) const FINGERPRINT: &str = "secureml/fingerprint.json";
