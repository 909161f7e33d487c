//! Packages that somebody signed in the name of an identity.

use std::fs;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::crypto::Curve;
use serde_json::Value;

use super::instance::{Leaf, email};
use super::scene::{IDENTITY, IN_TIME, PROVIDER, Scene, usual};
use crate::package::{create, package};
use crate::support::{assert_accepted, assert_refused, json};

#[test]
fn an_identity_signs_model_and_package() {
    let scene = Scene::new();
    let fixture = &scene.fixture;
    // The statement is that of a package that a key signed; the instance signs it, and the package is built again.
    let signature = scene.instance.bundle(&scene.signed(), &IN_TIME, &[]);
    fs::write(fixture.signature(), signature.to_string()).unwrap();
    let key = fixture.key("packager", Curve::P256);
    let build = |words: &[&str]| {
        let mut command = package("create");
        command.current_dir(fixture.path("")).args(["--output", "model.sml", "--overwrite"]).args(words).arg("model");
        command.output().unwrap()
    };
    assert_accepted("by a key", &create(fixture, &key, &["--fingerprint"]));
    let mut cat = package("cat");
    let statement = cat.args(["--insecure", "model.sml", "secureml/package.sigstore.json"]);
    let bundle: Value =
        serde_json::from_slice(&statement.current_dir(fixture.path("")).output().unwrap().stdout).unwrap();
    let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
    let sign = |leaf: &Leaf| {
        let signed = scene.instance.sign(&payload, leaf);
        fs::write(fixture.path("package.json"), scene.instance.bundle(&signed, &IN_TIME, &[]).to_string()).unwrap();
        build(&["--fingerprint", "--package-signature", "package.json"])
    };
    assert_accepted("by an identity", &sign(&usual()));
    let verify = |identity: &str| -> Output {
        let mut command = package("verify");
        command.env("SECUREML_CACHE", fixture.path("cache")).args(["--offline", "--trust-config"]);
        command.arg(scene.trusted_root()).args(["--identity", identity, "--identity-provider", PROVIDER]);
        command.arg(fixture.path("model.sml")).output().unwrap()
    };
    let output = verify(IDENTITY);
    assert_accepted("verify", &output);
    assert_eq!(json(&output)["identity"]["subject"], IDENTITY);
    assert!(json(&output)["signed_at"].is_array(), "{output:?}");
    assert_refused(
        "another",
        &verify("other@example.org"),
        "signature-identity",
        "the identity is \"signer@example.org\"",
    );
    let other = Leaf::new(vec![email("other@example.org")], &[(1, PROVIDER), (8, PROVIDER)]);
    assert_accepted("by another identity", &sign(&other));
    assert_refused("signed by another", &verify(IDENTITY), "signature-identity", "package.sigstore.json");
    // With another fingerprint, it is another statement.
    let differs = build(&["--package-signature", "package.json"]);
    assert_eq!(differs.status.code(), Some(1), "{differs:?}");
    assert!(String::from_utf8(differs.stderr).unwrap().contains("is not about this package"));
}
