use serde::{Deserialize, Serialize};

use super::base64::{Base64, decode};
use super::bounded::Bounded;
use super::bundle::BundleError;
use super::object::Object;

/// What a transparency log says of a signature (Sigstore's `TransparencyLogEntry`), as it stands in a bundle; nothing
/// about it is believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The entry's number in the log.
    pub index: u64,
    /// Which log: the identifier of its key.
    pub log_id: Vec<u8>,
    /// What kind of entry: `dsse`, `hashedrekord`, `intoto`.
    pub kind: String,
    /// The version of the kind.
    pub version: String,
    /// When the log took it, in seconds since the Unix epoch; 0 where the log tells no time (Rekor v2).
    pub integrated_time: u64,
    /// The log's promise to include it, the signed entry timestamp (Rekor v1).
    pub promise: Option<Vec<u8>>,
    /// The proof that it is included.
    pub proof: Option<InclusionProof>,
    /// The entry itself, as the log keeps it.
    pub body: Vec<u8>,
}

/// The proof that an entry is in a log's Merkle tree (RFC 6962, section 2.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// The leaf's number in this tree; other than the entry's own where a log has several trees.
    pub index: u64,
    /// The root of the tree.
    pub root: Vec<u8>,
    /// How many leaves the tree has.
    pub tree_size: u64,
    /// The hashes from the leaf to the root.
    pub hashes: Vec<Vec<u8>>,
    /// The log's signed note about root and size (C2SP tlog-checkpoint).
    pub checkpoint: String,
}

impl LogEntry {
    /// Reads the entry that a log sends in answer to an upload (Rekor v2).
    ///
    /// # Errors
    /// [`BundleError`] where it is none.
    pub fn from_json(json: &str) -> Result<Self, BundleError> {
        let Object(wire): Object<WireLogEntry> = serde_json::from_str(json)?;
        wire.read()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireLogEntry {
    #[serde(default)]
    log_index: Number,
    log_id: Object<WireLogId>,
    kind_version: Object<WireKind>,
    #[serde(default, skip_serializing_if = "Number::is_zero")]
    integrated_time: Number,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inclusion_promise: Option<Object<WirePromise>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inclusion_proof: Option<Object<WireProof>>,
    canonicalized_body: String,
}

impl WireLogEntry {
    pub(super) fn new(entry: &LogEntry) -> Self {
        Self {
            log_index: Number(entry.index),
            log_id: Object(WireLogId { key_id: Base64(&entry.log_id).to_string() }),
            kind_version: Object(WireKind { kind: entry.kind.clone(), version: entry.version.clone() }),
            integrated_time: Number(entry.integrated_time),
            inclusion_promise: entry
                .promise
                .as_deref()
                .map(|promise| Object(WirePromise { signed_entry_timestamp: Base64(promise).to_string() })),
            inclusion_proof: entry.proof.as_ref().map(|proof| Object(WireProof::new(proof))),
            canonicalized_body: Base64(&entry.body).to_string(),
        }
    }

    pub(super) fn read(self) -> Result<LogEntry, BundleError> {
        let promise = self.inclusion_promise.map(|Object(promise)| promise.signed_entry_timestamp);
        let Object(WireKind { kind, version }) = self.kind_version;
        Ok(LogEntry {
            index: self.log_index.0,
            log_id: decode(&self.log_id.key_id, "the identifier of a log")?,
            kind,
            version,
            integrated_time: self.integrated_time.0,
            promise: promise.map(|text| decode(&text, "a log's promise")).transpose()?,
            proof: self.inclusion_proof.map(|Object(proof)| proof.read()).transpose()?,
            body: decode(&self.canonicalized_body, "the body of a log entry")?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireLogId {
    key_id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireKind {
    kind: String,
    version: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WirePromise {
    signed_entry_timestamp: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireProof {
    #[serde(default)]
    log_index: Number,
    root_hash: String,
    tree_size: Number,
    #[serde(default)]
    hashes: Bounded<String, MAX_HASHES>,
    checkpoint: Object<WireCheckpoint>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCheckpoint {
    envelope: String,
}

impl WireProof {
    fn new(proof: &InclusionProof) -> Self {
        Self {
            log_index: Number(proof.index),
            root_hash: Base64(&proof.root).to_string(),
            tree_size: Number(proof.tree_size),
            hashes: Bounded(proof.hashes.iter().map(|hash| Base64(hash).to_string()).collect()),
            checkpoint: Object(WireCheckpoint { envelope: proof.checkpoint.clone() }),
        }
    }

    fn read(self) -> Result<InclusionProof, BundleError> {
        let Object(WireCheckpoint { envelope: checkpoint }) = self.checkpoint;
        Ok(InclusionProof {
            index: self.log_index.0,
            root: decode(&self.root_hash, "the root of an inclusion proof")?,
            tree_size: self.tree_size.0,
            hashes: self
                .hashes
                .0
                .iter()
                .map(|hash| decode(hash, "a hash of an inclusion proof"))
                .collect::<Result<_, _>>()?,
            checkpoint,
        })
    }
}

/// A whole number as protobuf's JSON has it: text when written, text or number when read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Number(u64);

impl Number {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    const fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Number(u64),
            Text(String),
        }
        match Wire::deserialize(deserializer)? {
            Wire::Number(number) => Ok(Self(number)),
            Wire::Text(text) => {
                let number = text.parse().map_err(serde::de::Error::custom)?;
                // One spelling for one number: no sign, no leading zeros.
                if text != format!("{number}") {
                    return Err(serde::de::Error::custom("a number with a sign or leading zeros"));
                }
                Ok(Self(number))
            }
        }
    }
}

/// How many hashes lead from a leaf to the root of a tree that has fewer than 2^64 leaves.
const MAX_HASHES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"{"logIndex":"7","logId":{"keyId":"AQI="},"kindVersion":{"kind":"dsse","version":"0.0.1"},"integratedTime":"9","inclusionPromise":{"signedEntryTimestamp":"Aw=="},"inclusionProof":{"logIndex":"5","rootHash":"BA==","treeSize":"6","hashes":["BQ=="],"checkpoint":{"envelope":"text"}},"canonicalizedBody":"Bg=="}"#;

    #[test]
    fn what_is_read_is_written_again() {
        let entry = LogEntry::from_json(ENTRY).unwrap();
        assert_eq!((entry.index, entry.integrated_time), (7, 9));
        assert_eq!(entry.proof.as_ref().unwrap().tree_size, 6);
        assert_eq!(serde_json::to_string(&WireLogEntry::new(&entry)).unwrap(), ENTRY);
    }

    #[test]
    fn numbers_have_one_spelling() {
        assert!(LogEntry::from_json(&ENTRY.replace(r#""7""#, "7")).is_ok());
        for wrong in [r#""07""#, r#""+7""#, r#""-7""#, "7.0", "-7", r#""""#] {
            assert!(LogEntry::from_json(&ENTRY.replace(r#""7""#, wrong)).is_err(), "{wrong}");
        }
    }
}
