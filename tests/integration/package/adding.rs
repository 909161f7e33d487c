//! Signatures that are added to a finished package.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use secureml::crypto::Curve;

use super::parts::{Parts, STATEMENT};
use super::scene::{Scene, create, fed, names, package};
use crate::support::{Fixture, KeyFiles, assert_accepted, assert_refused, json};

/// A package by one key, and the keys that follow.
fn signed() -> (Fixture, KeyFiles, KeyFiles) {
    let fixture = Fixture::new();
    let (key, second) = (fixture.key("key", Curve::P256), fixture.key("second", Curve::P256));
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert_accepted("create", &create(&fixture, &key, &["--fingerprint"]));
    (fixture, key, second)
}

fn add(fixture: &Fixture, key: &KeyFiles) -> Command {
    let mut command = package("add-signature");
    command.arg("--private-key").arg(&key.private).arg(fixture.path("model.sml"));
    command
}

fn verify(fixture: &Fixture, key: &KeyFiles) -> Output {
    package("verify").arg("--public-key").arg(&key.public).arg(fixture.path("model.sml")).output().unwrap()
}

#[test]
fn each_signer_is_accepted_alone_and_the_rest_stays_where_it_is() {
    let (fixture, key, second) = signed();
    let third = fixture.key("third", Curve::P521);
    let place = fixture.path("model.sml");
    for (number, signer) in [(1, &second), (2, &third), (3, &second)] {
        let before = fs::read(&place).unwrap();
        assert_eq!(verify(&fixture, signer).status.code(), Some(i32::from(number < 3)), "{number}");
        let output = add(&fixture, signer).output().unwrap();
        assert_accepted("add", &output);
        let name = json(&output)["signature"].as_str().unwrap().to_owned();
        assert!(name.starts_with(&format!("secureml/signatures/0{number}-")), "{name}");
        let after = fs::read(&place).unwrap();
        let directory = Parts::of(&before).archive().directory();
        assert_eq!(after[..directory], before[..directory], "no byte before the directory changes");
        assert_eq!(Parts::of(&after).entries.last().unwrap().0, name);
        assert!(!fixture.path("model.sml.tail").exists());
        for signer in [&key, signer] {
            assert_accepted("file", &verify(&fixture, signer));
            let mut stream = package("verify");
            assert_accepted("stream", &fed(stream.arg("--public-key").arg(&signer.public).arg("-"), &after));
        }
        // The same statement, by another key.
        let parts = Parts::of(&after);
        let payload = |name: &str| {
            let bundle: serde_json::Value = serde_json::from_slice(parts.get(name)).unwrap();
            bundle["dsseEnvelope"]["payload"].clone()
        };
        assert_eq!(payload(&name), payload("secureml/package.sigstore.json"));
    }
}

#[test]
fn ninety_nine_signatures_fit() {
    let (fixture, key, second) = signed();
    // The first ninety-eight by hand: a package that came so far.
    let mut parts = Parts::of(&fs::read(fixture.path("model.sml")).unwrap());
    let statement = parts.get("secureml/package.sigstore.json").to_vec();
    for number in 1..=98 {
        parts.entries.push((format!("secureml/signatures/{number:02}-x.sigstore.json"), statement.clone()));
    }
    fs::write(fixture.path("model.sml"), parts.bytes()).unwrap();
    assert_accepted("the last", &add(&fixture, &second).output().unwrap());
    assert_accepted("by the last", &verify(&fixture, &second));
    let full = fs::read(fixture.path("model.sml")).unwrap();
    let refused = add(&fixture, &key).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(json(&refused)["error"].to_string().contains("99 further signatures"), "{refused:?}");
    assert_eq!(fs::read(fixture.path("model.sml")).unwrap(), full);
}

#[test]
fn several_at_once_do_not_undo_each_other() {
    let (fixture, key, second) = signed();
    let place = fixture.path("model.sml");
    let (mut added, mut busy) = (0, 0);
    for _ in 0..10 {
        let children: Vec<_> = (0..4)
            .map(|_| {
                let mut command = add(&fixture, &second);
                command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
                command.spawn().expect("the program starts")
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().expect("the program ends");
            if output.status.success() {
                added += 1;
            } else {
                assert_eq!(output.status.code(), Some(3), "{output:?}");
                let said = json(&output)["error"].to_string();
                assert!(said.contains("something else is being added to"), "{said}");
                busy += 1;
            }
        }
    }
    println!("{added} added, {busy} turned away");
    let further = |(name, _): &&(String, Vec<u8>)| name.starts_with("secureml/signatures/");
    assert_eq!(Parts::of(&fs::read(&place).unwrap()).entries.iter().filter(further).count(), added);
    assert!(added >= 10, "one of each four gets through");
    assert_accepted("in the end", &verify(&fixture, &key));
    assert!(!fixture.path("model.sml.tail").exists());
}

/// The words that every command says of a package in the middle of an addition.
const INTERRUPTED: &str = "or that was interrupted";

#[test]
fn nothing_is_believed_of_a_package_that_is_being_added_to() {
    let (fixture, key, _) = signed();
    let (place, tail) = (fixture.path("model.sml"), fixture.path("model.sml.tail"));
    fs::write(&tail, "secureml package tail 1\n").unwrap();
    let trust = ["--public-key".into(), key.public.clone().into_os_string()];
    for (subcommand, trusted, more) in [
        ("verify", true, &[][..]),
        ("extract", true, &[]),
        ("extract", false, &["--insecure"]),
        ("cat", true, &["config.json"]),
        ("cat", false, &["--insecure", "config.json"]),
        ("ls", false, &[]),
        ("inspect", false, &[]),
    ] {
        let mut command = package(subcommand);
        command.args(if trusted { &trust[..] } else { &[] }).arg(&place).args(more);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{subcommand}: {output:?}");
        let error = json(&output)["error"].clone();
        assert!(error["message"].as_str().unwrap().contains(INTERRUPTED), "{subcommand}: {error}");
        assert!(error["help"].as_str().unwrap().contains("`secureml package add-signature` repairs"), "{error}");
    }
    let all = ["key.pem", "key.pub.pem", "model", "model.sig", "model.sml", "model.sml.tail", "second.pem"];
    assert_eq!(names(fixture.path(""))[..7], all, "nothing was extracted");
    // The mark alone was written: the package was never touched.
    assert_accepted("repaired", &add(&fixture, &key).output().unwrap());
    assert!(!tail.exists());
    assert_accepted("verify", &verify(&fixture, &key));
}

#[test]
fn what_lies_beside_a_package_and_is_not_its_end_is_not_believed() {
    let (fixture, key, second) = signed();
    let (place, tail) = (fixture.path("model.sml"), fixture.path("model.sml.tail"));
    let before = fs::read(&place).unwrap();
    let undecided = |name: &str, says: &str| {
        let output = add(&fixture, &second).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{name}: {output:?}");
        assert!(json(&output)["error"].to_string().contains(says), "{name}: {output:?}");
        assert_eq!(fs::read(&place).unwrap(), before, "{name}");
    };
    fs::write(&tail, "my notes").unwrap();
    undecided("notes", "does not belong to the package beside it");
    assert_eq!(fs::read(&tail).unwrap(), b"my notes", "and not removed");
    fs::remove_file(&tail).unwrap();
    // A whole end that is of another package.
    fs::write(&tail, tail_of(b"other", 5)).unwrap();
    undecided("another's end", "does not belong to the package beside it");
    fs::remove_file(&tail).unwrap();
    fs::create_dir(&tail).unwrap();
    undecided("a folder", "is not a regular file");
    fs::remove_dir(&tail).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("key.pem", &tail).unwrap();
        undecided("a link", "is not a regular file");
        fs::remove_file(&tail).unwrap();
        std::os::unix::fs::symlink(&place, fixture.path("link.sml")).unwrap();
        let mut linked = package("add-signature");
        let output = linked.arg("--private-key").arg(&key.private).arg(fixture.path("link.sml")).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(json(&output)["error"].to_string().contains("is not a regular file"), "{output:?}");
    }
    assert_accepted("without all that", &add(&fixture, &second).output().unwrap());
}

/// A saved end takes back additions, and never more.
#[test]
fn a_planted_end_cannot_drop_a_file() {
    let (fixture, key, second) = signed();
    let place = fixture.path("model.sml");
    let tail = fixture.path("model.sml.tail");
    let parts = Parts::of(&fs::read(&place).unwrap());
    let archive = parts.archive();
    // The same package without its last file: the bytes up to there are the same.
    let last = parts.entries.last().unwrap().0.clone();
    let shorter = parts.clone().without(&last).archive();
    let cut = shorter.directory();
    assert_eq!(archive.bytes[..cut], shorter.bytes[..cut]);
    fs::write(&tail, tail_of(&shorter.bytes[cut..], cut)).unwrap();
    let output = add(&fixture, &second).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(json(&output)["error"].to_string().contains("does not belong"), "{output:?}");
    assert_eq!(fs::read(&place).unwrap(), archive.bytes);
    // The end from before an addition does fit, and takes it back.
    fs::remove_file(&tail).unwrap();
    assert_accepted("add", &add(&fixture, &second).output().unwrap());
    let cut = archive.directory();
    fs::write(&tail, tail_of(&archive.bytes[cut..], cut)).unwrap();
    assert_accepted("add again", &add(&fixture, &key).output().unwrap());
    assert_refused("taken back", &verify(&fixture, &second), "signature-key", "package.sigstore.json");
    assert_accepted("the package", &verify(&fixture, &key));
}

/// The file beside a package, by the format's document.
fn tail_of(bytes: &[u8], offset: usize) -> Vec<u8> {
    let mut head = b"secureml package tail 1\n".to_vec();
    for number in [offset, bytes.len()] {
        head.extend(u64::try_from(number).unwrap().to_le_bytes());
    }
    let digest = crate::signed::one_shot("sha256", &[&head, bytes].concat());
    [head, hex::decode(digest).unwrap(), bytes.to_vec()].concat()
}

#[test]
fn what_is_no_package_is_not_added_to() {
    let (fixture, key, _) = signed();
    let mut command = package("add-signature");
    command.current_dir(fixture.path("")).arg("--private-key").arg(&key.private);
    for (path, code, says) in [
        ("absent.sml", 3, "cannot add to"),
        ("model", 3, "is not a regular file"),
        ("model.sig", 1, "does not begin with the first entry of a package"),
        ("model/empty.bin", 1, "cut short"),
    ] {
        let mut words = Command::new(command.get_program());
        words.args(command.get_args()).current_dir(fixture.path("")).arg(path);
        let output = words.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{path}: {output:?}");
        assert!(json(&output)["error"].to_string().contains(says), "{path}: {output:?}");
        assert!(!Path::new(&format!("{path}.tail")).exists(), "{path}");
    }
}

/// Whoever signs vouches for the model signature as well: one that is none is not signed again, whoever signed it before.
#[test]
fn nobody_signs_beside_a_model_signature_that_is_none() {
    let scene = Scene::new();
    let other = scene.other.get("model.sig");
    for (content, rule) in [
        (&b"garbage"[..], "signature-malformed"),
        (scene.parts.get(STATEMENT), "statement-invalid"),
        (other, "package-model"),
    ] {
        let bytes = scene.parts.clone().set("model.sig", content).resigned(&scene.key).bytes();
        let place = scene.place(&bytes);
        let mut command = package("add-signature");
        let output = command.arg("--private-key").arg(&scene.stranger.private).arg(&place).output().unwrap();
        assert_refused(rule, &output, rule, "");
        assert_eq!(fs::read(&place).unwrap(), bytes, "{rule}");
    }
}
