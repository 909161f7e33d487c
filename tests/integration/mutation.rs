//! The verifier must not be fooled: one thing changes about an accepted signature or model, and the verdict is what the
//! format asks for, with the reason that belongs to the change.

mod bundle;
mod bytes;
mod certificate;
pub(crate) mod edit;
mod envelope;
#[cfg(unix)]
mod kinds;
mod lenient;
mod model;
mod resources;
mod scene;
mod shards;
mod statement;

use std::collections::BTreeSet;
use std::process::Output;

use self::scene::{Case, Scene};
use crate::support::{assert_accepted, assert_refused, findings, json};

#[test]
fn every_mutation_is_refused_for_its_own_reason() {
    let scene = Scene::new();
    let tables: &[fn(&Scene) -> Vec<Case>] = &[
        bundle::cases,
        envelope::cases,
        certificate::cases,
        statement::cases,
        resources::cases,
        shards::cases,
        model::cases,
        #[cfg(unix)]
        kinds::cases,
    ];
    let cases: Vec<Case> = tables.iter().flat_map(|table| table(&scene)).collect();
    assert_names_differ(&cases);
    assert!(cases.len() >= 60, "{} mutations", cases.len());
    let wrong = run_all(&cases, |case| {
        let output = scene.judge(case);
        let reason = assert_refused(&case.name, &output, case.rule, &case.says);
        assert_nothing_believed(case, &output);
        println!("{:<60} {}: {reason}", case.name, case.rule);
    });
    println!("{} mutations, {} refused for their reason", cases.len(), cases.len() - wrong.len());
    assert!(wrong.is_empty(), "{} of {} mutations: {wrong:#?}", wrong.len(), cases.len());
}

/// A signer is named, and his manifest summed up, only where signature and statement hold.
fn assert_nothing_believed(case: &Case, output: &Output) {
    let answer = json(output);
    let about_files = case.rule.starts_with("file-") || case.rule.starts_with("model-");
    assert_eq!(answer["identity"].is_object(), about_files, "{}", case.name);
    assert_eq!(answer["manifest"].is_object(), about_files, "{}", case.name);
}

#[test]
fn a_signature_is_judged_before_the_model_is_opened() {
    let scene = Scene::new();
    let gone = |case: Case| case.model(|model| std::fs::remove_dir_all(model).unwrap());
    let wanted = ["file: empty", "sig: not base64", "sig: r zero", "statement: two subjects", "name \"..\""];
    let tables = [bundle::cases, envelope::cases, statement::cases, resources::cases];
    let cases = tables.iter().flat_map(|table| table(&scene)).filter(|case| wanted.contains(&case.name.as_str()));
    let judged = cases.map(gone).map(|case| assert_refused(&case.name, &scene.judge(&case), case.rule, &case.says));
    assert_eq!(judged.count(), wanted.len());
    let undecided = scene.judge(&gone(scene.case("a good signature and no model", "", "")));
    assert_eq!(undecided.status.code(), Some(3));
}

#[test]
fn what_the_format_leaves_open_is_accepted() {
    let scene = Scene::new();
    let cases = lenient::cases(&scene);
    assert_names_differ(&cases);
    assert!(cases.len() >= 20, "{} changes", cases.len());
    let wrong = run_all(&cases, |case| {
        let output = scene.judge(case);
        assert_accepted(&case.name, &output);
        let warnings = findings(&output);
        let expected: Vec<(String, String)> =
            [(case.rule.to_owned(), case.says.clone())].into_iter().filter(|(rule, _)| !rule.is_empty()).collect();
        assert_eq!(warnings, expected, "{}", case.name);
        println!("{:<60} accepted {warnings:?}", case.name);
    });
    assert!(wrong.is_empty(), "{} of {} changes: {wrong:#?}", wrong.len(), cases.len());
}

/// Runs every case, so that one wrong verdict does not hide the next; gives the names of those that failed.
fn run_all(cases: &[Case], check: impl Fn(&Case)) -> Vec<&str> {
    let fails = |case: &&Case| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(case))).is_err();
    cases.iter().filter(fails).map(|case| case.name.as_str()).collect()
}

fn assert_names_differ(cases: &[Case]) {
    let mut seen = BTreeSet::new();
    for case in cases {
        assert!(seen.insert(&case.name), "two cases are called {:?}", case.name);
    }
}
