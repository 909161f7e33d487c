//! The test vectors of the specification: bundles without their models.

use std::fs;
use std::time::Duration;

use secureml::crypto::{Certificate, PublicKey};
use secureml::oms::{Bundle, Format, Material, Statement};
use secureml::trust::{CertificateTime, TrustRoot};
use secureml::verify::Verifier;

use super::collection;

#[test]
fn valid_vectors_are_read() {
    let Some(folder) = collection("test-vectors/v1.0/valid") else { return };
    let mut kinds = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bundle = Bundle::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let statement = Statement::from_payload(&bundle.envelope.payload, Format::V1);
        assert!(statement.is_ok(), "{}: {statement:?}", path.display());
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        kinds.push((
            name,
            match bundle.material {
                Material::PublicKey(_) => "key",
                Material::Chain { .. } => "certificate",
                Material::Keyless { .. } => "sigstore",
            },
        ));
    }
    kinds.sort();
    let expected =
        [("certificate.bundle.json", "certificate"), ("key.bundle.json", "key"), ("sigstore.bundle.json", "sigstore")];
    assert_eq!(kinds, expected.map(|(name, kind)| (name.to_owned(), kind)));
}

#[test]
fn the_signatures_of_valid_vectors_hold() {
    let (Some(folder), Some(keys)) = (collection("test-vectors/v1.0/valid"), collection("historical/keys/certificate"))
    else {
        return;
    };
    let key = PublicKey::from_pem(&fs::read(keys.join("signing-key-pub.pem")).unwrap()).unwrap();
    let anchors = Certificate::all_from_pem(&fs::read(keys.join("ca-cert.pem")).unwrap()).unwrap();
    let trust = TrustRoot::Certificates { anchors, time: CertificateTime::StartOfSigner };
    for (name, trust) in [("key.bundle.json", TrustRoot::Key(key)), ("certificate.bundle.json", trust)] {
        let bundle = Bundle::read(&folder.join(name)).unwrap();
        let verified = Verifier::new(&trust, Duration::ZERO).verify(&bundle).unwrap();
        assert_eq!(verified.name(), "model", "{name}");
    }
}

#[test]
fn invalid_vectors_are_refused_for_what_is_wrong_with_them() {
    let Some(folder) = collection("test-vectors/v1.0/invalid") else { return };
    let expected = [
        ("empty.bundle.json", "the signature is empty"),
        ("missing-envelope.bundle.json", "missing field `dsseEnvelope`"),
        ("missing-tlog-entries.bundle.json", "the keyless signature has no transparency log entry"),
        ("missing-verification-material.bundle.json", "missing field `verificationMaterial`"),
    ];
    assert_eq!(fs::read_dir(&folder).unwrap().count(), expected.len(), "vectors that no line expects");
    for (name, says) in expected {
        let error = Bundle::read(&folder.join(name)).expect_err(name);
        let text = with_cause(&error);
        assert!(text.contains(says), "{name}: {text}");
    }
}

#[test]
fn invalid_payloads_are_refused_for_what_is_wrong_with_them() {
    let Some(folder) = collection("test-vectors/v1.0/invalid-payload") else { return };
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "vectors that no line expects");
    let bundle = Bundle::read(&folder.join("wrong-predicate.bundle.json")).unwrap();
    let error = Statement::from_payload(&bundle.envelope.payload, Format::V1).expect_err("another predicate");
    let text = with_cause(&error);
    assert!(text.contains("the statement is about \"https://example.com/wrong-predicate/v1.0\""), "{text}");
}

fn with_cause(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}
