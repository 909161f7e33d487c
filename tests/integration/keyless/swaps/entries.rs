//! Swaps of the log entry: how many there are, of which log, of which kind, and when it was made.

use serde_json::json;

use super::{Swap, add, entry, proof, remove};

pub(super) const SWAPS: &[Swap] = &[
    Swap("no log entry", "signature-malformed", "no transparency log entry", |b, _| {
        b["verificationMaterial"]["tlogEntries"] = json!([]);
    }),
    Swap("no list of log entries", "signature-malformed", "no transparency log entry", |b, _| {
        remove(&mut b["verificationMaterial"], "tlogEntries");
    }),
    Swap("the log entry twice", "signature-log", "2 transparency log entries", |b, _| {
        let own = entry(b).clone();
        b["verificationMaterial"]["tlogEntries"] = json!([own, own]);
    }),
    Swap("another's log entry behind", "signature-log", "2 transparency log entries", |b, o| {
        let entries = json!([entry(b), o["verificationMaterial"]["tlogEntries"][0]]);
        b["verificationMaterial"]["tlogEntries"] = entries;
    }),
    Swap("another's log entry in front", "signature-log", "2 transparency log entries", |b, o| {
        let entries = json!([o["verificationMaterial"]["tlogEntries"][0], entry(b)]);
        b["verificationMaterial"]["tlogEntries"] = entries;
    }),
    Swap("log entries without end", "signature-malformed", "a list of at most 32", |b, _| {
        let own = entry(b).clone();
        b["verificationMaterial"]["tlogEntries"] = json!(vec![own; 33]);
    }),
    Swap("kind intoto 0.0.2", "signature-log", "", |b, _| kind(b, "intoto", "0.0.2")),
    Swap("kind hashedrekord 0.0.1", "signature-log", "kind hashedrekord 0.0.1", |b, _| {
        kind(b, "hashedrekord", "0.0.1")
    }),
    Swap("kind hashedrekord 0.0.2", "signature-log", "Rekor v2 makes no promises", |b, _| {
        kind(b, "hashedrekord", "0.0.2");
    }),
    Swap("kind dsse 0.0.2", "signature-log", "Rekor v2 makes no promises", |b, _| kind(b, "dsse", "0.0.2")),
    Swap("kind DSSE", "signature-log", "kind DSSE 0.0.1", |b, _| kind(b, "DSSE", "0.0.1")),
    Swap("kind of nothing", "signature-log", "", |b, _| kind(b, "", "")),
    Swap("log of certificates", "signature-log", "a transparency log that is not trusted", |b, _| log(b, CERTIFICATES)),
    Swap("log of Rekor v2", "signature-log", "", |b, _| log(b, REKOR_2)),
    Swap("log of nobody", "signature-log", "not trusted (000000)", |b, _| log(b, "AAAA")),
    Swap("log's name cut short", "signature-log", "not trusted (c0d23d6a)", |b, _| log(b, "wNI9ag==")),
    Swap("log's name empty", "signature-malformed", "the identifier of a log", |b, _| log(b, "")),
    Swap("a second later", "signature-log", "", |b, _| add(&mut entry(b)["integratedTime"], 1)),
    Swap("a second earlier", "signature-log", "", |b, _| add(&mut entry(b)["integratedTime"], -1)),
    Swap("another's time", "signature-log", "", |b, o| {
        entry(b)["integratedTime"] = o["verificationMaterial"]["tlogEntries"][0]["integratedTime"].clone();
    }),
    Swap("no time", "signature-time", "", |b, _| remove(entry(b), "integratedTime")),
    Swap("time 0", "signature-time", "", |b, _| entry(b)["integratedTime"] = json!("0")),
    Swap("time beyond all times", "signature-log", "", |b, _| {
        entry(b)["integratedTime"] = json!("18446744073709551615");
    }),
    Swap("number one higher", "signature-log", "", |b, _| add(&mut entry(b)["logIndex"], 1)),
    Swap("number one lower", "signature-log", "", |b, _| add(&mut entry(b)["logIndex"], -1)),
    Swap("number of the proof", "signature-log", "", |b, _| {
        let number = proof(b)["logIndex"].clone();
        entry(b)["logIndex"] = number;
    }),
    Swap("no number", "signature-log", "", |b, _| remove(entry(b), "logIndex")),
    Swap("number beyond what a log counts", "signature-log", "", |b, _| {
        entry(b)["logIndex"] = json!("18446744073709551615");
    }),
    Swap("another's promise", "signature-log", "", |b, o| {
        entry(b)["inclusionPromise"] = o["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"].clone();
    }),
    Swap("no promise", "signature-log", "a time that the log did not promise", |b, _| {
        remove(entry(b), "inclusionPromise");
    }),
    Swap("neither promise nor time", "signature-log", "different numbers", |b, _| {
        remove(entry(b), "inclusionPromise");
        remove(entry(b), "integratedTime");
    }),
    Swap("neither promise nor time, number of the proof", "signature-time", "", |b, _| {
        remove(entry(b), "inclusionPromise");
        remove(entry(b), "integratedTime");
        let number = proof(b)["logIndex"].clone();
        entry(b)["logIndex"] = number;
    }),
    Swap("promise by the signer", "signature-log", "", |b, _| {
        let signature = b["dsseEnvelope"]["signatures"][0]["sig"].clone();
        entry(b)["inclusionPromise"]["signedEntryTimestamp"] = signature;
    }),
    Swap("no proof", "signature-log", "no inclusion proof", |b, _| remove(entry(b), "inclusionProof")),
    Swap("another's body", "signature-log", "", |b, o| {
        entry(b)["canonicalizedBody"] = o["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"].clone();
    }),
];

fn kind(bundle: &mut serde_json::Value, kind: &str, version: &str) {
    entry(bundle)["kindVersion"] = json!({"kind": kind, "version": version});
}

fn log(bundle: &mut serde_json::Value, id: &str) {
    entry(bundle)["logId"]["keyId"] = json!(id);
}

/// A log of certificates of the same instance.
const CERTIFICATES: &str = "3T0wasbHETJjGR4cmWc3AqJKXrjePK3/h4pygC8p7o4=";
/// Another log of entries of the same instance.
const REKOR_2: &str = "zxGZFVvd0FEmjR8WrFwMdcAJ9vtaY/QXf44Y1wUeP6A=";
