//! Killed at any moment: an addition can be put right, an extraction is whole or absent.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use secureml::crypto::Curve;

use super::parts::Parts;
use super::scene::{create, names, package, tree};
use crate::support::{Fixture, KeyFiles, assert_accepted, json};

/// How often each is killed; an extraction half as often, since it waits for the whole disk.
const ROUNDS: u32 = 60;

fn packaged(files: usize) -> (Fixture, KeyFiles) {
    let names: Vec<String> = (0..files).map(|index| format!("folder-{}/file-{index}", index % 7)).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    let fixture = Fixture::with(&files);
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert_accepted("create", &create(&fixture, &key, &[]));
    (fixture, key)
}

#[test]
fn an_addition_that_is_killed_can_be_put_right() {
    let (fixture, key) = packaged(300);
    let (place, tail) = (fixture.path("model.sml"), fixture.path("model.sml.tail"));
    let finished = fs::read(&place).unwrap();
    let add = || {
        let mut add = package("add-signature");
        add.arg("--private-key").arg(&key.private).arg(&place).stdout(Stdio::null()).stderr(Stdio::null());
        add
    };
    let verify = || package("verify").arg("--public-key").arg(&key.public).arg(&place).output().unwrap();
    let whole = time(&mut add());
    let (mut interrupted, mut untouched, mut added) = (0, 0, 0);
    for round in 0..ROUNDS {
        fs::write(&place, &finished).unwrap();
        let mut child = add().spawn().expect("the program starts");
        // In every other round as soon as the saved end is there; the others are spread over the whole
        // time, from its first moment on.
        if round % 2 == 0 {
            let place = || fs::metadata(&place).map_or(0, |found| found.len());
            let before = place();
            while child.try_wait().unwrap().is_none() {
                let later = round % 4 == 0 && place() == before;
                if tail.exists() && !later {
                    break;
                }
            }
        } else if round > 1 {
            wait(whole * ((round * 37) % ROUNDS) / ROUNDS);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let verdict = verify();
        if tail.exists() {
            assert_eq!(verdict.status.code(), Some(3), "{verdict:?}");
            let error = json(&verdict)["error"].to_string();
            assert!(error.contains("`secureml package add-signature` repairs the package first"), "{error}");
            interrupted += 1;
        } else {
            assert_accepted("after the kill", &verdict);
            let bytes = fs::read(&place).unwrap();
            if bytes == finished {
                untouched += 1;
            } else {
                added += 1;
            }
        }
        assert!(add().status().unwrap().success(), "the next one repairs it");
        assert!(!tail.exists());
        assert_accepted("repaired", &verify());
        let parts = Parts::of(&fs::read(&place).unwrap());
        let directory = Parts::of(&finished).archive().directory();
        assert_eq!(fs::read(&place).unwrap()[..directory], finished[..directory]);
        assert!(parts.entries.last().unwrap().0.starts_with("secureml/signatures/"));
    }
    println!("{interrupted} interrupted, {untouched} untouched, {added} added");
    assert!(interrupted > 0 && untouched > 0, "both ends must be seen");
}

#[test]
fn an_extraction_that_is_killed_leaves_the_whole_model_or_none() {
    let (fixture, key) = packaged(200);
    let folder = fixture.path("out");
    fs::create_dir(&folder).unwrap();
    let target = folder.join("model");
    let extract = || {
        let mut extract = package("extract");
        extract.arg("--public-key").arg(&key.public).arg("--output").arg(&target).arg(fixture.path("model.sml"));
        extract.stdout(Stdio::null()).stderr(Stdio::null());
        extract
    };
    let whole = time(&mut extract());
    let expected = tree(&fixture.model());
    let (mut absent, mut present) = (0, 0);
    for round in 0..ROUNDS / 2 {
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        let mut child = extract().spawn().expect("the program starts");
        // As soon as it begins to write, as soon as the model is there, and at moments between and before.
        match round % 3 {
            0 => while child.try_wait().unwrap().is_none() && names(&folder).is_empty() {},
            1 => while child.try_wait().unwrap().is_none() && !target.exists() {},
            _ => wait(whole * ((round * 37) % ROUNDS) / ROUNDS),
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if target.exists() {
            assert_eq!(tree(&target), expected);
            present += 1;
        } else {
            absent += 1;
        }
        // What a kill leaves beside is no model, and keeps nobody from extracting.
        let left = names(&folder).into_iter().filter(|name| name != "model");
        assert!(
            left.clone().all(|name| name.starts_with(".secureml-") && name.ends_with(".tmp")),
            "{:?}",
            names(&folder)
        );
        if absent > 0 && !target.exists() {
            assert!(extract().status().unwrap().success());
            assert_eq!(tree(&target), expected);
        }
    }
    println!("{absent} absent, {present} whole");
    assert!(absent > 0 && present > 0, "both ends must be seen");
}

/// The old package or the new one is there, whole.
#[test]
fn a_package_that_is_made_anew_takes_the_place_of_the_old_one_at_once() {
    let (fixture, key) = packaged(200);
    let place = fixture.path("model.sml");
    let make = || {
        let mut make = package("create");
        make.current_dir(fixture.path(""))
            .arg("--private-key")
            .arg(&key.private)
            .args(["-o", "model.sml", "--overwrite"])
            .arg("model");
        make.stdout(Stdio::null()).stderr(Stdio::null());
        make
    };
    let whole = time(&mut make());
    let inode = || fs::metadata(&place).map(|found| found.ino()).unwrap();
    let (mut old, mut new) = (0, 0);
    for round in 0..ROUNDS {
        let (before, first) = (fs::read(&place).unwrap(), inode());
        let mut child = make().spawn().expect("the program starts");
        // At once, as soon as the new one is there, and at moments between.
        match round % 3 {
            0 => {}
            1 => while child.try_wait().unwrap().is_none() && inode() == first {},
            _ => wait(whole * ((round * 37) % ROUNDS) / ROUNDS),
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if fs::read(&place).unwrap() == before {
            old += 1;
        } else {
            new += 1;
        }
        let mut verify = package("verify");
        assert_accepted("after", &verify.arg("--public-key").arg(&key.public).arg(&place).output().unwrap());
    }
    println!("the old package {old} times, a new one {new} times");
    assert!(old > 0 && new > 0, "both ends must be seen");
}

/// How long a command takes from start to end.
fn time(command: &mut Command) -> Duration {
    let started = Instant::now();
    assert!(command.status().expect("the program starts").success());
    started.elapsed()
}

/// The moment is what varies here; nothing is asserted of it.
fn wait(moment: Duration) {
    let started = Instant::now();
    while started.elapsed() < moment {
        std::hint::spin_loop();
    }
}

/// Ctrl-C, or the end of a job: nothing is left, and whoever waits sees the signal.
#[test]
fn an_extraction_that_is_interrupted_clears_away() {
    use std::os::unix::process::ExitStatusExt as _;
    let fixture = Fixture::with(&[("weights.bin", &vec![7; 128 << 20])]);
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert_accepted("create", &create(&fixture, &key, &[]));
    let before = names(fixture.path(""));
    for (signal, number) in [("INT", 2), ("TERM", 15)] {
        // An extraction may be at its end before the signal comes.
        let interrupted = (0..20).any(|_| {
            let mut extract = package("extract");
            extract.args(["--output", "out", "model.sml", "--public-key"]).arg(&key.public);
            let mut child = extract.current_dir(fixture.path("")).stdout(Stdio::null()).spawn().unwrap();
            while child.try_wait().unwrap().is_none() && names(fixture.path("")) == before {}
            let sent = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status();
            assert!(sent.is_ok());
            let status = child.wait().unwrap();
            if status.success() {
                fs::remove_dir_all(fixture.path("out")).unwrap();
            }
            assert_eq!(names(fixture.path("")), before, "{signal}: {status}");
            status.signal() == Some(number)
        });
        assert!(interrupted, "{signal}");
    }
}
