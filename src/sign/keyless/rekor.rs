//! Sigstore's transparency log, in both its generations.

use sigstore_rekor::{DsseEntry, HashedRekordV2, LogEntry as AnswerV1, RekorV2KeyDetails};
use sigstore_types::{DerCertificate, DsseEnvelope, DsseSignature, KeyId, PayloadBytes, Sha256Hash, SignatureBytes};

use super::KeylessError;
use crate::crypto::{Certificate, SigningHash};
use crate::http::{Http, Repeat, Request, Response};
use crate::oms::{BundleError, Envelope, InclusionProof, LogEntry, PAYLOAD_TYPE};
use crate::trust::sigstore::RekorVersion;

/// Puts an envelope into a log, once.
///
/// # Errors
/// [`KeylessError`] where the log does not take it, or does not say that it did.
pub(super) fn upload(
    http: &Http,
    base: &str,
    version: RekorVersion,
    envelope: &Envelope,
    leaf: &Certificate,
) -> Result<LogEntry, KeylessError> {
    match version {
        RekorVersion::V1 => upload_v1(http, base, envelope, leaf),
        RekorVersion::V2 => upload_v2(http, base, envelope, leaf),
    }
}

/// Version 1 knows an envelope again and answers 409: sending it twice makes one entry.
fn upload_v1(http: &Http, base: &str, envelope: &Envelope, leaf: &Certificate) -> Result<LogEntry, KeylessError> {
    let base = base.trim_end_matches('/');
    let url = format!("{base}/api/v1/log/entries");
    let signature = DsseSignature::new(SignatureBytes::from_bytes(envelope.signature.as_der()), KeyId::default());
    let payload = PayloadBytes::from_bytes(envelope.payload.as_bytes());
    let envelope = DsseEnvelope::new(PAYLOAD_TYPE, payload, signature);
    let entry = DsseEntry::new(&envelope, &DerCertificate::from_bytes(leaf.as_der()))
        .map_err(|error| KeylessError::Request { reason: error.to_string() })?;
    let response = post(http, &url, &entry, Repeat::Freely)?;
    if response.status != 409 {
        return read_v1(response);
    }
    // The path alone: where to is not for the answer to say.
    let path =
        response.location.as_deref().and_then(|location| location.find(ENTRIES).and_then(|at| location.get(at..)));
    match path {
        Some(path) => read_v1(http.send(&Request::get("Rekor", &format!("{base}{path}")))?),
        None => Err(response.refused().into()),
    }
}

fn read_v1(response: Response) -> Result<LogEntry, KeylessError> {
    let answer = response.clone().success()?;
    let unusable = |reason: &str| KeylessError::from(response.unusable(reason));
    let answer: std::collections::BTreeMap<String, AnswerV1> =
        serde_json::from_slice(&answer).map_err(|error| unusable(&error.to_string()))?;
    let mut entries = answer.into_values();
    let (Some(entry), None) = (entries.next(), entries.next()) else {
        return Err(unusable("it does not hold one entry"));
    };
    let verification = entry.verification.ok_or_else(|| unusable("it has no proof"))?;
    let proof = verification.inclusion_proof.ok_or_else(|| unusable("it has no inclusion proof"))?;
    let log_id = entry.log_id.to_log_key_id().map_err(|error| unusable(&error.to_string()))?;
    let time = entry.integrated_time.map_or(0, jiff::Timestamp::as_second);
    Ok(LogEntry {
        index: entry.log_index.get(),
        log_id: log_id.as_bytes().to_vec(),
        kind: "dsse".to_owned(),
        version: "0.0.1".to_owned(),
        integrated_time: u64::try_from(time).map_err(|_| unusable("its time is before 1970"))?,
        promise: verification.signed_entry_timestamp.map(|promise| promise.as_bytes().to_vec()),
        proof: Some(InclusionProof {
            index: proof.log_index.get(),
            root: proof.root_hash.as_bytes().to_vec(),
            tree_size: proof.tree_size,
            hashes: proof.hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect(),
            checkpoint: proof.checkpoint,
        }),
        body: entry.body.as_bytes().to_vec(),
    })
}

/// Version 2 logs the digest of what was signed. It may not know an entry again, so it is sent again only where the log
/// certainly has not taken it.
fn upload_v2(http: &Http, base: &str, envelope: &Envelope, leaf: &Certificate) -> Result<LogEntry, KeylessError> {
    let url = format!("{}/api/v2/log/entries", base.trim_end_matches('/'));
    let digest = envelope.payload.pae_digest(SigningHash::Sha256);
    let digest =
        Sha256Hash::try_from(digest.as_bytes()).map_err(|error| KeylessError::Request { reason: error.to_string() })?;
    let signature = SignatureBytes::from_bytes(envelope.signature.as_der());
    let certificate = DerCertificate::from_bytes(leaf.as_der());
    let details = RekorV2KeyDetails::PkixEcdsaP256Sha256;
    let entry = HashedRekordV2::new_with_certificate(&digest, &signature, &certificate, details);
    let response = post(http, &url, &entry, Repeat::IfRefused)?;
    if response.status == 409 {
        // Its proof would have to be put together from the log's tiles; a new signature is as good.
        return Err(KeylessError::LoggedAlready { url });
    }
    let answer = response.clone().success()?;
    let text = std::str::from_utf8(&answer).map_err(|error| response.unusable(error))?;
    LogEntry::from_json(text).map_err(|error| match error {
        BundleError::Json(error) => response.unusable(error).into(),
        error => response.unusable(error).into(),
    })
}

fn post(http: &Http, url: &str, entry: &impl serde::Serialize, repeat: Repeat) -> Result<Response, KeylessError> {
    let body = serde_json::to_vec(entry).map_err(|error| KeylessError::Request { reason: error.to_string() })?;
    let request = Request::post("Rekor", url, "application/json", body).with_header("Accept", "application/json");
    Ok(http.send(&request.with_repeat(repeat))?)
}

/// How the path of an entry begins in Rekor v1.
const ENTRIES: &str = "/api/v1/log/entries/";
