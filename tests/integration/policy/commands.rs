//! The commands that look at a policy, and the one that judges by it, as they are called.

use std::fs;

use secureml::sign::SigningKey as _;

use super::place::{Place, by_key};
use crate::support::{assert_accepted, assert_refused, findings, json, secureml};

#[test]
fn every_fault_has_its_place() {
    let place = Place::new();
    place.signer("a");
    place.write_policy(
        "version: 1\nmodels:\n  - path: model\n    signers:\n      - {role: a, key: a.pub.pem}\n    threshold: 2\n    expires: soon\n",
    );
    let output = place.run(&["policy", "check"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(json(&output)["outcome"], "misuse");
    let fault = |text: &str| ("policy-fault".to_owned(), text.to_owned());
    let expected = [
        fault(".secureml.yaml:6:16: the threshold 2 is above the number of signers, 1"),
        fault(".secureml.yaml:7:14: \"soon\" is not a date as 2027-06-30"),
    ];
    assert_eq!(findings(&output), expected);
    let mut command = secureml();
    let text =
        command.current_dir(place.fixture.path("")).args(["policy", "check", ".secureml.yaml"]).output().unwrap();
    let said = String::from_utf8(text.stderr).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines, ["error: .secureml.yaml has 2 faults", expected[0].1.as_str(), expected[1].1.as_str()]);

    place.policy(&[&by_key("a")], "");
    let output = place.run(&["policy", "check"]);
    assert_accepted("good", &output);
    assert_eq!(json(&output)["text"], ".secureml.yaml: 1 rule");
    assert_eq!(place.run(&["policy", "check", "absent.yaml"]).status.code(), Some(3));
}

/// A warning, as the policy can be followed.
#[test]
fn rules_that_expired_and_keys_without_effect_are_told() {
    let place = Place::new();
    place.signer("a");
    place.write_policy(
        "version: 1\nmodels:\n  - path: m.sml\n    ignore: [x]\n    signers:\n      - {role: a, key: a.pub.pem}\n    expires: 2020-01-01\n",
    );
    let output = place.run(&["policy", "check"]);
    assert_accepted("with warnings", &output);
    let expired = ".secureml.yaml:7:14: the rule expired after 2020-01-01, so its models are refused";
    let idle =
        ".secureml.yaml:4:13: `ignore` has no effect on a package: its signatures are in it, and cover every file";
    let expected = [("policy-expired", expired), ("policy-idle", idle)];
    assert_eq!(findings(&output), expected.map(|(rule, text)| (rule.to_owned(), text.to_owned())));
    assert_eq!(json(&output)["findings"][0]["severity"], "warning");
    let text = secureml().current_dir(place.fixture.path("")).args(["policy", "check"]).output().unwrap();
    assert_eq!(text.status.code(), Some(0));
    assert_eq!(String::from_utf8(text.stdout).unwrap(), ".secureml.yaml: 1 rule\n");
    assert_eq!(String::from_utf8(text.stderr).unwrap(), format!("warning: {expired}\nwarning: {idle}\n"));
}

#[test]
fn what_a_rule_asks_for_is_shown() {
    let place = Place::new();
    let a = place.signer("a");
    place.sign(&a, &[]);
    place.put("broken.sig", b"{}");
    place.write_policy(
        "version: 1\nmodels:\n  - path: models/*\n    signers: [{role: a, key: a.pub.pem}]\n  - path: model\n    \
         signature: model.sig\n    signers:\n      - {role: a, key: a.pub.pem}\n      \
         - {role: ci, issuer: 'https://issuer.example', identity-glob: 'https://example.org/*'}\n    threshold: 1\n    \
         transparency: optional\n    formats: {deny: [pickle, keras]}\n    expires: 2999-12-31\n  - path: mode?\n    \
         signers: [{role: a, key: a.pub.pem}]\n",
    );
    let output = place.run(&["policy", "show", "model"]);
    assert_accepted("show", &output);
    let answer = json(&output);
    assert_eq!(answer["models"][0]["rule"]["line"], 5);
    let text = answer["text"].as_str().unwrap();
    let hint = a.key.public_key().hint();
    let folder = fs::canonicalize(place.fixture.path("")).unwrap();
    let signature = folder.join("model.sig").display().to_string();
    let expected = format!(
        "line 3: models/*: does not fit\nline 5: model: holds\nline 14: mode?: fits too, and comes too late\n\
         threshold: 1 of 2\na: the key a.pub.pem ({hint})\n\
         ci: the glob https://example.org/* (according to https://issuer.example)\ntransparency: optional\n\
         formats: any but pickle, keras\nexpires: after 2999-12-31\n\
         signature: {signature}, which says it is by {hint}\nsignature: {signature}.d/broken.sig, which cannot be used: "
    );
    assert!(text.starts_with(&expected), "{text}\n{expected}");

    let output = place.run(&["policy", "show", "."]);
    assert_refused("no rule", &output, "policy-no-rule", "no rule for this model");
    place.policy(&[&by_key("a")], "expires: 2020-01-01");
    assert_refused("expired", &place.run(&["policy", "show", "model"]), "policy-expired", "the rule on line 3");
    assert_eq!(place.run(&["policy", "show", "absent"]).status.code(), Some(3));
    fs::remove_file(place.fixture.signature()).unwrap();
    place.policy(&[&by_key("a")], "");
    let shown = json(&place.run(&["policy", "show", "model"]))["text"].as_str().unwrap().to_owned();
    assert!(shown.contains("model.sig, which is not there"), "{shown}");
}

#[test]
fn the_schema_is_the_librarys() {
    let place = Place::new();
    let output = place.run(&["policy", "schema"]);
    assert_accepted("schema", &output);
    let text = json(&output)["text"].as_str().unwrap().to_owned();
    let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(schema, secureml::policy::schema());
}

/// The option where it stands, without its value, and with the method's name.
#[test]
fn policies_are_called_in_several_ways() {
    let place = Place::new();
    let a = place.signer("a");
    place.sign(&a, &[]);
    place.policy(&[&by_key("a")], "");
    fs::copy(place.policy_file(), place.fixture.path("p.yaml")).unwrap();
    for words in [
        &["verify", "--policy", "p.yaml", "model"][..],
        &["verify", "--policy=p.yaml", "model"],
        &["verify", "model", "--policy", "p.yaml"],
        &["verify", "model", "--policy"],
        &["verify", "policy", "model"],
        &["verify", "policy", "--policy", "p.yaml", "--offline", "model", "model"],
    ] {
        assert_accepted(&words.join(" "), &place.run(words));
    }
    for words in [
        &["verify", "--policy", "model"][..],
        &["verify", "--policy", "p.yaml", "--signature", "model.sig", "model"],
        &["verify", "--policy", "p.yaml", "--insecure-skip-tlog", "model"],
        &["verify", "--policy", "p.yaml", "--identity", "a", "model"],
        &["verify", "key", "--policy", "p.yaml", "--public-key", "a.pub.pem", "--signature", "model.sig", "model"],
    ] {
        assert_eq!(place.run(words).status.code(), Some(2), "{words:?}");
    }
}

/// The rule of a package is told as that of a model; what it says of files beside a signature has no effect.
#[test]
fn packages_have_rules_as_models_do() {
    let place = Place::new();
    let a = place.signer("a");
    place.sign(&a, &[]);
    let words = ["package", "create", "model", "--output", "m.sml", "--private-key", "a.pem"];
    assert_accepted("create", &place.run(&words));
    place.write_policy(
        "version: 1\nmodels:\n  - path: m.sml\n    signature: model.sig\n    signers: [{role: a, key: a.pub.pem}]\n",
    );
    let hint = a.key.public_key().hint();
    let idle = ("policy-idle".to_owned(), "`signature` in the rule on line 3 has no effect on a package".to_owned());
    let shown = place.run(&["policy", "show", "m.sml"]);
    assert_accepted("show", &shown);
    assert_eq!(findings(&shown), std::slice::from_ref(&idle));
    let text = json(&shown)["text"].as_str().unwrap().to_owned();
    let expected = format!(
        "line 3: m.sml: holds\nthreshold: 1 of 1\na: the key a.pub.pem ({hint})\n\
         signature: model.sig in the package, which says it is by key {hint}\n\
         signature: secureml/package.sigstore.json in the package, which says it is by key {hint}\n"
    );
    assert_eq!(text, expected);
    let verify = ["package", "verify", "m.sml", "--policy", ".secureml.yaml"];
    let verified = place.run(&verify);
    assert_accepted("verify", &verified);
    assert_eq!(findings(&verified), std::slice::from_ref(&idle));

    // A package is not what its model's signature is over.
    let mut command = secureml();
    command.current_dir(place.fixture.path("")).args(["verify", "--policy", ".secureml.yaml", "m.sml"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("help: this is a package, which holds its signatures itself"), "{said}");

    place.signer("b");
    place.write_policy(
        "version: 1\nmodels:\n  - path: m.sml\n    signature: model.sig\n    signers: [{role: b, key: b.pub.pem}]\n",
    );
    let refused = place.run(&verify);
    assert_refused("another signer", &refused, "policy-threshold", "0 of 1");
    assert!(findings(&refused).contains(&idle), "{refused:?}");
}
