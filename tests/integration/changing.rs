//! Files that change while they are read: an error, never a digest of something that was not there.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use secureml::crypto::Curve;

use crate::support::{Fixture, assert_accepted, json, secureml};

/// Zeros that take no room on the disk, enough to be read for a while.
pub(crate) const SIZE: u64 = 256 << 20;
/// How often a change is tried that came too late.
pub(crate) const TRIES: u32 = 50;

/// What happens to a file, by name.
type Change = (&'static str, fn(&Path));

const CHANGES: [Change; 5] = [
    ("a byte at the end", |file| write_at(file, SIZE - 1)),
    ("a byte at the start", |file| write_at(file, 0)),
    ("appended", |file| write_at(file, SIZE)),
    ("cut", |file| File::options().write(true).open(file).unwrap().set_len(SIZE / 2).unwrap()),
    ("replaced", |file| {
        let other = file.with_extension("other");
        File::create(&other).unwrap().set_len(SIZE).unwrap();
        fs::rename(other, file).unwrap();
    }),
];

#[test]
fn a_digest_is_that_of_the_file_before_or_after_or_none() {
    let fixture = Fixture::with(&[]);
    let file = fixture.model().join("large.bin");
    for words in
        [["--hash", "sha256"].as_slice(), &["--hash", "blake3"], &["--method", "shards", "--shard-size", "64MiB"]]
    {
        let digest = || {
            let mut command = secureml();
            command.args(["--format", "json", "digest"]).args(words).arg(fixture.model());
            command
        };
        fresh(&file);
        let before = digest_of(&digest().output().unwrap());
        for (name, change) in CHANGES {
            let mut seen = false;
            for _ in 0..TRIES {
                fresh(&file);
                let output = meanwhile(&mut digest(), &file, change);
                seen = output.status.code() == Some(3);
                if seen {
                    assert_unstable(name, &output);
                    break;
                }
                let after = digest_of(&digest().output().unwrap());
                let found = digest_of(&output);
                assert!(found == before || found == after, "{name}, {words:?}: the digest of neither");
            }
            assert!(seen, "{name}, {words:?}: every change came too late");
        }
    }
}

#[test]
fn neither_a_signature_nor_a_verdict_comes_of_a_file_that_changes() {
    let fixture = Fixture::with(&[]);
    let key = fixture.key("key", Curve::P256);
    let file = fixture.model().join("large.bin");
    fresh(&file);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let mut verify = secureml();
    verify.args(["--format", "json", "verify", "key", "--public-key"]).arg(&key.public);
    verify.arg("--signature").arg(fixture.signature()).arg(fixture.model());
    let mut sign = secureml();
    sign.args(["--format", "json", "sign", "key", "--private-key"]).arg(&key.private);
    sign.arg("--signature").arg(fixture.path("new.sig")).arg(fixture.model());
    for (name, command) in [("verify", &mut verify), ("sign", &mut sign)] {
        let mut seen = false;
        for _ in 0..TRIES {
            fresh(&file);
            let output = meanwhile(command, &file, |file| write_at(file, SIZE));
            seen = output.status.code() == Some(3);
            if seen {
                assert_unstable(name, &output);
                break;
            }
        }
        assert!(seen, "{name}: every change came too late");
    }
    assert!(!fixture.path("new.sig").exists());
}

/// Makes the file anew, and waits until the file system's clock has moved on: a change within one of its ticks leaves no
/// trace that anybody could see.
pub(crate) fn fresh(file: &Path) {
    File::create(file).unwrap().set_len(SIZE).unwrap();
    let changed = |path: &Path| fs::metadata(path).map(|found| (found.ctime(), found.ctime_nsec())).unwrap();
    let made = changed(file);
    // Beside the model, on the same file system.
    let probe = file.parent().and_then(Path::parent).expect("the model's folder").join("probe");
    loop {
        fs::write(&probe, "tick").unwrap();
        if changed(&probe) > made {
            return;
        }
    }
}

/// Runs a command, and changes the file as soon as the command has opened it.
pub(crate) fn meanwhile(command: &mut Command, file: &Path, change: fn(&Path)) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    while !has_open(&child, file) && child.try_wait().expect("a child").is_none() {}
    change(file);
    child.wait_with_output().expect("a child")
}

/// Whether a process has this file open.
fn has_open(child: &Child, file: &Path) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{}/fd", child.id())) else { return false };
    open.flatten().any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == file))
}

pub(crate) fn write_at(file: &Path, offset: u64) {
    File::options().write(true).open(file).unwrap().write_all_at(b"x", offset).unwrap();
}

fn digest_of(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    json(output)["manifest"]["digest"].as_str().expect("a digest").to_owned()
}

pub(crate) fn assert_unstable(name: &str, output: &Output) {
    let error = &json(output)["error"];
    assert_eq!(error["causes"][0], "large.bin changed while it was being read", "{name}");
    assert_eq!(error["help"], "wait until nothing writes to the model, and try again", "{name}");
}
