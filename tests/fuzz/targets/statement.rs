//! Payloads as a hostile signer might sign them: reading them never panics, and what is read survives being written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secureml::oms::{Format, Payload, Statement};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    // A random change breaks the digest in the subject, and hardly any payload would get past it; so mend it.
    if let Some(mended) = with_true_digest(bytes) {
        check(&mended);
    }
});

fn check(bytes: &[u8]) {
    let payload = Payload::new(bytes.to_vec());
    for format in [Format::V1, Format::Legacy] {
        let Ok(statement) = Statement::from_payload(&payload, format) else { continue };
        let written = statement.to_payload().expect("what was read can be written");
        // Old statements are read, never written: what is written is of today's format.
        let again = Statement::from_payload(&written, Format::V1).expect("what was written can be read");
        assert_eq!(again, statement);
        assert_eq!(again.to_payload().expect("it can be written again"), written, "writing is not deterministic");
    }
}

/// The same statement, its subject's digest computed from the files that it lists.
fn with_true_digest(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut statement: Value = serde_json::from_slice(bytes).ok()?;
    let mut hasher = Sha256::new();
    for resource in statement.pointer("/predicate/resources")?.as_array()? {
        hasher.update(unhex(resource.get("digest")?.as_str()?)?);
    }
    let digest: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    *statement.pointer_mut("/subject/0/digest/sha256")? = Value::String(digest);
    serde_json::to_vec(&statement).ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits?;
    digits.chunks(2).map(|pair| u8::try_from(pair.first()? * 16 + pair.get(1)?).ok()).collect()
}
