//! Swaps of the bundle's large parts: kind, certificate, payload, signature, timestamps.

use serde_json::{Value, json};

use super::{Swap, entry, proof, remove, take};

const CERTIFICATE: &str = "/verificationMaterial/certificate";
const ENTRY: &str = "/verificationMaterial/tlogEntries/0";
const PAYLOAD: &str = "/dsseEnvelope/payload";
const SIGNATURE: &str = "/dsseEnvelope/signatures";

pub(super) const SWAPS: &[Swap] = &[
    Swap("media type 0.1", "signature-malformed", "media type", |b, _| b["mediaType"] = json!(V0_1)),
    Swap("media type 0.1, no proof", "signature-malformed", "media type", |b, _| {
        b["mediaType"] = json!(V0_1);
        remove(entry(b), "inclusionProof");
    }),
    Swap("media type 0.2", "signature-malformed", "media type", |b, _| b["mediaType"] = json!(V0_2)),
    Swap("media type 0.2, no proof", "signature-malformed", "media type", |b, _| {
        b["mediaType"] = json!(V0_2);
        remove(entry(b), "inclusionProof");
    }),
    Swap("media type 0.3 in its old spelling", "signature-malformed", "media type", |b, _| {
        b["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.3");
    }),
    Swap("media type 0.3 in its old spelling, no proof", "signature-malformed", "media type", |b, _| {
        b["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.3");
        remove(entry(b), "inclusionProof");
    }),
    Swap("media type 0.4", "signature-malformed", "media type", |b, _| {
        b["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v0.4+json");
    }),
    Swap("another's certificate", "signature-invalid", "", |b, o| take(b, o, CERTIFICATE)),
    Swap("another's certificate and log entry", "signature-invalid", "", |b, o| {
        take(b, o, CERTIFICATE);
        take(b, o, ENTRY);
    }),
    Swap("another's log entry", "signature-certificate", "", |b, o| take(b, o, ENTRY)),
    Swap("another's payload", "signature-invalid", "", |b, o| take(b, o, PAYLOAD)),
    Swap("another's signature", "signature-invalid", "", |b, o| take(b, o, SIGNATURE)),
    Swap("another's payload and signature", "signature-invalid", "", |b, o| take(b, o, "/dsseEnvelope")),
    Swap("another's payload, signature and certificate", "signature-certificate", "", |b, o| {
        take(b, o, "/dsseEnvelope");
        take(b, o, CERTIFICATE);
    }),
    Swap("another's payload, signature and log entry", "signature-invalid", "", |b, o| {
        take(b, o, "/dsseEnvelope");
        take(b, o, ENTRY);
    }),
    Swap("a chain instead of the certificate", "signature-method", "by the method \"certificate\"", |b, _| {
        let certificate = b["verificationMaterial"]["certificate"].clone();
        remove(&mut b["verificationMaterial"], "certificate");
        b["verificationMaterial"]["x509CertificateChain"] = json!({"certificates": [certificate]});
    }),
    Swap("a chain beside the certificate", "signature-malformed", "2 kinds", |b, _| {
        let certificate = b["verificationMaterial"]["certificate"].clone();
        b["verificationMaterial"]["x509CertificateChain"] = json!({"certificates": [certificate]});
    }),
    Swap("a key instead of the certificate", "signature-method", "by the method \"key\"", |b, _| {
        remove(&mut b["verificationMaterial"], "certificate");
        b["verificationMaterial"]["publicKey"] = json!({"hint": "any"});
    }),
    Swap("a key beside the certificate", "signature-malformed", "2 kinds", |b, _| {
        b["verificationMaterial"]["publicKey"] = json!({"hint": "any"});
    }),
    Swap("no certificate", "signature-malformed", "0 kinds", |b, _| {
        remove(&mut b["verificationMaterial"], "certificate");
    }),
    Swap("the signature twice", "signature-malformed", "2 signatures", |b, _| {
        let signature = b["dsseEnvelope"]["signatures"][0].clone();
        b["dsseEnvelope"]["signatures"] = json!([signature, signature]);
    }),
    Swap("no signature", "signature-malformed", "0 signatures", |b, _| b["dsseEnvelope"]["signatures"] = json!([])),
    Swap("a message's signature instead of the envelope", "signature-malformed", "messageSignature", |b, _| {
        let signature = b["dsseEnvelope"]["signatures"][0]["sig"].clone();
        remove(b, "dsseEnvelope");
        b["messageSignature"] = json!({"signature": signature});
    }),
    Swap("a timestamp of nothing", "signature-malformed", "a timestamp is not standard base64", |b, _| {
        timestamps(b, &json!([{"signedTimestamp": ""}]));
    }),
    Swap("a timestamp of junk", "signature-time", "", |b, _| timestamps(b, &json!([{"signedTimestamp": "AAAA"}]))),
    Swap("a timestamp of 32 times junk", "signature-time", "", |b, _| {
        timestamps(b, &json!(vec![json!({"signedTimestamp": "AAAA"}); 32]));
    }),
    Swap("timestamps without end", "signature-malformed", "a list of at most 32", |b, _| {
        timestamps(b, &json!(vec![json!({"signedTimestamp": "AAAA"}); 33]));
    }),
    Swap("the signature as timestamp", "signature-time", "", |b, _| {
        let signature = b["dsseEnvelope"]["signatures"][0]["sig"].clone();
        timestamps(b, &json!([{"signedTimestamp": signature}]));
    }),
    Swap("the promise as timestamp", "signature-time", "", |b, _| {
        let promise = entry(b)["inclusionPromise"]["signedEntryTimestamp"].clone();
        timestamps(b, &json!([{"signedTimestamp": promise}]));
    }),
    Swap("the payload as the log's", "signature-log", "", |b, _| {
        let payload = b["dsseEnvelope"]["payload"].clone();
        entry(b)["canonicalizedBody"] = payload;
    }),
    Swap("the root as the only hash", "signature-log", "", |b, _| {
        let root = proof(b)["rootHash"].clone();
        proof(b)["hashes"] = json!([root]);
    }),
];

fn timestamps(bundle: &mut Value, list: &Value) {
    bundle["verificationMaterial"]["timestampVerificationData"] = json!({"rfc3161Timestamps": list});
}

const V0_1: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";
const V0_2: &str = "application/vnd.dev.sigstore.bundle+json;version=0.2";
