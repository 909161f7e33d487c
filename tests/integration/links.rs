//! Symbolic links: refused unless the signer follows them, and then only to files.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Output;

use secureml::crypto::Curve;

use crate::signed::{names, one_shot, resources, statement};
use crate::support::{Fixture, assert_accepted, assert_refused, findings, json, secureml};

const FOLLOW: &[&str] = &["--allow-symlinks"];

#[test]
fn are_refused_by_default_each_by_name() {
    let fixture = with_links(&[("to-file", "config.json"), ("to-folder", "weights"), ("weights/broken", "nowhere")]);
    let key = fixture.key("key", Curve::P256);
    let mut digest = secureml();
    let digest = digest.args(["--format", "json", "digest"]).arg(fixture.model()).output().unwrap();
    for output in [fixture.sign(&key, &[]), digest] {
        for name in ["to-file", "to-folder", "weights/broken"] {
            assert_refused(name, &output, "not-signable", &format!("{name}: is a symbolic link"));
        }
        assert_eq!(findings(&output).len(), 3);
        assert!(help(&output).contains("--allow-symlinks"), "{}", help(&output));
        assert!(help(&output).contains("--ignore-paths"), "{}", help(&output));
    }
    assert!(!fixture.signature().exists());
}

#[test]
fn to_files_inside_are_followed_on_demand() {
    let fixture = with_links(&[("link.json", "config.json"), ("weights/chain", "../link.json")]);
    let key = fixture.key("key", Curve::P256);
    let signed = fixture.sign(&key, FOLLOW);
    assert_accepted("sign", &signed);
    assert_eq!(findings(&signed), []);
    assert_eq!(statement(&fixture.signature())["predicate"]["serialization"]["allow_symlinks"], true);
    let content = one_shot("sha256", b"{\"layers\": 2}\n");
    for name in ["config.json", "link.json", "weights/chain"] {
        let listed = (name.to_owned(), "sha256".to_owned(), content.clone());
        assert!(resources(&fixture.signature()).contains(&listed), "{name}");
    }
    // The signer's rule holds, whatever the verifier says.
    for words in [[].as_slice(), FOLLOW] {
        assert_accepted("verify", &fixture.verify(&key, words));
    }
    fs::write(fixture.model().join("config.json"), "{}").unwrap();
    for name in ["config.json", "link.json", "weights/chain"] {
        assert_refused(name, &fixture.verify(&key, &[]), "file-changed", &format!("{name}: changed"));
    }
}

#[test]
fn to_files_outside_are_followed_with_a_warning() {
    let fixture = with_links(&[("weights/blob", "../../blobs/0123")]);
    let key = fixture.key("key", Curve::P256);
    fs::create_dir(fixture.path("blobs")).unwrap();
    fs::write(fixture.path("blobs/0123"), "content").unwrap();
    let warning = [("link-outside".to_owned(), "weights/blob: is a link to a file outside the model".to_owned())];
    let signed = fixture.sign(&key, FOLLOW);
    assert_accepted("sign", &signed);
    assert_eq!(findings(&signed), warning);
    let verified = fixture.verify(&key, &[]);
    assert_accepted("verify", &verified);
    assert_eq!(findings(&verified), warning);
    fs::write(fixture.path("blobs/0123"), "Content").unwrap();
    assert_refused("changed", &fixture.verify(&key, &[]), "file-changed", "weights/blob: changed");
}

#[test]
fn to_anything_but_a_file_are_refused_even_then() {
    for (target, reason) in [
        ("weights", "is a symbolic link to a folder"),
        ("..", "is a symbolic link to a folder"),
        ("/", "is a symbolic link to a folder"),
        ("nowhere", "is a symbolic link to nothing"),
        ("link", "is a symbolic link to nothing"),
        ("/dev/null", "is a device"),
        ("config.json/x", "is a symbolic link to nothing"),
    ] {
        let fixture = with_links(&[("link", target)]);
        let key = fixture.key("key", Curve::P256);
        assert_refused(target, &fixture.sign(&key, FOLLOW), "not-signable", &format!("link: {reason}"));
        // Left out, it does not matter; the link is meant, not what it points to.
        let link = fixture.model().join("link");
        let ignore = ["--ignore-paths", link.to_str().unwrap()];
        for words in [ignore.as_slice(), &[&ignore, FOLLOW].concat()] {
            assert_accepted(target, &fixture.sign(&key, words));
            assert_eq!(names(&fixture.signature()).len(), 7, "{target}");
            assert_accepted(target, &fixture.verify(&key, &[]));
        }
    }
}

#[test]
fn circles_of_links_end() {
    let fixture = with_links(&[("a", "b"), ("b", "c"), ("c", "a"), ("weights/up", ".."), ("weights/self", "self")]);
    let key = fixture.key("key", Curve::P256);
    let output = fixture.sign(&key, FOLLOW);
    for name in ["a", "b", "c", "weights/self"] {
        assert_refused(name, &output, "not-signable", &format!("{name}: is a symbolic link to nothing"));
    }
    assert_refused("up", &output, "not-signable", "weights/up: is a symbolic link to a folder");
    assert_eq!(findings(&output).len(), 5);
}

#[test]
fn a_link_in_the_place_of_a_signed_file_is_refused() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let file = fixture.model().join("config.json");
    fs::rename(&file, fixture.path("config.json")).unwrap();
    symlink(fixture.path("config.json"), &file).unwrap();
    for words in [[].as_slice(), FOLLOW, &["--deny-symlinks"], &["--ignore-unsigned-files"]] {
        let reason = "config.json: is a symbolic link, signed as a file";
        assert_refused("same bytes", &fixture.verify(&key, words), "file-link", reason);
    }
}

#[test]
fn a_folder_swapped_for_a_link_is_not_entered() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    for (signing, kind) in [([].as_slice(), "is a symbolic link"), (FOLLOW, "is a symbolic link to a folder")] {
        assert_accepted("sign", &fixture.sign(&key, signing));
        let folder = fixture.model().join("weights");
        fs::rename(&folder, fixture.path("weights")).unwrap();
        symlink("../weights", &folder).unwrap();
        let output = fixture.verify(&key, &[]);
        assert_refused("link", &output, "file-link", &format!("weights: {kind}, not signed"));
        assert_refused("content", &output, "file-missing", "weights/part-1.bin: missing");
        let output = fixture.verify(&key, &["--ignore-unsigned-files"]);
        assert_eq!(output.status.code(), Some(1), "what is behind the link was not signed as such");
        fs::remove_file(&folder).unwrap();
        fs::rename(fixture.path("weights"), &folder).unwrap();
        assert_accepted("put back", &fixture.verify(&key, &[]));
    }
}

#[test]
fn a_verifier_may_be_stricter_than_the_signer() {
    let fixture = with_links(&[("link.json", "config.json")]);
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, FOLLOW));
    let reason = "link.json: is a symbolic link, signed as a file";
    assert_refused("deny", &fixture.verify(&key, &["--deny-symlinks"]), "file-link", reason);
    // A file with the content of the link's target is what was signed.
    fs::remove_file(fixture.model().join("link.json")).unwrap();
    fs::copy(fixture.model().join("config.json"), fixture.model().join("link.json")).unwrap();
    assert_accepted("deny", &fixture.verify(&key, &["--deny-symlinks"]));
    assert_eq!(fixture.verify(&key, &["--deny-symlinks", "--allow-symlinks"]).status.code(), Some(2));
}

#[test]
fn unsigned_links_are_extras() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    for signing in [[].as_slice(), FOLLOW] {
        assert_accepted("sign", &fixture.sign(&key, signing));
        let link = fixture.model().join("weights/more");
        symlink("nowhere", &link).unwrap();
        let refused = fixture.verify(&key, &[]);
        assert_refused("extra", &refused, "file-link", "weights/more: is a symbolic link");
        assert_accepted("extra", &fixture.verify(&key, &["--ignore-unsigned-files"]));
        fs::remove_file(link).unwrap();
    }
}

#[test]
fn a_model_that_is_a_link_is_refused_unless_followed() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    fs::rename(fixture.model(), fixture.path("snapshot")).unwrap();
    for target in ["snapshot", "snapshot/config.json"] {
        let link = fixture.model();
        symlink(target, &link).unwrap();
        let output = fixture.sign(&key, &[]);
        assert_eq!(output.status.code(), Some(1), "{target}");
        let cause = json(&output)["error"]["causes"][0].clone();
        assert_eq!(cause, format!("the model {} is a symbolic link", link.display()));
        assert!(help(&output).contains("--allow-symlinks"), "{}", help(&output));
        assert_accepted(target, &fixture.sign(&key, FOLLOW));
        assert_eq!(statement(&fixture.signature())["subject"][0]["name"], "model", "the link keeps its name");
        assert_accepted(target, &fixture.verify(&key, &[]));
        let output = fixture.verify(&key, &["--deny-symlinks"]);
        assert_refused(target, &output, "model-not-a-file", "is a symbolic link");
        fs::remove_file(link).unwrap();
    }
}

#[test]
fn links_above_the_model_do_not_matter() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    symlink(fixture.path(""), fixture.path("here")).unwrap();
    let mut command = secureml();
    command.args(["--format", "json", "sign", "key", "--private-key"]).arg(&key.private).arg("--signature");
    command.arg(fixture.path("here/model/model.sig")).arg(fixture.path("here/model"));
    command.arg("--ignore-paths").arg(fixture.path("model/config.json"));
    assert_accepted("sign", &command.output().unwrap());
    let inside = fixture.model().join("model.sig");
    assert_eq!(names(&inside).len(), 6, "the same file by another path is left out");
    fs::rename(inside, fixture.signature()).unwrap();
    assert_accepted("verify", &fixture.verify(&key, &[]));
}

/// The usual model with links, given as name and target.
fn with_links(links: &[(&str, &str)]) -> Fixture {
    let fixture = Fixture::new();
    for (name, target) in links {
        symlink(target, fixture.model().join(name)).unwrap();
    }
    fixture
}

fn help(output: &Output) -> String {
    json(output)["error"]["help"].as_str().unwrap_or_default().to_owned()
}
