//! Digests: those that are asked for, and those that other programs compute.

use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

use super::scene::Scene;
use crate::signed::one_shot;
use crate::support::{MODEL, assert_accepted, skip};

/// In the order in which fingerprints list them.
const ALL: [&str; 4] = ["sha256", "blake2b", "blake3", "sha512"];

#[test]
fn every_subset_is_taken_with_sha256_and_in_order() {
    let scene = Scene::new();
    for subset in 1..1_u8 << ALL.len() {
        let chosen = |at: &usize| subset >> at & 1 == 1;
        let asked: Vec<&str> = (0..ALL.len()).filter(chosen).map(|at| ALL[at]).rev().collect();
        let taken: Vec<&str> = (0..ALL.len()).filter(|at| *at == 0 || chosen(at)).map(|at| ALL[at]).collect();
        let document = scene.create(&format!("--no-merkle --algorithms {}", asked.join(",")));
        assert_eq!(document["algorithms"], json!(taken), "{asked:?}");
        assert_eq!(document["files"].as_array().unwrap().len(), MODEL.len());
        for (file, (name, content)) in document["files"].as_array().unwrap().iter().zip(MODEL) {
            assert_eq!((&file["path"], &file["bytes"]), (&json!(name), &json!(content.len())));
            let digests = taken.iter().map(|hash| ((*hash).to_owned(), json!(digest(hash, content))));
            assert_eq!(file["digest"], Value::Object(digests.collect()), "{name} with {asked:?}");
        }
        assert_accepted(&asked.join(","), &scene.run("verify model"));
    }
}

#[test]
fn digests_are_those_of_other_programs() {
    let scene = Scene::new();
    let document = scene.create("");
    for (hash, program) in [("sha256", "sha256sum"), ("sha512", "sha512sum"), ("blake2b", "b2sum")] {
        for file in document["files"].as_array().unwrap() {
            let path = scene.fixture.model().join(file["path"].as_str().unwrap());
            let Ok(output) = Command::new(program).arg(path).output() else {
                skip(&format!("there is no {program} on this machine"));
                break;
            };
            let line = String::from_utf8(output.stdout).expect("text");
            assert_eq!(file["digest"][hash].as_str(), line.split(' ').next(), "{program}: {file}");
        }
    }
}

#[test]
fn a_list_may_be_given_again_and_the_last_one_counts() {
    let scene = Scene::new();
    let document = scene.create("--algorithms sha512 --algorithms blake3,blake3");
    let algorithms = document["algorithms"].as_array().unwrap();
    // Whether lists add up or replace each other, no algorithm is there twice.
    assert_eq!(algorithms.iter().filter(|name| *name == "blake3").count(), 1, "{algorithms:?}");
    assert_accepted("verify", &scene.run("verify model"));
    assert_eq!(scene.run("create model --algorithms md5").status.code(), Some(2));
    assert_eq!(scene.run("create model --algorithms sha256,").status.code(), Some(2));
}

fn digest(hash: &str, content: &[u8]) -> String {
    if hash == "sha512" { hex::encode(Sha512::digest(content)) } else { one_shot(hash, content) }
}
