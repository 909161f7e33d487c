//! Published signatures with one part changed, left out, doubled, or taken from another signature of the same signer.

mod entries;
mod lenient;
mod parts;
mod proofs;
mod shapes;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::published::{Copy, PUBLISHED, published};
use crate::support::{assert_accepted, assert_refused, json};

/// A change to a bundle, for which the other bundle lends its parts.
type Edit = fn(&mut Value, &Value);

/// A named change, the rule by which it is refused, and a part of the reason.
struct Swap(&'static str, &'static str, &'static str, Edit);

#[test]
fn every_swap_is_refused_for_its_own_reason() {
    let Some(root) = published() else { return };
    let tables = [parts::SWAPS, entries::SWAPS, proofs::SWAPS, shapes::SWAPS];
    let swaps: Vec<&Swap> = tables.into_iter().flatten().collect();
    let names: BTreeSet<&str> = swaps.iter().map(|Swap(name, ..)| *name).collect();
    assert_eq!(names.len(), swaps.len(), "two swaps have one name");
    let mut wrong = Vec::new();
    for (published, lender) in PUBLISHED.iter().zip(PUBLISHED.iter().cycle().skip(1)) {
        let (copy, own, other) = (Copy::new(published, &root), published.document(&root), lender.document(&root));
        assert_accepted(published.folder, &copy.judge(&own.to_string()));
        for Swap(name, rule, says, edit) in &swaps {
            let mut bundle = own.clone();
            edit(&mut bundle, &other);
            assert_ne!(bundle, own, "{name} changes nothing");
            let output = copy.judge(&bundle.to_string());
            let check = || {
                let text = assert_refused(name, &output, rule, says);
                println!("{:<16} {name}: {rule}: {text}", published.folder);
                assert_eq!(json(&output)["identity"], Value::Null, "{name}");
            };
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_err() {
                wrong.push((published.folder, name));
            }
        }
    }
    println!("{} swaps in each of {} signatures", swaps.len(), PUBLISHED.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_the_format_leaves_open_is_accepted() {
    let Some(root) = published() else { return };
    for published in &PUBLISHED {
        let (copy, own) = (Copy::new(published, &root), published.document(&root));
        for (name, edit) in lenient::EDITS {
            let mut bundle = own.clone();
            edit(&mut bundle, &own);
            assert_ne!(bundle, own, "{name} changes nothing");
            assert_accepted(name, &copy.judge(&bundle.to_string()));
        }
        let pretty = serde_json::to_string_pretty(&own).unwrap();
        assert_accepted("other spaces", &copy.judge(&format!("\n{pretty}\n\n")));
    }
}

/// What a bundle says of its log entry.
fn entry(bundle: &mut Value) -> &mut Value {
    &mut bundle["verificationMaterial"]["tlogEntries"][0]
}

/// What the log entry says of its place in the log.
fn proof(bundle: &mut Value) -> &mut Value {
    &mut entry(bundle)["inclusionProof"]
}

/// Takes a field away.
fn remove(value: &mut Value, name: &str) {
    value.as_object_mut().expect("an object").remove(name).expect("a field");
}

/// Takes the value at a pointer over from the other bundle.
fn take(bundle: &mut Value, other: &Value, pointer: &str) {
    *bundle.pointer_mut(pointer).expect("a place") = other.pointer(pointer).expect("a value").clone();
}

/// The number behind a field's text, with something added.
fn add(value: &mut Value, change: i64) {
    let number: i64 = value.as_str().expect("a text").parse().expect("a number");
    *value = json!((number + change).to_string());
}

/// Rewrites the checkpoint.
fn rewrite(bundle: &mut Value, change: impl Fn(&str) -> String) {
    let note = &mut proof(bundle)["checkpoint"]["envelope"];
    *note = json!(change(note.as_str().expect("a text")));
}

/// The line of somebody who is no log: whoever verifies passes over signatures of unknown keys (C2SP signed-note).
const WITNESS: &str = "\u{2014} witness.example AAAAAAAA\n";
