//! Standard output and disks that take nothing: a command that cannot tell its result has not succeeded.
#![cfg(unix)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use secureml::crypto::Curve;

use crate::support::{Fixture, KeyFiles, SmallDisk, assert_accepted, json, secureml, skip};

/// A broken standard output, and what the system says of it; `None`, said aloud, where this machine has none such.
type Broken = (fn() -> Option<Stdio>, &'static str);

const BROKEN: [Broken; 2] = [(full_device, "No space left on device"), (closed_pipe, "Broken pipe")];

#[test]
fn a_result_that_nobody_reads_is_undecided() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    for (name, command) in commands(&fixture, &key) {
        for format in ["text", "json"] {
            for (broken, reason) in BROKEN {
                let Some(stdout) = broken() else { continue };
                let mut program = secureml();
                program.env("TMPDIR", fixture.path("")).args(["--format", format]).args(&command).stdout(stdout);
                let output = program.output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert_eq!(output.status.code(), Some(3), "{name}, {format}, {reason}: {said}");
                assert!(said.contains("cannot write to standard output"), "{name}, {format}: {said}");
                assert!(said.contains(reason), "{name}, {format}: {said}");
            }
        }
    }
}

#[test]
fn help_that_nobody_reads_is_undecided() {
    for words in [["--help"].as_slice(), &["sign", "key", "--help"], &["--version"], &["help"]] {
        for (broken, reason) in BROKEN {
            let Some(stdout) = broken() else { continue };
            let output = secureml().args(words).stdout(stdout).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(3), "{words:?}, {reason}: {said}");
            assert!(said.contains("cannot write to standard output"), "{words:?}, {reason}: {said:?}");
        }
    }
}

#[test]
fn a_refusal_or_misuse_that_nobody_reads_is_no_success() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    fs::write(fixture.model().join("config.json"), "changed").unwrap();
    for (name, words, code) in [
        ("refusal", verify_words(&fixture, &key), 1),
        ("misuse", vec!["digest".into()], 2),
        ("undecided", vec!["digest".into(), fixture.path("absent")], 3),
    ] {
        // In text the result stands on standard error, and the broken stream is not needed.
        let Some(stdout) = full_device() else { return };
        let output = secureml().args(&words).stdout(stdout).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}");
        let Some(stdout) = full_device() else { return };
        let output = secureml().args(["--format", "json"]).args(&words).stdout(stdout).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{name}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("cannot write to standard output"), "{name}: {said:?}");
    }
}

/// Whoever reads the JSON needs no standard error, and the verdict does not depend on it.
#[test]
fn a_broken_standard_error_does_not_change_the_verdict() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let verify = |name: &str, code: i32| {
        let Some(stderr) = full_device() else { return };
        let mut command = secureml();
        command.args(["--format", "json"]).args(verify_words(&fixture, &key)).stderr(stderr);
        let output = command.stdout(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}");
        assert_eq!(json(&output)["command"], "verify", "{name}");
    };
    verify("accepted", 0);
    fs::write(fixture.model().join("config.json"), "changed").unwrap();
    verify("refused", 1);
    fs::remove_file(fixture.signature()).unwrap();
    verify("undecided", 3);
}

#[test]
fn a_full_device_takes_no_signature() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    if full_device().is_none() {
        return;
    }
    let output = sign_to(&fixture, &key, Path::new("/dev/full"));
    assert_eq!(output.status.code(), Some(3));
    let error = &json(&output)["error"];
    assert_eq!(error["causes"][0], "cannot write /dev/full");
    assert!(error["causes"][1].as_str().unwrap().contains("No space left"), "{error}");
    assert!(Path::new("/dev/full").exists());
}

#[test]
fn a_full_disk_leaves_the_old_signature() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let Some(disk) = SmallDisk::mount(&fixture.path("disk")) else { return };
    let signature = disk.0.join("model.sig");
    assert_accepted("room", &sign_to(&fixture, &key, &signature));
    let old = fs::read(&signature).unwrap();
    disk.fill();
    for place in ["model.sig", "new.sig"] {
        let output = sign_to(&fixture, &key, &disk.0.join(place));
        assert_eq!(output.status.code(), Some(3), "{place}");
        let error = &json(&output)["error"];
        assert_eq!(error["causes"][0], format!("cannot write {}", disk.0.join(place).display()));
        assert!(error["causes"][1].as_str().unwrap().contains("No space left"), "{error}");
    }
    assert_eq!(fs::read(&signature).unwrap(), old);
    let mut names: Vec<_> = fs::read_dir(&disk.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["filler", "model.sig"], "nothing is left beside");
}

/// Every command with a result, by name.
fn commands(fixture: &Fixture, key: &KeyFiles) -> Vec<(&'static str, Vec<PathBuf>)> {
    let mut sign: Vec<PathBuf> = ["sign", "key", "--private-key"].map(Into::into).into();
    sign.extend([key.private.clone(), "--signature".into(), fixture.path("new.sig"), fixture.model()]);
    vec![
        ("digest", vec!["digest".into(), fixture.model()]),
        ("verify", verify_words(fixture, key)),
        ("sign", sign),
        ("completions", vec!["completions".into(), "bash".into()]),
        ("demo", vec!["demo".into()]),
    ]
}

fn verify_words(fixture: &Fixture, key: &KeyFiles) -> Vec<PathBuf> {
    let words = ["verify", "key", "--public-key"].map(PathBuf::from).into_iter();
    words.chain([key.public.clone(), "--signature".into(), fixture.signature(), fixture.model()]).collect()
}

fn sign_to(fixture: &Fixture, key: &KeyFiles, signature: &Path) -> Output {
    let mut command = secureml();
    command.args(["--format", "json", "sign", "key", "--private-key"]).arg(&key.private);
    command.arg("--signature").arg(signature).arg(fixture.model()).output().unwrap()
}

/// What cannot be added leaves no empty folder either.
#[test]
fn a_full_disk_takes_no_further_signature() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let Some(disk) = SmallDisk::mount(&fixture.path("disk")) else { return };
    let signature = disk.0.join("model.sig");
    assert_accepted("room", &sign_to(&fixture, &key, &signature));
    disk.fill();
    let mut add = secureml();
    add.args(["--format", "json", "sign", "key", "--add", "--private-key"]).arg(&key.private);
    let output = add.arg("--signature").arg(&signature).arg(fixture.model()).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(!disk.0.join("model.sig.d").exists());
}

/// It is the package that cannot be written, and not the model that cannot be read.
#[test]
fn a_full_disk_takes_no_package() {
    let fixture = Fixture::with(&[("large.bin", &[7; 200_000])]);
    let key = fixture.key("key", Curve::P256);
    let Some(disk) = SmallDisk::mount(&fixture.path("disk")) else { return };
    assert_accepted("sign", &sign_to(&fixture, &key, &fixture.signature()));
    let mut create = secureml();
    create.args(["--format", "json", "package", "create", "--private-key"]).arg(&key.private).arg("--signature");
    let output =
        create.arg(fixture.signature()).arg(fixture.model()).arg("-o").arg(disk.0.join("x.sml")).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let error = &json(&output)["error"];
    assert_eq!(error["causes"][0], "cannot write the package");
    assert!(error["causes"][1].as_str().unwrap().contains("No space left"), "{error}");
    assert_eq!(fs::read_dir(&disk.0).unwrap().count(), 0);
}

/// A stream on which every write fails as on a full disk.
fn full_device() -> Option<Stdio> {
    let device = File::options().write(true).open("/dev/full");
    if device.is_err() {
        skip("there is no /dev/full on this machine");
    }
    device.ok().map(Stdio::from)
}

/// A pipe whose reader has gone.
fn closed_pipe() -> Option<Stdio> {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    Some(writer.into())
}
