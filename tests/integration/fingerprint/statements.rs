//! Signed fingerprints that are not what was signed, or are about something else.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::ops::{FingerprintFileError, read_fingerprint};
use secureml::sign::SigningKey as _;
use secureml::trust::TrustRoot;
use serde_json::{Value, json};

use super::scene::{Scene, assert_failed};
use crate::mutation::edit::{Spoil, Spoilt, spoil_each_field};
use crate::support::{assert_accepted, assert_refused, json as answer};

const TYPE: &str = "https://github.com/secureml/sign/fingerprint/v1";
const OMS: &str = "https://model_signing/signature/v1.0";

/// What is changed about a statement, the rule by which it is refused, what is said, and the change.
type Edit = (&'static str, &'static str, &'static str, fn(&mut Value));

const SUBJECT: &str = "the statement is not about the model that its fingerprint describes";

const EDITS: &[Edit] = &[
    ("another type", "statement-invalid", "the statement has the type \"https://in-toto.io/Statement/v0.1\"", |it| {
        it["_type"] = json!("https://in-toto.io/Statement/v0.1");
    }),
    ("the type of a model signature", "statement-invalid", "the statement is about \"https://model_signing", |it| {
        it["predicateType"] = json!(OMS);
    }),
    ("another version", "statement-invalid", "the statement is about \"https://github.com/secureml/sign/f", |it| {
        it["predicateType"] = json!("https://github.com/secureml/sign/fingerprint/v2");
    }),
    ("no type", "statement-invalid", "the statement is about \"\"", |it| it["predicateType"] = json!("")),
    ("no subject", "statement-invalid", "the statement has no subject", |it| it["subject"] = json!([])),
    ("more subjects than there may be", "statement-invalid", "a list of at most", |it| {
        it["subject"] = Value::Array(vec![it["subject"][0].clone(); 3000]);
    }),
    ("a subject twice", "fingerprint-malformed", SUBJECT, |it| {
        it["subject"] = json!([it["subject"][0], it["subject"][0]]);
    }),
    ("another subject", "fingerprint-malformed", SUBJECT, |it| {
        it["subject"][0]["digest"]["sha256"] = json!("00".repeat(32));
    }),
    ("the Merkle root as subject", "fingerprint-malformed", SUBJECT, |it| {
        it["subject"][0]["digest"]["sha256"] = it["predicate"]["merkle"]["root"].clone();
    }),
    ("a subject in capitals", "statement-invalid", "the SHA-256 of the subject \"model\" is not acceptable", |it| {
        let digest = it["subject"][0]["digest"]["sha256"].as_str().unwrap().to_uppercase();
        it["subject"][0]["digest"]["sha256"] = json!(digest);
    }),
    ("a subject with another hash alone", "statement-invalid", "missing field `sha256`", |it| {
        it["subject"][0]["digest"] = json!({"sha512": "00"});
    }),
    ("a fingerprint of nothing", "fingerprint-malformed", "missing field", |it| it["predicate"] = json!({})),
    ("no fingerprint", "fingerprint-malformed", "invalid type: null", |it| it["predicate"] = Value::Null),
];

#[test]
fn every_other_statement_is_refused_for_its_own_reason() {
    let scene = signed_scene();
    let statement = scene.statement("fingerprint.sig");
    for (name, rule, says, edit) in EDITS {
        let mut changed = statement.clone();
        edit(&mut changed);
        assert_ne!(changed, statement, "{name}");
        scene.sign_payload(changed.to_string(), "judged.sig");
        let output = scene.run("verify model --fingerprint judged.sig --public-key key.pub.pem");
        assert_refused(name, &output, rule, says);
        assert!(answer(&output).get("identity").is_none(), "{name}: nobody is named");
        // Where nobody is trusted there is no verdict of a signature, and it is refused all the same.
        let output = scene.run("verify model --fingerprint judged.sig");
        assert_failed(name, &output, 1, &["cannot use the fingerprint judged.sig"]);
    }
    // The name of the subject is information, and more fields are for others.
    let mut named = statement.clone();
    named["subject"][0]["name"] = json!("another name");
    named["more"] = json!(1);
    scene.sign_payload(named.to_string(), "judged.sig");
    assert_accepted("name", &scene.run("verify model --fingerprint judged.sig --public-key key.pub.pem"));
}

#[test]
fn every_field_of_a_statement_is_needed_once() {
    let scene = signed_scene();
    let mut statement = scene.statement("fingerprint.sig");
    // The fingerprint itself is another test's matter.
    let predicate = statement["predicate"].take().to_string();
    statement["predicate"] = json!("HERE");
    let trust = TrustRoot::Key(scene.key.key.public_key().clone());
    for Spoilt { what, name, spoil, text } in spoil_each_field(&statement) {
        let says = match (name.as_str(), spoil) {
            ("predicate", Spoil::Removed | Spoil::Doubled) => spoil.complaint(&name),
            ("predicate", _) => "it does not have the form of a fingerprint".to_owned(),
            _ => spoil.complaint(&name),
        };
        scene.sign_payload(text.replace("\"HERE\"", &predicate), "judged.sig");
        let verdict = read_fingerprint(&scene.fixture.path("judged.sig"), Some(&trust), Duration::ZERO).unwrap();
        let refused = verdict.expect_err(&what);
        assert!(refused.findings[0].message.contains(&says), "{what}: wanted {says}, found {:?}", refused.findings);
    }
}

#[test]
fn a_model_signature_is_no_fingerprint_nor_the_other_way_round() {
    let scene = signed_scene();
    assert_accepted("sign", &scene.program("sign key --private-key key.pem --signature model.sig model"));
    let output = scene.run("verify model --fingerprint model.sig --public-key key.pub.pem");
    let says = format!("the statement is about \"{OMS}\", not {TYPE}");
    assert_refused("signature", &output, "statement-invalid", &says);
    assert_failed("unchecked", &scene.run("verify model --fingerprint model.sig"), 1, &["the statement is about"]);
    let output = scene.program("verify key --public-key key.pub.pem --signature fingerprint.sig model");
    assert_refused("fingerprint", &output, "statement-invalid", &format!("the statement is about \"{TYPE}\""));
    // Nor is one of another model.
    let other = Scene::with(&[("other.bin", b"other")]);
    other.sign_payload(scene.statement("fingerprint.sig").to_string(), "judged.sig");
    let output = other.run("verify model --fingerprint judged.sig --public-key key.pub.pem");
    assert_refused("another model", &output, "file-unsigned", "other.bin");
}

#[test]
fn every_byte_of_signature_and_payload_counts() {
    let scene = signed_scene();
    let trust = TrustRoot::Key(scene.key.key.public_key().clone());
    let bundle = scene.document("fingerprint.sig");
    let path = scene.fixture.path("judged.sig");
    let judge = |bundle: &Value| {
        std::fs::write(&path, bundle.to_string()).unwrap();
        read_fingerprint(&path, Some(&trust), Duration::ZERO)
    };
    assert!(judge(&bundle).unwrap().is_ok());
    let (mut judged, mut rules) = (0, std::collections::BTreeSet::new());
    for field in ["/dsseEnvelope/payload", "/dsseEnvelope/signatures/0/sig"] {
        let bytes = STANDARD.decode(bundle.pointer(field).unwrap().as_str().unwrap()).unwrap();
        let is_signature = field.ends_with("sig");
        for at in 0..bytes.len() {
            // Each bit of the signature, one bit of each byte of the payload.
            for bit in (0..8).filter(|bit| is_signature || *bit == at % 8) {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                let mut changed = bundle.clone();
                *changed.pointer_mut(field).unwrap() = json!(STANDARD.encode(flipped));
                let refused = judge(&changed).expect("a verdict").expect_err("a bit that does not count");
                judged += 1;
                rules.insert((is_signature, refused.findings[0].rule));
            }
        }
    }
    println!("{judged} flips: {rules:?}");
    let expected = [(false, "signature-invalid"), (true, "signature-invalid"), (true, "signature-malformed")];
    assert!(rules.iter().all(|found| expected.contains(found)), "{rules:?}");
    assert!(rules.contains(&(false, "signature-invalid")) && rules.contains(&(true, "signature-invalid")));
}

#[test]
fn a_fingerprint_that_is_too_large_is_not_read() {
    let scene = Scene::new();
    let file = std::fs::File::create(scene.fixture.path("large.json")).unwrap();
    file.set_len(secureml::oms::MAX_BUNDLE_BYTES + 1).unwrap();
    for words in ["", "--public-key key.pub.pem"] {
        let output = scene.run(&format!("verify model --fingerprint large.json {words}"));
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let path = scene.fixture.path("large.json");
    let error = read_fingerprint(&path, None, Duration::ZERO).expect_err("too large");
    assert!(matches!(error, FingerprintFileError::Read(_)), "{error}");
}

/// A scene with `fingerprint.sig`.
fn signed_scene() -> Scene {
    let scene = Scene::new();
    scene.create("--chunk-size 1000 --sign --key key.pem");
    scene
}
