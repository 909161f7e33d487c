//! Command lines that make no sense, and files that are not there.

use super::scene::{Scene, assert_failed};

#[test]
fn a_key_without_anything_to_sign_is_misuse() {
    let scene = Scene::new();
    assert_failed("key", &scene.run("create model --key key.pem"), 2, &["nothing is to be signed", "--sign"]);
    assert!(!scene.fixture.path("fingerprint.json").exists());
    for line in ["create model --sign --certificate c.pem", "create model --sign --password x", "create"] {
        assert_eq!(scene.run(line).status.code(), Some(2), "{line}");
    }
}

#[test]
fn two_signers_are_a_matter_of_policies() {
    let scene = Scene::new();
    scene.create("");
    for words in [
        "--public-key key.pub.pem --identity a --identity-provider b",
        "--certificate-chain c.pem --identity a --identity-provider b",
        "--public-key key.pub.pem --certificate-chain c.pem",
        "--identity a",
        "--allow-expired-certificates",
    ] {
        assert_eq!(scene.run(&format!("verify model {words}")).status.code(), Some(2), "{words}");
    }
}

#[test]
fn what_cannot_be_read_is_not_refused() {
    let scene = Scene::new();
    for line in [
        "verify model",
        "verify model --fingerprint absent.json",
        "verify model --public-key key.pub.pem",
        "diff absent.json absent.json",
        "prove config.json --range 0-1",
        "create absent",
    ] {
        assert_failed(line, &scene.run(line), 3, &["check the path"]);
    }
    scene.create("");
    assert_failed("model", &scene.run("verify absent"), 3, &["cannot compare absent with fingerprint.json"]);
    assert_failed("key", &scene.run("verify model --public-key absent"), 3, &["cannot read the public key"]);
}

#[test]
fn what_is_no_fingerprint_is_refused() {
    let scene = Scene::new();
    scene.write("notes.txt", "my notes");
    scene.write("bytes.bin", [0xff, 0xfe]);
    scene.write("empty.json", "");
    for (file, says) in [
        ("notes.txt", "it does not have the form of a fingerprint"),
        ("bytes.bin", "it is not a fingerprint: it is not UTF-8"),
        ("empty.json", "it does not have the form of a fingerprint"),
    ] {
        for line in [format!("verify model --fingerprint {file}"), format!("diff {file} {file}")] {
            assert_failed(file, &scene.run(&line), 1, &[says, "secureml fingerprint create"]);
        }
    }
}
