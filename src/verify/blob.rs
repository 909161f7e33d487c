//! Signatures over a single file, as `cosign sign-blob --bundle` makes them: a Sigstore bundle around a message signature.

use sigstore_types::bundle::VerificationMaterialContent;
use sigstore_types::{ArtifactDigest, Bundle, HashAlgorithm, MediaType, Sha256Hash, SignatureContent};
use sigstore_verify::VerificationPolicy;

use super::keyless::{self, is_complete};
use super::verifier::{BundleFault, Verifier};
use super::{Authentic, KeylessFault};
use crate::crypto::{Certificate, MessageDigest, Signature, SigningHash};
use crate::digest::{Algorithm, Digest};
use crate::trust::{Identity, LogRule, TrustRoot};

/// A bundle around a signature over one file; parsed, not verified.
#[derive(Debug)]
pub struct BlobBundle {
    bundle: Bundle,
    digest: Digest,
    signature: Vec<u8>,
}

impl BlobBundle {
    /// Reads a bundle of media type 0.3 whose message digest is a SHA-256.
    ///
    /// # Errors
    /// [`BlobError`] where it is another kind of bundle, or an older one.
    pub fn from_json(json: &[u8]) -> Result<Self, BlobError> {
        let text = std::str::from_utf8(json).map_err(|error| BlobError::Form { reason: error.to_string() })?;
        let bundle = Bundle::from_json(text).map_err(|error| BlobError::Form { reason: error.to_string() })?;
        if bundle.media_type() != MediaType::Bundle0_3 {
            return Err(BlobError::Form { reason: "it is not of the bundle format 0.3".to_owned() });
        }
        let SignatureContent::MessageSignature(message) = &bundle.content else { return Err(BlobError::Statement) };
        let digest = message.message_digest.as_ref().filter(|digest| digest.algorithm == HashAlgorithm::Sha2256);
        let digest = digest.and_then(|digest| Digest::new(Algorithm::Sha256, digest.digest.as_bytes()).ok());
        let digest = digest.ok_or(BlobError::Digest)?;
        let signature = message.signature.as_bytes().to_vec();
        Ok(Self { digest, signature, bundle })
    }

    /// The SHA-256 of the file, as the bundle says.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl Verifier<'_> {
    /// Checks a signature over one file, by its SHA-256. A signature by a key is checked by the key alone; one by an
    /// identity needs its log entry with a proof.
    ///
    /// # Errors
    /// [`BundleFault`]: the bundle is refused, and why.
    pub fn verify_blob(&self, blob: &BlobBundle) -> Result<Authentic, BundleFault> {
        match (self.trust(), &blob.bundle.verification_material.content) {
            (TrustRoot::Key(key), VerificationMaterialContent::PublicKey(_)) => {
                let hash = key.curve().signing_hash();
                let digest = MessageDigest::of_digest(blob.digest.as_bytes()).filter(|_| hash == SigningHash::Sha256);
                let signature = Signature::from_der(blob.signature.clone());
                if !digest.is_some_and(|digest| key.verifies(hash, &digest, &signature)) {
                    return Err(BundleFault::Signature);
                }
                let identity = Identity::Key { hint: key.hint() };
                Ok(Authentic { identity, key: key.clone(), times: Vec::new(), warnings: Vec::new() })
            }
            (
                TrustRoot::Sigstore { root, identity, log: LogRule::Required },
                VerificationMaterialContent::Certificate(_),
            ) => {
                let certificate = blob.bundle.signing_certificate().ok_or(KeylessFault::Incomplete)?;
                let leaf = Certificate::from_der(certificate.as_bytes())
                    .map_err(|error| KeylessFault::Untrusted { reason: error.to_string() })?;
                let (key, identity, warnings) = keyless::identify(&leaf, root, identity)?;
                let entries = &blob.bundle.verification_material.tlog_entries;
                let [entry] = entries.as_slice() else {
                    return Err(KeylessFault::LogEntries { found: entries.len() }.into());
                };
                if entry.inclusion_proof.is_none() {
                    return Err(KeylessFault::Log { reason: "it has no inclusion proof".to_owned() }.into());
                }
                let verifier = sigstore_verify::Verifier::new(root.inner())
                    .map_err(|error| KeylessFault::TrustRoot { reason: error.to_string() })?;
                let digest: [u8; 32] = blob.digest.as_bytes().try_into().map_err(|_| KeylessFault::NoSubject)?;
                let artifact = ArtifactDigest::sha256(Sha256Hash::new(digest));
                let verified = verifier.verify(artifact, &blob.bundle, &VerificationPolicy::any_identity());
                let verified = verified.map_err(KeylessFault::from)?;
                if !is_complete(&verified) || !verified.tlog_verified() {
                    return Err(KeylessFault::Incomplete.into());
                }
                let times = verified.verified_timestamps().to_vec();
                Ok(Authentic { identity, key, times, warnings })
            }
            (_, VerificationMaterialContent::PublicKey(_)) => Err(BundleFault::OtherMethod { signed: "key" }),
            _ => Err(BundleFault::OtherMethod { signed: "sigstore" }),
        }
    }
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
    /// It is around a statement.
    #[error("it is a bundle around a statement, not around a signature over a file")]
    Statement,
    /// The digest is missing, or of another algorithm.
    #[error("it does not give the SHA-256 of its file")]
    Digest,
}
