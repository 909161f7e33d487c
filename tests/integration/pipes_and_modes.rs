//! Paths that are more than they seem: pipes that nobody serves, files that must not be lost, keys that must stay private.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use secureml::crypto::Curve;

use crate::support::{Fixture, assert_accepted, findings, json, secureml};

fn pipe(fixture: &Fixture, name: &str) -> PathBuf {
    let path = fixture.path(name);
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo is part of every Unix").success());
    path
}

fn run(words: &[&Path]) -> Output {
    secureml().args(["--format", "json"]).args(words).output().unwrap()
}

/// A pipe can come with a model; nobody writes to it, and waiting for somebody would be for ever.
#[test]
fn a_pipe_that_nobody_serves_is_not_waited_for() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let (pipe, model, signature) = (pipe(&fixture, "pipe"), fixture.model(), fixture.signature());
    let word = Path::new;

    let words = [word("verify"), word("key"), word("--public-key"), &key.public, word("--signature"), &pipe, &model];
    let output = run(&words);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(findings(&output), [("signature-malformed".to_owned(), "the signature is empty".to_owned())]);

    let words = [word("verify"), word("key"), word("--public-key"), &pipe, word("--signature"), &signature, &model];
    let output = run(&words);
    assert_eq!(output.status.code(), Some(3));
    assert!(json(&output)["error"]["causes"][0].as_str().unwrap().starts_with("found an empty file"));

    let words = [word("sign"), word("key"), word("--private-key"), &pipe, word("--signature"), &signature, &model];
    assert_eq!(run(&words).status.code(), Some(3));

    let words = [word("sign"), word("key"), word("--private-key"), &key.private, word("--signature"), &pipe, &model];
    let output = run(&words);
    assert_eq!(output.status.code(), Some(3));
    assert!(json(&output)["error"]["causes"][0].as_str().unwrap().starts_with("cannot write"));
}

#[test]
fn an_empty_file_of_the_model_is_not_taken_for_a_signature() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let empty = fixture.model().join("empty.bin");
    fs::write(&empty, "").unwrap();
    let word = Path::new;
    let words = [word("sign"), word("key"), word("--private-key"), &key.private, word("--signature"), &empty];
    let output = run(&[words.as_slice(), &[&fixture.model()]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read(&empty).unwrap(), b"");
}

#[test]
fn a_signature_that_is_replaced_passes_its_permissions_on() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    fs::set_permissions(fixture.signature(), fs::Permissions::from_mode(0o600)).unwrap();
    assert_accepted("again", &fixture.sign(&key, &[]));
    assert_eq!(fs::metadata(fixture.signature()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_demonstration_keeps_its_key_to_itself() {
    let fixture = Fixture::new();
    let output = secureml().args(["--format", "json", "demo"]).env("TMPDIR", fixture.path("")).output().unwrap();
    assert_accepted("demo", &output);
    let model = json(&output)["model"].as_str().unwrap().to_owned();
    let folder = Path::new(&model).parent().unwrap();
    assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o077, 0);
    // One that fails leaves nothing.
    let count = || fs::read_dir(fixture.path("")).unwrap().count();
    let before = count();
    let failed = secureml().args(["demo", "absent"]).env("TMPDIR", fixture.path("")).output().unwrap();
    assert_eq!(failed.status.code(), Some(3));
    assert_eq!(count(), before);
}
