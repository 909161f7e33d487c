//! Where results are written, and what becomes of them when something goes wrong meanwhile.

use std::fs;
use std::process::{Command, Stdio};

use super::scene::{Scene, assert_failed};
use crate::support::{assert_accepted, json, secureml};

/// How often the program is killed.
#[cfg(target_os = "linux")]
const ROUNDS: u32 = 60;

#[test]
fn nothing_is_overwritten_but_its_own_kind() {
    let scene = Scene::new();
    scene.create("");
    assert_accepted("prove", &scene.run("prove config.json --range 0-1"));
    scene.create("--sign --key key.pem");
    let others = ["key.pem", "model/config.json", "model/weights/part-1.bin"];
    for place in others {
        let before = scene.read(place);
        for (line, kind) in [
            (format!("create model --output {place}"), "is not a fingerprint"),
            (format!("create model --sign --key key.pem --output {place}"), "is not a signature"),
            (format!("prove config.json --range 0-1 --output {place}"), "is not a proof"),
        ] {
            assert_failed(&line, &scene.run(&line), 2, &[&format!("{place} exists and {kind}"), "give another path"]);
            assert_eq!(scene.read(place), before, "{line}");
        }
    }
    for (line, kind) in [
        ("create model --output proof.json", "is not a fingerprint"),
        ("create model --sign --key key.pem --output fingerprint.json", "is not a signature"),
        ("prove config.json --range 0-1 --output fingerprint.json", "is not a proof"),
        ("create model/config.json --output model/config.json", "it is the model itself"),
    ] {
        assert_failed(line, &scene.run(line), 2, &[kind]);
    }
    for line in ["create model", "prove config.json --range 3-9"] {
        assert_accepted(line, &scene.run(line));
    }
    let before = scene.read("fingerprint.sig");
    let bare = "create model --output fingerprint.sig";
    assert_failed(bare, &scene.run(bare), 2, &["fingerprint.sig exists and is signed", "give another path"]);
    assert_eq!(scene.read("fingerprint.sig"), before);
    // A newer one takes its place, as with signatures; that of a signature of the model it does not.
    assert_accepted("again", &scene.run("create model --sign --key key.pem"));
    assert_ne!(scene.read("fingerprint.sig"), before);
    assert_accepted("sign", &scene.program("sign key --private-key key.pem --signature model.sig model"));
    let before = scene.read("model.sig");
    let over = "create model --sign --key key.pem --output model.sig";
    assert_failed(over, &scene.run(over), 2, &["model.sig exists and is signed", "give another path"]);
    assert_eq!(scene.read("model.sig"), before);
}

#[test]
fn a_missing_folder_is_told() {
    let scene = Scene::new();
    scene.create("");
    for line in [
        "create model --output absent/f.json",
        "create model --sign --key key.pem --output absent/f.sig",
        "prove config.json --range 0-1 --output absent/p.json",
    ] {
        assert_failed(line, &scene.run(line), 3, &["cannot write absent/"]);
    }
}

#[test]
fn a_pipe_takes_it_as_well() {
    let scene = Scene::new();
    scene.create("");
    let mut command = secureml();
    command.current_dir(scene.fixture.path("")).args(["--quiet", "fingerprint", "create", "model"]);
    let output = command.args(["--output", "/dev/stdout"]).stderr(Stdio::null()).output().unwrap();
    assert_eq!(output.stdout, scene.read("fingerprint.json"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_kill_leaves_the_old_fingerprint_or_the_new_one() {
    use crate::killed::{killed_after, time};
    let names: Vec<String> = (0..300).map(|index| format!("folder-{}/file-{index}", index % 7)).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    let scene = Scene::with(&files);
    let create = |chunk_bytes: u32| {
        let mut command: Command = secureml();
        command.current_dir(scene.fixture.path("")).args(["fingerprint", "create", "model", "--chunk-size"]);
        command.arg(chunk_bytes.to_string()).stdout(Stdio::null());
        command
    };
    let mut moment = time(&mut create(1000));
    let (mut killed, mut old, mut new) = (0, 0, 0);
    for round in 0..ROUNDS {
        let before = scene.read("fingerprint.json");
        let spread = moment * ((round * 37) % ROUNDS) / ROUNDS;
        let early = killed_after(&mut create(1001 + round), if round % 2 == 0 { spread } else { moment });
        if round % 2 == 1 {
            moment = if early { moment * 21 / 20 } else { moment * 19 / 20 };
        }
        killed += u32::from(early);
        let after = scene.document("fingerprint.json");
        if scene.read("fingerprint.json") == before {
            old += 1;
        } else {
            assert_eq!(after["merkle"]["chunkBytes"], 1001 + round, "whole, and the one of this round");
            new += 1;
        }
        assert_accepted("after", &scene.run("verify model"));
    }
    eprintln!("killed {killed} of {ROUNDS} times; the old fingerprint {old} times, a new one {new} times");
    assert!(killed > 0 && old > 0 && new > 0, "both ends must be seen");
}

#[test]
#[cfg(target_os = "linux")]
fn neither_a_fingerprint_nor_a_verdict_comes_of_a_file_that_changes() {
    use crate::changing::{SIZE, TRIES, assert_unstable, fresh, meanwhile, write_at};
    let scene = Scene::with(&[]);
    let file = scene.fixture.path("model/large.bin");
    fresh(&file);
    scene.create("--algorithms sha256 --output before.json");
    let before = scene.read("before.json");
    for (name, line) in [
        ("create", "fingerprint create model --algorithms sha256,blake3"),
        ("sign the fingerprint", "fingerprint create model --algorithms sha256 --sign --key key.pem"),
        ("sign both", "sign key --private-key key.pem --fingerprint model"),
        ("verify", "fingerprint verify model --fingerprint before.json"),
    ] {
        let mut seen = false;
        for _ in 0..TRIES {
            fresh(&file);
            for made in ["fingerprint.json", "fingerprint.sig", "model.sig", "model.fingerprint.sig"] {
                // What a change left that came too late.
                drop(fs::remove_file(scene.fixture.path(made)));
            }
            let mut command = secureml();
            command.current_dir(scene.fixture.path("")).args(["--format", "json"]).args(line.split(' '));
            let output = meanwhile(&mut command, &file, |file| write_at(file, SIZE));
            seen = output.status.code() == Some(3);
            if seen {
                assert_unstable(name, &output);
                break;
            }
            assert!(json(&output)["outcome"] != "misuse", "{name}");
        }
        assert!(seen, "{name}: every change came too late");
        for made in ["fingerprint.json", "fingerprint.sig", "model.sig", "model.fingerprint.sig"] {
            assert!(!scene.fixture.path(made).exists(), "{name}: {made}");
        }
    }
    assert_eq!(scene.read("before.json"), before);
}
