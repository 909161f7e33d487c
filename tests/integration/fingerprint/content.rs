//! What belongs to a model: single files, empty ones, links, what is left out, and the fingerprint itself.

use serde_json::json;

use super::oracle::model_root;
use super::scene::{Scene, assert_failed};
use crate::signed::one_shot;
use crate::support::{MODEL, assert_accepted, assert_refused, findings, json as answer, write_tree};

#[test]
fn the_model_is_summed_up() {
    let scene = Scene::new();
    let output = scene.run("create model --chunk-size 1000");
    assert_accepted("create", &output);
    let bytes: usize = MODEL.iter().map(|(_, content)| content.len()).sum();
    let root = format!("sha256:{}", model_root(MODEL, 1000));
    let print = json!({
        "algorithms": ["sha256", "blake2b", "sha512"], "files": MODEL.len(), "bytes": bytes, "chunk_bytes": 1000,
        "merkle_root": root,
    });
    assert_eq!(answer(&output)["fingerprint"], print);
    let document = scene.document("fingerprint.json");
    assert_eq!((&document["fileCount"], &document["totalBytes"]), (&json!(MODEL.len()), &json!(bytes)));
    assert_eq!(document["formatVersion"], 1);
    let digest = scene.program("digest model");
    assert_eq!(answer(&output)["manifest"], answer(&digest)["manifest"], "as the model signature would have it");
}

#[test]
fn two_runs_write_the_same_bytes() {
    let scene = Scene::new();
    scene.create("--chunk-size 100");
    let first = scene.read("fingerprint.json");
    // The same files in another folder, made in another order.
    let mut files = MODEL.to_vec();
    files.reverse();
    let other = Scene::with(&files);
    for scene in [&scene, &other, &scene] {
        scene.create("--chunk-size 100");
        assert_eq!(scene.read("fingerprint.json"), first);
    }
}

#[test]
fn a_single_file_is_listed_as_a_dot() {
    let scene = Scene::with(&[("model.bin", b"weights"), ("other.bin", b"weights")]);
    assert_accepted("create", &scene.run("create model/model.bin"));
    let document = scene.document("fingerprint.json");
    assert_eq!(document["files"][0]["path"], ".");
    assert_eq!(document["merkle"]["root"], model_root(&[(".", b"weights")], 1 << 20));
    for name in ["model.bin", "other.bin"] {
        // The name is no part of what is described.
        assert_accepted(name, &scene.run(&format!("verify model/{name}")));
    }
    assert_refused("folder", &scene.run("verify model"), "model-kind", "a single file was signed");
    scene.write("model/other.bin", "Weights");
    let found = assert_refused("changed", &scene.run("verify model/other.bin"), "file-changed", "");
    assert_eq!(found, ".: changed in bytes 0-7");
    scene.create("");
    assert_refused("file", &scene.run("verify model/model.bin"), "model-kind", "a folder was signed");
}

#[test]
fn empty_files_count_and_empty_models_do_not() {
    let scene = Scene::with(&[("empty", b"")]);
    let nothing = one_shot("sha256", b"");
    let document = scene.create("--chunk-size 1");
    assert_eq!((&document["totalBytes"], &document["fileCount"]), (&json!(0), &json!(1)));
    assert_eq!(
        (&document["files"][0]["merkleRoot"], &document["files"][0]["digest"]["sha256"]),
        (&json!(nothing), &json!(nothing))
    );
    assert!(document["files"][0].get("chunks").is_none());
    assert_accepted("verify", &scene.run("verify model"));
    scene.write("model/empty", "x");
    assert_refused("grown", &scene.run("verify model"), "file-changed", "empty: changed in bytes 0-1");
    let scene = Scene::with(&[]);
    assert_failed("no file", &scene.run("create model"), 1, &["cannot take the fingerprint of model"]);
    assert!(!scene.fixture.path("fingerprint.json").exists());
}

#[test]
fn what_is_left_out_is_recorded() {
    let scene = Scene::new();
    write_tree(&scene.fixture.model(), &[(".gitattributes", b"* -text\n"), ("logs/one.txt", b"log")]);
    let document = scene.create("--ignore-paths model/logs --ignore-paths model/config.json");
    assert_eq!(document["fileCount"], MODEL.len() - 1);
    let left_out = [".git", ".gitattributes", ".github", ".gitignore", "config.json", "logs"];
    assert_eq!(document["serialization"]["ignore_paths"], json!(left_out));
    scene.write("model/logs/two.txt", "more");
    scene.write("model/config.json", "changed");
    assert_accepted("verify", &scene.run("verify model"));
    let ignored = scene.run("verify model --ignore-paths model/README.md");
    assert_refused("more", &ignored, "file-ignored", "README.md");
    let document = scene.create("--no-ignore-git-paths");
    assert!(document["files"].as_array().unwrap().iter().any(|file| file["path"] == ".gitattributes"));
    assert_accepted("git", &scene.run("verify model"));
    scene.write("model/.gitattributes", "");
    assert_refused("git", &scene.run("verify model"), "file-changed", ".gitattributes");
    let outside = scene.run("create model --ignore-paths elsewhere");
    assert_eq!(findings(&outside)[0].0, "ignore-path-outside");
}

#[test]
fn a_fingerprint_in_the_model_is_no_file_of_it() {
    let scene = Scene::new();
    for (words, file) in [("", "model/print.json"), ("--sign --key key.pem", "model/print.sig")] {
        assert_accepted(file, &scene.run(&format!("create model --output {file} {words}")));
        if words.is_empty() {
            assert_accepted(file, &scene.run(&format!("create model --output {file}")));
        }
        assert_accepted(file, &scene.run(&format!("verify model --fingerprint {file}")));
        // Elsewhere it is the same fingerprint, and knows its own place.
        std::fs::copy(scene.fixture.path(file), scene.fixture.path("copy")).unwrap();
        assert_accepted(file, &scene.run("verify model --fingerprint copy"));
        std::fs::remove_file(scene.fixture.path(file)).unwrap();
        assert_accepted(file, &scene.run("verify model --fingerprint copy"));
    }
}

#[test]
#[cfg(unix)]
fn links_are_followed_on_demand() {
    use std::os::unix::fs::symlink;
    let scene = Scene::new();
    symlink("config.json", scene.fixture.model().join("link.json")).unwrap();
    let refused = scene.run("create model");
    assert_refused("link", &refused, "not-signable", "link.json: is a symbolic link");
    assert!(answer(&refused)["error"]["help"].as_str().unwrap().contains("--allow-symlinks"));
    let document = scene.create("--allow-symlinks");
    assert_eq!(document["serialization"]["allow_symlinks"], true);
    assert_accepted("verify", &scene.run("verify model"));
    scene.write("model/config.json", "{}");
    let output = scene.run("verify model");
    for name in ["config.json", "link.json"] {
        assert_refused(name, &output, "file-changed", &format!("{name}: changed in bytes 0-14"));
    }
    // A fingerprint that follows no link does not take one for a file.
    let scene = Scene::new();
    scene.create("");
    std::fs::rename(scene.fixture.path("model/config.json"), scene.fixture.path("config.json")).unwrap();
    symlink("../config.json", scene.fixture.path("model/config.json")).unwrap();
    assert_refused(
        "swapped",
        &scene.run("verify model"),
        "file-link",
        "config.json: is a symbolic link, signed as a file",
    );
}
