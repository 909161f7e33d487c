//! A signer that is killed at any moment leaves the old signature or the new one, whole.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use secureml::crypto::Curve;

use crate::support::{Fixture, assert_accepted, secureml};

/// How often it is killed.
const ROUNDS: u32 = 200;
const SIGKILL: i32 = 9;

#[test]
fn the_old_signature_or_the_new_one_is_there() {
    let names: Vec<String> = (0..500).map(|index| format!("folder-{}/file-{index}", index % 7)).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    let fixture = Fixture::with(&files);
    let key = fixture.key("key", Curve::P256);
    let mut sign = secureml();
    sign.args(["sign", "key", "--private-key"]).arg(&key.private).arg("--signature").arg(fixture.signature());
    sign.arg(fixture.model()).stdout(Stdio::null());
    assert!(sign.status().unwrap().success());
    assert_accepted("before", &fixture.verify(&key, &[]));

    let mut moment = time(&mut sign);
    let (mut killed, mut old, mut new) = (0, 0, 0);
    for round in 0..ROUNDS {
        let before = fs::read(fixture.signature()).unwrap();
        // Every other round at any moment; those between draw near to the end, where the file takes its place.
        let spread = moment * ((round * 37) % ROUNDS) / ROUNDS;
        let early = killed_after(&mut sign, if round % 2 == 0 { spread } else { moment });
        if round % 2 == 1 {
            moment = if early { moment * 21 / 20 } else { moment * 19 / 20 };
        }
        killed += u32::from(early);
        let after = fs::read(fixture.signature()).unwrap();
        if after == before {
            old += 1;
        } else {
            new += 1;
        }
        assert_accepted("after", &fixture.verify(&key, &[]));
    }
    eprintln!("killed {killed} of {ROUNDS} times; the old signature {old} times, a new one {new} times");
    assert!(killed > 0 && old > 0 && new > 0, "both ends must be seen");
    // What a killed signer leaves beside does not keep the next one from working.
    assert!(sign.status().unwrap().success());
    assert_accepted("in the end", &fixture.verify(&key, &[]));
}

/// A signature inside the model is written there too; what a kill leaves of that is neither a file of the model nor a
/// reason to refuse it.
#[test]
fn what_it_leaves_in_a_model_is_no_file_of_it() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let signature = fixture.model().join("model.sig");
    let mut sign = secureml();
    sign.args(["sign", "key", "--private-key"]).arg(&key.private).arg("--signature").arg(&signature);
    sign.arg(fixture.model()).stdout(Stdio::null());
    assert!(sign.status().unwrap().success());
    let before = entries(&fixture.model());
    for _ in 0..ROUNDS {
        let mut child = sign.spawn().expect("the program starts");
        while child.try_wait().expect("a child").is_none() {
            if entries(&fixture.model()) != before {
                child.kill().expect("a child that nobody waited for");
            }
        }
        if entries(&fixture.model()) != before {
            break;
        }
    }
    let left: Vec<_> = entries(&fixture.model()).difference(&before).cloned().collect();
    eprintln!("left in the model: {left:?}");
    let mut verify = secureml();
    verify.args(["--format", "json", "verify", "key", "--public-key"]).arg(&key.public).arg("--signature");
    assert_accepted("after the kill", &verify.arg(&signature).arg(fixture.model()).output().unwrap());
    assert!(sign.status().unwrap().success());
    let signed = crate::signed::names(&signature);
    assert!(left.iter().all(|name| !signed.contains(name)), "{signed:?}");
}

/// The names in a folder.
fn entries(folder: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().expect("UTF-8")).collect()
}

/// How long a command takes from start to end.
pub(crate) fn time(command: &mut Command) -> Duration {
    let started = Instant::now();
    assert!(command.status().expect("the program starts").success());
    started.elapsed()
}

/// Starts a command and kills it at this moment; says whether it was still running then.
pub(crate) fn killed_after(command: &mut Command, moment: Duration) -> bool {
    let started = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    // The moment is what varies here; nothing is asserted of it.
    while started.elapsed() < moment {
        std::hint::spin_loop();
    }
    child.kill().expect("a child that nobody waited for");
    let status = child.wait().expect("a child");
    assert!(status.success() || status.signal() == Some(SIGKILL), "{status}");
    !status.success()
}
