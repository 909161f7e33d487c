//! The form that cosign had of its own for a signature over a file, before Sigstore's bundles: cosign 1 and 2 write it with
//! `sign-blob --bundle` unless told otherwise (`LocalSignedPayload` in its sources).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use sigstore_types::bundle::{InclusionPromise, LogId, PublicKeyIdentifier, X509Certificate};
use sigstore_types::{
    Bundle, CanonicalizedBody, DerCertificate, KindVersion, LogIndex, LogKeyId, MediaType, MessageSignature,
    SignatureBytes, SignatureContent, SignedTimestamp, TransparencyLogEntry, VerificationMaterial,
    VerificationMaterialContent,
};

use crate::crypto::{Certificate, PublicKey};
use crate::digest::{Algorithm, Digest};

/// What cosign writes; what else stands there is passed over, and believed just as little.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireBlob {
    base64_signature: String,
    /// A certificate or a public key, as PEM in base64.
    #[serde(default)]
    cert: String,
    rekor_bundle: Option<WireEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireEntry {
    signed_entry_timestamp: String,
    payload: WirePayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePayload {
    body: String,
    integrated_time: i64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}

/// Whether this may be such a bundle: Sigstore's have no field of this name.
pub(super) fn is_one(json: &Value) -> bool {
    json.get("base64Signature").is_some()
}

/// The same as a Sigstore bundle of format 0.1, which knows log entries with a promise and no proof; with it the digest
/// that the log entry gives. One by a key has no log entry that counts, and says nothing of its file.
pub(super) fn read(json: Value) -> Result<(Bundle, Option<Digest>), String> {
    let wire: WireBlob = serde_json::from_value(json).map_err(|error| error.to_string())?;
    let signature = decode(&wire.base64_signature, "signature")?;
    let pem = decode(&wire.cert, "certificate")?;
    let content = SignatureContent::MessageSignature(MessageSignature::new(SignatureBytes::new(signature)));
    if pem.is_empty() || PublicKey::from_pem(&pem).is_ok() {
        let key = VerificationMaterialContent::PublicKey(PublicKeyIdentifier::new(""));
        return Ok((Bundle::new(MediaType::Bundle0_1, VerificationMaterial::new(key), content), None));
    }
    let certificates = Certificate::all_from_pem(&pem).map_err(|error| error.to_string())?;
    let leaf = certificates.first().ok_or("it holds no certificate")?;
    let leaf = X509Certificate::new(DerCertificate::new(leaf.as_der().to_vec()));
    let chain = VerificationMaterialContent::X509CertificateChain { certificates: vec![leaf] };
    let wire = wire.rekor_bundle.ok_or("it has a certificate, and no entry of a transparency log")?;
    let body = decode(&wire.payload.body, "log entry")?;
    let digest = logged_digest(&body)?;
    let material = VerificationMaterial::new(chain).with_tlog_entries(vec![entry(&wire, body)?]);
    Ok((Bundle::new(MediaType::Bundle0_1, material, content), Some(digest)))
}

/// The log entry: whether it holds is a matter of the promise, whether it is about this signature one of its body.
fn entry(wire: &WireEntry, body: Vec<u8>) -> Result<TransparencyLogEntry, String> {
    let WirePayload { integrated_time, log_index, log_id, .. } = &wire.payload;
    let promise = SignedTimestamp::new(decode(&wire.signed_entry_timestamp, "promise of the log")?);
    let id = LogId::new(LogKeyId::new(hex::decode(log_id).map_err(|error| error.to_string())?));
    let index = LogIndex::new(*log_index).map_err(|error| error.to_string())?;
    let time = Timestamp::from_second(*integrated_time).map_err(|error| error.to_string())?;
    let entry = TransparencyLogEntry::new(index, id, KindVersion::HashedRekordV001, CanonicalizedBody::new(body));
    Ok(entry.with_integrated_time(time).with_inclusion_promise(InclusionPromise::new(promise)))
}

/// The SHA-256 in an entry of the kind that `cosign sign-blob` makes.
fn logged_digest(body: &[u8]) -> Result<Digest, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    if (text("/kind"), text("/apiVersion")) != (Some("hashedrekord"), Some("0.0.1")) {
        return Err("its log entry is not a hashedrekord 0.0.1".to_owned());
    }
    let hash = text("/spec/data/hash/value").filter(|_| text("/spec/data/hash/algorithm") == Some("sha256"));
    let hash = hash.and_then(|hash| hex::decode(hash).ok());
    let digest = hash.and_then(|hash| Digest::new(Algorithm::Sha256, &hash).ok());
    digest.ok_or_else(|| "its log entry does not give the SHA-256 of its file".to_owned())
}

fn decode(text: &str, what: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|error| format!("its {what} is not in base64: {error}"))
}
