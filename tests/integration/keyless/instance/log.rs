//! Rekor's part: the entry of a signature, second of two in its tree, in the forms of both generations.

use pem::Pem;
use secureml::crypto::SigningHash;
use secureml::oms::Payload;
use secureml::sign::FileKey;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Signed, base64, log_id, signature};

/// How the log takes a signature.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Log {
    /// Kind `dsse`, with a promise that tells this time.
    V1 {
        /// In seconds since the Unix epoch.
        time: u64,
    },
    /// Kind `dsse`, with neither promise nor time.
    V1Timeless,
    /// Kind `hashedrekord` of an envelope, without a time.
    V2,
    /// Kind `dsse` of the first logs of Rekor v2, without a time.
    V2Dsse,
}

impl Log {
    /// The entry as it stands in a bundle.
    pub(super) fn entry(self, signed: &Signed, key: &FileKey) -> Value {
        let (kind, version, body) = match self {
            Self::V1 { .. } | Self::V1Timeless => ("dsse", "0.0.1", dsse(signed)),
            Self::V2 => ("hashedrekord", "0.0.2", hashed_rekord(signed)),
            Self::V2Dsse => ("dsse", "0.0.2", dsse_of_v2(signed)),
        };
        let body = body.to_string();
        let other = leaf(b"an earlier entry");
        let root = Sha256::new().chain_update([1]).chain_update(&other).chain_update(leaf(body.as_bytes())).finalize();
        let mut entry = json!({
            "logIndex": "1", "logId": {"keyId": base64(&log_id(key))},
            "kindVersion": {"kind": kind, "version": version},
            "inclusionProof": {
                "logIndex": "1", "rootHash": base64(&root), "treeSize": "2", "hashes": [base64(&other)],
                "checkpoint": {"envelope": checkpoint(2, &root, key)},
            },
            "canonicalizedBody": base64(body.as_bytes()),
        });
        if let Self::V1 { time } = self {
            entry["integratedTime"] = json!(time.to_string());
            entry["inclusionPromise"] = json!({"signedEntryTimestamp": base64(&promise(body.as_bytes(), time, key))});
        }
        entry
    }
}

/// A log's signed note about its tree.
fn checkpoint(size: u64, root: &[u8], key: &FileKey) -> String {
    let text = format!("{ORIGIN}\n{size}\n{}\n", base64(root));
    let by = [&log_id(key)[..4], &signature(key, text.as_bytes())].concat();
    format!("{text}\n\u{2014} {ORIGIN} {}\n", base64(&by))
}

/// What Rekor v1 signs when it takes an entry: these four, in the order of their names.
fn promise(body: &[u8], time: u64, key: &FileKey) -> Vec<u8> {
    let (body, id) = (base64(body), hex::encode(log_id(key)));
    signature(key, format!(r#"{{"body":"{body}","integratedTime":{time},"logID":"{id}","logIndex":1}}"#).as_bytes())
}

fn dsse(signed: &Signed) -> Value {
    let pem = pem::encode(&Pem::new("CERTIFICATE", signed.certificate.clone()));
    let hash = json!({"algorithm": "sha256", "value": hex::encode(Sha256::digest(&signed.payload))});
    json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": hash, "payloadHash": hash,
        "signatures": [{"signature": base64(&signed.signature), "verifier": base64(pem.as_bytes())}],
    }})
}

fn hashed_rekord(signed: &Signed) -> Value {
    let digest = Payload::new(signed.payload.clone()).pae_digest(SigningHash::Sha256);
    json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
        "data": {"algorithm": "SHA2_256", "digest": base64(digest.as_bytes())}, "signature": of_v2(signed),
    }}})
}

fn dsse_of_v2(signed: &Signed) -> Value {
    let digest = Sha256::digest(&signed.payload);
    json!({"apiVersion": "0.0.2", "kind": "dsse", "spec": {"dsseV002": {
        "payloadHash": {"algorithm": "SHA2_256", "digest": base64(&digest)}, "signatures": [of_v2(signed)],
    }}})
}

fn of_v2(signed: &Signed) -> Value {
    json!({"content": base64(&signed.signature), "verifier": {
        "keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": base64(&signed.certificate)},
    }})
}

/// The hash of a leaf (RFC 6962, section 2.1).
fn leaf(entry: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().to_vec()
}

const ORIGIN: &str = "rekor.example";
