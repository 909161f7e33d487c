//! Where model and signature may lie: single files, the current folder, signatures inside and outside the model.

use std::fs;
use std::path::Path;
use std::process::Output;

use secureml::crypto::Curve;

use crate::signed::{ignored, names, statement};
use crate::support::{Fixture, KeyFiles, assert_accepted, assert_refused, json, secureml};

#[test]
fn a_single_file_is_listed_as_dot_or_by_name() {
    let fixture = Fixture::with(&[("model.gguf", b"weights")]);
    let key = fixture.key("key", Curve::P256);
    let file = fixture.model().join("model.gguf");
    for (words, listed) in [
        ([].as_slice(), "."),
        (&["--single-file-name", "dot"], "."),
        (&["--single-file-name", "basename"], "model.gguf"),
        (&["--single-file-name", "basename", "--method", "shards", "--shard-size", "5"], "model.gguf:0:5"),
        (&["--method", "shards", "--shard-size", "5"], ".:0:5"),
    ] {
        fs::write(&file, "weights").unwrap();
        assert_accepted(listed, &sign(&fixture, &key, words, &file));
        assert_eq!(names(&fixture.signature())[0], listed);
        assert_eq!(statement(&fixture.signature())["subject"][0]["name"], "model.gguf");
        assert_accepted(listed, &verify(&fixture, &key, &[], &file));
        fs::write(&file, "Weights").unwrap();
        assert_refused(listed, &verify(&fixture, &key, &[], &file), "file-changed", ".: changed");
    }
}

#[test]
fn a_single_file_may_have_another_name_when_it_is_verified() {
    let fixture = Fixture::with(&[("model.gguf", b"weights"), ("copy.gguf", b"weights")]);
    let key = fixture.key("key", Curve::P256);
    for name in ["dot", "basename"] {
        let signed = sign(&fixture, &key, &["--single-file-name", name], &fixture.model().join("model.gguf"));
        assert_accepted(name, &signed);
        assert_accepted(name, &verify(&fixture, &key, &[], &fixture.model().join("copy.gguf")));
    }
}

#[test]
fn files_and_folders_are_not_taken_for_each_other() {
    let fixture = Fixture::with(&[("only.bin", b"weights")]);
    let key = fixture.key("key", Curve::P256);
    let file = fixture.model().join("only.bin");
    assert_accepted("file", &sign(&fixture, &key, &[], &file));
    let reason = "the model is a folder, a single file was signed";
    assert_refused("folder", &verify(&fixture, &key, &[], &fixture.model()), "model-kind", reason);
    fs::write(fixture.model().join("second.bin"), "").unwrap();
    assert_accepted("folder", &sign(&fixture, &key, &[], &fixture.model()));
    let reason = "the model is a single file, a folder was signed";
    assert_refused("file", &verify(&fixture, &key, &[], &file), "model-kind", reason);
}

#[test]
fn the_name_is_the_last_part_of_the_path() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    fs::create_dir(fixture.model().join("tokenizer/empty")).unwrap();
    for path in ["model", "model/", "./model/./", "model/tokenizer/..", "model/."] {
        let words = ["sign", "key", "--private-key", "key.pem", "--signature", "model.sig", path];
        assert_eq!(inside(&fixture.path(""), &words).status.code(), Some(0), "{path}");
        assert_eq!(statement(&fixture.signature())["subject"][0]["name"], "model", "{path}");
    }
    let words = ["sign", "key", "--private-key", "../key.pem", "--signature", "../model.sig", "."];
    assert_eq!(inside(&fixture.model(), &words).status.code(), Some(0));
    assert_eq!(statement(&fixture.signature())["subject"][0]["name"], "model");
    let words = ["verify", "key", "--public-key", "../../key.pub.pem", "--signature", "../../model.sig", ".."];
    assert_eq!(inside(&fixture.model().join("tokenizer"), &words).status.code(), Some(0));
    assert_accepted("from outside", &fixture.verify(&key, &[]));
}

#[test]
fn from_inside_the_folder_the_default_signature_is_left_out() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let sign = ["--format", "json", "sign", "key", "--private-key", "../key.pem", "."];
    for round in ["first", "second"] {
        assert_accepted(round, &inside(&fixture.model(), &sign));
    }
    let signature = fixture.model().join("model.sig");
    assert!(!names(&signature).contains(&"model.sig".to_owned()));
    assert!(ignored(&signature).contains(&"model.sig".to_owned()));
    let verify =
        ["--format", "json", "verify", "key", "--public-key", "../key.pub.pem", "--signature", "model.sig", "."];
    assert_accepted("inside", &inside(&fixture.model(), &verify));
    fs::rename(signature, fixture.signature()).unwrap();
    assert_accepted("moved outside", &fixture.verify(&key, &[]));
}

#[test]
fn a_signature_inside_the_model_is_no_file_of_it() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let model = fixture.model();
    for place in ["model.sig", "tokenizer/model.sig", "weights/../model.sig"] {
        let signature = model.join(place);
        let output = secureml()
            .args(["--format", "json", "sign", "key", "--private-key"])
            .args([&key.private, Path::new("--signature"), &signature, &model])
            .output()
            .unwrap();
        assert_accepted(place, &output);
        assert_eq!(json(&output)["manifest"]["files"], 7, "{place}");
        let verify = |signature: &Path| {
            let mut command = secureml();
            command.args(["--format", "json", "verify", "key", "--public-key"]);
            command.args([&key.public, Path::new("--signature"), signature, &model]).output().unwrap()
        };
        assert_accepted(place, &verify(&signature));
        // Moved out of the model it is the same signature.
        fs::rename(&signature, fixture.signature()).unwrap();
        assert_accepted(place, &verify(&fixture.signature()));
    }
}

#[test]
fn another_signature_in_the_model_is_a_file_like_others() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    fs::copy(fixture.signature(), fixture.model().join("other.sig")).unwrap();
    assert_refused("extra", &fixture.verify(&key, &[]), "file-unsigned", "other.sig: not signed");
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert!(names(&fixture.signature()).contains(&"other.sig".to_owned()));
    assert_accepted("verify", &fixture.verify(&key, &[]));
}

#[test]
fn an_empty_model_is_refused() {
    let fixture = Fixture::with(&[]);
    let key = fixture.key("key", Curve::P256);
    fs::create_dir_all(fixture.model().join("empty/folders")).unwrap();
    for words in [[].as_slice(), &["--method", "shards"]] {
        let output = fixture.sign(&key, words);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(json(&output)["error"]["causes"][0], "the manifest lists no file");
        assert!(!fixture.signature().exists());
    }
    // Under shards, a file without bytes leaves no trace.
    fs::write(fixture.model().join("empty.bin"), "").unwrap();
    let output = fixture.sign(&key, &["--method", "shards"]);
    assert_eq!(output.status.code(), Some(1));
    assert_accepted("an empty file", &fixture.sign(&key, &[]));
    assert_accepted("an empty file", &fixture.verify(&key, &[]));
}

#[test]
fn what_is_not_there_is_undecided() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let output = fixture.verify(&key, &[]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(json(&output)["error"]["help"], "check the path given with --signature");
    assert_accepted("sign", &fixture.sign(&key, &[]));
    fs::rename(fixture.model(), fixture.path("elsewhere")).unwrap();
    for output in [fixture.verify(&key, &[]), fixture.sign(&key, &[])] {
        assert_eq!(output.status.code(), Some(3));
        let error = &json(&output)["error"];
        let cause = format!("cannot read {}", fixture.model().display());
        assert_eq!(error["causes"][0], cause);
        assert_eq!(error["help"], "check the path of the model");
    }
}

fn sign(fixture: &Fixture, key: &KeyFiles, words: &[&str], model: &Path) -> Output {
    let mut command = secureml();
    command.args(["--format", "json", "sign", "key", "--private-key"]).arg(&key.private).args(words);
    command.arg("--signature").arg(fixture.signature()).arg(model).output().unwrap()
}

fn verify(fixture: &Fixture, key: &KeyFiles, words: &[&str], model: &Path) -> Output {
    let mut command = secureml();
    command.args(["--format", "json", "verify", "key", "--public-key"]).arg(&key.public).args(words);
    command.arg("--signature").arg(fixture.signature()).arg(model).output().unwrap()
}

/// Runs the program with a current folder.
fn inside(folder: &Path, words: &[&str]) -> Output {
    secureml().args(words).current_dir(folder).output().unwrap()
}
