//! A package that is there stays: it may carry signatures that are nowhere else.

use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};

use secureml::crypto::Curve;
use secureml::ops::package::{CreateError, Existing, PackageRequest, PackageSigner, create_package};
use secureml::progress::Progress;
use secureml::sign::{FileKey, KeySigner};
use serde_json::Value;

use super::scene::{create, names, package};
use crate::support::{Fixture, KeyFiles, assert_accepted, json, secureml};

fn signed() -> (Fixture, KeyFiles) {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    (fixture, key)
}

fn migrate(fixture: &Fixture, key: &KeyFiles, more: &[&str]) -> Output {
    let mut command = secureml();
    command.current_dir(fixture.path("")).args(["--format", "json", "migrate", "model", "--signature", "model.sig"]);
    command.arg("--public-key").arg(&key.public).arg("--private-key").arg(&key.private);
    command.args(["--to", "model.sml"]).args(more).output().expect("the program starts")
}

fn assert_keeps(fixture: &Fixture, what: &str, output: &Output, option: &str) {
    assert_eq!(output.status.code(), Some(2), "{what}: {output:?}");
    let error: &Value = &json(output)["error"];
    assert_eq!(error["causes"][0], "model.sml exists, it is not overwritten", "{what}");
    assert_eq!(error["help"], format!("give another path with {option}, or replace it with --overwrite"), "{what}");
    assert!(!names(fixture.path("")).iter().any(|name| name.starts_with(".secureml")), "{what}");
}

#[test]
fn a_package_is_replaced_only_on_request() {
    let (fixture, key) = signed();
    assert_accepted("create", &create(&fixture, &key, &[]));
    let mut add = package("add-signature");
    let add = add.arg("--private-key").arg(&fixture.key("second", Curve::P256).private).arg(fixture.path("model.sml"));
    assert_accepted("add", &add.output().unwrap());
    let before = fs::read(fixture.path("model.sml")).unwrap();
    // It is told before anything is read: the model is not even what was signed.
    fs::write(fixture.model().join("config.json"), "{}").unwrap();
    for (what, output, option) in
        [("create", create(&fixture, &key, &[]), "--output"), ("migrate", migrate(&fixture, &key, &[]), "--to")]
    {
        assert_keeps(&fixture, what, &output, option);
        assert_eq!(fs::read(fixture.path("model.sml")).unwrap(), before, "{what}");
    }
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert_accepted("create", &create(&fixture, &key, &["--overwrite"]));
    let created = fs::read(fixture.path("model.sml")).unwrap();
    assert_ne!(created, before);
    assert_accepted("migrate", &migrate(&fixture, &key, &["--overwrite"]));
    assert_ne!(fs::read(fixture.path("model.sml")).unwrap(), created);
}

/// An empty file and a link that leads nowhere are there as well.
#[test]
#[cfg(unix)]
fn whatever_has_the_name_of_the_package_stays() {
    let (fixture, key) = signed();
    fs::write(fixture.path("model.sml"), "").unwrap();
    assert_keeps(&fixture, "empty", &create(&fixture, &key, &[]), "--output");
    fs::remove_file(fixture.path("model.sml")).unwrap();
    std::os::unix::fs::symlink("absent", fixture.path("model.sml")).unwrap();
    assert_keeps(&fixture, "link", &create(&fixture, &key, &[]), "--output");
    assert!(fs::symlink_metadata(fixture.path("model.sml")).unwrap().is_symlink());
    assert!(!fixture.path("absent").exists());
}

/// What a migration cannot write it says before it reads the model.
#[test]
fn a_migration_tries_its_place_first() {
    let (fixture, key) = signed();
    fs::write(fixture.model().join("config.json"), "{}").unwrap();
    for (place, code, says) in [
        ("absent/x.sml", 3, "cannot write absent/x.sml"),
        ("model", 2, "model is no regular file"),
        ("model/x.sml", 2, "would lie in the model"),
        ("model.sig", 2, "model.sig exists and is not a package"),
    ] {
        let output = migrate(&fixture, &key, &["--to", place]);
        assert_eq!(output.status.code(), Some(code), "{place}: {output:?}");
        assert!(json(&output)["error"]["causes"][0].as_str().unwrap().contains(says), "{place}: {output:?}");
        assert!(json(&output)["error"]["help"].as_str().unwrap().contains("--to"), "{place}: {output:?}");
    }
}

/// Puts a file where the package is to go, while the model is read.
#[derive(Debug)]
struct Intruder {
    place: PathBuf,
    done: AtomicBool,
}

impl Progress for Intruder {
    fn expect(&self, _files: u64, _bytes: u64) {}
    fn file_done(&self) {}
    fn finish(&self) {}
    fn advance(&self, _bytes: u64) {
        if !self.done.swap(true, Ordering::SeqCst) {
            fs::write(&self.place, "somebody else's").unwrap();
        }
    }
}

#[test]
fn what_appears_meanwhile_stays() {
    let (fixture, key) = signed();
    let key = FileKey::from_pem(&fs::read(&key.private).unwrap(), || None).unwrap();
    let place = fixture.path("model.sml");
    let (model, signature) = (fixture.model(), fixture.signature());
    for (existing, stays) in [(Existing::Keep, true), (Existing::Replace, false)] {
        let request = PackageRequest {
            model: &model,
            signature: &signature,
            output: &place,
            existing,
            version: None,
            created: None,
            fingerprint: None,
            reports: &[],
            made_reports: &[],
            attestations: &[],
            readme: None,
            imported: &[],
        };
        let intruder = Intruder { place: place.clone(), done: AtomicBool::new(false) };
        let made = create_package(&request, PackageSigner::Signer(&KeySigner::new(&key)), &intruder);
        assert!(intruder.done.load(Ordering::SeqCst));
        assert_eq!(matches!(made, Err(CreateError::Exists { .. })), stays, "{made:?}");
        assert_eq!(fs::read(&place).unwrap() == b"somebody else's", stays);
        fs::remove_file(&place).unwrap();
        assert_eq!(names(fixture.path("")).iter().filter(|name| name.contains(".tmp")).count(), 0);
    }
}

/// A model that is named by its place has the name of its folder.
#[test]
fn the_default_name_is_that_of_the_folder() {
    let (fixture, key) = signed();
    fs::create_dir(fixture.model().join("deep")).unwrap();
    for (folder, model, signature) in [
        ("model", ".", "../model.sig"),
        ("model", "./", "../model.sig"),
        ("model", "../model/", "../model.sig"),
        ("model/deep", "..", "../../model.sig"),
        ("", "model/.", "model.sig"),
        ("", "model/deep/..", "model.sig"),
    ] {
        let mut command = package("create");
        command.current_dir(fixture.path(folder)).args(["--signature", signature, "--private-key"]).arg(&key.private);
        let output = command.arg(model).output().unwrap();
        assert_accepted(model, &output);
        fs::remove_file(fixture.path("model.sml")).expect(model);
    }
    let mut command = package("create");
    let output = command.args(["--signature", "/absent", "--private-key"]).arg(&key.private).arg("/").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(json(&output)["error"]["message"], "/ has no name to give the package");
}
