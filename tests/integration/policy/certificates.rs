//! Signers who are known by certificates.

use std::fs;

use secureml::crypto::Curve;
use secureml::sign::FileKey;

use super::place::{Place, roles};
use crate::support::{Authority, Draft, assert_accepted, assert_refused, certificates_pem};

/// Writes the root of an authority, and gives it a signer: `NAME.pem` and its certificate `NAME.leaf.pem`.
fn issue(place: &Place, authority: &Authority, subject: &'static str, name: &str, curve: Curve) {
    let key = place.fixture.key(name, curve);
    let leaf = authority.issue(&Draft::leaf(subject), &key.key);
    fs::write(place.fixture.path(&format!("{name}.leaf.pem")), certificates_pem(&[&leaf])).unwrap();
    fs::write(place.fixture.path(&format!("{}.root.pem", authority.name)), certificates_pem(&[&authority.root()]))
        .unwrap();
}

fn sign(place: &Place, name: &str, more: &[&str]) {
    let (key, leaf) = (format!("{name}.pem"), format!("{name}.leaf.pem"));
    let words = ["sign", "certificate", "--private-key", &key, "--signing-certificate", &leaf, "model"];
    assert_accepted(name, &place.run(&[&words, more].concat()));
}

#[test]
fn thresholds_of_certificates() {
    let place = Place::new();
    let ca = Authority::new("ca", Curve::P256);
    issue(&place, &ca, "anna", "anna", Curve::P256);
    issue(&place, &ca, "bert", "bert", Curve::P384);
    issue(&place, &ca, "anna smith", "smith", Curve::P256);
    let signer = |name: &str| format!("role: {name}, certificate-authority: ca.root.pem, subject: CN={name}");
    let (anna, bert) = (signer("anna"), signer("bert"));
    sign(&place, "anna", &[]);
    place.policy(&[&anna, &bert], "");
    assert_refused(
        "one",
        &place.verify(),
        "policy-threshold",
        "1 of 2 signatures that are needed, none counts for bert",
    );
    sign(&place, "bert", &["--add"]);
    assert_accepted("both", &place.verify());
    assert_eq!(roles(&place.verify()), ["anna", "bert"]);

    place.policy(&[&anna, &bert], "key-bits: 384");
    let text = assert_refused("small", &place.verify(), "policy-key-bits", "384 bits are needed");
    assert!(text.contains("model.sig: anna: the key is on "), "{text}");
    place.policy(&[&anna, &bert], "key-bits: 384\nthreshold: 1");
    assert_eq!(roles(&place.verify()), ["bert"]);

    // The name in full, and nothing but it; and the authority.
    fs::remove_dir_all(place.added()).unwrap();
    sign(&place, "smith", &[]);
    place.policy(&[&anna], "");
    assert_refused("a longer name", &place.verify(), "policy-signer", "anna: the signer is CN=anna smith");
    let other = Authority::new("other", Curve::P256);
    issue(&place, &other, "anna", "foreign", Curve::P256);
    sign(&place, "foreign", &[]);
    assert_refused("another authority", &place.verify(), "signature-certificate", "anna: ");
}

/// A new certificate makes nobody two; the same name by two authorities may be two people.
#[test]
fn a_renewed_certificate_is_of_the_same_signer() {
    let place = Place::new();
    let (one, two) = (Authority::new("one", Curve::P256), Authority::new("two", Curve::P256));
    issue(&place, &one, "anna", "old", Curve::P256);
    issue(&place, &one, "anna", "new", Curve::P256);
    issue(&place, &two, "anna", "namesake", Curve::P256);
    let both = [one.root(), two.root()];
    fs::write(place.fixture.path("both.pem"), certificates_pem(&[&both[0], &both[1]])).unwrap();
    sign(&place, "old", &[]);
    sign(&place, "new", &["--add"]);
    let by = |role: &str, file: &str| format!("role: {role}, certificate-authority: {file}, subject: CN=anna");
    place.policy(&[&by("a", "one.root.pem"), &by("b", "both.pem")], "");
    assert_refused("renewed", &place.verify(), "policy-threshold", "1 of 2");

    sign(&place, "namesake", &["--add"]);
    place.policy(&[&by("a", "one.root.pem"), &by("b", "two.root.pem")], "");
    assert_accepted("namesakes", &place.verify());
    assert_eq!(roles(&place.verify()), ["a", "b"]);
    // Where the rule itself takes them for one, they are.
    place.policy(&[&by("a", "one.root.pem"), &by("b", "both.pem")], "");
    assert_refused("taken for one", &place.verify(), "policy-threshold", "1 of 2");
}

/// One key with two names is one signer as well.
#[test]
fn two_certificates_of_one_key_are_of_one_signer() {
    let place = Place::new();
    let ca = Authority::new("ca", Curve::P256);
    issue(&place, &ca, "anna", "anna", Curve::P256);
    let key = FileKey::from_pem(&fs::read(place.fixture.path("anna.pem")).unwrap(), || None).expect("the key");
    let leaf = ca.issue(&Draft::leaf("bert"), &key);
    fs::write(place.fixture.path("bert.leaf.pem"), certificates_pem(&[&leaf])).unwrap();
    fs::copy(place.fixture.path("anna.pem"), place.fixture.path("bert.pem")).unwrap();
    sign(&place, "anna", &[]);
    sign(&place, "bert", &["--add"]);
    let signer = |name: &str| format!("role: {name}, certificate-authority: ca.root.pem, subject: CN={name}");
    place.policy(&[&signer("anna"), &signer("bert")], "");
    assert_refused("one key", &place.verify(), "policy-threshold", "1 of 2 signatures that are needed");
    place.policy(&[&signer("anna"), &signer("bert")], "threshold: 1");
    assert_accepted("one is enough", &place.verify());
}
