//! Proofs that bytes belong to a model: of every range, and against other bytes, models and roots.

use std::fs;

use super::oracle::model_root;
use super::scene::{Scene, assert_failed, bytes};
use crate::support::{assert_accepted, assert_refused, json};

const TRUSTED: &str = "--fingerprint fingerprint.sig --public-key key.pub.pem";

#[test]
fn every_range_is_proved_with_the_chunks_around_it() {
    let content = bytes(10);
    let scene = Scene::with(&[("a", b""), ("b/data.bin", &content), ("c", b"c"), ("d", &content[..4])]);
    let document = scene.create("--chunk-size 3");
    let root = document["merkle"]["root"].as_str().unwrap();
    for start in 0..10_usize {
        for end in start + 1..=10 {
            let prove = format!("prove b/data.bin --range {start}-{end}");
            assert_accepted(&prove, &scene.run(&prove));
            let proof = scene.document("proof.json");
            let (from, to) = (start / 3 * 3, 10.min(end.div_ceil(3) * 3));
            assert_eq!((&proof["start"], &proof["end"]), (&from.into(), &to.into()), "{prove}");
            scene.write("part", &content[from..to]);
            let check = |root: &str| scene.run(&format!("check-proof proof.json part --root {root}"));
            assert_accepted(&prove, &check(root));
            scene.write("part", &bytes(11)[from + 1..=to]);
            assert_refused(&prove, &check(root), "proof-invalid", "belong to another model");
        }
    }
}

#[test]
fn the_bytes_may_come_alone_or_with_their_file() {
    let scene = signed_scene();
    assert_accepted("prove", &scene.run("prove weights/data.bin --range 1000-1001 --fingerprint fingerprint.sig"));
    scene.write("part", &bytes(2500)[1000..2000]);
    for data in ["part", "model/weights/data.bin"] {
        let output = scene.run(&format!("check-proof proof.json {data} {TRUSTED}"));
        assert_accepted(data, &output);
        assert_eq!(json(&output)["identity"]["method"], "key");
    }
    // What else has changed in the file is nobody's business here.
    let mut file = bytes(2500);
    file[0] ^= 1;
    file[2499] ^= 1;
    scene.write("whole", &file);
    assert_accepted("whole", &scene.run(&format!("check-proof proof.json whole {TRUSTED}")));
    file[1500] ^= 1;
    scene.write("whole", &file);
    let changed = scene.run(&format!("check-proof proof.json whole {TRUSTED}"));
    assert_refused("changed", &changed, "proof-invalid", "the bytes, or the proof, belong to another model");
    for (length, data) in [(999, "short"), (1001, "long"), (0, "none"), (2499, "short file"), (2501, "long file")] {
        scene.write("part", bytes(length));
        let says = format!("it has {length} bytes: neither the 1000 of the range nor the 2500 of the file");
        let output = scene.run(&format!("check-proof proof.json part {TRUSTED}"));
        assert_refused(data, &output, "proof-invalid", &says);
        assert!(json(&output)["error"].is_object() || json(&output)["findings"].is_array());
    }
    assert_failed("no data", &scene.run(&format!("check-proof proof.json absent {TRUSTED}")), 3, &["check the path"]);
}

#[test]
fn a_proof_holds_for_its_own_model() {
    let scene = signed_scene();
    let other = Scene::with(&[("weights/data.bin", &bytes(2500)), ("more.bin", b"more")]);
    other.create("--chunk-size 1000 --sign --key key.pem");
    assert_accepted("prove", &scene.run("prove weights/data.bin --range 0-2500 --fingerprint fingerprint.sig"));
    for file in ["fingerprint.sig", "key.pub.pem"] {
        fs::copy(other.fixture.path(file), scene.fixture.path(&format!("other-{file}"))).unwrap();
    }
    let check = |words: &str| scene.run(&format!("check-proof proof.json model/weights/data.bin {words}"));
    assert_accepted("own", &check(TRUSTED));
    let other = check("--fingerprint other-fingerprint.sig --public-key other-key.pub.pem");
    assert_refused("other", &other, "proof-invalid", "the bytes, or the proof, belong to another model");
    let wrong = check("--fingerprint other-fingerprint.sig --public-key key.pub.pem");
    assert_refused("wrong key", &wrong, "signature-key", "");
    let zero = format!("--root sha256:{}", "00".repeat(32));
    assert_refused("root", &check(&zero), "proof-invalid", "belong to another model");
}

#[test]
fn a_root_has_to_be_known() {
    let scene = signed_scene();
    let document = scene.create("--chunk-size 1000");
    let root = document["merkle"]["root"].as_str().unwrap();
    assert_eq!(root, model_root(&[("config.json", b"{}"), ("empty", b""), ("weights/data.bin", &bytes(2500))], 1000));
    assert_accepted("prove", &scene.run("prove config.json --range 0-1"));
    let check = |words: &str| scene.run(&format!("check-proof proof.json model/config.json {words}"));
    for words in [format!("--root {root}"), format!("--root sha256:{root}")] {
        let output = check(&words);
        assert_accepted(&words, &output);
        assert!(json(&output).get("identity").is_none());
    }
    for words in [
        String::new(),
        "--root".to_owned(),
        "--root 00".to_owned(),
        format!("--root {}", root.to_uppercase()),
        format!("--root sha512:{root}"),
        format!("--root {root} --fingerprint fingerprint.sig"),
        "--fingerprint fingerprint.sig".to_owned(),
        "--public-key key.pub.pem".to_owned(),
    ] {
        assert_eq!(check(&words).status.code(), Some(2), "{words}");
    }
    // A document that nobody signed vouches for nothing.
    let bare = check("--fingerprint fingerprint.json --public-key key.pub.pem");
    assert_refused("bare", &bare, "signature-malformed", "");
    scene.create("--no-merkle --sign --key key.pem --output plain.sig");
    let plain = check("--fingerprint plain.sig --public-key key.pub.pem");
    assert_failed("no trees", &plain, 1, &["the fingerprint has no Merkle trees", "--no-merkle"]);
}

#[test]
fn only_what_is_there_is_proved() {
    let scene = signed_scene();
    scene.create("--chunk-size 1000");
    for (line, says) in [
        ("prove config.json --range 0-3", "the range 0-3 is empty or not within the file's 2 bytes"),
        ("prove empty --range 0-1", "the range 0-1 is empty or not within the file's 0 bytes"),
        ("prove config.json --range 2-18446744073709551615", "not within the file's 2 bytes"),
        ("prove absent.json --range 0-1", "the fingerprint does not list \"absent.json\""),
        ("prove weights --range 0-1", "the fingerprint does not list \"weights\""),
        ("prove . --range 0-1", "the fingerprint does not list \".\""),
        ("prove ../model/config.json --range 0-1", "\"../model/config.json\" is not a file name inside a model"),
        ("prove config.json --range 1-1", "the range is empty"),
        ("prove config.json --range 2-1", "the range is empty"),
        ("prove config.json --range 1", "not of the form A-B"),
        ("prove config.json --range a-b", "is not a number of bytes"),
        ("prove config.json --range 0-99999999999999999999", "is not a number of bytes"),
        ("prove config.json", "--range"),
    ] {
        assert_failed(line, &scene.run(line), 2, &[says]);
    }
    scene.create("--no-merkle");
    let output = scene.run("prove config.json --range 0-1");
    assert_failed("no trees", &output, 2, &["the fingerprint has no Merkle trees"]);
    assert!(!scene.fixture.path("proof.json").exists());
}

#[test]
fn a_single_file_is_called_a_dot() {
    let scene = Scene::with(&[("model.bin", &bytes(100))]);
    assert_accepted("create", &scene.run("create model/model.bin --chunk-size 7"));
    let root = scene.document("fingerprint.json")["merkle"]["root"].as_str().unwrap().to_owned();
    assert_accepted("prove", &scene.run("prove . --range 50-60"));
    assert_accepted("check", &scene.run(&format!("check-proof proof.json model/model.bin --root {root}")));
    assert_failed("name", &scene.run("prove model.bin --range 0-1"), 2, &["does not list \"model.bin\""]);
}

/// As many chunks as there may be: the proof is short, and comes at once.
#[test]
fn long_ranges_have_short_proofs() {
    let scene = Scene::with(&[]);
    let file = fs::File::create(scene.fixture.path("model/zeros.bin")).unwrap();
    file.set_len(secureml::fingerprint::MAX_CHUNKS).unwrap();
    let document = scene.create("--chunk-size 1 --algorithms sha256");
    let root = document["merkle"]["root"].as_str().unwrap();
    for (range, nodes) in [("0-262144", 0), ("1-262144", 1), ("0-262143", 1), ("131071-131073", 34)] {
        assert_accepted(range, &scene.run(&format!("prove zeros.bin --range {range}")));
        assert_eq!(scene.document("proof.json")["inFile"].as_array().unwrap().len(), nodes, "{range}");
        let check = format!("check-proof proof.json model/zeros.bin --root {root}");
        assert_accepted(range, &scene.run(&check));
    }
}

/// A model with `fingerprint.sig`, in chunks of 1,000 bytes.
fn signed_scene() -> Scene {
    let scene = Scene::with(&[("config.json", b"{}"), ("empty", b""), ("weights/data.bin", &bytes(2500))]);
    scene.create("--chunk-size 1000 --sign --key key.pem");
    scene
}
