//! Packages of every kind of model and signature, there and back.

use std::fs;
use std::process::Output;

use secureml::crypto::Curve;
use serde_json::json;

use super::parts::Parts;
use super::scene::{create, fed, names, package, tree};
use crate::signed::one_shot;
use crate::support::{
    Authority, Draft, Fixture, KeyFiles, MODEL, assert_accepted, assert_refused, certificates_pem, findings,
    json as answer, secureml, shared,
};

/// Verifies a package in every way, extracts it in both, and holds what comes out against what went in.
fn assert_round_trip(name: &str, fixture: &Fixture, key: &KeyFiles, expected: &[(&str, &[u8])]) {
    let place = fixture.path("model.sml");
    let trusting = |subcommand: &str| {
        let mut command = package(subcommand);
        command.current_dir(fixture.path("")).arg("--public-key").arg(&key.public);
        command
    };
    assert_accepted(name, &trusting("verify").arg(&place).output().unwrap());
    assert_accepted(name, &fed(trusting("verify").arg("-"), &fs::read(&place).unwrap()));
    assert_accepted(name, &trusting("extract").args(["--output", "out", "model.sml"]).output().unwrap());
    assert_accepted(name, &trusting("extract").args(["--output", "all", "--all", "model.sml"]).output().unwrap());
    let mut expected: Vec<(String, Vec<u8>)> =
        expected.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect();
    expected.sort();
    assert_eq!(tree(&fixture.path("out")), expected, "{name}");
    assert_eq!(tree(&fixture.path("all/model")), expected, "{name}");
    for (file, content) in &expected {
        let given = trusting("cat").arg("model.sml").arg(file).output().unwrap();
        assert_eq!((given.status.code(), &given.stdout), (Some(0), content), "{name}: {file}");
    }
    // What a verifier of models finds beside `model/`.
    let mut command = secureml();
    command.args(["--format", "json", "verify", "key", "--public-key"]).arg(&key.public);
    let model = fixture.path(if expected.len() == 1 { "single" } else { "all/model" });
    if expected.len() == 1 {
        fs::create_dir(&model).unwrap();
        let (file, content) = &expected[0];
        fs::write(model.join(file), content).unwrap();
        command.arg(model.join(file));
    } else {
        command.arg(model);
    }
    assert_accepted(name, &command.arg("--signature").arg(fixture.path("all/model.sig")).output().unwrap());
}

#[test]
fn a_key_signs_model_and_package() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P384);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let output = create(&fixture, &key, &["--model-version", "2.1"]);
    assert_accepted("create", &output);
    assert_eq!(answer(&output)["output"], "model.sml");
    assert_eq!(answer(&output)["manifest"]["files"], MODEL.len());
    assert_round_trip("key", &fixture, &key, MODEL);
    let verified = package("verify").arg("--public-key").arg(&key.public).arg(fixture.path("model.sml")).output();
    let verified = answer(&verified.unwrap());
    let hint = one_shot("sha256", &fs::read(&key.public).unwrap());
    assert_eq!(verified["identity"], json!({"method": "key", "hint": hint}));
    assert_eq!(verified["findings"], json!([]), "the signer's own model signature is checked");
    let signature = one_shot("sha256", &fs::read(fixture.signature()).unwrap());
    assert_eq!(one_shot("sha256", &fs::read(fixture.path("all/model.sig")).unwrap()), signature);
}

#[test]
fn a_certificate_signs_model_and_package() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let (root, other) = (Authority::new("root", Curve::P384), Authority::new("root", Curve::P384));
    let leaf = root.issue(&Draft::leaf("leaf"), &key.key);
    let pem = |name: &str, text: String| {
        fs::write(fixture.path(name), text).unwrap();
        fixture.path(name)
    };
    let leaf = pem("leaf.pem", certificates_pem(&[&leaf]));
    let (root, other) =
        (pem("root.pem", certificates_pem(&[&root.root()])), pem("other.pem", certificates_pem(&[&other.root()])));
    let mut sign = secureml();
    sign.current_dir(fixture.path("")).args(["sign", "certificate", "--private-key"]).arg(&key.private);
    sign.arg("--signing-certificate").arg(&leaf).arg("model");
    assert!(sign.output().unwrap().status.success());
    assert_accepted("create", &create(&fixture, &key, &["--signing-certificate", "leaf.pem"]));
    let verify = |trusted: &std::path::Path| {
        let mut command = package("verify");
        command.arg("--certificate-chain").arg(trusted).arg(fixture.path("model.sml")).output().unwrap()
    };
    let verified = verify(&root);
    assert_accepted("verify", &verified);
    assert_eq!(answer(&verified)["identity"]["subject"], "CN=leaf");
    assert_refused("another root", &verify(&other), "signature-certificate", "package.sigstore.json");
    let by_key = package("verify").arg("--public-key").arg(&key.public).arg(fixture.path("model.sml")).output();
    assert_refused("the key alone", &by_key.unwrap(), "signature-method", "package.sigstore.json");
    let mut extract = package("extract");
    extract.arg("--certificate-chain").arg(&root).arg("--output").arg(fixture.path("out"));
    assert_accepted("extract", &extract.arg(fixture.path("model.sml")).output().unwrap());
    assert_eq!(tree(&fixture.path("out")), tree(&fixture.model()));
}

#[test]
fn model_signatures_of_every_serialization() {
    for words in [
        &["--hash", "blake3"][..],
        &["--hash", "blake2b"],
        &["--method", "shards", "--shard-size", "700"],
        &["--method", "shards", "--shard-size", "700", "--hash", "blake3"],
        &["--method", "shards", "--shard-size", "1", "--hash", "blake2b"],
    ] {
        let fixture = Fixture::new();
        let key = fixture.key("key", Curve::P256);
        assert_accepted("sign", &fixture.sign(&key, words));
        for more in [&[][..], &["--fingerprint", "--overwrite"]] {
            assert_accepted("create", &create(&fixture, &key, more));
        }
        assert_round_trip(&words.join(" "), &fixture, &key, MODEL);
        fs::write(fixture.model().join("config.json"), "{}").unwrap();
        let before = fs::read(fixture.path("model.sml")).unwrap();
        assert_refused(&words.join(" "), &create(&fixture, &key, &["--overwrite"]), "file-changed", "config.json");
        assert_eq!(fs::read(fixture.path("model.sml")).unwrap(), before, "the old package stays");
    }
}

#[test]
fn models_of_a_single_file() {
    for words in [&[][..], &["--single-file-name", "basename"], &["--method", "shards", "--shard-size", "3"]] {
        let fixture = Fixture::new();
        let key = fixture.key("key", Curve::P256);
        fs::write(fixture.path("net.onnx"), "weights").unwrap();
        let mut sign = secureml();
        sign.current_dir(fixture.path("")).args(["sign", "key", "--private-key"]).arg(&key.private).args(words);
        assert!(sign.arg("net.onnx").output().unwrap().status.success());
        let mut create = package("create");
        create.current_dir(fixture.path("")).arg("--private-key").arg(&key.private).arg("net.onnx");
        assert_accepted("create", &create.output().unwrap());
        fs::rename(fixture.path("net.onnx.sml"), fixture.path("model.sml")).unwrap();
        assert_round_trip(&words.join(" "), &fixture, &key, &[("net.onnx", b"weights")]);
        // As a folder it is not what was signed.
        let folder = answer(&create.arg("model").output().unwrap());
        assert_eq!(folder["outcome"], "misuse", "two models");
    }
}

#[test]
#[cfg(unix)]
fn links_become_the_files_that_they_point_to() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    std::os::unix::fs::symlink("config.json", fixture.model().join("link.json")).unwrap();
    assert_accepted("sign", &fixture.sign(&key, &["--allow-symlinks"]));
    assert_accepted("create", &create(&fixture, &key, &[]));
    let linked: Vec<(&str, &[u8])> = MODEL.iter().copied().chain([("link.json", MODEL[1].1)]).collect();
    assert_round_trip("links", &fixture, &key, &linked);
    assert!(fs::symlink_metadata(fixture.path("out/link.json")).unwrap().is_file(), "no link comes out");
    // A signature that allows no links is over no model with links.
    fs::remove_file(fixture.model().join("link.json")).unwrap();
    assert_accepted("sign", &fixture.sign(&key, &[]));
    std::os::unix::fs::symlink("config.json", fixture.model().join("link.json")).unwrap();
    assert_refused("links", &create(&fixture, &key, &["--overwrite"]), "not-signable", "link.json: is a symbolic link");
}

#[test]
fn a_signature_inside_the_model_is_no_file_of_it() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let words = ["--signature", "model/model.sig"];
    for (command, more) in [(&["sign", "key"][..], &[][..]), (&["package", "create"], &["--output", "model.sml"])] {
        let mut run = secureml();
        run.current_dir(fixture.path("")).args(["--format", "json"]).args(command).arg("--private-key");
        assert_accepted("inside", &run.arg(&key.private).args(words).args(more).arg("model").output().unwrap());
    }
    assert_round_trip("inside", &fixture, &key, MODEL);
    assert_eq!(names(fixture.path("all")), ["mimetype", "model", "model.sig", "secureml"]);
}

/// In the model a package would be a file that nobody signed.
#[test]
fn a_package_inside_the_model_is_refused() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let output = create(&fixture, &key, &["--output", "model/model.sml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("would lie in the model") && said.contains("--output"), "{said}");
    assert!(!fixture.model().join("model.sml").exists(), "nothing was written");
    assert_accepted("verify", &fixture.verify(&key, &[]));
}

#[test]
fn further_signatures_go_along() {
    let fixture = Fixture::new();
    let (key, second, third) =
        (fixture.key("key", Curve::P256), fixture.key("second", Curve::P256), fixture.key("third", Curve::P521));
    assert_accepted("sign", &fixture.sign(&key, &[]));
    for other in [&second, &third] {
        assert_accepted("sign again", &fixture.sign(other, &["--add"]));
    }
    let beside: Vec<Vec<u8>> = tree(&fixture.path("model.sig.d")).into_iter().map(|(_, content)| content).collect();
    assert_eq!(beside.len(), 2);
    fs::write(fixture.path("model.sig.d/zz.sig"), "garbage").unwrap();
    let output = create(&fixture, &key, &[]);
    assert_accepted("create", &output);
    let [(rule, text)] = &findings(&output)[..] else { panic!("{output:?}") };
    assert_eq!(rule, "signature-left-out");
    assert!(text.contains("zz.sig: is not a signature over the same statement, and was left out"), "{text}");
    assert_round_trip("further", &fixture, &key, MODEL);
    let along = tree(&fixture.path("all/secureml/signatures"));
    let (names, contents): (Vec<String>, Vec<Vec<u8>>) = along.into_iter().unzip();
    assert!(names[0].starts_with("01-") && names[1].starts_with("02-"), "{names:?}");
    assert_eq!(contents, beside, "byte for byte");
    // They are signatures of the model, as they were.
    for (signer, name) in [(&second, &names), (&third, &names)]
        .iter()
        .flat_map(|(signer, names)| names.iter().map(move |name| (*signer, name)))
    {
        let signature = fixture.path("all/secureml/signatures").join(name);
        let mut verify = secureml();
        verify.args(["verify", "key", "--public-key"]).arg(&signer.public).arg("--signature").arg(&signature);
        let accepted = verify.arg(fixture.path("all/model")).output().unwrap().status.success();
        let bundle: serde_json::Value = serde_json::from_slice(&fs::read(&signature).unwrap()).unwrap();
        let hint = one_shot("sha256", &fs::read(&signer.public).unwrap());
        let own = bundle["verificationMaterial"]["publicKey"]["hint"] == hint;
        assert_eq!(accepted, own, "{name}");
    }
    // None of them is about the package.
    let by_second = package("verify").arg("--public-key").arg(&second.public).arg(fixture.path("model.sml")).output();
    assert_eq!(by_second.unwrap().status.code(), Some(1));
}

/// A model signature by somebody else is vouched for as it is, and that is said.
#[test]
fn the_package_signer_need_not_be_the_model_signer() {
    let fixture = Fixture::new();
    let (key, packager) = (fixture.key("key", Curve::P256), fixture.key("packager", Curve::P256));
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert_accepted("create", &create(&fixture, &packager, &[]));
    let verify = |key: &KeyFiles| {
        package("verify").arg("--public-key").arg(&key.public).arg(fixture.path("model.sml")).output().unwrap()
    };
    let output = verify(&packager);
    assert_accepted("packager", &output);
    let [(rule, text)] = &findings(&output)[..] else { panic!("{output:?}") };
    assert_eq!(rule, "package-model-signature");
    assert!(text.starts_with("model.sig: is by somebody else and was not checked"), "{text}");
    assert_refused("model signer", &verify(&key), "signature-key", "package.sigstore.json");
}

/// What old releases of the reference tool signed goes into a package as it is.
#[test]
fn signatures_of_old_releases() {
    let Some(root) = shared("oms/historical") else { return };
    for (folder, says) in [
        ("v0.2.0-certificate", None),
        ("v0.3.1-certificate", None),
        ("v1.0.0-certificate", None),
        ("v1.0.0-sigstore", None),
        // It did not record what was left out.
        ("v1.0.1-certificate", Some("ignore-me: not signed")),
    ] {
        let fixture = Fixture::with(&[]);
        let key = fixture.key("key", Curve::P256);
        crate::support::copy_tree(&root.join(folder), &fixture.model());
        let output: Output = create(&fixture, &key, &["--signature", "model/model.sig"]);
        if let Some(says) = says {
            assert_refused(folder, &output, "file-unsigned", says);
            continue;
        }
        assert_accepted(folder, &output);
        let mut extract = package("extract");
        extract.current_dir(fixture.path("")).args(["--all", "--output", "all", "--public-key"]).arg(&key.public);
        let extracted = extract.arg("model.sml").output().unwrap();
        assert_accepted(folder, &extracted);
        assert_eq!(findings(&extracted)[0].0, "package-model-signature", "{folder}");
        let (before, after) = (fixture.model().join("model.sig"), fixture.path("all/model.sig"));
        assert_eq!(fs::read(before).unwrap(), fs::read(&after).unwrap(), "{folder}");
        if folder.ends_with("certificate") {
            let chain = root.join("keys/certificate/ca-cert.pem");
            let mut verify = secureml();
            verify.args(["--format", "json", "verify", "certificate", "--certificate-chain"]).arg(chain);
            let verified = verify.arg("--signature").arg(&after).arg(fixture.path("all/model")).output().unwrap();
            assert_accepted(folder, &verified);
        }
    }
}

/// A model signature that says it is by the trusted signer, and is not, is no matter of somebody else's.
#[test]
fn a_model_signature_by_the_packages_signer_has_to_hold() {
    let fixture = Fixture::new();
    let (key, other) = (fixture.key("key", Curve::P256), fixture.key("other", Curve::P256));
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let mut bundle: serde_json::Value = serde_json::from_slice(&fs::read(fixture.signature()).unwrap()).unwrap();
    assert_accepted("sign", &fixture.sign(&other, &[]));
    let foreign: serde_json::Value = serde_json::from_slice(&fs::read(fixture.signature()).unwrap()).unwrap();
    bundle["dsseEnvelope"]["signatures"] = foreign["dsseEnvelope"]["signatures"].clone();
    fs::write(fixture.signature(), bundle.to_string()).unwrap();
    assert_accepted("create", &create(&fixture, &key, &[]));
    let mut verify = package("verify");
    verify.arg("--public-key").arg(&key.public).arg(fixture.path("model.sml"));
    assert_refused("broken", &verify.output().unwrap(), "signature-invalid", "model.sig");
}

/// A digest that the model signature needs is computed, and then the manifest is held to it.
#[test]
fn a_digest_that_is_computed_must_be_that_of_the_manifest() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &["--hash", "blake2b"]));
    assert_accepted("create", &create(&fixture, &key, &[]));
    let parts = Parts::of(&fs::read(fixture.path("model.sml")).unwrap());
    let verify = |digest: String| {
        let parts = parts.clone().with_manifest(|json| json["files"][0]["blake2b"] = digest.into());
        fs::write(fixture.path("other.sml"), parts.resigned(&key).bytes()).unwrap();
        package("verify").arg("--public-key").arg(&key.public).arg(fixture.path("other.sml")).output().unwrap()
    };
    let first = parts.manifest()["files"][0]["path"].as_str().unwrap().to_owned();
    let output = verify(one_shot("blake2b", parts.get(&format!("model/{first}"))));
    assert_accepted("true", &output);
    assert_eq!(answer(&output)["checked"], serde_json::json!(["sha256", "blake2b"]));
    let output = verify("0".repeat(128));
    assert_refused("false", &output, "package-digest", "does not have the blake2b digest that the manifest lists");
}
