//! Log entries, to the last byte: Sigstore's library passes over fields that repeat what the log signed elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sigstore_types::{
    CanonicalizedBody, Checkpoint, CheckpointData, InclusionPromise, InclusionProof, KindVersion, LogId, LogIndex,
    LogKeyId, Sha256Hash, SignedTimestamp, TransparencyLogEntry,
};

use super::{KeylessFault, dsse_v2};
use crate::crypto::Certificate;
use crate::oms::{self, Envelope, LogEntry};
use crate::trust::sigstore::SigstoreRoot;

/// Checks that there is one entry, and what the library does not check of it. Gives the entries that the library is
/// still to look at: that one, or none if there is nothing left to check.
pub(super) fn check<'a>(
    entries: &'a [LogEntry],
    envelope: &Envelope,
    leaf: &Certificate,
    root: &SigstoreRoot,
) -> Result<&'a [LogEntry], KeylessFault> {
    let [entry] = entries else { return Err(KeylessFault::LogEntries { found: entries.len() }) };
    if !root.has_log(&entry.log_id) {
        return Err(KeylessFault::UnknownLog { id: hex::encode(&entry.log_id) });
    }
    let proof = entry.proof.as_ref().ok_or_else(|| fault("it has no inclusion proof"))?;
    let checkpoint =
        Checkpoint::from_text(&proof.checkpoint).map_err(|error| fault(format!("its checkpoint is none: {error}")))?;
    if proof.root != checkpoint.root_hash().as_bytes() || proof.tree_size != checkpoint.tree_size() {
        return Err(fault("the inclusion proof and its checkpoint are about different trees"));
    }
    check_unsigned_fields(entry, proof)?;
    check_checkpoint(&checkpoint, entry, proof, root)?;
    if is_dsse_v2(entry) {
        dsse_v2::check(entry, proof, envelope, leaf)?;
        return Ok(&[]);
    }
    Ok(entries)
}

/// Fields that no signature covers must repeat what one does.
fn check_unsigned_fields(entry: &LogEntry, proof: &oms::InclusionProof) -> Result<(), KeylessFault> {
    let timeless = entry.promise.is_none();
    if timeless && entry.integrated_time != 0 {
        return Err(fault("it gives a time that the log did not promise"));
    }
    if timeless && entry.index != proof.index {
        return Err(fault("entry and inclusion proof have different numbers"));
    }
    let is_v2 = is_dsse_v2(entry) || kind(entry)? == KindVersion::HashedRekordV002;
    if !timeless && is_v2 {
        return Err(fault("a log of Rekor v2 makes no promises"));
    }
    Ok(())
}

/// The checkpoint is the signed note of this very log, written in the one way there is (C2SP signed-note).
fn check_checkpoint(
    checkpoint: &Checkpoint,
    entry: &LogEntry,
    proof: &oms::InclusionProof,
    root: &SigstoreRoot,
) -> Result<(), KeylessFault> {
    let mut text = checkpoint.signed_data().to_vec();
    text.push(b'\n');
    for signature in checkpoint.signatures() {
        let value = [signature.key_id.as_slice(), signature.signature.as_bytes()].concat();
        text.extend_from_slice(format!("\u{2014} {} {}\n", signature.name, STANDARD.encode(value)).as_bytes());
    }
    if text != proof.checkpoint.as_bytes() {
        return Err(fault("its checkpoint is not written as a signed note"));
    }
    let keys = root.inner().rekor_keys().map_err(|error| KeylessFault::TrustRoot { reason: error.to_string() })?;
    let id = Sha256Hash::try_from(entry.log_id.as_slice()).map_err(|_| fault("its log has no proper identifier"))?;
    let key = keys.key(&id).ok_or_else(|| KeylessFault::UnknownLog { id: hex::encode(&entry.log_id) })?;
    let origin = checkpoint.origin();
    let by_log = checkpoint.signatures().iter().any(|signature| {
        let named = origin == signature.name
            || origin.strip_prefix(&signature.name).is_some_and(|rest| rest.starts_with(ORIGIN_SEPARATOR));
        named
            && entry.log_id.starts_with(signature.key_id.as_slice())
            && key.verify(checkpoint.signed_data(), &signature.signature).is_ok()
    });
    if by_log { Ok(()) } else { Err(fault("its log did not sign the checkpoint")) }
}

/// When the log says that it took the entry.
pub(super) fn time(entry: &LogEntry) -> Result<Timestamp, KeylessFault> {
    let seconds = i64::try_from(entry.integrated_time).map_err(|_| fault("its time is out of range"))?;
    Timestamp::from_second(seconds).map_err(|error| fault(error.to_string()))
}

/// The entry as the library has it.
pub(super) fn to_library(entry: &LogEntry) -> Result<TransparencyLogEntry, KeylessFault> {
    let index = |number: u64| LogIndex::new(number).map_err(|error| fault(error.to_string()));
    let hash = |bytes: &[u8]| Sha256Hash::try_from(bytes).map_err(|_| fault("a hash of its proof is not SHA-256"));
    let id = LogId::new(LogKeyId::new(entry.log_id.clone()));
    let body = CanonicalizedBody::new(entry.body.clone());
    let mut converted = TransparencyLogEntry::new(index(entry.index)?, id, kind(entry)?, body);
    if entry.integrated_time != 0 {
        converted = converted.with_integrated_time(time(entry)?);
    }
    if let Some(promise) = &entry.promise {
        converted = converted.with_inclusion_promise(InclusionPromise::new(SignedTimestamp::new(promise.clone())));
    }
    if let Some(proof) = &entry.proof {
        let hashes = proof.hashes.iter().map(|bytes| hash(bytes)).collect::<Result<_, _>>()?;
        let checkpoint = CheckpointData::new(proof.checkpoint.clone()).map_err(|error| fault(error.to_string()))?;
        let proof = InclusionProof::new(index(proof.index)?, hash(&proof.root)?, proof.tree_size, hashes, checkpoint);
        converted = converted.with_inclusion_proof(proof);
    }
    Ok(converted)
}

/// Whether it is of the one kind that the library does not know.
fn is_dsse_v2(entry: &LogEntry) -> bool {
    (entry.kind.as_str(), entry.version.as_str()) == ("dsse", "0.0.2")
}

fn kind(entry: &LogEntry) -> Result<KindVersion, KeylessFault> {
    match (entry.kind.as_str(), entry.version.as_str()) {
        ("dsse", "0.0.1") => Ok(KindVersion::DsseV001),
        ("hashedrekord", "0.0.2") => Ok(KindVersion::HashedRekordV002),
        ("intoto", "0.0.2") => Ok(KindVersion::IntotoV002),
        (kind, version) => Err(fault(format!("entries of kind {kind} {version} are not known for models"))),
    }
}

pub(super) fn fault(reason: impl Into<String>) -> KeylessFault {
    KeylessFault::Log { reason: reason.into() }
}

/// Between a log's name and the number of one of its trees (Rekor v1).
const ORIGIN_SEPARATOR: &str = " - ";
