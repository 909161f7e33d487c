//! Published keyless signatures are accepted, for the models that they were made for, by the instance that made them.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde_json::json;

use super::published::{Copy, IDENTITY, PROVIDER, PUBLISHED, SIGNER, published};
use super::scene::Scene;
use crate::support::{assert_accepted, assert_refused, json, secureml, shared};

#[test]
fn published_signatures_verify_offline_from_inside_the_model() {
    let Some(root) = published() else { return };
    let cache = tempfile::tempdir().unwrap();
    for published in &PUBLISHED {
        let mut command = published.command(&root.join(published.folder), &cache.path().join("none"));
        let output = command.args(["--format", "json"]).args(SIGNER).output().unwrap();
        assert_accepted(published.folder, &output);
        let answer = json(&output);
        let signer = json!({"method": "sigstore", "subject": IDENTITY, "issuer": PROVIDER});
        assert_eq!(answer["identity"], signer, "{}", published.folder);
        assert_eq!(answer["findings"], json!([]), "{}", published.folder);
        assert_eq!(answer["manifest"]["files"], json!(2), "{}", published.folder);
        println!("{:<16} accepted", published.folder);
    }
}

#[test]
fn an_offline_verdict_says_what_it_goes_by() {
    let Some(root) = published() else { return };
    let Some(file) = shared("oms/trusted_root.prod.json") else { return };
    let cache = tempfile::tempdir().unwrap();
    let verify = |words: &[OsString]| {
        let mut command = PUBLISHED[0].command(&root.join(PUBLISHED[0].folder), cache.path());
        let output = command.args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "Verification succeeded\n");
        String::from_utf8(output.stderr).unwrap()
    };
    let said = verify(&words(&[]));
    assert!(said.starts_with("offline: the trust root is the copy inside this program, of 20"), "{said}");
    assert!(said.contains(" days old\nsigned by stefanb@us.ibm.com (according to https://"), "{said}");
    let said = verify(&trusting(&file.canonicalize().unwrap()));
    assert!(said.starts_with("offline: the trust root is the file "), "{said}");
}

#[test]
fn published_signatures_verify_from_beside_the_model_and_without_a_home() {
    let Some(root) = published() else { return };
    for published in &PUBLISHED {
        let inside = |name: &str| format!("{}/{name}", published.folder);
        let mut command = secureml();
        command.env_remove("HOME").env_remove("SECUREML_CACHE").current_dir(&root);
        // The method in full, and the options behind the model.
        command.args(["--format", "json", "verify", "sigstore", published.folder, "--signature", &inside("model.sig")]);
        command.args(published.ignored.iter().flat_map(|name| ["--ignore-paths".to_owned(), inside(name)]));
        assert_accepted(published.folder, &command.arg("--offline").args(SIGNER).output().unwrap());
    }
}

#[test]
fn published_signatures_verify_with_the_trust_root_of_a_file() {
    let Some(root) = published() else { return };
    for name in ["oms/clienttrustconfig.prod.json", "oms/trusted_root.prod.json"] {
        let Some(file) = shared(name) else { return };
        for published in &PUBLISHED {
            let output = Copy::new(published, &root).verify(&trusting(&fs::canonicalize(&file).unwrap()));
            assert_accepted(published.folder, &output);
            assert_eq!(json(&output)["identity"]["subject"], IDENTITY, "{}", published.folder);
        }
    }
}

#[test]
fn published_signatures_are_refused_by_another_instance() {
    let Some(root) = published() else { return };
    let scene = Scene::new();
    for published in &PUBLISHED {
        let copy = Copy::new(published, &root);
        let staging: Vec<OsString> = words(&["--use-staging"]);
        for trust in [staging, trusting(&scene.trusted_root())] {
            assert_refused(
                published.folder,
                &copy.verify(&trust),
                "signature-certificate",
                "no authority of this instance",
            );
        }
    }
}

#[test]
fn without_a_trust_root_there_is_no_verdict() {
    let Some(root) = published() else { return };
    let copy = Copy::new(&PUBLISHED[0], &root);
    let path = copy.beside("trust.json");
    let undecided = |says: &str| {
        let output = copy.verify(&trusting(&path));
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let error = json(&output)["error"].clone();
        assert!(error["causes"].to_string().contains(says), "{says}: {error}");
    };
    undecided("No such file");
    for (content, says) in [
        (&b""[..], "EOF"),
        (b"{", "EOF"),
        (b"\xff", "not UTF-8"),
        (b"{}", "missing field"),
        (br#"{"mediaType": "application/json"}"#, "media type"),
        (br#"{"mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"}"#, "it holds no trusted root"),
        (br#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": 7}"#, "invalid type"),
    ] {
        fs::write(&path, content).unwrap();
        undecided(says);
    }
}

#[test]
fn a_changed_model_is_refused() {
    let Some(root) = published() else { return };
    for published in &PUBLISHED {
        let copy = Copy::new(published, &root);
        let good = fs::read(copy.file("signme-1")).unwrap();
        let changed: Vec<u8> = good.iter().enumerate().map(|(index, byte)| byte ^ u8::from(index == 0)).collect();
        for content in [&changed[..], &[&good[..], b"\0"].concat(), b""] {
            fs::write(copy.file("signme-1"), content).unwrap();
            let output = copy.verify(&SIGNER);
            assert_refused(published.folder, &output, "file-changed", "signme-1: changed");
            // The signature itself holds, so its signer is named.
            assert_eq!(json(&output)["identity"]["subject"], IDENTITY, "{}", published.folder);
        }
        fs::write(copy.file("signme-1"), good).unwrap();
        fs::write(copy.file("more"), "more").unwrap();
        assert_refused(published.folder, &copy.verify(&SIGNER), "file-unsigned", "more: not signed");
        fs::remove_file(copy.file("more")).unwrap();
        fs::remove_file(copy.file("signme-2")).unwrap();
        assert_refused(published.folder, &copy.verify(&SIGNER), "file-missing", "signme-2: missing");
    }
}

/// The words for the published signer, and the trust root in this file.
fn trusting(file: &Path) -> Vec<OsString> {
    [words(&["--trust-config"]), vec![file.into()]].concat()
}

fn words(more: &[&str]) -> Vec<OsString> {
    SIGNER.iter().chain(more).map(OsString::from).collect()
}
