//! One thing changes about a signed package, and it is refused for the reason that belongs to the change: as a file and
//! as a stream; nothing of it is put down or given out.

mod container;
mod content;
mod fingerprint;
mod manifest;
mod names;
mod records;
mod statement;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::scene::{Scene, names as names_in};
use crate::support::{assert_accepted, assert_refused, json};

/// A change of one thing, and what must come of it.
pub(super) struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    /// The rule of the finding, and a part of its text.
    rule: &'static str,
    says: &'static str,
    /// The same, as a stream, where it is found out otherwise.
    streamed: (&'static str, &'static str),
}

/// A change that is found out in the same way in a file and in a stream.
pub(super) fn case(name: &'static str, bytes: Vec<u8>, rule: &'static str, says: &'static str) -> Case {
    Case { name, bytes, rule, says, streamed: (rule, says) }
}

impl Case {
    /// What is said of it as a stream.
    pub(super) fn streamed(self, rule: &'static str, says: &'static str) -> Self {
        Self { streamed: (rule, says), ..self }
    }
}

#[test]
fn every_mutation_is_refused_for_its_own_reason() {
    let scene = Scene::new();
    let tables = [
        content::cases,
        fingerprint::cases,
        statement::cases,
        manifest::cases,
        container::cases,
        records::cases,
        names::cases,
    ];
    let cases: Vec<Case> = tables.iter().flat_map(|table| table(&scene)).collect();
    let mut different = BTreeSet::new();
    for case in &cases {
        assert!(different.insert(case.name), "two cases are called {:?}", case.name);
    }
    assert!(cases.len() >= 40, "{} mutations", cases.len());
    let fails = |case: &&Case| catch_unwind(AssertUnwindSafe(|| check(&scene, case))).is_err();
    let wrong: Vec<&str> = cases.iter().filter(fails).map(|case| case.name).collect();
    println!("{} mutations, {} refused for their reason", cases.len(), cases.len() - wrong.len());
    assert!(wrong.is_empty(), "{} of {} mutations: {wrong:#?}", wrong.len(), cases.len());
}

fn check(scene: &Scene, case: &Case) {
    let original = scene.parts.bytes();
    assert_ne!(case.bytes, original, "{} changes nothing", case.name);
    let reason = assert_refused(case.name, &scene.verify(&case.bytes), case.rule, case.says);
    let (rule, says) = case.streamed;
    assert_refused(&format!("{} (stream)", case.name), &scene.verify_stream(&case.bytes), rule, says);
    println!("{:<55} {}: {reason}", case.name, case.rule);
    let place = scene.fixture.path("case/case.sml");
    // By a policy the reason may be another one: who signed the model is asked first.
    let judged = scene.verify_by_policy(&place);
    assert_eq!(judged.status.code(), Some(1), "{} (policy): {judged:?}", case.name);
    assert_eq!(json(&judged)["outcome"], "refused", "{} (policy)", case.name);
    let extracted = scene.command("extract").arg(&place).output().unwrap();
    assert_refused(&format!("{} (extract)", case.name), &extracted, case.rule, case.says);
    assert_eq!(names_in(scene.fixture.path("case")), ["case.sml"], "{}", case.name);
    assert_gives_nothing_else(scene, case, &place);
    let mut add = super::package("add-signature");
    let added = add.arg("--private-key").arg(&scene.key.private).arg(&place).output().unwrap();
    // What the model is, and who signed before, is for the new signer to know.
    let left_to_signer = ["signature-key", "signature-invalid", "file-changed", "package-crc", "package-model"];
    if !left_to_signer.contains(&case.rule) && !case.name.ends_with(", signed") {
        assert_eq!(added.status.code(), Some(1), "{}: {added:?}", case.name);
    }
    if !added.status.success() {
        assert_eq!(fs::read(&place).unwrap(), case.bytes, "{}: {added:?}", case.name);
    }
}

/// Of one file alone it may be possible to say that it is what was signed: it comes out whole, or nothing does.
fn assert_gives_nothing_else(scene: &Scene, case: &Case, place: &Path) {
    let given = scene.command("cat").arg(place).arg("config.json").output().unwrap();
    if given.status.success() {
        assert_eq!(given.stdout, scene.parts.get("model/config.json"), "{}: {given:?}", case.name);
    } else {
        let answer = json(&given);
        let code = if answer["outcome"] == "misuse" { 2 } else { 1 };
        assert_eq!(given.status.code(), Some(code), "{}: {given:?}", case.name);
    }
}

/// The tables begin with something that is accepted: what they change is then all that can be refused.
#[test]
fn the_parts_put_together_again_are_the_package() {
    let scene = Scene::new();
    let written = fs::read(&scene.package).unwrap();
    assert_eq!(scene.parts.bytes(), written, "two writers, one format");
    let list: Vec<&str> = scene.parts.entries.iter().map(|(name, _)| name.as_str()).take(8).collect();
    let [.., signature] = &list[..5] else { panic!("{list:?}") };
    assert!(signature.starts_with("secureml/signatures/01-"), "{list:?}");
    assert_eq!(list[5..], ["secureml/fingerprint.json", "secureml/attestations/scan.sigstore.json", REPORT]);
    for (name, parts) in [
        ("as it is", scene.parts.clone()),
        ("listed and signed anew", scene.parts.clone().listed().resigned(&scene.key)),
        ("with another report, signed", scene.parts.clone().set(REPORT, "{}").listed().resigned(&scene.key)),
        ("without what is not needed", bare(&scene).listed().resigned(&scene.key)),
        // Whoever holds a package can add or take away a further signature; no policy is asked here.
        ("without the further signature", scene.parts.clone().without(&further(&scene))),
        ("with garbage for a further signature", scene.parts.clone().set(&further(&scene), "garbage")),
    ] {
        let bytes = parts.bytes();
        assert_accepted(name, &scene.verify(&bytes));
        assert_accepted(name, &scene.verify_stream(&bytes));
        assert_accepted(name, &scene.verify_by_policy(&scene.place(&bytes)));
    }
}

pub(super) const REPORT: &str = "secureml/reports/report.json";

/// The further signature that came along.
pub(super) fn further(scene: &Scene) -> String {
    let found = scene.parts.entries.iter().find(|(name, _)| name.starts_with("secureml/signatures/"));
    found.expect("a further signature").0.clone()
}

/// The package without all that may be absent.
fn bare(scene: &Scene) -> super::parts::Parts {
    let names = ["secureml/fingerprint.json", "secureml/attestations/scan.sigstore.json", REPORT, "README"];
    names.iter().fold(scene.parts.clone(), |parts, name| parts.without(name)).without(&further(scene))
}
