//! How many signatures are enough, and which of them count.

use std::fs;

use secureml::crypto::Curve;

use super::place::{Place, by_key, roles};
use crate::support::{Authority, Draft, assert_accepted, assert_refused, certificates_pem, findings, json, write_tree};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Every subset of three signers against every threshold.
#[test]
fn as_many_as_the_rule_asks_for() {
    let place = Place::new();
    let keys = NAMES.map(|name| place.signer(name));
    let signers = NAMES.map(by_key);
    let signers: Vec<&str> = signers.iter().map(String::as_str).collect();
    for signed in 0..8_usize {
        fs::remove_file(place.fixture.signature()).ok();
        fs::remove_dir_all(place.added()).ok();
        let chosen: Vec<usize> = (0..3).filter(|at| signed >> at & 1 == 1).collect();
        for (number, at) in chosen.iter().enumerate() {
            if number == 0 { place.sign(&keys[*at], &[]) } else { place.add(&keys[*at]) }
        }
        for threshold in 1..=3 {
            place.policy(&signers, &format!("threshold: {threshold}"));
            let (name, output) = (format!("{chosen:?} of {threshold}"), place.verify());
            if chosen.len() >= threshold {
                assert_accepted(&name, &output);
                assert_eq!(roles(&output), chosen.iter().map(|at| NAMES[*at]).collect::<Vec<_>>(), "{name}");
            } else if chosen.is_empty() {
                let text = assert_refused(&name, &output, "policy-no-signature", "there is no signature");
                assert!(text.starts_with("model.sig: ") || text.contains("/model.sig: "), "{text}");
            } else {
                let text = assert_refused(&name, &output, "policy-threshold", "signatures that are needed");
                let missing: Vec<&str> = NAMES
                    .into_iter()
                    .enumerate()
                    .filter(|(at, _)| !chosen.contains(at))
                    .map(|(_, name)| name)
                    .collect();
                assert_eq!(
                    text,
                    format!(
                        "{} of {threshold} signatures that are needed, none counts for {}",
                        chosen.len(),
                        missing.join(", ")
                    )
                );
            }
        }
    }
    place.policy(&signers, "");
    assert_accepted("all of them by default", &place.verify());
}

#[test]
fn a_signer_counts_once() {
    let place = Place::new();
    let (a, b) = (place.signer("a"), place.signer("b"));
    place.policy(&[&by_key("a"), &by_key("b")], "threshold: 2");
    place.sign(&a, &[]);
    place.put("copy.sig", &fs::read(place.fixture.signature()).unwrap());
    assert_refused(
        "a copy",
        &place.verify(),
        "policy-threshold",
        "1 of 2 signatures that are needed, none counts for b",
    );
    // Another signature of the same key, over the same statement.
    place.add(&a);
    let output = place.verify();
    assert_refused("twice", &output, "policy-threshold", "1 of 2");
    assert_refused("twice", &output, "policy-same-signer", "its signer counts already, for the role \"a\"");
    place.add(&b);
    assert_accepted("both", &place.verify());
    assert_eq!(findings(&place.verify()), [], "what is spare is not worth a word");
}

/// A key by itself and the same key in a certificate are one signer.
#[test]
fn a_key_with_a_certificate_is_no_second_signer() {
    let place = Place::new();
    let (a, b) = (place.signer("a"), place.signer("b"));
    let authority = Authority::new("root", Curve::P256);
    fs::write(place.fixture.path("root.pem"), certificates_pem(&[&authority.root()])).unwrap();
    for (name, key) in [("a", &a), ("b", &b)] {
        let leaf = authority.issue(&Draft::leaf("somebody"), &key.key);
        fs::write(place.fixture.path(&format!("{name}.leaf.pem")), certificates_pem(&[&leaf])).unwrap();
    }
    place.policy(&[&by_key("a"), "role: ca, certificate-authority: root.pem, subject: CN=somebody"], "threshold: 2");
    for (name, accepted) in [("a", false), ("b", true)] {
        let (key, leaf) = (format!("{name}.pem"), format!("{name}.leaf.pem"));
        let words = ["sign", "certificate", "--private-key", &key, "--signing-certificate", &leaf, "model"];
        assert_accepted(name, &place.run(&words));
        place.add(&a);
        let output = place.verify();
        if accepted {
            assert_accepted(name, &output);
            assert_eq!(roles(&output), ["a", "ca"]);
        } else {
            assert_refused(name, &output, "policy-threshold", "1 of 2 signatures that are needed");
        }
        fs::remove_dir_all(place.added()).unwrap();
    }
}

#[test]
fn signatures_of_others_do_no_harm() {
    let place = Place::new();
    let (a, b) = (place.signer("a"), place.signer("b"));
    place.sign(&a, &[]);
    place.add(&b);
    place.put("broken.sig", b"{");
    place.put("empty.sig", b"");
    place.put("notes.txt", b"no signature by its name");
    fs::create_dir(place.added().join("folder.sig")).unwrap();
    let mut forged: serde_json::Value = serde_json::from_slice(&fs::read(place.fixture.signature()).unwrap()).unwrap();
    forged["dsseEnvelope"]["payload"] = "e30=".into();
    place.put("forged.sig", forged.to_string().as_bytes());

    place.policy(&[&by_key("a")], "");
    let output = place.verify();
    assert_accepted("enough", &output);
    let warned: Vec<(String, String)> = findings(&output);
    let has = |rule: &str, bundle: &str| warned.iter().any(|(found, text)| found == rule && text.contains(bundle));
    assert!(has("signature-malformed", "broken.sig"), "{warned:#?}");
    assert!(has("signature-malformed", "empty.sig: the signature is empty"), "{warned:#?}");
    assert!(has("signature-invalid", "forged.sig: a: "), "{warned:#?}");
    assert!(has("policy-signer", "signed by nobody whom the rule names"), "{warned:#?}");
    assert!(json(&output)["findings"].as_array().unwrap().iter().all(|finding| finding["severity"] == "warning"));

    // What cannot be read might have been what is missing.
    place.signer("c");
    place.policy(&[&by_key("a"), &by_key("c")], "");
    let output = place.verify();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(json(&output)["models"][0]["outcome"], "undecided");
    assert!(json(&output)["error"]["causes"][0].as_str().unwrap().contains("folder.sig"));
    fs::remove_dir(place.added().join("folder.sig")).unwrap();
    let output = place.verify();
    assert_refused("not enough", &output, "policy-threshold", "none counts for c");
    assert_refused("not enough", &output, "signature-malformed", "broken.sig");
    assert_refused("not enough", &output, "signature-invalid", "forged.sig");
}

/// The first signature may be missing where others are enough.
#[test]
fn no_signature_is_special() {
    let place = Place::new();
    let (a, b) = (place.signer("a"), place.signer("b"));
    place.sign(&a, &[]);
    place.add(&b);
    place.policy(&[&by_key("b")], "");
    assert_accepted("both", &place.verify());
    fs::remove_file(place.fixture.signature()).unwrap();
    assert_accepted("the second alone", &place.verify());
    assert_eq!(roles(&place.verify()), ["b"]);
}

#[test]
fn all_that_counts_is_over_one_manifest() {
    let place = Place::new();
    let (a, b, stranger) = (place.signer("a"), place.signer("b"), place.signer("stranger"));
    write_tree(&place.fixture.path("other"), &[("config.json", b"{}")]);
    let sign_other = |key: &str| {
        let private = format!("{key}.pem");
        assert_accepted(
            key,
            &place.run(&["sign", "key", "--private-key", &private, "--signature", "other.sig", "other"]),
        );
        fs::read(place.fixture.path("other.sig")).unwrap()
    };
    place.sign(&a, &[]);
    place.put("other.sig", &sign_other("b"));
    for threshold in [1, 2] {
        place.policy(&[&by_key("a"), &by_key("b")], &format!("threshold: {threshold}"));
        let text = assert_refused("other", &place.verify(), "policy-manifest", "over different manifests");
        assert!(text.contains("model.sig") && text.contains("other.sig"), "{text}");
    }
    // Who does not count says nothing by it.
    place.put("other.sig", &sign_other("stranger"));
    place.add(&b);
    assert_accepted("a stranger's", &place.verify());
    drop(stranger);
    // A signature of its own over the same files is as good.
    fs::remove_dir_all(place.added()).unwrap();
    assert_accepted("own", &place.run(&["sign", "key", "--private-key", "b.pem", "--signature", "own.sig", "model"]));
    place.put("own.sig", &fs::read(place.fixture.path("own.sig")).unwrap());
    fs::remove_file(place.fixture.path("own.sig")).unwrap();
    assert_accepted("another statement, the same manifest", &place.verify());
}

#[test]
fn roles_that_share_a_key_are_told_before_anything_else() {
    let place = Place::new();
    let a = place.signer("a");
    place.sign(&a, &[]);
    place.policy(&[&by_key("a"), "role: b, key: ./a.pub.pem"], "threshold: 2");
    let output = place.verify();
    assert_eq!(output.status.code(), Some(2));
    let found = findings(&output);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "policy-fault");
    assert!(found[0].1.contains("would count once") && found[0].1.contains(".secureml.yaml:7:"), "{found:?}");
}
