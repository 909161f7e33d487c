//! Why a model is refused, file by file, in words that help.

use std::fs;
use std::process::Output;

use secureml::crypto::Curve;

use crate::signed::one_shot;
use crate::support::{Fixture, KeyFiles, assert_accepted, assert_refused, findings, json, secureml, write_tree};

#[test]
fn every_kind_of_difference_is_named() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let model = fixture.model();
    fs::write(model.join("README.md"), "# Another model\n").unwrap();
    fs::remove_file(model.join("tokenizer/vocab.txt")).unwrap();
    fs::rename(model.join("weights/part-1.bin"), model.join("weights/first.bin")).unwrap();
    write_tree(&model, &[("extra/new.bin", b"new")]);
    let output = fixture.verify(&key, &[]);
    assert_eq!(output.status.code(), Some(1));
    let found: Vec<_> = findings(&output);
    let expected = [
        ("file-changed", "README.md: changed"),
        ("file-unsigned", "extra/new.bin: not signed"),
        ("file-missing", "tokenizer/vocab.txt: missing"),
        ("file-renamed", "weights/part-1.bin: renamed to \"weights/first.bin\""),
    ];
    assert_eq!(found, expected.map(|(rule, text)| (rule.to_owned(), text.to_owned())));
}

#[test]
fn a_file_and_a_folder_that_swap_places_are_seen() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let model = fixture.model();
    fs::rename(model.join("config.json"), fixture.path("file")).unwrap();
    fs::rename(model.join("tokenizer"), model.join("config.json")).unwrap();
    fs::rename(fixture.path("file"), model.join("tokenizer")).unwrap();
    let output = fixture.verify(&key, &[]);
    assert_refused("file", &output, "file-renamed", "config.json: renamed to \"tokenizer\"");
    assert_refused("folder", &output, "file-renamed", "tokenizer/vocab.txt: renamed to \"config.json/vocab.txt\"");
}

#[test]
fn two_files_that_swap_their_content_are_changed() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let (one, two) = (fixture.model().join("weights/part-1.bin"), fixture.model().join("weights/part-2.bin"));
    fs::rename(&one, fixture.path("swap")).unwrap();
    fs::rename(&two, &one).unwrap();
    fs::rename(fixture.path("swap"), &two).unwrap();
    let output = fixture.verify(&key, &[]);
    for name in ["weights/part-1.bin", "weights/part-2.bin"] {
        assert_refused(name, &output, "file-changed", &format!("{name}: changed"));
    }
    assert_eq!(findings(&output).len(), 2);
}

#[test]
fn copies_are_extras_and_not_renamed() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    fs::copy(fixture.model().join("config.json"), fixture.model().join("copy.json")).unwrap();
    let output = fixture.verify(&key, &[]);
    assert_eq!(findings(&output), [("file-unsigned".to_owned(), "copy.json: not signed".to_owned())]);
}

#[test]
fn an_lfs_pointer_is_told_from_damage() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let file = fixture.model().join("weights/part-1.bin");
    let content = fs::read(&file).unwrap();
    let pointer = |oid: &str| format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 2500\n");
    let own = pointer(&one_shot("sha256", &content));
    let same = "a Git LFS pointer to the signed content, which is not here: run `git lfs pull`";
    let other = "a Git LFS pointer where content was signed";
    let zeros = pointer(&"0".repeat(64));
    for (hash, pointer, text) in [("sha256", &own, same), ("sha256", &zeros, other), ("blake3", &own, other)] {
        fs::write(&file, &content).unwrap();
        assert_accepted(text, &fixture.sign(&key, &["--hash", hash]));
        fs::write(&file, pointer).unwrap();
        let output = fixture.verify(&key, &[]);
        assert_refused(text, &output, "file-lfs-pointer", &format!("weights/part-1.bin: {text}"));
        let said = text_of(&fixture, &key);
        assert!(said.contains("help: run `git lfs pull`, then verify again"), "{said}");
    }
}

#[test]
fn a_signed_lfs_pointer_is_a_file_like_others() {
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 1\n", "0".repeat(64));
    let fixture = Fixture::with(&[("weights.bin", pointer.as_bytes())]);
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert_accepted("verify", &fixture.verify(&key, &[]));
}

#[test]
fn line_endings_are_told_from_damage() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    for hash in ["sha256", "blake2b", "blake3"] {
        let rule = "file-line-endings";
        for (signed, found, text) in [
            ("a\nb\n", "a\r\nb\r\n", "the signed content with its line endings turned from LF to CRLF"),
            ("a\r\nb\r\n", "a\nb\n", "the signed content with its line endings turned from CRLF to LF"),
            ("a\nb", "a\r\nb", "the signed content with its line endings turned from LF to CRLF"),
        ] {
            let file = fixture.model().join("README.md");
            fs::write(&file, signed).unwrap();
            assert_accepted(text, &fixture.sign(&key, &["--hash", hash]));
            fs::write(&file, found).unwrap();
            assert_refused(text, &fixture.verify(&key, &[]), rule, &format!("README.md: {text}"));
            assert!(text_of(&fixture, &key).contains(".gitattributes"));
            // One more difference, and it is no accident.
            fs::write(&file, format!("{found}c")).unwrap();
            assert_refused(text, &fixture.verify(&key, &[]), "file-changed", "README.md: changed");
        }
    }
}

#[test]
fn the_first_twenty_are_shown_and_the_rest_counted() {
    let names: Vec<String> = (0..60).map(|index| format!("part-{index:02}.bin")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    let fixture = Fixture::with(&files);
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    for name in &names[..15] {
        fs::write(fixture.model().join(name), "changed").unwrap();
    }
    for name in &names[15..25] {
        fs::remove_file(fixture.model().join(name)).unwrap();
    }
    for name in &names[25..27] {
        fs::write(fixture.model().join(format!("{name}.new")), "new").unwrap();
    }
    let said = text_of(&fixture, &key);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], format!("error: {} is not what was signed", fixture.model().display()));
    assert_eq!(lines[1], "  part-00.bin: changed");
    assert_eq!(lines[16], "  part-15.bin: missing");
    assert_eq!(lines[20], "  part-19.bin: missing");
    let counts = "15 file-changed, 10 file-missing, 2 file-unsigned in all";
    assert_eq!(lines[21], format!("  and 7 more: {counts}"));
    assert!(lines[22].starts_with("  help: "), "{said}");
    assert_eq!(lines.len(), 23);
    assert_eq!(findings(&fixture.verify(&key, &[])).len(), 27, "JSON has them all");
}

#[test]
fn twenty_are_shown_without_a_count() {
    let names: Vec<String> = (0..20).map(|index| format!("part-{index:02}.bin")).collect();
    let fixture = Fixture::with(&[("a", b"a")]);
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    for name in &names {
        fs::write(fixture.model().join(name), "new").unwrap();
    }
    let said = text_of(&fixture, &key);
    assert!(said.contains("  part-19.bin: not signed\n") && !said.contains(" more"), "{said}");
    fs::write(fixture.model().join("part-20.bin"), "new").unwrap();
    let said = text_of(&fixture, &key);
    assert!(said.contains("  and 1 more: 21 file-unsigned in all\n"), "{said}");
}

#[test]
fn a_refusal_still_says_who_signed_what() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let signed = fixture.sign(&key, &[]);
    fs::write(fixture.model().join("README.md"), "").unwrap();
    let answer = json(&fixture.verify(&key, &[]));
    assert_eq!(answer["manifest"]["digest"], json(&signed)["manifest"]["digest"]);
    assert_eq!(answer["identity"]["method"], "key");
    // Where the signature itself does not hold, nothing in it is repeated.
    let other = fixture.key("other", Curve::P256);
    let answer = json(&fixture.verify(&other, &[]));
    assert_eq!(answer["findings"][0]["rule"], "signature-key");
    assert!(answer.get("manifest").is_none() && answer.get("identity").is_none(), "{answer}");
}

/// What the program says on standard error when it verifies the model.
fn text_of(fixture: &Fixture, key: &KeyFiles) -> String {
    let mut command = secureml();
    command.args(["verify", "key", "--public-key"]).arg(&key.public).arg("--signature").arg(fixture.signature());
    let output: Output = command.arg(fixture.model()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).expect("text")
}
