//! Swaps of how things are written: lists for objects, other base64, other numbers.

use serde_json::{Value, json};

use super::{Swap, entry, proof};

const MALFORMED: &str = "signature-malformed";
const UNKNOWN: &str = "unknown field `extra`";

pub(super) const SWAPS: &[Swap] = &[
    Swap("a field more in the log entry", MALFORMED, UNKNOWN, |b, _| entry(b)["extra"] = json!("extra")),
    Swap("a field more in the log's name", MALFORMED, UNKNOWN, |b, _| {
        entry(b)["logId"]["extra"] = json!({"extra": []})
    }),
    Swap("a field more in the kind", MALFORMED, UNKNOWN, |b, _| entry(b)["kindVersion"]["extra"] = json!(1)),
    Swap("a field more in the promise", MALFORMED, UNKNOWN, |b, _| entry(b)["inclusionPromise"]["extra"] = Value::Null),
    Swap("a field more in the proof", MALFORMED, UNKNOWN, |b, _| proof(b)["extra"] = json!([])),
    Swap("a field more in the checkpoint", MALFORMED, UNKNOWN, |b, _| proof(b)["checkpoint"]["extra"] = json!("")),
    Swap("a field more beside the timestamps", MALFORMED, UNKNOWN, |b, _| {
        b["verificationMaterial"]["timestampVerificationData"] = json!({"extra": ""});
    }),
    Swap("entry written as a list", "signature-malformed", "invalid type: sequence", |b, _| as_list(entry(b))),
    Swap("log written as a list", "signature-malformed", "invalid type: sequence", |b, _| {
        as_list(&mut entry(b)["logId"])
    }),
    Swap("kind written as a list", "signature-malformed", "invalid type: sequence", |b, _| {
        as_list(&mut entry(b)["kindVersion"]);
    }),
    Swap("promise written as a list", "signature-malformed", "invalid type: sequence", |b, _| {
        as_list(&mut entry(b)["inclusionPromise"]);
    }),
    Swap("proof written as a list", "signature-malformed", "invalid type: sequence", |b, _| as_list(proof(b))),
    Swap("checkpoint written as a list", "signature-malformed", "invalid type: sequence", |b, _| {
        as_list(&mut proof(b)["checkpoint"]);
    }),
    Swap("certificate written as a list", "signature-malformed", "invalid type: sequence", |b, _| {
        as_list(&mut b["verificationMaterial"]["certificate"]);
    }),
    Swap("timestamps written as a list", "signature-malformed", "invalid type: sequence", |b, _| {
        b["verificationMaterial"]["timestampVerificationData"] = json!([[]]);
    }),
    Swap("a timestamp written as a list", "signature-malformed", "invalid type: sequence", |b, _| {
        b["verificationMaterial"]["timestampVerificationData"] = json!({"rfc3161Timestamps": [["AAAA"]]});
    }),
    Swap("number with a point", "signature-malformed", "", |b, _| entry(b)["logIndex"] = json!(206_342_049.0)),
    Swap("number with a point, as text", "signature-malformed", "", |b, _| entry(b)["logIndex"] = json!("206342049.0")),
    Swap("number with an exponent", "signature-malformed", "", |b, _| entry(b)["integratedTime"] = json!("1e9")),
    Swap("number of 100 digits", "signature-malformed", "", |b, _| entry(b)["logIndex"] = json!("9".repeat(100))),
    Swap("number 2^64", "signature-malformed", "", |b, _| {
        proof(b)["treeSize"] = json!("18446744073709551616");
    }),
    Swap("number below 0", "signature-malformed", "", |b, _| proof(b)["logIndex"] = json!("-1")),
    Swap("number below 0, as a number", "signature-malformed", "", |b, _| proof(b)["logIndex"] = json!(-1)),
    Swap("number with a zero in front", "signature-malformed", "leading zeros", |b, _| {
        front(&mut entry(b)["logIndex"], "0")
    }),
    Swap("number with a plus", "signature-malformed", "", |b, _| front(&mut entry(b)["integratedTime"], "+")),
    Swap("number with a space", "signature-malformed", "", |b, _| front(&mut proof(b)["treeSize"], " ")),
    Swap("number in hexadecimal", "signature-malformed", "", |b, _| front(&mut proof(b)["logIndex"], "0x")),
    Swap("number of nothing", "signature-malformed", "", |b, _| entry(b)["logIndex"] = json!("")),
    Swap("number true", "signature-malformed", "", |b, _| entry(b)["logIndex"] = json!(true)),
    Swap("base64 without padding", "signature-malformed", "the identifier of a log", |b, _| {
        change(&mut entry(b)["logId"]["keyId"], |text| text.trim_end_matches('=').to_owned());
    }),
    Swap("base64 with padding too much", "signature-malformed", "the identifier of a log", |b, _| {
        change(&mut entry(b)["logId"]["keyId"], |text| format!("{text}="));
    }),
    Swap("base64 for URLs", "signature-malformed", "the identifier of a log", |b, _| {
        change(&mut entry(b)["logId"]["keyId"], |text| text.replace('+', "-").replace('/', "_"));
    }),
    Swap("base64 with spare bits set", "signature-malformed", "the identifier of a log", |b, _| {
        change(&mut entry(b)["logId"]["keyId"], |text| text.replace("0=", "1="));
    }),
    Swap("base64 with a newline", "signature-malformed", "the body of a log entry", |b, _| {
        change(&mut entry(b)["canonicalizedBody"], |text| format!("{}\n{}", &text[..64], &text[64..]));
    }),
    Swap("base64 with a newline at the end", "signature-malformed", "a log's promise", |b, _| {
        change(&mut entry(b)["inclusionPromise"]["signedEntryTimestamp"], |text| format!("{text}\n"));
    }),
    Swap("base64 twice", "signature-malformed", "", |b, _| {
        use base64::Engine as _;
        change(&mut b["verificationMaterial"]["certificate"]["rawBytes"], |text| {
            base64::engine::general_purpose::STANDARD.encode(text)
        });
    }),
];

/// The object's values without their names, which a careless reader takes for the object.
fn as_list(value: &mut Value) {
    *value = value.as_object().expect("an object").values().cloned().collect();
}

fn front(value: &mut Value, text: &str) {
    change(value, |number| format!("{text}{number}"));
}

fn change(value: &mut Value, change: impl Fn(&str) -> String) {
    *value = json!(change(value.as_str().expect("a text")));
}
