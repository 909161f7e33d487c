//! A Sigstore instance of the tests' own, without its servers: it signs whatever a dishonest or broken part of one could
//! sign. Its certificates end long before these tests run, as those of real keyless signatures do.

mod certificate;
mod log;
mod timestamp;

use secureml::crypto::{Curve, MessageDigest, SigningHash};
use secureml::oms::{PAYLOAD_TYPE, Payload};
use secureml::sign::{FileKey, SigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) use certificate::{Leaf, email, host, uri};
pub(crate) use log::Log;
pub(crate) use timestamp::{TIME_STAMPING, TimestampAuthority, Token, VALIDITY};

/// The keys of an instance.
pub(crate) struct Instance {
    pub(crate) ca: FileKey,
    pub(crate) ct_log: FileKey,
    pub(crate) rekor: FileKey,
    pub(crate) tsa: TimestampAuthority,
}

/// A signature in the making: what is signed, by which key, with which certificate.
pub(crate) struct Signed {
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
}

/// The first second in which the certificate of a usual plan is good.
pub(crate) const START: u64 = 1_750_000_000;
/// For how many seconds.
pub(crate) const LIFE: u64 = 600;

impl Instance {
    pub(crate) fn new() -> Self {
        Self { ca: key(), ct_log: key(), rekor: key(), tsa: TimestampAuthority::new() }
    }

    /// Its `TrustedRoot`.
    pub(crate) fn trusted_root(&self) -> Value {
        let window = json!({"start": "2020-01-01T00:00:00Z"});
        let log = |url: &str, key: &FileKey| {
            let spki = base64(key.public_key().as_spki());
            json!({
                "baseUrl": url, "hashAlgorithm": "SHA2_256", "logId": {"keyId": base64(&log_id(key))},
                "publicKey": {"rawBytes": spki, "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": window},
            })
        };
        let authority = |url: &str, chain: &[&[u8]]| {
            let chain: Vec<Value> = chain.iter().map(|der| json!({"rawBytes": base64(der)})).collect();
            json!({
                "subject": {"organization": "tests", "commonName": "tests"}, "uri": url,
                "certChain": {"certificates": chain}, "validFor": window,
            })
        };
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log("https://rekor.example", &self.rekor)],
            "ctlogs": [log("https://ct.example", &self.ct_log)],
            "certificateAuthorities": [authority("https://fulcio.example", &[&certificate::root(&self.ca)])],
            "timestampAuthorities": [authority("https://tsa.example", &self.tsa.chain())],
        })
    }

    /// A new key's signature over this payload, with its certificate.
    pub(crate) fn sign(&self, payload: &[u8], leaf: &Leaf) -> Signed {
        let own = key();
        let signature = own.sign(&Payload::new(payload.to_vec()).pae_digest(SigningHash::Sha256)).expect("a signature");
        Signed {
            payload: payload.to_vec(),
            signature: signature.as_der().to_vec(),
            certificate: leaf.issue(&own, self),
        }
    }

    /// The bundle of a signature.
    pub(crate) fn bundle(&self, signed: &Signed, log: &Log, timestamps: &[Vec<u8>]) -> Value {
        let timestamps: Vec<Value> = timestamps.iter().map(|token| json!({"signedTimestamp": base64(token)})).collect();
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": base64(&signed.certificate)},
                "tlogEntries": [log.entry(signed, &self.rekor)],
                "timestampVerificationData": {"rfc3161Timestamps": timestamps},
            },
            "dsseEnvelope": {
                "payload": base64(&signed.payload), "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": base64(&signed.signature), "keyid": ""}],
            },
        })
    }
}

/// A new key of the kind that all parts of an instance use here.
pub(crate) fn key() -> FileKey {
    FileKey::generate(Curve::P256).expect("a new key")
}

/// How a log's key is called: the SHA-256 over its public half.
pub(crate) fn log_id(key: &FileKey) -> Vec<u8> {
    Sha256::digest(key.public_key().as_spki()).to_vec()
}

/// An ECDSA signature over SHA-256.
fn signature(key: &FileKey, message: &[u8]) -> Vec<u8> {
    key.sign(&MessageDigest::of(SigningHash::Sha256, &[message])).expect("a signature").as_der().to_vec()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
