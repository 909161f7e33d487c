//! Where a signature may be written, and what it never overwrites.

use std::fs;
use std::path::Path;
use std::process::Output;

use secureml::crypto::Curve;

use crate::support::{Fixture, KeyFiles, assert_accepted, json, secureml};

#[test]
fn never_the_model() {
    let fixture = Fixture::with(&[("model.gguf", b"weights"), ("index.json", b"{\"mediaType\": \"of a model\"}")]);
    let key = fixture.key("key", Curve::P256);
    for name in ["model.gguf", "index.json"] {
        let model = fixture.model().join(name);
        let content = fs::read(&model).unwrap();
        for spelling in [model.clone(), fixture.model().join("../model").join(name)] {
            let output = sign_to(&key, &spelling, &model);
            assert_misuse(&output, &format!("the signature would overwrite the model {}", model.display()));
            assert_eq!(fs::read(&model).unwrap(), content, "{name}");
        }
    }
}

#[test]
#[cfg(unix)]
fn never_the_model_by_another_name() {
    let fixture = Fixture::with(&[("model.gguf", b"weights")]);
    let key = fixture.key("key", Curve::P256);
    let model = fixture.model().join("model.gguf");
    let (soft, hard) = (fixture.path("soft.sig"), fixture.path("hard.sig"));
    std::os::unix::fs::symlink(&model, &soft).unwrap();
    fs::hard_link(&model, &hard).unwrap();
    assert_misuse(
        &sign_to(&key, &soft, &model),
        &format!("the signature would overwrite the model {}", model.display()),
    );
    assert_misuse(&sign_to(&key, &hard, &model), &format!("{} exists and is not a signature", hard.display()));
    assert_eq!(fs::read(&model).unwrap(), b"weights");
}

#[test]
fn never_a_file_that_is_no_signature() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let manifest = r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}"#;
    for (place, content) in [
        ("notes.txt", "my notes\n"),
        ("notes.json", "{\"notes\": []}"),
        ("list.json", "[1, 2]"),
        ("key.pem", ""),
        ("model/config.json", ""),
        ("model/weights/part-1.bin", ""),
        // An image manifest has a media type too.
        ("manifest.json", manifest),
        ("model/manifest.json", manifest),
    ] {
        let place = fixture.path(place);
        if !content.is_empty() {
            fs::write(&place, content).unwrap();
        }
        let before = fs::read(&place).unwrap();
        let output = sign_to(&key, &place, &fixture.model());
        assert_misuse(&output, &format!("{} exists and is not a signature, it is not overwritten", place.display()));
        assert_eq!(fs::read(&place).unwrap(), before, "{}", place.display());
    }
}

#[test]
fn an_older_signature_or_an_empty_file_is_replaced() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    fs::write(fixture.signature(), "").unwrap();
    assert_accepted("empty", &fixture.sign(&key, &[]));
    let first = fs::read_to_string(fixture.signature()).unwrap();
    fs::write(fixture.model().join("new.bin"), "new").unwrap();
    assert_accepted("older", &fixture.sign(&key, &[]));
    assert_ne!(fs::read_to_string(fixture.signature()).unwrap(), first);
    assert_accepted("older", &fixture.verify(&key, &[]));
    // As other tools print it, and with the old kind of material.
    let value: serde_json::Value = serde_json::from_str(&first).unwrap();
    fs::write(fixture.signature(), format!("\n{value:#}\n")).unwrap();
    assert_accepted("pretty", &fixture.sign(&key, &[]));
    assert_accepted("pretty", &fixture.verify(&key, &[]));
}

#[test]
fn a_folder_is_no_place() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    for place in ["folder", "model", "model/weights"] {
        let place = fixture.path(place);
        fs::create_dir_all(&place).unwrap();
        let count = fs::read_dir(&place).unwrap().count();
        let output = sign_to(&key, &place, &fixture.model());
        assert_eq!(output.status.code(), Some(3), "{}", place.display());
        assert_eq!(json(&output)["error"]["causes"][0], format!("cannot write {}", place.display()));
        assert_eq!(fs::read_dir(&place).unwrap().count(), count);
    }
}

#[test]
fn a_missing_folder_is_named_with_the_next_step() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let place = fixture.path("absent/model.sig");
    let output = sign_to(&key, &place, &fixture.model());
    assert_eq!(output.status.code(), Some(3));
    let error = &json(&output)["error"];
    assert_eq!(error["causes"][0], format!("cannot write {}", place.display()));
    assert_eq!(error["help"], "make the folder first, or give another path with --signature");
}

#[test]
#[cfg(unix)]
fn a_link_is_followed_and_stays() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    fs::create_dir(fixture.path("store")).unwrap();
    fs::write(fixture.path("store/real.sig"), "").unwrap();
    std::os::unix::fs::symlink("store/real.sig", fixture.signature()).unwrap();
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert!(fixture.signature().is_symlink());
    assert!(fs::metadata(fixture.path("store/real.sig")).unwrap().len() > 0);
    assert_accepted("verify", &fixture.verify(&key, &[]));
}

#[test]
#[cfg(unix)]
fn a_link_inside_the_model_to_the_signature_is_no_file_of_it() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    fs::write(fixture.path("real.sig"), "").unwrap();
    let link = fixture.model().join("model.sig");
    std::os::unix::fs::symlink("../real.sig", &link).unwrap();
    assert_accepted("sign", &sign_to(&key, &link, &fixture.model()));
    fs::rename(fixture.path("real.sig"), fixture.signature()).unwrap();
    fs::remove_file(link).unwrap();
    assert_accepted("verify", &fixture.verify(&key, &[]));
}

#[test]
#[cfg(unix)]
fn the_mode_is_that_of_a_new_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let program = secureml();
    for (umask, mode) in [("022", 0o644), ("027", 0o640), ("077", 0o600)] {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "umask \"$0\"; exec \"$@\"", umask]).arg(program.get_program());
        shell.args(["sign", "key", "--private-key"]).arg(&key.private).arg("--signature").arg(fixture.signature());
        assert!(shell.arg(fixture.model()).status().unwrap().success());
        assert_eq!(fs::metadata(fixture.signature()).unwrap().permissions().mode() & 0o777, mode, "umask {umask}");
        fs::remove_file(fixture.signature()).unwrap();
    }
}

#[test]
fn nothing_is_left_beside_it_when_signing_fails() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let before = fs::read(fixture.signature()).unwrap();
    let listed = || {
        let mut names: Vec<_> =
            fs::read_dir(fixture.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let names = listed();
    let model = fixture.model();
    let ignore = model.to_str().unwrap();
    for words in
        [["--ignore-paths", ignore].as_slice(), &["--method", "shards", "--shard-size", "x"], &["--hash", "md5"]]
    {
        assert_eq!(fixture.sign(&key, words).status.code(), Some(2), "{words:?}");
    }
    fs::rename(&model, fixture.path("absent")).unwrap();
    assert_eq!(fixture.sign(&key, &[]).status.code(), Some(3));
    fs::rename(fixture.path("absent"), &model).unwrap();
    assert_eq!(listed(), names);
    assert_eq!(fs::read(fixture.signature()).unwrap(), before);
}

fn sign_to(key: &KeyFiles, signature: &Path, model: &Path) -> Output {
    let mut command = secureml();
    command.args(["--format", "json", "sign", "key", "--private-key"]).arg(&key.private);
    command.arg("--signature").arg(signature).arg(model).output().unwrap()
}

fn assert_misuse(output: &Output, cause: &str) {
    assert_eq!(output.status.code(), Some(2), "{cause}: {}", String::from_utf8_lossy(&output.stdout));
    let error = &json(output)["error"];
    assert!(error["causes"][0].as_str().unwrap().starts_with(cause), "wanted {cause}, found {error}");
    assert!(error["help"].as_str().unwrap().contains("give another path with --signature"), "{error}");
}
