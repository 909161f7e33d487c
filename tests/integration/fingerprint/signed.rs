//! Who vouches for a fingerprint: a key, a certificate, or nobody, which is said.

use std::fs;

use secureml::crypto::Curve;

use super::scene::{Scene, assert_failed};
use crate::support::{Authority, Draft, assert_accepted, assert_refused, certificates_pem, findings, json, secureml};

#[test]
fn a_key_vouches_for_it() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        let scene = Scene::new();
        scene.fixture.key("signer", curve);
        scene.fixture.key("other", curve);
        let output = scene.run("create model --sign --private-key signer.pem");
        assert_accepted("create", &output);
        assert_eq!(json(&output)["output"], "fingerprint.sig");
        let verify = |words: &str| scene.run(&format!("verify model --fingerprint fingerprint.sig {words}"));
        let output = verify("--public-key signer.pub.pem");
        assert_accepted("verify", &output);
        assert_eq!(json(&output)["identity"]["method"], "key");
        assert_eq!(findings(&output), []);
        assert_refused("other key", &verify("--public-key other.pub.pem"), "signature-key", "the signature names");
        scene.write("model/config.json", "{}");
        let output = verify("--public-key signer.pub.pem");
        assert_refused("changed", &output, "file-changed", "config.json: changed in bytes 0-14");
        // The signature holds, so the signer of what is no longer there is named.
        assert_eq!(json(&output)["identity"]["method"], "key");
    }
}

#[test]
fn a_certificate_vouches_for_it() {
    let scene = Scene::new();
    let (root, middle) = (Authority::new("root", Curve::P384), Authority::new("middle", Curve::P256));
    let leaf = middle.issue(&Draft::leaf("leaf"), &scene.key.key);
    scene.write("leaf.pem", certificates_pem(&[&leaf]));
    scene.write("middle.pem", certificates_pem(&[&root.issue(&Draft::ca("middle"), &middle.key)]));
    scene.write("root.pem", certificates_pem(&[&root.root()]));
    scene.write("other.pem", certificates_pem(&[&Authority::new("root", Curve::P384).root()]));
    let words = "create model --sign --key key.pem --certificate leaf.pem --certificate-chain middle.pem";
    assert_accepted("create", &scene.run(words));
    let verify = |words: &str| scene.run(&format!("verify model --fingerprint fingerprint.sig {words}"));
    let output = verify("--certificate-chain root.pem");
    assert_accepted("verify", &output);
    assert_eq!(json(&output)["identity"]["subject"], "CN=leaf");
    assert_refused("other", &verify("--certificate-chain other.pem"), "signature-certificate", "");
    assert_refused("method", &verify("--public-key key.pub.pem"), "signature-method", "");
    assert_failed("no root", &verify("--certificate-chain key.pem"), 3, &[]);
}

#[test]
fn it_is_about_the_subject_of_the_model_signature() {
    let scene = Scene::new();
    for words in ["", "--hash blake3", "--method shards --shard-size 700", "--hash blake2b --method shards"] {
        let line = format!("sign key --private-key key.pem {words} --fingerprint --signature model.sig model");
        assert_accepted(words, &scene.program(&line));
        let (statement, print) = (scene.statement("model.sig"), scene.statement("model.fingerprint.sig"));
        assert_eq!(print["subject"], statement["subject"], "{words}");
        assert_eq!(print["predicate"]["serialization"], statement["predicate"]["serialization"], "{words}");
        assert_eq!(print["_type"], statement["_type"]);
        assert_accepted(words, &scene.program("verify key --public-key key.pub.pem --signature model.sig model"));
        let verify = "verify model --fingerprint model.fingerprint.sig --public-key key.pub.pem";
        assert_accepted(words, &scene.run(verify));
        fs::remove_file(scene.fixture.path("model.fingerprint.sig")).unwrap();
    }
    scene.create("--sign --key key.pem");
    let plain = "sign key --private-key key.pem --signature plain.sig --ignore-paths model/absent model";
    assert_accepted("sign", &scene.program(plain));
    assert_eq!(scene.statement("fingerprint.sig")["subject"], scene.statement("plain.sig")["subject"]);
}

#[test]
fn nobody_vouches_for_a_document_and_that_is_said() {
    let scene = Scene::new();
    scene.create("");
    scene.create("--sign --key key.pem");
    for (file, says) in [
        ("fingerprint.json", "nobody signed the fingerprint"),
        ("fingerprint.sig", "nobody checked the signature of the fingerprint"),
    ] {
        let output = scene.run(&format!("verify model --fingerprint {file}"));
        assert_accepted(file, &output);
        let found = findings(&output);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0 == "fingerprint-not-verified" && found[0].1.contains(says), "{found:?}");
        assert!(json(&output).get("identity").is_none(), "{file}");
        let mut command = secureml();
        command.current_dir(scene.fixture.path("")).args(["fingerprint", "verify", "model", "--fingerprint", file]);
        let output = command.output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "The model matches the fingerprint\n");
        assert!(!String::from_utf8_lossy(&output.stderr).to_lowercase().contains("verifi"), "{output:?}");
    }
    let output = scene.run("verify model --public-key key.pub.pem");
    assert_refused("bare document", &output, "signature-malformed", "");
    let mut command = secureml();
    command.current_dir(scene.fixture.path("")).args(["fingerprint", "create", "model"]);
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(said.ends_with("written to fingerprint.json (not signed: nobody vouches for it)\n"), "{said}");
}

#[test]
fn signature_and_fingerprint_are_two_files() {
    let scene = Scene::new();
    for same in ["model.sig", "./model.sig", "model/../model.sig"] {
        let line = format!("sign key --private-key key.pem --fingerprint={same} --signature model.sig model");
        assert_failed(same, &scene.program(&line), 2, &["signature and fingerprint would be the same file"]);
        assert!(!scene.fixture.path("model.sig").exists());
    }
    // Both inside the model: neither is a file of it.
    let line = "sign key --private-key key.pem --signature model/model.sig --fingerprint=model/print.sig model";
    for _ in 0..2 {
        assert_accepted("inside", &scene.program(line));
        assert_accepted("sig", &scene.program("verify key --public-key key.pub.pem --signature model/model.sig model"));
        let verify = "verify model --fingerprint model/print.sig --public-key key.pub.pem";
        assert_accepted("print", &scene.run(verify));
    }
    let names: Vec<_> = fs::read_dir(scene.fixture.model()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.iter().filter(|name| name.to_string_lossy().contains("sig")).count(), 2, "{names:?}");
}

#[test]
fn single_files_are_listed_alike_in_both() {
    for (name, path) in [("dot", "."), ("basename", "model.bin")] {
        let scene = Scene::with(&[("model.bin", b"weights")]);
        let words = format!("--single-file-name {name} --fingerprint=f.sig --signature s.sig");
        assert_accepted(name, &scene.program(&format!("sign key --private-key key.pem {words} model/model.bin")));
        assert_eq!(scene.statement("f.sig")["predicate"]["files"][0]["path"], path);
        assert_eq!(scene.statement("f.sig")["subject"], scene.statement("s.sig")["subject"]);
        let verify = "verify model/model.bin --fingerprint f.sig --public-key key.pub.pem";
        assert_accepted(name, &scene.run(verify));
    }
}
