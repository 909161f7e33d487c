//! Signers with identities: the log, the time, and roles that one person could have.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use crate::keyless::instance::{Leaf, Log, START, Token, email};
use crate::keyless::scene::{IDENTITY, IN_TIME, PROVIDER, Scene};
use crate::support::{assert_accepted, assert_refused, findings, json as answer, secureml};

fn leaf(address: &str) -> Leaf {
    Leaf::new(vec![email(address)], &[(1, PROVIDER), (8, PROVIDER)])
}

/// Writes the first signature of the model, or one of the others.
fn put(scene: &Scene, name: &str, bundle: &Value) {
    let place = scene.fixture().path(name);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, bundle.to_string()).unwrap();
}

fn policy(scene: &Scene, signers: &[String], more: &str) {
    let signers: String = signers.iter().map(|signer| format!("      - {{{signer}}}\n")).collect();
    let more: String = more.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!("version: 1\nmodels:\n  - path: model\n    signature: model.sig\n    signers:\n{signers}{more}");
    fs::write(scene.fixture().path(".secureml.yaml"), text).unwrap();
}

fn by(role: &str, kind: &str, identity: &str) -> String {
    format!("role: {role}, issuer: '{PROVIDER}', {kind}: '{identity}'")
}

fn run(scene: &Scene, words: &[&str]) -> Output {
    let mut command = secureml();
    command.current_dir(scene.fixture().path("")).env("SECUREML_CACHE", scene.fixture().path("cache"));
    command.args(["--format", "json"]).args(words);
    command.args(["--offline", "--trust-config", "trusted_root.json"]).output().expect("the program starts")
}

fn verify(scene: &Scene) -> Output {
    run(scene, &["verify", "--policy", ".secureml.yaml", "model"])
}

/// The first signer's bundle in the log, and the same without its entry; both have a timestamp.
fn logged_and_not(scene: &Scene) -> (Value, Value) {
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    let token = Token::new(&signed.signature, START + 60, tsa).signed_by(tsa);
    let logged = scene.instance.bundle(&signed, &Log::V2, &[token]);
    let mut unlogged = logged.clone();
    unlogged["verificationMaterial"]["tlogEntries"] = json!([]);
    (logged, unlogged)
}

#[test]
fn the_log_is_asked_unless_the_rule_says_otherwise() {
    let scene = Scene::new();
    let (logged, unlogged) = logged_and_not(&scene);
    let mut wrong = logged.clone();
    wrong["verificationMaterial"]["tlogEntries"][0]["logIndex"] = json!("0");
    let signers = [by("signer", "identity", IDENTITY)];
    for (name, bundle, required, optional) in [
        ("logged", &logged, None, None),
        ("unlogged", &unlogged, Some("0 transparency log entries"), None),
        ("wrongly logged", &wrong, Some("different numbers"), Some("different numbers")),
    ] {
        put(&scene, "model.sig", bundle);
        for (rule, refused) in
            [("", required), ("transparency: required", required), ("transparency: optional", optional)]
        {
            policy(&scene, &signers, rule);
            let output = verify(&scene);
            match refused {
                Some(reason) => {
                    assert_refused(&format!("{name}, {rule}"), &output, "signature-log", reason);
                    assert_refused(&format!("{name}, {rule}"), &output, "policy-threshold", "0 of 1");
                }
                None => {
                    assert_accepted(&format!("{name}, {rule}"), &output);
                    let rules: Vec<String> = findings(&output).into_iter().map(|(rule, _)| rule).collect();
                    let expected: &[&str] = if name == "unlogged" { &["log-not-checked"] } else { &[] };
                    assert_eq!(rules, expected, "{name}, {rule}");
                }
            }
        }
    }
}

#[test]
fn a_time_is_asked_for_where_the_rule_says_so() {
    let scene = Scene::new();
    let key = scene.fixture().key("key", secureml::crypto::Curve::P256);
    assert_accepted("sign", &scene.fixture().sign(&key, &[]));
    put(&scene, "model.sig.d/keyless.sig", &scene.instance.bundle(&scene.signed(), &IN_TIME, &[]));
    let signers = [by("signer", "identity", IDENTITY), "role: key, key: key.pub.pem".to_owned()];
    policy(&scene, &signers, "");
    assert_accepted("without", &verify(&scene));
    policy(&scene, &signers, "timestamp: required");
    let output = verify(&scene);
    assert_refused("with", &output, "policy-threshold", "1 of 2 signatures that are needed, none counts for key");
    let text = assert_refused("with", &output, "policy-timestamp", "nobody trusted says when it was signed");
    assert!(text.contains("model.sig: key: "), "{text}");
    policy(&scene, &signers, "timestamp: required\nthreshold: 1");
    let output = verify(&scene);
    assert_accepted("one with a time", &output);
    assert_eq!(answer(&output)["models"][0]["signers"][0]["signed_at"][0], "2025-06-15T15:07:40Z");
}

/// Whoever comes first could take the role that the other one needs.
#[test]
fn roles_are_given_so_that_most_are_taken() {
    let scene = Scene::new();
    let bundle = |address: &str| scene.instance.bundle(&scene.sign(&leaf(address)), &IN_TIME, &[]);
    let signers = [by("anybody", "identity-glob", "*@example.org"), by("lead", "identity", IDENTITY)];
    policy(&scene, &signers, "");
    put(&scene, "model.sig", &bundle(IDENTITY));
    assert_refused("the lead alone", &verify(&scene), "policy-threshold", "1 of 2");
    // A new certificate, and a new key: the same person.
    put(&scene, "model.sig.d/a.sig", &bundle(IDENTITY));
    let output = verify(&scene);
    assert_refused("the lead twice", &output, "policy-threshold", "1 of 2");
    assert_refused("the lead twice", &output, "policy-same-signer", "");
    put(&scene, "model.sig.d/b.sig", &bundle("other@example.org"));
    for turned in [false, true] {
        if turned {
            put(&scene, "model.sig", &bundle("other@example.org"));
            fs::remove_file(scene.fixture().path("model.sig.d/b.sig")).unwrap();
        }
        let output = verify(&scene);
        assert_accepted("both", &output);
        let subjects: Vec<(String, String)> = answer(&output)["models"][0]["signers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|signer| {
                (
                    signer["role"].as_str().unwrap().to_owned(),
                    signer["identity"]["subject"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        let pair = |role: &str, subject: &str| (role.to_owned(), subject.to_owned());
        assert_eq!(subjects, [pair("anybody", "other@example.org"), pair("lead", IDENTITY)]);
    }
}

#[test]
fn somebody_else_does_not_count() {
    let scene = Scene::new();
    policy(&scene, &[by("signer", "identity", IDENTITY)], "");
    put(&scene, "model.sig", &scene.instance.bundle(&scene.sign(&leaf("signer@example.com")), &IN_TIME, &[]));
    let text = assert_refused("other", &verify(&scene), "policy-signer", "signed by nobody whom the rule names");
    assert!(text.contains("the identity is \"signer@example.com\", not \"signer@example.org\""), "{text}");
    policy(&scene, &[by("signer", "identity-regex", "signer@example[.](org|com)")], "");
    assert_accepted("a pattern", &verify(&scene));
}

/// Where no rule names a signer of an instance, none is asked; where one does, there has to be one.
#[test]
fn the_instance_is_loaded_only_where_it_is_needed() {
    let scene = Scene::new();
    let key = scene.fixture().key("key", secureml::crypto::Curve::P256);
    assert_accepted("sign", &scene.fixture().sign(&key, &[]));
    fs::remove_file(scene.trusted_root()).unwrap();
    policy(&scene, &["role: key, key: key.pub.pem".to_owned()], "");
    assert_accepted("keys", &verify(&scene));
    policy(&scene, &["role: key, key: key.pub.pem".to_owned(), by("signer", "identity", IDENTITY)], "threshold: 1");
    let output = verify(&scene);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(answer(&output)["error"]["message"], "there is no trust root to go by");
}

#[test]
fn an_identity_is_pinned_as_the_log_has_it() {
    let scene = Scene::new();
    let (logged, unlogged) = logged_and_not(&scene);
    let lock =
        |words: &[&str]| run(&scene, &[&["policy", "lock", "model", "--signature", "model.sig"], words].concat());
    put(&scene, "model.sig", &unlogged);
    assert_refused_with_error("in no log", &lock(&["--yes"]), "signature-malformed", "no transparency log entry");
    put(&scene, "model.sig", &logged);
    let policy = scene.fixture().path(".secureml.yaml");
    let output = lock(&[]);
    assert_eq!(output.status.code(), Some(2), "nobody is there to confirm");
    assert!(!policy.exists());
    let output = lock(&["--yes", "--role", "training"]);
    assert_accepted("lock", &output);
    assert_eq!(answer(&output)["models"][0]["signers"][0]["identity"]["subject"], IDENTITY);
    let expected = format!(
        "version: 1\nmodels:\n  - path: \"model\"\n    signature: \"model.sig\"\n    signers:\n      - role: \"training\"\n        \
         issuer: \"{PROVIDER}\"\n        identity: \"{IDENTITY}\"\n"
    );
    assert_eq!(fs::read_to_string(&policy).unwrap(), expected);
    assert_accepted("verify", &verify(&scene));
    put(&scene, "model.sig", &scene.instance.bundle(&scene.sign(&leaf("other@example.org")), &IN_TIME, &[]));
    assert_refused("somebody else", &verify(&scene), "policy-signer", "not \"signer@example.org\"");
    // Whom the instance does not vouch for cannot be pinned.
    fs::remove_file(&policy).unwrap();
    let stranger = Scene::new();
    put(&scene, "model.sig", &stranger.instance.bundle(&stranger.signed(), &IN_TIME, &[]));
    assert_refused_with_error("another instance", &lock(&["--yes"]), "signature-certificate", "not trusted");
    assert!(!policy.exists());
}

/// A refusal of a command that gives no verdict on a model: it has an error as well.
fn assert_refused_with_error(name: &str, output: &Output, rule: &str, fragment: &str) {
    assert_refused(name, output, rule, fragment);
    assert!(answer(output)["error"]["message"].as_str().unwrap().contains("cannot be pinned"), "{name}");
}
