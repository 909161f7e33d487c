//! Each field of a keyless signature left out, doubled, made null or something else: none of it goes unnoticed.

use serde_json::{Value, json};

use super::places::{Around, pointers};
use super::subject::{made_subjects, published_subjects};

/// What happens to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoil {
    Removed,
    Doubled,
    Null,
    Number,
    Text,
    List,
    Object,
}

use Spoil::{Doubled, List, Null, Number, Object, Removed, Text};

#[test]
fn spoilt_fields_are_refused() {
    let mut subjects = made_subjects();
    subjects.extend(published_subjects().into_iter().flatten());
    let mut wrong = Vec::new();
    for subject in &subjects {
        let (mut refused, mut accepted) = (0, 0);
        for pointer in pointers(&subject.bundle) {
            for spoil in [Removed, Doubled, Null, Number, Text, List, Object] {
                let Some(text) = spoilt(&subject.bundle, &pointer, spoil) else { continue };
                let verdict = subject.judge(&text);
                let expected = expected(&subject.bundle, &pointer, spoil);
                match (&verdict, &expected) {
                    (Ok(()), None) => accepted += 1,
                    (Err((rule, says)), Some((rules, part))) if rules.contains(rule) && says.contains(part) => {
                        refused += 1
                    }
                    _ => wrong.push(format!("{} {pointer} {spoil:?}: {verdict:?}, not {expected:?}", subject.name)),
                }
            }
        }
        println!("{}: {refused} spoilt fields refused, {accepted} accepted that do not count", subject.name);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Under which rules, and with which words, a spoilt field is refused; `None` where nothing depends on it.
fn expected(bundle: &Value, pointer: &str, spoil: Spoil) -> Option<(&'static [&'static str], String)> {
    let name = pointer.rsplit('/').next().expect("a name");
    let promised = bundle.pointer("/verificationMaterial/tlogEntries/0/inclusionPromise").is_some();
    match (name, spoil) {
        ("keyid", Removed | Null) => None,
        // The log's promise tells the time too.
        ("timestampVerificationData", Removed | Null) | ("rfc3161Timestamps", Removed) => {
            (!promised).then(|| (TIME, "nobody trusted says when".to_owned()))
        }
        ("inclusionPromise", Removed | Null) => Some((LOG, "a time that the log did not promise".to_owned())),
        ("inclusionProof", Removed | Null) => Some((LOG, "no inclusion proof".to_owned())),
        ("integratedTime", Removed) => Some((LOG_OR_TIME, String::new())),
        ("hashes", Removed) | ("logIndex" | "integratedTime", Removed | Number) => Some((LOG_OR_RANGE, String::new())),
        ("treeSize", Number) => Some((LOG, "about different trees".to_owned())),
        ("tlogEntries", Removed) => Some((MALFORMED, "no transparency log entry".to_owned())),
        ("certificate", Removed | Null) => Some((MALFORMED, "0 kinds of verification material".to_owned())),
        (_, Removed) => Some((MALFORMED, format!("missing field `{name}`"))),
        (_, Doubled) => Some((MALFORMED, format!("duplicate field `{name}`"))),
        // A number has its own words.
        ("logIndex" | "integratedTime" | "treeSize", _) => Some((MALFORMED, String::new())),
        (_, Null) => Some((MALFORMED, "invalid type: null".to_owned())),
        (_, Number) => Some((MALFORMED, "invalid type: integer `7`".to_owned())),
        (_, Text) => Some((MALFORMED, "invalid type: string \"text\"".to_owned())),
        (_, List) => Some((MALFORMED, "invalid type: sequence".to_owned())),
        (_, Object) => Some((MALFORMED, "invalid type: map".to_owned())),
    }
}

const MALFORMED: &[&str] = &["signature-malformed"];
const LOG: &[&str] = &["signature-log"];
/// A number may also leave the tree that it should be in.
const LOG_OR_RANGE: &[&str] = &["signature-log", "signature-malformed"];
/// Where the log's was the only time, there is none left.
const LOG_OR_TIME: &[&str] = &["signature-log", "signature-time"];
const TIME: &[&str] = &["signature-time"];

/// The bundle with one field spoilt; `None` where that leaves it what it is, or where there is no field but an item of a
/// list.
fn spoilt(bundle: &Value, pointer: &str, spoil: Spoil) -> Option<String> {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let field = bundle.pointer(pointer).expect("a field");
    let around = || Around::new(bundle, pointer);
    let is_item = bundle.pointer(parent).is_some_and(Value::is_array);
    match spoil {
        Removed | Doubled if is_item => None,
        Removed => {
            let mut bundle = bundle.clone();
            bundle.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object").remove(name);
            Some(bundle.to_string())
        }
        Doubled => Some(around().filled(&format!("{field},{}:{field}", json!(name)))),
        Null => Some(around().filled("null")),
        Number => Some(around().filled("7")),
        Text => (!field.is_string()).then(|| around().filled("\"text\"")),
        List => (!field.is_array()).then(|| around().filled("[]")),
        Object => (!field.is_object()).then(|| around().filled("{}")),
    }
}
