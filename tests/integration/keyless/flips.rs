//! Every byte of a keyless signature counts: whichever is turned over, the signature is refused, and for a reason that
//! has to do with it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::places::{Place, places};
use super::subject::{Subject, made_subjects, published_subjects, subjects_in};
use crate::support::skip;

#[test]
fn published_signatures_bear_no_flip() {
    let Some(subjects) = published_subjects() else { return };
    let tally = flip_all(&subjects);
    for field in ["payload", "signature", "certificate", "promise", "proof hashes", "root hash", "checkpoint"] {
        assert!(tally.0[field].bytes > 90, "{field}");
    }
    tally.judge();
}

#[test]
fn timestamps_bear_no_flip() {
    let tally = flip_all(&made_subjects());
    assert!(tally.0["timestamp"].bytes > 1000);
    tally.judge();
}

/// What a test of another kind signed through real servers: `SECUREML_TEST_BUNDLES` names the folder.
#[test]
fn fresh_signatures_bear_no_flip() {
    match std::env::var_os("SECUREML_TEST_BUNDLES") {
        None => skip("SECUREML_TEST_BUNDLES names no folder of fresh signatures"),
        Some(folder) => flip_all(&subjects_in(Path::new(&folder))).judge(),
    }
}

/// What became of the flips in one kind of field.
#[derive(Default)]
struct Row {
    bytes: usize,
    flips: usize,
    /// Flips that leave no UTF-8, which JSON cannot hold.
    unwritable: usize,
    /// How many were refused under which rule.
    refused: BTreeMap<&'static str, usize>,
    accepted: Vec<String>,
}

/// What became of all flips, by field.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, Row>);

/// Turns over the bytes of every text of every signature, one at a time, in two threads.
fn flip_all(subjects: &[Subject]) -> Tally {
    let jobs: Vec<(&Subject, Place)> = subjects
        .iter()
        .flat_map(|subject| places(&subject.bundle).into_iter().map(move |place| (subject, place)))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut tally = Tally::default();
        while let Some((subject, place)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            flip(subject, place, tally.0.entry(place.field).or_default());
        }
        tally
    };
    let names: Vec<&str> = subjects.iter().map(|subject| subject.name.as_str()).collect();
    let tally = thread::scope(|scope| {
        let other = scope.spawn(work);
        work().joined(other.join().expect("no panic"))
    });
    eprintln!("flips in {}\n{tally}", names.join("; "));
    tally
}

/// Turns over each bit of each byte of a place; of long ones the last bit of each byte.
fn flip(subject: &Subject, place: &Place, row: &mut Row) {
    // What is refused below is refused for the flip, not for having been taken apart.
    let again = place.filled(&place.bytes).expect("as it was");
    assert_eq!(subject.judge(&again), Ok(()), "{} of {} unchanged", place.field, subject.name);
    let bits = if LONG.contains(&place.field) { 1 } else { 8 };
    row.bytes += place.bytes.len();
    for byte in 0..place.bytes.len() {
        for bit in 0..bits {
            let mut bytes = place.bytes.clone();
            bytes[byte] ^= 1 << bit;
            row.flips += 1;
            let Some(text) = place.filled(&bytes) else {
                row.unwritable += 1;
                continue;
            };
            match subject.judge(&text) {
                Err((rule, _)) => *row.refused.entry(rule).or_default() += 1,
                Ok(()) => row.accepted.push(format!("{}, {}: byte {byte}, bit {bit}", subject.name, place.field)),
            }
        }
    }
}

impl Tally {
    fn joined(mut self, other: Self) -> Self {
        for (field, row) in other.0 {
            let own = self.0.entry(field).or_default();
            own.bytes += row.bytes;
            own.flips += row.flips;
            own.unwritable += row.unwritable;
            row.refused.into_iter().for_each(|(rule, count)| *own.refused.entry(rule).or_default() += count);
            own.accepted.extend(row.accepted);
        }
        self
    }

    /// Asserts that every flip was refused, under a rule that its field allows.
    fn judge(&self) {
        let accepted: Vec<&String> = self.0.values().flat_map(|row| &row.accepted).collect();
        assert!(accepted.is_empty(), "{} flips were accepted: {accepted:#?}", accepted.len());
        for (field, row) in &self.0 {
            assert_eq!(row.flips, row.unwritable + row.refused.values().sum::<usize>(), "{field}");
            let allowed = rules(field);
            let other: Vec<_> = row.refused.keys().filter(|rule| !allowed.contains(rule)).collect();
            assert!(other.is_empty(), "{field}: {other:?}");
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<14}{:>8}{:>8}{:>9}{:>10}  refused as", "field", "bytes", "flips", "no UTF-8", "accepted")?;
        for (field, Row { bytes, flips, unwritable, refused, accepted }) in &self.0 {
            let refused: Vec<String> = refused.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
            let (accepted, refused) = (accepted.len(), refused.join(", "));
            writeln!(f, "{field:<14}{bytes:>8}{flips:>8}{unwritable:>9}{accepted:>10}  {refused}")?;
        }
        let sum = |count: fn(&Row) -> usize| self.0.values().map(count).sum::<usize>();
        let (bytes, flips, unwritable) = (sum(|row| row.bytes), sum(|row| row.flips), sum(|row| row.unwritable));
        write!(f, "{:<14}{bytes:>8}{flips:>8}{unwritable:>9}{:>10}", "all", sum(|row| row.accepted.len()))
    }
}

/// Under which rules a flip in this field may be refused.
fn rules(field: &str) -> &'static [&'static str] {
    match field {
        // An old entry of Rekor v2 is compared with all three of them before anything else is looked at.
        "payload" => &["signature-invalid", "statement-invalid", "signature-malformed", "signature-log"],
        // A timestamp is about the signature, and looked at first.
        "signature" => &["signature-invalid", "signature-time", "signature-log"],
        "certificate" => &["signature-certificate", "signature-malformed", "signature-log"],
        "timestamp" => &["signature-time"],
        "numbers" | "types" => &["signature-log", "signature-malformed"],
        "promise" | "proof hashes" | "root hash" | "entry's body" | "log id" | "checkpoint" => &["signature-log"],
        _ => &[],
    }
}

/// Fields of hundreds of bytes that one signature covers as a whole.
const LONG: [&str; 3] = ["payload", "certificate", "entry's body"];
