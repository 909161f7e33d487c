//! What changed about a model is named, down to the bytes.

use std::fs;

use super::scene::{Scene, bytes};
use crate::support::{assert_accepted, assert_refused, findings, json};

/// What happens to the bytes of a file of 2,500, and the bytes that are named for it, in chunks of 1,000.
type Change = (&'static str, fn(&mut Vec<u8>), &'static str);

const CHANGES: &[Change] = &[
    ("the first byte", |bytes| bytes[0] ^= 1, "0-1000"),
    ("the last byte of the first chunk", |bytes| bytes[999] ^= 1, "0-1000"),
    ("the first byte of the second chunk", |bytes| bytes[1000] ^= 1, "1000-2000"),
    ("the last byte of the second chunk", |bytes| bytes[1999] ^= 0x80, "1000-2000"),
    ("the first byte of the last chunk", |bytes| bytes[2000] ^= 1, "2000-2500"),
    ("the last byte", |bytes| bytes[2499] ^= 1, "2000-2500"),
    (
        "two bytes of neighbours",
        |bytes| {
            bytes[999] ^= 1;
            bytes[1000] ^= 1;
        },
        "0-2000",
    ),
    (
        "the first byte and the last",
        |bytes| {
            bytes[0] ^= 1;
            bytes[2499] ^= 1;
        },
        "0-1000, 2000-2500",
    ),
    ("every byte", |bytes| bytes.iter_mut().for_each(|byte| *byte ^= 1), "0-2500"),
    ("two bytes exchanged", |bytes| bytes.swap(10, 1500), "0-2000"),
    (
        "two chunks exchanged",
        |bytes| {
            bytes.rotate_left(1000);
            bytes[1000..].rotate_right(500);
        },
        "0-2500",
    ),
    (
        "a byte taken out in front",
        |bytes| {
            bytes.remove(0);
        },
        "0-2500",
    ),
    ("a byte put in front", |bytes| bytes.insert(0, 1), "0-2501"),
    ("a byte behind", |bytes| bytes.push(0), "2000-2501"),
    ("the last chunk filled up", |bytes| bytes.resize(3000, 0), "2000-3000"),
    ("a chunk more", |bytes| bytes.resize(3001, 0), "2000-3001"),
    ("many chunks more", |bytes| bytes.resize(9000, 0), "2000-9000"),
    ("the last byte cut off", |bytes| bytes.truncate(2499), "2000-2500"),
    ("the last chunk cut off", |bytes| bytes.truncate(2000), "2000-2500"),
    ("the last chunk and a byte cut off", |bytes| bytes.truncate(1999), "1000-2500"),
    ("all cut off", |bytes| bytes.clear(), "0-2500"),
];

#[test]
fn changed_bytes_are_named_by_their_chunks() {
    let content = bytes(2500);
    let scene = Scene::with(&[("other.bin", b"other"), ("weights/data.bin", &content)]);
    scene.create("--chunk-size 1000");
    for (name, change, ranges) in CHANGES {
        let mut changed = content.clone();
        change(&mut changed);
        assert_ne!(changed, content, "{name}");
        scene.write("model/weights/data.bin", &changed);
        let output = scene.run("verify model");
        let expected = format!("weights/data.bin: changed in bytes {ranges}");
        assert_eq!(assert_refused(name, &output, "file-changed", ""), expected, "{name}");
        assert_eq!(json(&output)["outcome"], "refused");
        // Another fingerprint shows the same.
        scene.create("--chunk-size 1000 --output other.json");
        let diff = scene.run("diff fingerprint.json other.json");
        assert_eq!(diff.status.code(), Some(1), "{name}");
        assert_eq!(findings(&diff), [("file-changed".to_owned(), expected)], "{name}");
    }
    scene.write("model/weights/data.bin", &content);
    assert_accepted("put back", &scene.run("verify model"));
}

#[test]
fn files_that_end_with_a_chunk_have_no_short_one() {
    let content = bytes(2000);
    let scene = Scene::with(&[("data.bin", &content)]);
    scene.create("--chunk-size 1000");
    for (length, ranges) in [(2001, "2000-2001"), (1999, "1000-2000"), (1000, "1000-2000"), (3000, "2000-3000")] {
        let mut changed = content.clone();
        changed.resize(length, 1);
        scene.write("model/data.bin", &changed);
        let found = assert_refused("length", &scene.run("verify model"), "file-changed", "");
        assert_eq!(found, format!("data.bin: changed in bytes {ranges}"), "{length}");
    }
}

#[test]
fn five_ranges_are_named_and_more_are_counted_out() {
    let content = bytes(10_000);
    let scene = Scene::with(&[("data.bin", &content)]);
    scene.create("--chunk-size 100");
    for (changes, says) in [
        (5, "changed in bytes 0-100, 200-300, 400-500, 600-700, 800-900"),
        (6, "changed in bytes 0-100, 200-300, 400-500, 600-700, 800-900 and more"),
    ] {
        let mut changed = content.clone();
        (0..changes).for_each(|number| changed[number * 200] ^= 1);
        scene.write("model/data.bin", &changed);
        let found = assert_refused("ranges", &scene.run("verify model"), "file-changed", "");
        assert_eq!(found, format!("data.bin: {says}"));
    }
}

#[test]
fn files_come_go_and_get_other_names() {
    let scene = Scene::new();
    scene.create("");
    scene.write("model/added.bin", "added");
    assert_refused("added", &scene.run("verify model"), "file-unsigned", "added.bin: not signed");
    assert_accepted("left out", &scene.run("verify model --ignore-paths model/added.bin"));
    fs::remove_file(scene.fixture.path("model/added.bin")).unwrap();
    let (from, to) = (scene.fixture.path("model/config.json"), scene.fixture.path("model/settings.json"));
    fs::rename(&from, &to).unwrap();
    let output = scene.run("verify model");
    assert_refused("renamed", &output, "file-renamed", "config.json: renamed to \"settings.json\"");
    assert_eq!(findings(&output).iter().filter(|(rule, _)| rule.starts_with("file-")).count(), 1);
    fs::remove_file(to).unwrap();
    assert_refused("removed", &scene.run("verify model"), "file-missing", "config.json: missing");
    fs::create_dir(&from).unwrap();
    assert_refused("a folder", &scene.run("verify model"), "file-missing", "config.json: missing");
    fs::remove_dir_all(scene.fixture.model()).unwrap();
    assert_eq!(scene.run("verify model").status.code(), Some(3));
}

#[test]
fn fingerprints_are_compared_by_what_both_hold() {
    let scene = Scene::new();
    for (name, words) in [
        ("a.json", "--chunk-size 1000"),
        ("b.json", "--chunk-size 10 --algorithms blake3"),
        ("c.json", "--no-merkle --algorithms sha256"),
        ("d.sig", "--sign --key key.pem"),
    ] {
        scene.create(&format!("{words} --output {name}"));
    }
    for other in ["a.json", "b.json", "c.json", "d.sig"] {
        assert_accepted(other, &scene.run(&format!("diff a.json {other}")));
        assert_accepted(other, &scene.run(&format!("diff {other} a.json")));
    }
    scene.write("model/weights/part-1.bin", [7; 2000]);
    scene.write("model/new.bin", "new");
    fs::remove_file(scene.fixture.path("model/config.json")).unwrap();
    scene.create("--chunk-size 1000 --output changed.json");
    for (other, says) in [("a.json", "changed in bytes 2000-2500"), ("b.json", "changed"), ("c.json", "changed")] {
        let output = scene.run(&format!("diff {other} changed.json"));
        let found = assert_refused(other, &output, "file-changed", "weights/part-1.bin");
        assert_eq!(found, format!("weights/part-1.bin: {says}"));
        assert_refused(other, &output, "file-missing", "config.json");
        assert_refused(other, &output, "file-unsigned", "new.bin");
        assert_eq!(findings(&output).len(), 3);
    }
}

#[test]
fn a_file_that_was_empty_has_no_line_endings() {
    let scene = Scene::with(&[("a", b""), ("b", b"b")]);
    for (file, out) in [("a", "a.json"), ("b", "b.json")] {
        assert_accepted(file, &scene.run(&format!("create model/{file} --no-merkle --output {out}")));
    }
    for line in ["diff a.json b.json", "diff b.json a.json"] {
        let output = scene.run(line);
        assert_eq!(findings(&output), [("file-changed".to_owned(), ".: changed".to_owned())], "{line}");
    }
}

/// Nobody can make such files; the document is made up instead.
#[test]
fn one_digest_that_differs_is_enough() {
    let scene = Scene::new();
    let document = scene.create("--chunk-size 1000 --algorithms sha256,sha512,blake2b,blake3");
    for hash in ["blake2b", "blake3", "sha512"] {
        let mut other = document.clone();
        let digest = other["files"][4]["digest"][hash].as_str().unwrap().to_owned();
        let last = if digest.ends_with('0') { "1" } else { "0" };
        other["files"][4]["digest"][hash] = format!("{}{last}", &digest[..digest.len() - 1]).into();
        scene.write("other.json", other.to_string());
        let output = scene.run("verify model --fingerprint other.json");
        assert_refused(hash, &output, "file-changed", "weights/part-1.bin: changed");
    }
}
