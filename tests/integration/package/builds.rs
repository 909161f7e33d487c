//! The same input gives the same bytes, and what is in a package is what was given.

use std::fs;
use std::process::Output;

use secureml::crypto::Curve;
use serde_json::{Value, json};

use super::archive::Archive;
use super::parts::{MANIFEST, Parts, STATEMENT, signed};
use super::scene::{Scene, create, names, package};
use crate::signed::one_shot;
use crate::support::{Fixture, KeyFiles, MODEL, assert_accepted, json as answer, write_tree};

/// The package statement of a package, in a file of its own.
fn taken_out(fixture: &Fixture) -> String {
    let mut cat = package("cat");
    cat.current_dir(fixture.path("")).args(["model.sml", STATEMENT, "--insecure"]);
    fs::write(fixture.path("package.json"), cat.output().unwrap().stdout).unwrap();
    "package.json".to_owned()
}

/// Builds without a key, with a signature made before.
fn rebuild(fixture: &Fixture, output: &str, words: &[&str], epoch: Option<&str>) -> Output {
    let mut command = package("create");
    command.current_dir(fixture.path("")).args(["--output", output]).args(words);
    if let Some(epoch) = epoch {
        command.env("SOURCE_DATE_EPOCH", epoch);
    }
    command.arg("model").output().unwrap()
}

#[test]
fn two_builds_of_one_input_are_one_file() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert_accepted("sign again", &fixture.sign(&fixture.key("second", Curve::P256), &["--add"]));
    for name in ["b.json", "a.json"] {
        fs::write(fixture.path(name), name).unwrap();
    }
    let contents = ["--fingerprint", "--model-version", "1", "--report", "a.json", "--report", "b.json"];
    assert_accepted("first", &create(&fixture, &key, &contents));
    let first = fs::read(fixture.path("model.sml")).unwrap();
    let signature = taken_out(&fixture);
    let words = [&contents[..], &["--package-signature", &signature]].concat();
    assert_accepted("second", &rebuild(&fixture, "two.sml", &words, None));
    assert_eq!(fs::read(fixture.path("two.sml")).unwrap(), first);
    // Not the order of the words, nor the time and mode of a file, nor where the package goes change a byte.
    let turned = ["--report", "b.json", "--report", "a.json", "--model-version", "1", "--fingerprint"];
    fs::create_dir(fixture.path("elsewhere")).unwrap();
    fs::remove_file(fixture.model().join("config.json")).unwrap();
    write_tree(&fixture.model(), &[MODEL[1]]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(fixture.model().join("README.md"), fs::Permissions::from_mode(0o700)).unwrap();
    }
    let words = [&turned[..], &["--package-signature", &signature]].concat();
    assert_accepted("third", &rebuild(&fixture, "elsewhere/three.sml", &words, None));
    assert_eq!(fs::read(fixture.path("elsewhere/three.sml")).unwrap(), first);
    // An older package in its place leaves nothing behind.
    fs::write(fixture.path("two.sml"), [&first[..], &first].concat()).unwrap();
    let words = [&words[..], &["--overwrite"]].concat();
    assert_accepted("over an older one", &rebuild(&fixture, "two.sml", &words, None));
    assert_eq!(fs::read(fixture.path("two.sml")).unwrap(), first);
    // And a program that knows nothing of ours writes the same.
    assert_eq!(Archive::of(&Parts::of(&first).entries).bytes, first);
}

#[test]
fn a_signature_over_another_package_is_not_taken() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert_accepted("first", &create(&fixture, &key, &[]));
    let signature = taken_out(&fixture);
    let before = names(fixture.path(""));
    fs::write(fixture.path("bad.json"), "{}").unwrap();
    for (words, epoch, says) in [
        (&["--model-version", "1"][..], None, "is not about this package"),
        (&["--fingerprint"], None, "is not about this package"),
        (&["--report", "model.sig"], None, "is not about this package"),
        (&[], Some("0"), "is not about this package"),
        (&["--package-signature", "model.sig"], None, "is not about this package"),
        (&["--package-signature", "bad.json"], None, "cannot be packaged"),
    ] {
        let output = rebuild(&fixture, "two.sml", &[&["--package-signature", &signature], words].concat(), epoch);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
        assert!(answer(&output)["error"].to_string().contains(says), "{words:?}: {output:?}");
    }
    fs::remove_file(fixture.path("bad.json")).unwrap();
    assert_eq!(names(fixture.path("")), before, "nothing was written");
}

#[test]
fn the_time_is_that_of_source_date_epoch_or_none() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let build = |epoch: Option<&str>| -> Output {
        let mut command = package("create");
        command.current_dir(fixture.path("")).args(["--overwrite", "--private-key"]).arg(&key.private).arg("model");
        match epoch {
            Some(epoch) => command.env("SOURCE_DATE_EPOCH", epoch),
            None => command.env_remove("SOURCE_DATE_EPOCH"),
        };
        command.output().unwrap()
    };
    for (epoch, time) in [
        (None, None),
        (Some("0"), Some("1970-01-01T00:00:00Z")),
        (Some("1767225600"), Some("2026-01-01T00:00:00Z")),
        (Some("253402207200"), Some("9999-12-30T22:00:00Z")),
    ] {
        assert_accepted("build", &build(epoch));
        let parts = Parts::of(&fs::read(fixture.path("model.sml")).unwrap());
        assert_eq!(parts.manifest().get("created"), time.map(|time| json!(time)).as_ref(), "{epoch:?}");
        let inspected = package("inspect").arg(fixture.path("model.sml")).output().unwrap();
        assert_eq!(answer(&inspected)["content"].get("created"), time.map(|time| json!(time)).as_ref());
        let verified = package("verify").arg("--public-key").arg(&key.public).arg(fixture.path("model.sml")).output();
        assert_accepted("verify", &verified.unwrap());
    }
    let before = fs::read(fixture.path("model.sml")).unwrap();
    for epoch in ["", "x", "-1", "1.5", "1e3", " 1", "9999999999999999999999"] {
        let output = build(Some(epoch));
        if epoch.is_empty() {
            // As other tools have it, an empty variable is none.
            continue;
        }
        assert_eq!(output.status.code(), Some(2), "{epoch:?}: {output:?}");
        assert!(answer(&output)["error"].to_string().contains("SOURCE_DATE_EPOCH"), "{epoch:?}");
    }
    assert!(!before.is_empty());
}

/// What names in a package may not be is found before anything is written.
#[test]
#[cfg(unix)]
fn what_cannot_stand_in_a_package_is_refused_when_it_is_made() {
    for (name, says) in [
        ("aux.bin", "the name of a Windows device"),
        ("a:b", "it contains `:`"),
        ("a ", "ends in a dot or a space"),
        ("a\\b", r"it contains `\`"),
        ("a\nb", "a control character"),
    ] {
        let (fixture, key) = unpackaged(&[(name, b"x")]);
        assert_refuses_to_create(&fixture, &key, name, says);
    }
    let twins: [(&str, &[u8]); 2] = [("A.bin", b"1"), ("a.bin", b"2")];
    let (fixture, key) = unpackaged(&twins);
    assert_refuses_to_create(&fixture, &key, "twins", "it is there in another spelling");
}

#[cfg(unix)]
fn unpackaged(files: &[(&str, &[u8])]) -> (Fixture, KeyFiles) {
    let fixture = Fixture::with(files);
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    (fixture, key)
}

#[cfg(unix)]
fn assert_refuses_to_create(fixture: &Fixture, key: &KeyFiles, name: &str, says: &str) {
    let before = names(fixture.path(""));
    let output = create(fixture, key, &[]);
    assert_eq!(output.status.code(), Some(1), "{name:?}: {output:?}");
    assert!(answer(&output)["error"].to_string().replace("\\\\", "\\").contains(says), "{name:?}: {output:?}");
    assert_eq!(names(fixture.path("")), before, "{name:?}");
}

#[test]
fn nothing_but_an_older_package_is_written_over() {
    let scene = Scene::new();
    let (fixture, key) = (&scene.fixture, &scene.key);
    assert_accepted("over an older package", &create(fixture, key, &["--overwrite"]));
    for target in ["model.sig", "key.pem", "model/config.json", "report.json"] {
        let before = fs::read(fixture.path(target)).unwrap();
        let output = create(fixture, key, &["--overwrite", "--output", target]);
        assert_eq!(output.status.code(), Some(2), "{target}: {output:?}");
        assert_eq!(fs::read(fixture.path(target)).unwrap(), before, "{target}");
    }
    for (target, code) in [("model", 2), ("absent/x.sml", 3), ("model.sml/x.sml", 3), ("/dev/null", 2)] {
        let output = create(fixture, key, &["--output", target]);
        assert_eq!(output.status.code(), Some(code), "{target}: {output:?}");
    }
    // What goes in is read before anything is written; what is no attestation is not called one.
    let before = fs::read(fixture.path("model.sml")).unwrap();
    for (words, code) in [
        (&["--report", "absent.json"][..], 3),
        (&["--report", "model"], 3),
        (&["--attestation", "report.json"], 1),
        (&["--report", "report.json", "--report", "report.json"], 2),
        (&["--signature", "absent.sig"], 3),
        (&["--signature", "report.json"], 1),
        (&["--model-version", ""], 1),
    ] {
        let output = create(fixture, key, &[&["--overwrite"], words].concat());
        assert_eq!(output.status.code(), Some(code), "{words:?}: {output:?}");
        assert_eq!(fs::read(fixture.path("model.sml")).unwrap(), before, "{words:?}");
    }
    assert!(Parts::of(&before).get(MANIFEST).starts_with(b"{"));
}

/// A statement about something else would seem to speak for this model.
#[test]
fn a_statement_must_be_about_the_model() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert_accepted("create", &create(&fixture, &key, &["--output", "first.sml"]));
    let manifest = Parts::of(&fs::read(fixture.path("first.sml")).unwrap()).manifest();
    let root = manifest["model"]["omsRoot"].as_str().unwrap();
    let file = manifest["files"][1]["sha256"].as_str().unwrap();
    let signature = one_shot("sha256", &fs::read(fixture.signature()).unwrap());
    let other = "5".repeat(64);
    let pack = |subjects: &[&str]| {
        let subjects: Vec<Value> =
            subjects.iter().map(|digest| json!({"name": "a model", "digest": {"sha256": digest}})).collect();
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://example.org/scan/v1",
            "subject": subjects, "predicate": {},
        });
        fs::write(fixture.path("scan.json"), signed(&key, &statement)).unwrap();
        create(&fixture, &key, &["--overwrite", "--attestation", "scan.json"])
    };
    for subjects in [&[root][..], &[file], &[&signature], &[&other, file]] {
        assert_accepted("about the model", &pack(subjects));
    }
    fs::remove_file(fixture.path("model.sml")).unwrap();
    let output = pack(&[&other]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let says = format!("(sha256:{other}), not about this model (sha256:{root}) or one of its files");
    assert_eq!(answer(&output)["error"]["causes"][0], format!("scan.json is about \"a model\" {says}"));
    assert!(!fixture.path("model.sml").exists());
}

#[test]
fn two_files_of_one_name_are_told() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    write_tree(&fixture.path(""), &[("a/r.json", b"{}"), ("b/r.json", b"[]")]);
    let output = create(&fixture, &key, &["--report", "a/r.json", "--report", "b/r.json"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let causes = answer(&output)["error"]["causes"].to_string();
    assert!(causes.contains("two of the given files would both be secureml/reports/r.json"), "{causes}");
    assert!(!fixture.path("model.sml").exists());
}
