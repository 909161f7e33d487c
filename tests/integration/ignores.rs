//! What is left out of a model: paths, Git's own files, and what a verifier may leave out of what was signed.

use std::fs;
use std::path::Path;
use std::process::Output;

use secureml::crypto::Curve;

use crate::signed::{ignored, names};
use crate::support::{Fixture, assert_accepted, assert_refused, findings, json, secureml, write_tree};

const GIT: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

#[test]
fn paths_are_recorded_relative_to_the_model_and_left_out() {
    for (given, recorded, left_out) in [
        ("model/config.json", "config.json", ["config.json"].as_slice()),
        ("./model/../model/config.json", "config.json", &["config.json"]),
        ("model/tokenizer", "tokenizer", &["tokenizer/vocab.txt"]),
        ("model/tokenizer/", "tokenizer", &["tokenizer/vocab.txt"]),
        ("model/weights", "weights", &["weights/part-1.bin", "weights/part-2.bin", "weights/part-2.copy.bin"]),
        ("model/weights/part-2", "weights/part-2", &[]),
        ("model/absent/file", "absent/file", &[]),
    ] {
        let fixture = Fixture::new();
        let key = fixture.key("key", Curve::P256);
        assert_accepted("everything", &fixture.sign(&key, &[]));
        let everything = names(&fixture.signature());
        let output = sign_from(&fixture.path(""), &["--ignore-paths", given, "model"]);
        assert_accepted(given, &output);
        assert_eq!(findings(&output), [], "{given}");
        assert!(ignored(&fixture.signature()).contains(&recorded.to_owned()), "{given}");
        let rest: Vec<_> = everything.into_iter().filter(|name| !left_out.contains(&name.as_str())).collect();
        assert_eq!(names(&fixture.signature()), rest, "{given}");
        assert_accepted(given, &fixture.verify(&key, &[]));
        // What lies there is outside of what the signature says.
        for name in left_out {
            fs::write(fixture.model().join(name), "anything").unwrap();
        }
        assert_accepted(given, &fixture.verify(&key, &[]));
    }
}

#[test]
fn several_paths_and_paths_seen_from_inside() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let words =
        ["--ignore-paths", "part-1.bin", "--ignore-paths", "../config.json", "--signature", "../../model.sig", ".."];
    let mut command = secureml();
    command.args(["--format", "json", "sign", "key", "--private-key", "../../key.pem"]).args(words);
    assert_accepted("inside", &command.current_dir(fixture.model().join("weights")).output().unwrap());
    let mut recorded = ignored(&fixture.signature());
    recorded.retain(|name| !GIT.contains(&name.as_str()));
    assert_eq!(recorded, ["config.json", "weights/part-1.bin"]);
    assert_accepted("outside", &fixture.verify(&key, &[]));
}

#[test]
fn a_path_outside_the_model_has_no_effect_and_says_so() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    write_tree(&fixture.path("model2"), &[("config.json", b"")]);
    for given in ["model2", "model2/config.json", "config.json", "/"] {
        let output = sign_from(&fixture.path(""), &["--ignore-paths", given, "model"]);
        assert_accepted(given, &output);
        let warning = format!("{given}: lies outside the model, so leaving it out has no effect");
        assert_eq!(findings(&output), [("ignore-path-outside".to_owned(), warning)]);
        assert_eq!(ignored(&fixture.signature()), GIT);
        assert_accepted(given, &fixture.verify(&key, &[]));
    }
}

#[test]
fn patterns_and_the_model_itself_are_misuse() {
    let fixture = Fixture::new();
    fixture.key("key", Curve::P256);
    fs::write(fixture.signature(), "").unwrap();
    for (given, reason) in [
        ("model/*.bin", "names are taken literally"),
        ("model/weights/part-?.bin", "names are taken literally"),
        ("model/[a-z]", "names are taken literally"),
        ("model", "it is the model itself"),
        ("model/", "it is the model itself"),
        ("model/tokenizer/..", "it is the model itself"),
    ] {
        let output = sign_from(&fixture.path(""), &["--ignore-paths", given, "model"]);
        assert_eq!(output.status.code(), Some(2), "{given}");
        let answer = json(&output);
        assert_eq!(answer["outcome"], "misuse");
        assert!(answer["error"]["causes"][0].as_str().unwrap().contains(reason), "{given}: {answer}");
        assert_eq!(fs::read(fixture.signature()).unwrap(), b"", "{given}");
    }
}

#[test]
fn gits_files_are_left_out_by_default() {
    let fixture = with_git();
    let key = fixture.key("key", Curve::P256);
    for words in [[].as_slice(), &["--ignore-git-paths"], &["--no-ignore-git-paths", "--ignore-git-paths"]] {
        assert_accepted("sign", &fixture.sign(&key, words));
        let signed = names(&fixture.signature());
        assert_eq!(signed, [".gitmodules", "a.bin", "sub/.git/config", "sub/.gitignore"]);
        assert_eq!(ignored(&fixture.signature()), GIT);
        assert_accepted("verify", &fixture.verify(&key, &[]));
        // Recorded is recorded.
        assert_accepted("verify", &fixture.verify(&key, &["--no-ignore-git-paths"]));
    }
}

#[test]
fn gits_files_are_signed_on_demand() {
    let fixture = with_git();
    let key = fixture.key("key", Curve::P256);
    for words in [["--no-ignore-git-paths"].as_slice(), &["--ignore-git-paths", "--no-ignore-git-paths"]] {
        assert_accepted("sign", &fixture.sign(&key, words));
        assert_eq!(names(&fixture.signature()).len(), 8);
        assert_eq!(ignored(&fixture.signature()), [""; 0]);
        assert_accepted("verify", &fixture.verify(&key, &[]));
        assert_accepted("verify", &fixture.verify(&key, &["--no-ignore-git-paths"]));
    }
    fs::write(fixture.model().join(".gitattributes"), "* text\n").unwrap();
    for words in [[].as_slice(), &["--no-ignore-git-paths"]] {
        assert_refused("changed", &fixture.verify(&key, words), "file-changed", ".gitattributes: changed");
    }
}

#[test]
fn a_signed_gitattributes_is_checked_by_default_and_the_rest_of_git_is_not() {
    let fixture = Fixture::with(&[(".gitattributes", b"* -text\n"), ("a.bin", b"a")]);
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &["--no-ignore-git-paths"]));
    assert_accepted("verify", &fixture.verify(&key, &[]));
    write_tree(&fixture.model(), &[(".git/HEAD", b"ref: refs/heads/main\n"), (".gitignore", b"*.o\n")]);
    assert_accepted("a checkout", &fixture.verify(&key, &[]));
    let output = fixture.verify(&key, &["--no-ignore-git-paths"]);
    assert_refused("all files", &output, "file-unsigned", ".git/HEAD: not signed");
    assert_refused("all files", &output, "file-unsigned", ".gitignore: not signed");
    fs::remove_file(fixture.model().join(".gitattributes")).unwrap();
    assert_refused("missing", &fixture.verify(&key, &[]), "file-missing", ".gitattributes: missing");
}

#[test]
fn a_verifier_can_leave_out_extras_and_nothing_that_was_signed() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    write_tree(&fixture.model(), &[("cache/x", b"x"), ("cache/y", b"y")]);
    let path = |name: &str| fixture.model().join(name).to_str().unwrap().to_owned();
    assert_refused("extra", &fixture.verify(&key, &[]), "file-unsigned", "cache/x: not signed");
    assert_accepted("left out", &fixture.verify(&key, &["--ignore-paths", &path("cache")]));
    for (name, rule) in [("weights/part-1.bin", "weights/part-1.bin"), ("weights/part-1.bin", "weights")] {
        let output = fixture.verify(&key, &["--ignore-paths", &path("cache"), "--ignore-paths", &path(rule)]);
        let reason = format!("{name}: signed, but left out by the ignore path {rule:?}");
        assert_refused("signed", &output, "file-ignored", &reason);
    }
    let output = fixture.verify(&key, &["--ignore-paths", fixture.model().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "the model itself");
}

#[test]
fn unsigned_files_are_accepted_on_demand() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    write_tree(&fixture.model(), &[("cache/x", b"x"), ("weights/part-3.bin", b"y")]);
    let lenient = ["--ignore-unsigned-files"];
    assert_accepted("extra", &fixture.verify(&key, &lenient));
    assert_refused(
        "the last one counts",
        &fixture.verify(&key, &["--ignore-unsigned-files", "--no-ignore-unsigned-files"]),
        "file-unsigned",
        "cache/x: not signed",
    );
    fs::write(fixture.model().join("weights/part-1.bin"), "changed").unwrap();
    assert_refused("changed", &fixture.verify(&key, &lenient), "file-changed", "weights/part-1.bin: changed");
    fs::rename(fixture.model().join("weights/part-1.bin"), fixture.model().join("weights/part-4.bin")).unwrap();
    assert_refused("missing", &fixture.verify(&key, &lenient), "file-missing", "weights/part-1.bin: missing");
}

fn with_git() -> Fixture {
    Fixture::with(&[
        ("a.bin", b"a"),
        (".git/HEAD", b"ref: refs/heads/main\n"),
        (".gitattributes", b"* -text\n"),
        (".github/workflows/ci.yml", b"on: push\n"),
        (".gitignore", b"*.o\n"),
        (".gitmodules", b""),
        ("sub/.git/config", b"[core]\n"),
        ("sub/.gitignore", b"*.o\n"),
    ])
}

/// Signs in JSON with `key.pem`, from a current folder, into `model.sig`.
fn sign_from(folder: &Path, words: &[&str]) -> Output {
    let mut command = secureml();
    command.args(["--format", "json", "sign", "key", "--private-key", "key.pem", "--signature", "model.sig"]);
    command.args(words).current_dir(folder).output().unwrap()
}
