//! Fingerprints that an identity signed.

use std::fs;
use std::process::Output;

use serde_json::Value;

use super::instance::{Instance, Log, START, Token};
use super::scene::{IDENTITY, IN_TIME, PROVIDER, Scene, usual};
use crate::signed::statement;
use crate::support::{assert_accepted, assert_refused, json as answer, run};

#[test]
fn an_identity_vouches_for_a_fingerprint() {
    let scene = Scene::new();
    let payload = payload(&scene);
    let tsa = &scene.instance.tsa;
    for (name, log) in [("Rekor v1", IN_TIME), ("Rekor v2", Log::V2)] {
        let signed = scene.instance.sign(&payload, &usual());
        let token = Token::new(&signed.signature, START + 70, tsa).signed_by(tsa);
        let bundle = scene.instance.bundle(&signed, &log, &[token]);
        let output = verify(&scene, &bundle, IDENTITY);
        assert_accepted(name, &output);
        let who = &answer(&output)["identity"];
        assert_eq!((&who["subject"], &who["issuer"]), (&IDENTITY.into(), &PROVIDER.into()), "{name}");
        assert!(answer(&output)["signed_at"].is_array(), "{name}");
        assert_refused(name, &verify(&scene, &bundle, "other@example.org"), "signature-identity", IDENTITY);
        // The same bytes as a model's signature.
        assert_refused(name, &scene.verify(&bundle), "statement-invalid", "fingerprint/v1");
    }
}

#[test]
fn what_is_wrong_with_the_signature_is_said() {
    let scene = Scene::new();
    let payload = payload(&scene);
    let signed = scene.instance.sign(&payload, &usual());
    let good = scene.instance.bundle(&signed, &IN_TIME, &[]);
    assert_accepted("good", &verify(&scene, &good, IDENTITY));
    let other = Instance::new();
    let foreign = other.bundle(&other.sign(&payload, &usual()), &IN_TIME, &[]);
    assert_refused("another instance", &verify(&scene, &foreign, IDENTITY), "signature-certificate", "");
    // A model's signature in the place of a fingerprint's.
    let model = scene.instance.bundle(&scene.signed(), &IN_TIME, &[]);
    assert_accepted("model", &scene.verify(&model));
    assert_refused("model", &verify(&scene, &model, IDENTITY), "statement-invalid", "signature/v1.0");
    // The signature and its log entry belong to these bytes and no others.
    let mut changed = good.clone();
    changed["dsseEnvelope"]["payload"] = model["dsseEnvelope"]["payload"].clone();
    assert_refused("other bytes", &verify(&scene, &changed, IDENTITY), "signature-invalid", "");
    let mut unlogged = good;
    unlogged["verificationMaterial"]["tlogEntries"] = Value::Array(Vec::new());
    assert_refused(
        "not logged",
        &verify(&scene, &unlogged, IDENTITY),
        "signature-malformed",
        "no transparency log entry",
    );
}

#[test]
fn a_model_that_changed_is_refused_though_the_signature_holds() {
    let scene = Scene::new();
    let bundle = scene.instance.bundle(&scene.instance.sign(&payload(&scene), &usual()), &IN_TIME, &[]);
    fs::write(scene.path("model/config.json"), "{}").unwrap();
    let output = verify(&scene, &bundle, IDENTITY);
    assert_refused("changed", &output, "file-changed", "config.json: changed in bytes 0-14");
    assert_eq!(answer(&output)["identity"]["subject"], IDENTITY);
}

/// What a signer of the model's fingerprint signs, as a key's signature has it.
fn payload(scene: &Scene) -> Vec<u8> {
    let print = scene.path("key.print.sig");
    let words = ["--format", "json", "fingerprint", "create", "--sign", "--key"].map(Into::into);
    let more = [scene.path("key.pem"), "--output".into(), print.clone(), scene.path("model")];
    assert_accepted("create", &run(words.into_iter().chain(more)));
    serde_json::to_vec(&statement(&print)).unwrap()
}

fn verify(scene: &Scene, bundle: &Value, identity: &str) -> Output {
    let print = scene.path("print.sig");
    fs::write(&print, bundle.to_string()).unwrap();
    let mut command = crate::support::secureml();
    command.env("SECUREML_CACHE", scene.path("cache")).args(["--format", "json", "fingerprint", "verify"]);
    command.args(["--identity", identity, "--identity-provider", PROVIDER, "--offline", "--trust-config"]);
    command.arg(scene.trusted_root()).arg("--fingerprint").arg(print).arg(scene.path("model"));
    command.output().expect("the program starts")
}
