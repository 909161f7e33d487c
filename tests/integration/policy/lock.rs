//! Pinning signers: trust on first use.

use std::fs;
use std::process::Stdio;

use secureml::crypto::Curve;

use super::place::{Place, by_key, roles};
use crate::support::{
    Authority, Draft, assert_accepted, assert_refused, certificates_pem, copy_tree, findings, json, run, secureml,
};

/// `policy lock` for the model, with these words.
fn lock(place: &Place, words: &[&str]) -> std::process::Output {
    place.run(&[&["policy", "lock", "model", "--signature", "model.sig"], words].concat())
}

fn error(output: &std::process::Output) -> String {
    json(output)["error"]["message"].as_str().expect("an error").to_owned()
}

#[test]
fn what_is_pinned_is_what_verifies() {
    let place = Place::new();
    let (a, b) = (place.signer("a"), place.signer("b"));
    place.sign(&a, &[]);
    place.add(&b);
    let words =
        ["--public-key", "b.pub.pem", "--public-key", "a.pub.pem", "--yes", "--role", "training", "--role", "security"];
    let output = lock(&place, &words);
    assert_accepted("lock", &output);
    assert_eq!(roles(&output), ["training", "security"]);
    assert_eq!(json(&output)["output"], ".secureml.yaml");
    let expected = "version: 1\nmodels:\n  - path: \"model\"\n    signature: \"model.sig\"\n    signers:\n      \
                    - role: \"training\"\n        key: \"a.pub.pem\"\n      - role: \"security\"\n        key: \"b.pub.pem\"\n";
    assert_eq!(fs::read_to_string(place.policy_file()).unwrap(), expected);
    assert_accepted("verify", &place.verify());
    fs::remove_dir_all(place.added()).unwrap();
    assert_refused("all of them from now on", &place.verify(), "policy-threshold", "1 of 2");

    let output = lock(&place, &words);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(error(&output), ".secureml.yaml has a rule for model already, on line 3");
    assert_eq!(fs::read_to_string(place.policy_file()).unwrap(), expected);
}

#[test]
fn certificates_are_pinned_by_their_names() {
    let place = Place::new();
    let key = place.signer("a");
    let ca = Authority::new("ca", Curve::P256);
    fs::write(place.fixture.path("ca.pem"), certificates_pem(&[&ca.root()])).unwrap();
    fs::write(place.fixture.path("leaf.pem"), certificates_pem(&[&ca.issue(&Draft::leaf("anna"), &key.key)])).unwrap();
    let words = ["sign", "certificate", "--private-key", "a.pem", "--signing-certificate", "leaf.pem", "model"];
    assert_accepted("sign", &place.run(&words));
    let output = lock(&place, &["--yes", "--public-key", "a.pub.pem"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(error(&output).starts_with("model.sig was signed with a certificate, and whom to trust"), "{output:?}");
    assert_accepted("lock", &lock(&place, &["--yes", "--certificate-chain", "ca.pem"]));
    let text = fs::read_to_string(place.policy_file()).unwrap();
    assert!(
        text.contains(
            "      - role: \"signer\"\n        certificate-authority: \"ca.pem\"\n        subject: \"CN=anna\"\n"
        ),
        "{text}"
    );
    assert_accepted("verify", &place.verify());
}

#[test]
fn nothing_is_written_that_was_not_shown_to_hold() {
    let place = Place::new();
    let (a, stranger) = (place.signer("a"), place.signer("stranger"));
    place.sign(&a, &[]);
    place.put("broken.sig", b"{}");
    let yes = ["--public-key", "a.pub.pem", "--yes"];
    assert_refused("broken", &lock(&place, &yes), "signature-malformed", "broken.sig: ");
    fs::remove_file(place.added().join("broken.sig")).unwrap();
    place.add(&stranger);
    assert_refused("not all are trusted", &lock(&place, &yes), "signature-key", "the signature names the key");
    fs::remove_dir_all(place.added()).unwrap();
    for (name, words, code, message) in [
        ("no key", &["--yes"][..], 2, "a key cannot be learnt from a signature"),
        ("nobody confirms", &yes[..2], 2, "nobody is here to confirm the signers, nothing was written"),
        (
            "roles",
            &["--public-key", "a.pub.pem", "--yes", "--role", "a", "--role", "b"],
            2,
            "2 roles are given, and there are 1 signers",
        ),
        (
            "an empty role",
            &["--public-key", "a.pub.pem", "--yes", "--role", ""],
            1,
            "with the new rule would have faults",
        ),
        ("no such key", &["--public-key", "absent.pem", "--yes"], 3, "cannot read the public key"),
    ] {
        let output = lock(&place, words);
        assert_eq!(output.status.code(), Some(code), "{name}");
        assert!(error(&output).contains(message), "{name}: {output:?}");
    }
    fs::write(place.fixture.model().join("more.txt"), "more").unwrap();
    assert_refused("changed", &lock(&place, &yes), "file-unsigned", "more.txt: not signed");
    fs::remove_file(place.fixture.model().join("more.txt")).unwrap();
    // Who can change the model could change the key.
    fs::copy(place.fixture.path("a.pub.pem"), place.fixture.path("model/a.pub.pem")).unwrap();
    place.sign(&a, &[]);
    let output = lock(&place, &["--public-key", "model/a.pub.pem", "--yes"]);
    assert_refused("inside", &output, "policy-fault", "lies in the model");
    assert!(!place.policy_file().exists());
    // Over different manifests.
    fs::copy(place.fixture.signature(), place.fixture.path("old.sig")).unwrap();
    fs::write(place.fixture.model().join("more.txt"), "more").unwrap();
    place.sign(&a, &[]);
    place.put("old.sig", &fs::read(place.fixture.path("old.sig")).unwrap());
    assert_refused(
        "different",
        &lock(&place, &yes),
        "policy-manifest",
        "old.sig: is over another manifest than model.sig",
    );
    assert!(!place.policy_file().exists());
}

#[test]
fn a_policy_is_continued() {
    let place = Place::new();
    let a = place.signer("a");
    place.sign(&a, &[]);
    let yes = ["--public-key", "a.pub.pem", "--yes"];
    let before = "# Who signs what.\nversion: 1\nmodels:\n  - path: other   # not here\n    signers: [{role: a, key: a.pub.pem}]\n";
    place.write_policy(before);
    let output = lock(&place, &yes);
    assert_accepted("lock", &output);
    let after = fs::read_to_string(place.policy_file()).unwrap();
    assert!(after.starts_with(before) && after.len() > before.len(), "{after}");
    assert_accepted("verify", &place.verify());
    // What takes the model already, or is no policy, stays as it is.
    for (text, code, message) in [
        (
            "version: 1\nmodels:\n  - {path: '*', signers: [{role: a, key: a.pub.pem}]}\n",
            1,
            "has a rule for model already, on line 3",
        ),
        ("version: 1\nmodels:\n  - path: other\n", 2, "cannot use the policy"),
        ("version: 1\nmodels: [{path: other, signers: [{role: a, key: a.pub.pem}]}]\n", 1, "cannot add a rule"),
    ] {
        place.write_policy(text);
        let output = lock(&place, &yes);
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(error(&output).contains(message), "{text}: {output:?}");
        assert_eq!(fs::read_to_string(place.policy_file()).unwrap(), text);
    }
}

/// Paths in a policy are relative to the policy, wherever the command runs.
#[test]
fn paths_are_those_of_the_policy() {
    let place = Place::new();
    place.signer("a");
    fs::create_dir_all(place.fixture.path("policies/models")).unwrap();
    fs::rename(place.fixture.model(), place.fixture.path("policies/models/m [1]")).unwrap();
    let path = |name: &str| place.fixture.path(name).display().to_string();
    let (key, public, model) = (path("a.pem"), path("a.pub.pem"), path("policies/models/m [1]"));
    let (signature, policy) = (path("signature of m.sig"), path("policies/p.yaml"));
    let sign = ["--format", "json", "sign", "key", "--private-key", &key, "--signature", &signature, &model];
    assert_accepted("sign", &run(sign));
    let lock = ["--format", "json", "policy", "lock", &model, "--signature", &signature, "--public-key", &public];
    assert_accepted("lock", &run(lock.iter().chain(&["--policy", &policy, "--yes"])));
    let text = fs::read_to_string(&policy).unwrap();
    assert!(text.contains("  - path: \"models/m [[]1[]]\"\n    signature: \"../signature of m.sig\"\n"), "{text}");
    assert!(text.contains("        key: \"../a.pub.pem\"\n"), "{text}");
    let mut verify = secureml();
    verify.current_dir(path("policies/models")).args(["--format", "json", "verify", "--policy", "../p.yaml", "m [1]"]);
    assert_accepted("verify", &verify.output().unwrap());

    fs::create_dir(place.fixture.path("far")).unwrap();
    let far = path("far/p.yaml");
    let output = run(lock.iter().chain(&["--policy", &far, "--yes"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(error(&output).contains("does not lie in the folder of"), "{output:?}");
    assert!(!place.fixture.path("far/p.yaml").exists());
}

#[test]
fn no_policy_is_put_into_a_model() {
    let place = Place::new();
    let a = place.signer("a");
    place.sign(&a, &[]);
    let words = ["policy", "lock", "model", "--signature", "model.sig", "--public-key", "a.pub.pem", "--yes"];
    let output = place.run(&[&words[..], &["--policy", "model/.secureml.yaml"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(error(&output).starts_with("model/.secureml.yaml would lie in the model"), "{output:?}");
    assert!(!place.fixture.path("model/.secureml.yaml").exists());
}

/// Where rules look by themselves, nothing is said of the place.
#[test]
fn the_usual_place_needs_no_word() {
    let place = Place::new();
    place.signer("a");
    assert_accepted(
        "sign",
        &place.run(&["sign", "key", "--private-key", "a.pem", "--signature", "model/model.sig", "model"]),
    );
    assert_accepted("lock", &place.run(&["policy", "lock", "model", "--public-key", "a.pub.pem", "--yes"]));
    let text = fs::read_to_string(place.policy_file()).unwrap();
    assert_eq!(
        text,
        "version: 1\nmodels:\n  - path: \"model\"\n    signers:\n      - role: \"signer\"\n        key: \"a.pub.pem\"\n"
    );
    assert_accepted("verify", &place.verify());
    assert_eq!(findings(&place.verify()), []);
    place.policy(&[&by_key("a")], "");
    assert_refused("another place", &place.verify(), "policy-no-signature", "model.sig: there is no signature");
}

/// Who comes while somebody else writes leaves the policy alone.
#[test]
fn one_changes_the_policy_at_a_time() {
    let place = Place::new();
    let a = place.signer("a");
    place.sign(&a, &[]);
    let yes = ["--public-key", "a.pub.pem", "--yes"];
    let path = place.fixture.path(".secureml.yaml.lock");
    let held = fs::File::create(&path).unwrap();
    held.lock().unwrap();
    let output = lock(&place, &yes);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(error(&output), ".secureml.yaml changed while the signers were looked at, and was left as it is");
    assert!(!place.policy_file().exists());
    held.unlock().unwrap();
    assert_accepted("free again", &lock(&place, &yes));
    assert_eq!(path.exists(), !cfg!(unix));
}

/// Many processes at once: every rule that one of them says it wrote is there.
#[test]
fn no_rule_is_lost() {
    let place = Place::new();
    place.signer("a");
    let models: Vec<String> = (0..8).map(|number| format!("model-{number}")).collect();
    for model in &models {
        copy_tree(&place.fixture.model(), &place.fixture.path(model));
        let signature = format!("{model}/model.sig");
        let words = ["sign", "key", "--private-key", "a.pem", "--signature", &signature, model];
        assert_accepted("sign", &place.run(&words));
    }
    for _ in 0..5 {
        let children: Vec<_> = models
            .iter()
            .map(|model| {
                let mut command = secureml();
                command.current_dir(place.fixture.path("")).stdout(Stdio::null()).stderr(Stdio::null());
                command.args(["policy", "lock", model, "--public-key", "a.pub.pem", "--yes"]);
                command.spawn().expect("the program starts")
            })
            .collect();
        let codes: Vec<_> = children.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
        assert!(codes.iter().all(|code| matches!(code, Some(0 | 3))), "{codes:?}");
        let text = fs::read_to_string(place.policy_file()).unwrap();
        for (model, _) in models.iter().zip(&codes).filter(|(_, code)| **code == Some(0)) {
            assert!(text.contains(&format!("- path: {model:?}\n")), "{codes:?} {text}");
        }
        let written = codes.iter().filter(|code| **code == Some(0)).count();
        assert!(written > 0, "somebody is first: {codes:?}");
        assert_eq!(text.matches("- path:").count(), written, "{codes:?} {text}");
        fs::remove_file(place.policy_file()).unwrap();
    }
}
