//! Changes that the formats allow: the signature stays what it is.

use serde_json::{Value, json};

use super::{Edit, WITNESS, entry, proof, remove, rewrite};

/// Spellings, and what other signers may add to a checkpoint.
pub(super) const EDITS: &[(&str, Edit)] = &[
    ("a field more in the certificate", |b, _| b["verificationMaterial"]["certificate"]["extra"] = json!("")),
    ("no timestamps, without the field", |b, _| remove(&mut b["verificationMaterial"], "timestampVerificationData")),
    ("no timestamps, the field null", |b, _| b["verificationMaterial"]["timestampVerificationData"] = Value::Null),
    ("no timestamps, an empty list", |b, _| {
        b["verificationMaterial"]["timestampVerificationData"] = json!({"rfc3161Timestamps": []});
    }),
    ("numbers as numbers", |b, _| {
        for name in ["logIndex", "integratedTime"] {
            as_number(&mut entry(b)[name]);
        }
        for name in ["logIndex", "treeSize"] {
            as_number(&mut proof(b)[name]);
        }
    }),
    ("a name for the key", |b, _| b["dsseEnvelope"]["signatures"][0]["keyid"] = json!("any")),
    ("a null name for the key", |b, _| b["dsseEnvelope"]["signatures"][0]["keyid"] = Value::Null),
    ("a witness behind the log", |b, _| rewrite(b, |note| format!("{note}{WITNESS}"))),
    ("a witness in front of the log", |b, _| rewrite(b, |note| note.replacen("\n\n", &format!("\n\n{WITNESS}"), 1))),
    ("the log's signature twice", |b, _| {
        rewrite(b, |note| format!("{note}{}", note.split_once("\n\n").expect("a note").1));
    }),
];

fn as_number(value: &mut Value) {
    *value = json!(value.as_str().expect("a text").parse::<u64>().expect("a number"));
}
