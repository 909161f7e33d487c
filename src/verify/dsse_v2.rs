//! Entries of kind `dsse` 0.0.2: what the first logs of Rekor v2 took, and Sigstore's library does not know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sigstore_merkle::{hash_leaf, verify_inclusion_proof};
use sigstore_types::Sha256Hash;

use super::KeylessFault;
use super::log_entry::fault;
use crate::crypto::{Certificate, MessageDigest, SigningHash};
use crate::oms::{Envelope, InclusionProof, LogEntry};

/// Checks that the entry is in the tree of its proof's checkpoint, whose signature was checked before, and that it is
/// about this payload, signature and certificate.
pub(super) fn check(
    entry: &LogEntry,
    proof: &InclusionProof,
    envelope: &Envelope,
    leaf: &Certificate,
) -> Result<(), KeylessFault> {
    let hash = |bytes: &[u8]| Sha256Hash::try_from(bytes).map_err(|_| fault("a hash of its proof is not SHA-256"));
    let hashes: Vec<Sha256Hash> = proof.hashes.iter().map(|bytes| hash(bytes)).collect::<Result<_, _>>()?;
    let root = hash(&proof.root)?;
    verify_inclusion_proof(&hash_leaf(&entry.body), entry.index, proof.tree_size, &hashes, &root)
        .map_err(|error| fault(format!("it is not in the log's tree: {error}")))?;
    let body: Body = serde_json::from_slice(&entry.body).map_err(|error| fault(format!("its body: {error}")))?;
    let logged = body.spec.dsse_v002;
    let [signature] = logged.signatures.as_slice() else {
        return Err(fault(format!("its body has {} signatures, not one", logged.signatures.len())));
    };
    let digest = MessageDigest::of(SigningHash::Sha256, &[envelope.payload.as_bytes()]);
    let same = (body.kind.as_str(), body.api_version.as_str()) == ("dsse", "0.0.2")
        && logged.payload_hash.algorithm == "SHA2_256"
        && logged.payload_hash.digest == STANDARD.encode(digest.as_bytes())
        && signature.content == STANDARD.encode(envelope.signature.as_der())
        && signature.verifier.x509_certificate.raw_bytes == STANDARD.encode(leaf.as_der());
    if same { Ok(()) } else { Err(fault("it is about another signature")) }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    kind: String,
    api_version: String,
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(rename = "dsseV002")]
    dsse_v002: Logged,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logged {
    payload_hash: LoggedHash,
    signatures: Vec<LoggedSignature>,
}

#[derive(Deserialize)]
struct LoggedHash {
    algorithm: String,
    digest: String,
}

#[derive(Deserialize)]
struct LoggedSignature {
    content: String,
    verifier: LoggedVerifier,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoggedVerifier {
    x509_certificate: LoggedCertificate,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoggedCertificate {
    raw_bytes: String,
}
