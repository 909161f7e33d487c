//! What is neither a file nor a folder, cannot be read, or has a name that no manifest can hold: named, and never waited
//! for.
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use secureml::crypto::Curve;

use crate::support::{Fixture, KeyFiles, assert_accepted, assert_refused, findings, json, secureml, skip};

/// How a special file is made, if this user may, and what it is called.
type Special = (fn(&Path) -> bool, &'static str);

const SPECIALS: [Special; 3] = [(pipe, "is a named pipe"), (socket, "is a socket"), (device, "is a device")];

#[test]
fn pipes_sockets_and_devices_are_refused_by_name() {
    for (make, kind) in SPECIALS {
        let fixture = Fixture::new();
        let key = fixture.key("key", Curve::P256);
        assert_accepted(kind, &fixture.sign(&key, &[]));
        let place = fixture.model().join("weights/odd");
        if !make(&place) {
            continue;
        }
        // As an extra.
        let reason = format!("weights/odd: {kind}");
        assert_refused(kind, &fixture.verify(&key, &[]), "file-special", &reason);
        assert_accepted(kind, &fixture.verify(&key, &["--ignore-unsigned-files"]));
        assert_refused(kind, &digest(&fixture.model()), "not-signable", &reason);
        let signed = fixture.sign(&key, &[]);
        assert_refused(kind, &signed, "not-signable", &reason);
        assert_eq!(json(&signed)["error"]["help"], "leave them out with --ignore-paths, or remove them");
        assert_accepted(kind, &fixture.sign(&key, &["--ignore-paths", place.to_str().unwrap()]));
        // As the model.
        let output = digest(&place);
        assert_eq!(output.status.code(), Some(1), "{kind}");
        assert_eq!(json(&output)["error"]["causes"][0], format!("the model {} {kind}", place.display()));
        // In the place of a signed file.
        fs::remove_file(&place).unwrap();
        let place = fixture.model().join("config.json");
        fs::remove_file(&place).unwrap();
        make(&place);
        for words in [[].as_slice(), &["--ignore-unsigned-files"]] {
            let reason = format!("config.json: {kind}, signed as a file");
            assert_refused(kind, &fixture.verify(&key, words), "file-special", &reason);
        }
    }
}

#[test]
fn names_that_are_not_utf_8_are_refused_by_name() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let name = |bytes: &'static [u8]| fixture.model().join("weights").join(OsStr::from_bytes(bytes));
    if fs::write(name(b"bad-\xff.bin"), "x").is_err() {
        skip("this file system takes UTF-8 names alone");
        return;
    }
    fs::create_dir(name(b"\xc3")).unwrap();
    fs::write(name(b"\xc3").join("inside"), "x").unwrap();
    let signed = fixture.sign(&key, &[]);
    let verified = fixture.verify(&key, &[]);
    for name in ["weights/bad-\u{fffd}.bin", "weights/\u{fffd}"] {
        let reason = format!("{name}: has a name that is not UTF-8");
        assert_refused(name, &signed, "not-signable", &reason);
        assert_refused(name, &verified, "file-name-not-utf8", &format!("{reason}, not signed"));
    }
    assert_eq!(findings(&signed).len(), 2);
    assert_accepted("unsigned", &fixture.verify(&key, &["--ignore-unsigned-files"]));
    let folder = fixture.model().join("weights");
    assert_accepted("left out", &fixture.sign(&key, &["--ignore-paths", folder.to_str().unwrap()]));
}

#[test]
fn a_model_or_rule_that_is_not_utf_8_is_named() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let bad = fixture.path("").join(OsStr::from_bytes(b"bad-\xff"));
    if fs::create_dir(&bad).is_err() {
        skip("this file system takes UTF-8 names alone");
        return;
    }
    fs::write(bad.join("a.bin"), "a").unwrap();
    let mut command = secureml();
    command.args(["--format", "json", "sign", "key", "--private-key"]).arg(&key.private);
    let output = command.arg("--signature").arg(fixture.signature()).arg(&bad).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(json(&output)["error"]["causes"][0].as_str().unwrap().ends_with("has a name that is not UTF-8"));
    // The digest does not hold the name, so it can be had.
    assert_accepted("digest", &digest(&bad));
    let mut command = secureml();
    command.args(["--format", "json", "digest", "--ignore-paths"]);
    let rule = fixture.model().join(OsStr::from_bytes(b"bad-\xff"));
    let output = command.arg(rule).arg(fixture.model()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(json(&output)["error"]["causes"][0].as_str().unwrap().ends_with("it is not UTF-8"));
}

#[test]
fn what_cannot_be_read_is_undecided_and_named() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let model = fixture.model();
    for (name, kind) in [("weights/part-2.bin", "file"), ("weights", "folder"), ("", "model")] {
        let place = model.join(name);
        let before = fs::metadata(&place).unwrap().permissions();
        fs::set_permissions(&place, Permissions::from_mode(0o000)).unwrap();
        let outputs =
            [unprivileged(&fixture, &digest_words(&model)), unprivileged(&fixture, &verify_words(&fixture, &key))];
        fs::set_permissions(&place, before).unwrap();
        for output in outputs {
            let Some(output) = output else { return };
            assert_eq!(output.status.code(), Some(3), "{kind}: {}", String::from_utf8_lossy(&output.stdout));
            let error = &json(&output)["error"];
            let causes = error["causes"].to_string();
            assert!(causes.contains(name) && causes.contains("Permission denied"), "{kind}: {causes}");
            assert_eq!(error["help"], "make it readable for this user, or leave it out with --ignore-paths", "{kind}");
        }
    }
    let Some(output) = unprivileged(&fixture, &verify_words(&fixture, &key)) else { return };
    assert_accepted("readable again", &output);
}

/// A folder that may be read but not entered, and one that may be entered but not read.
#[test]
fn folders_that_are_half_closed_are_undecided() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    for mode in [0o444, 0o111] {
        let place = fixture.model().join("weights");
        fs::set_permissions(&place, Permissions::from_mode(mode)).unwrap();
        let output = unprivileged(&fixture, &verify_words(&fixture, &key));
        fs::set_permissions(&place, Permissions::from_mode(0o755)).unwrap();
        let Some(output) = output else { return };
        assert_eq!(output.status.code(), Some(3), "{mode:o}");
        assert!(json(&output)["error"]["causes"].to_string().contains("weights"), "{mode:o}");
    }
}

#[test]
fn keys_and_signatures_may_come_through_pipes() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let mut command = secureml();
    command.args(["--format", "json", "sign", "key", "--private-key", "/dev/stdin", "--signature"]);
    command.arg(fixture.signature()).arg(fixture.model());
    assert_accepted("private key", &piped(command, &fs::read(&key.private).unwrap()));
    let mut command = secureml();
    command.args(["--format", "json", "verify", "key", "--signature", "/dev/stdin", "--public-key"]);
    command.arg(&key.public).arg(fixture.model());
    assert_accepted("signature", &piped(command, &fs::read(fixture.signature()).unwrap()));
    let mut command = secureml();
    command.args(["--quiet", "sign", "key", "--signature", "/dev/stdout", "--private-key"]).arg(&key.private);
    let output = command.arg(fixture.model()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    fs::write(fixture.signature(), &output.stdout).unwrap();
    assert_accepted("written to a pipe", &fixture.verify(&key, &[]));
}

fn pipe(place: &Path) -> bool {
    mknodat(CWD, place, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    true
}

fn socket(place: &Path) -> bool {
    // The name stays when nobody listens any more.
    drop(UnixListener::bind(place).expect("a short path"));
    true
}

/// The null device under another name; only root makes devices.
fn device(place: &Path) -> bool {
    let made = mknodat(CWD, place, FileType::CharacterDevice, Mode::RUSR | Mode::WUSR, makedev(1, 3)).is_ok();
    if !made {
        skip("this user may not make devices");
    }
    made
}

fn digest_words(model: &Path) -> Vec<std::ffi::OsString> {
    vec!["--format".into(), "json".into(), "digest".into(), model.into()]
}

fn verify_words(fixture: &Fixture, key: &KeyFiles) -> Vec<std::ffi::OsString> {
    let mut words = ["--format", "json", "verify", "key", "--public-key"].map(Into::into).to_vec();
    words.extend([key.public.clone().into(), "--signature".into(), fixture.signature().into(), fixture.model().into()]);
    words
}

fn digest(model: &Path) -> Output {
    secureml().args(digest_words(model)).output().unwrap()
}

/// Runs the program as a user who may not read everything: this one, or nobody where this one is root. `None`, said
/// aloud, where root cannot become anybody else.
fn unprivileged(fixture: &Fixture, words: &[std::ffi::OsString]) -> Option<Output> {
    let place = fixture.path("");
    if fs::metadata(&place).unwrap().uid() != 0 {
        return Some(secureml().args(words).output().unwrap());
    }
    fs::set_permissions(&place, Permissions::from_mode(0o755)).unwrap();
    // Root's own folders may be closed to nobody, so the program comes along.
    let program = place.join("secureml");
    if !program.exists() {
        fs::copy(secureml().get_program(), &program).unwrap();
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program).args(words);
    let Ok(output) = command.env_remove("CI").output() else {
        skip("root may read everything, and there is no setpriv to be somebody else");
        return None;
    };
    Some(output)
}

/// Runs a command with this on its standard input.
fn piped(mut command: Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}
