//! Signatures over a single file, as `cosign sign-blob --bundle` makes them: a Sigstore bundle around a message signature.

use sigstore_types::bundle::VerificationMaterialContent;
use sigstore_types::{ArtifactDigest, Bundle, HashAlgorithm, MediaType, Sha256Hash, SignatureContent};
use sigstore_verify::VerificationPolicy;

use super::blob_cosign;
use super::keyless::{self, is_complete};
use super::verifier::{BundleFault, Verifier};
use super::{Authentic, KeylessFault};
use crate::crypto::{Certificate, MessageDigest, Signature, SigningHash};
use crate::digest::{Algorithm, Digest};
use crate::trust::sigstore::SigstoreRoot;
use crate::trust::{Identity, IdentityPattern, LogRule, TrustRoot};

/// A bundle around a signature over one file; parsed, not verified.
#[derive(Debug)]
pub struct BlobBundle {
    bundle: Bundle,
    digest: Option<Digest>,
    signature: Vec<u8>,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A Sigstore bundle.
    Sigstore,
    /// The one that cosign had before.
    Cosign,
}

impl BlobBundle {
    /// Reads a bundle of media type 0.3 whose message digest is a SHA-256, or the form that cosign had before.
    ///
    /// # Errors
    /// [`BlobError`] where it is another kind of bundle.
    pub fn from_json(json: &[u8]) -> Result<Self, BlobError> {
        let failed = |reason: String| BlobError::Form { reason };
        let text = std::str::from_utf8(json).map_err(|error| failed(error.to_string()))?;
        let old = serde_json::from_str(text).ok().filter(blob_cosign::is_one);
        let (bundle, logged, form) = if let Some(old) = old {
            let (bundle, logged) = blob_cosign::read(old).map_err(|reason| BlobError::Cosign { reason })?;
            (bundle, logged, Form::Cosign)
        } else {
            let bundle = Bundle::from_json(text).map_err(|error| failed(error.to_string()))?;
            if bundle.media_type() != MediaType::Bundle0_3 {
                return Err(failed("it is not of the bundle format 0.3".to_owned()));
            }
            (bundle, None, Form::Sigstore)
        };
        let SignatureContent::MessageSignature(message) = &bundle.content else { return Err(BlobError::Statement) };
        let digest = match form {
            Form::Cosign => logged,
            Form::Sigstore => {
                let given = message.message_digest.as_ref();
                let given = given.filter(|digest| digest.algorithm == HashAlgorithm::Sha2256);
                let digest = given.and_then(|digest| Digest::new(Algorithm::Sha256, digest.digest.as_bytes()).ok());
                Some(digest.ok_or(BlobError::Digest)?)
            }
        };
        let signature = message.signature.as_bytes().to_vec();
        Ok(Self { bundle, digest, signature, form })
    }

    /// The SHA-256 of the file, as the bundle says; cosign's old form says it only where an identity signed.
    #[must_use]
    pub const fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }
}

impl Verifier<'_> {
    /// Checks a signature over the file with this SHA-256. A signature by a key is checked by the key alone; one by an
    /// identity needs its log entry with a proof, or in cosign's old form, which has none, with the log's promise.
    ///
    /// # Errors
    /// [`BundleFault`]: the bundle is refused, and why.
    pub fn verify_blob(&self, blob: &BlobBundle, file: &Digest) -> Result<Authentic, BundleFault> {
        if file.algorithm() != Algorithm::Sha256 || blob.digest.is_some_and(|digest| digest != *file) {
            return Err(BundleFault::Signature);
        }
        match (self.trust(), &blob.bundle.verification_material.content) {
            (TrustRoot::Key(key), VerificationMaterialContent::PublicKey(_)) => {
                let hash = key.curve().signing_hash();
                let digest = MessageDigest::of_digest(file.as_bytes()).filter(|_| hash == SigningHash::Sha256);
                let signature = Signature::from_der(blob.signature.clone());
                if !digest.is_some_and(|digest| key.verifies(hash, &digest, &signature)) {
                    return Err(BundleFault::Signature);
                }
                let identity = Identity::Key { hint: key.hint() };
                Ok(Authentic { identity, key: key.clone(), times: Vec::new(), warnings: Vec::new() })
            }
            (_, VerificationMaterialContent::PublicKey(_)) => Err(BundleFault::OtherMethod { signed: "key" }),
            (TrustRoot::Sigstore { root, identity, log: LogRule::Required }, _) => {
                by_identity(blob, file, root, identity)
            }
            _ => Err(BundleFault::OtherMethod { signed: "sigstore" }),
        }
    }
}

/// 1. The certificate is one of the instance's, and names the signer who is asked for.
/// 2. There is one log entry, with the evidence that its form has.
/// 3. Sigstore's library checks certificate, log entry, times and signature, and that they are about this file.
fn by_identity(
    blob: &BlobBundle,
    file: &Digest,
    root: &SigstoreRoot,
    expected: &IdentityPattern,
) -> Result<Authentic, BundleFault> {
    // 1.
    let certificate = blob.bundle.signing_certificate().ok_or(KeylessFault::Incomplete)?;
    let leaf = Certificate::from_der(certificate.as_bytes())
        .map_err(|error| KeylessFault::Untrusted { reason: error.to_string() })?;
    let (key, identity, warnings) = keyless::identify(&leaf, root, expected)?;
    // 2.
    let entries = &blob.bundle.verification_material.tlog_entries;
    let [entry] = entries.as_slice() else {
        return Err(KeylessFault::LogEntries { found: entries.len() }.into());
    };
    match blob.form {
        Form::Sigstore if entry.inclusion_proof.is_none() => {
            return Err(KeylessFault::Log { reason: "it has no inclusion proof".to_owned() }.into());
        }
        Form::Cosign if entry.inclusion_promise.is_none() || entry.integrated_time.is_none() => {
            return Err(KeylessFault::Log { reason: "it has no promise of the log".to_owned() }.into());
        }
        Form::Sigstore | Form::Cosign => {}
    }
    // 3.
    let verifier = sigstore_verify::Verifier::new(root.inner())
        .map_err(|error| KeylessFault::TrustRoot { reason: error.to_string() })?;
    let digest: [u8; 32] = file.as_bytes().try_into().map_err(|_| KeylessFault::NoSubject)?;
    let artifact = ArtifactDigest::sha256(Sha256Hash::new(digest));
    let verified = verifier.verify(artifact, &blob.bundle, &VerificationPolicy::any_identity());
    let verified = verified.map_err(KeylessFault::from)?;
    if !is_complete(&verified) || !verified.tlog_verified() {
        return Err(KeylessFault::Incomplete.into());
    }
    let times = verified.verified_timestamps().to_vec();
    Ok(Authentic { identity, key, times, warnings })
}

/// Why something is not a signature over one file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// It is no such bundle.
    #[error("it is not a Sigstore bundle around a signature over a file: {reason}")]
    Form {
        /// Why.
        reason: String,
    },
    /// It is in cosign's old form, and not complete.
    #[error(
        "it is in the form that cosign had before Sigstore's bundles, and {reason}; sign the file again with cosign 3, or \
         with `--new-bundle-format`"
    )]
    Cosign {
        /// What is wrong with it.
        reason: String,
    },
    /// It is around a statement.
    #[error("it is a bundle around a statement, not around a signature over a file")]
    Statement,
    /// The digest is missing, or of another algorithm.
    #[error("it does not give the SHA-256 of its file")]
    Digest,
}
