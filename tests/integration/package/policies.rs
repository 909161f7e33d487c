//! Packages before a policy: who signed the model, who vouches for the rest, and which formats there may be.

use std::fs;
use std::io::Write as _;
use std::process::Output;

use flate2::Compression;
use flate2::write::GzEncoder;
use secureml::crypto::Curve;

use super::parts::Parts;
use super::scene::{create, package};
use crate::support::{Fixture, KeyFiles, assert_accepted, assert_refused, findings, json, write_tree};

/// A model that a first and a second signer signed, and a package by the first.
struct Place {
    fixture: Fixture,
    first: KeyFiles,
    second: KeyFiles,
}

impl Place {
    fn new() -> Self {
        let fixture = Fixture::new();
        let (first, second) = (fixture.key("first", Curve::P256), fixture.key("second", Curve::P384));
        assert_accepted("sign", &fixture.sign(&first, &[]));
        assert_accepted("add", &fixture.sign(&second, &["--add"]));
        assert_accepted("create", &create(&fixture, &first, &["--fingerprint"]));
        let place = Self { fixture, first, second };
        place.policy("model.sml", "threshold: 2");
        place
    }

    /// A policy with both signers for what this path names, and one more line.
    fn policy(&self, path: &str, more: &str) {
        let signers = "    signers:\n      - {role: a, key: first.pub.pem}\n      - {role: b, key: second.pub.pem}\n";
        let text = format!("version: 1\nmodels:\n  - path: {path}\n{signers}    {more}\n");
        fs::write(self.fixture.path(".secureml.yaml"), text).unwrap();
    }

    fn verify(&self) -> Output {
        self.verify_with(&[])
    }

    fn verify_with(&self, more: &[&str]) -> Output {
        let mut command = package("verify");
        command.current_dir(self.fixture.path("")).args(["--policy", ".secureml.yaml", "model.sml"]).args(more);
        command.output().unwrap()
    }

    fn parts(&self) -> Parts {
        Parts::of(&fs::read(self.fixture.path("model.sml")).unwrap())
    }

    fn put(&self, parts: &Parts) {
        fs::write(self.fixture.path("model.sml"), parts.bytes()).unwrap();
    }
}

fn further(parts: &Parts) -> String {
    let found = parts.entries.iter().find(|(name, _)| name.starts_with("secureml/signatures/"));
    found.expect("a further signature").0.clone()
}

#[test]
fn as_many_signers_as_the_rule_asks_for() {
    let place = Place::new();
    assert_accepted("both", &place.verify());
    let parts = place.parts();
    let name = further(&parts);
    for (case, changed) in [
        ("the second left out", parts.clone().without(&name)),
        ("the second is garbage", parts.clone().set(&name, "garbage")),
        ("the first twice", parts.clone().set(&name, parts.get("model.sig"))),
    ] {
        place.put(&changed);
        assert_refused(
            case,
            &place.verify(),
            "policy-threshold",
            "1 of 2 signatures that are needed, none counts for b",
        );
        place.policy("model.sml", "threshold: 1");
        assert_accepted(case, &place.verify());
        place.policy("model.sml", "threshold: 2");
    }
    // Who comes first does not matter.
    let turned = parts.clone().set("model.sig", parts.get(&name)).set(&name, parts.get("model.sig"));
    place.put(&turned.resigned(&place.second));
    assert_accepted("turned", &place.verify());
}

#[test]
fn a_signer_of_the_rule_must_vouch_for_the_package() {
    let place = Place::new();
    let stranger = place.fixture.key("stranger", Curve::P256);
    let parts = place.parts();
    place.put(&parts.clone().resigned(&stranger));
    assert_refused(
        "a stranger",
        &place.verify(),
        "policy-package-signer",
        "none of the rule's signers signed the package",
    );
    place.put(&parts.clone().resigned(&place.second));
    assert_accepted("the second", &place.verify());
    place.put(&parts.clone().without("secureml/package.sigstore.json"));
    assert_refused("nobody", &place.verify(), "policy-package-signer", "signed the package itself");
    // A further signature of the package will do.
    place.put(&parts.resigned(&stranger));
    let mut add = package("add-signature");
    add.arg("--private-key").arg(&place.second.private).arg(place.fixture.path("model.sml"));
    assert_accepted("add", &add.output().unwrap());
    assert_accepted("the second, added", &place.verify());
}

/// Who signs the package counts as one of the signers; a second signature of the same signer does not.
#[test]
fn added_signatures_count_for_the_threshold() {
    let place = Place::new();
    let parts = place.parts();
    place.put(&parts.clone().without(&further(&parts)));
    let add = |key: &KeyFiles| {
        let mut add = package("add-signature");
        add.arg("--private-key").arg(&key.private).arg(place.fixture.path("model.sml"));
        assert_accepted("add", &add.output().unwrap());
    };
    add(&place.first);
    assert_refused("the first again", &place.verify(), "policy-threshold", "1 of 2 signatures");
    add(&place.second);
    assert_accepted("the second, of the package alone", &place.verify());
}

#[test]
fn the_path_of_the_package_says_which_rule_holds() {
    let place = Place::new();
    place.policy("other.sml", "threshold: 1");
    assert_refused("no rule", &place.verify(), "policy-no-rule", "");
    place.policy("\"*.sml\"", "threshold: 1");
    assert_accepted("a glob", &place.verify());
    place.policy("model.sml", "expires: 2020-01-01");
    assert_refused("expired", &place.verify(), "policy-expired", "");
}

#[test]
fn formats_are_those_that_the_rule_permits() {
    let place = Place::new();
    write_tree(&place.fixture.model(), &[("weights/old.pkl", b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94.")]);
    assert_accepted("sign", &place.fixture.sign(&place.first, &[]));
    fs::remove_dir_all(place.fixture.path("model.sig.d")).unwrap();
    assert_accepted("add", &place.fixture.sign(&place.second, &["--add"]));
    assert_accepted("create", &create(&place.fixture, &place.first, &["--overwrite"]));
    assert_accepted("any format", &place.verify());
    place.policy("model.sml", "formats: {deny: [pickle]}");
    assert_refused("pickle", &place.verify(), "policy-format", "weights/old.pkl: has the format pickle");
}

#[test]
fn formats_are_looked_for_in_what_is_compressed() {
    let place = Place::new();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(b"\x80\x04cos\nsystem\n\x8c\x02id\x85R.").unwrap();
    write_tree(&place.fixture.model(), &[("weights/vocabulary", &packed.finish().unwrap())]);
    assert_accepted("sign", &place.fixture.sign(&place.first, &[]));
    fs::remove_dir_all(place.fixture.path("model.sig.d")).unwrap();
    assert_accepted("add", &place.fixture.sign(&place.second, &["--add"]));
    assert_accepted("create", &create(&place.fixture, &place.first, &["--overwrite"]));
    place.policy("model.sml", "formats: {deny: [pickle]}");
    assert_refused("pickle", &place.verify(), "policy-format", "weights/vocabulary: has the format pickle");
}

#[test]
fn a_policy_goes_with_no_signer_and_with_a_file() {
    let place = Place::new();
    let both = place.verify_with(&["--public-key", "first.pub.pem"]);
    assert_eq!(both.status.code(), Some(2), "{both:?}");
    assert!(json(&both)["error"].to_string().contains("something that policies say"), "{both:?}");
    let mut stream = package("verify");
    stream.current_dir(place.fixture.path("")).args(["--policy", ".secureml.yaml", "-"]);
    let stream = stream.output().unwrap();
    assert!(matches!(stream.status.code(), Some(2 | 3)), "{stream:?}");
    // What was found beside the verdict is a warning.
    place.put(&place.parts());
    assert_eq!(findings(&place.verify()), []);
}

/// Which signatures of the package were there, and why each did not count, is told where none vouches for it.
#[test]
fn a_refusal_tells_why_each_signature_of_the_package_does_not_count() {
    let place = Place::new();
    let stranger = place.fixture.key("stranger", Curve::P256);
    let parts = place.parts();
    let mut other = parts.statement();
    other["subject"][0]["digest"]["sha256"] = "0".repeat(64).into();
    for (key, statement, rule, says) in [
        (&stranger, parts.statement(), "policy-signer", "package.sigstore.json: signed by nobody whom the rule names"),
        (
            &place.first,
            other,
            "package-statement",
            "package.sigstore.json: a: the signature holds, and is not about this",
        ),
    ] {
        // The model is signed by both, the package by neither.
        place.put(&parts.clone().stating(key, &statement));
        let output = place.verify();
        assert_refused(rule, &output, "policy-package-signer", "none of the rule's signers signed the package itself");
        assert_refused(rule, &output, rule, says);
    }
}
