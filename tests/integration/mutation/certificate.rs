//! Mutations of a certificate's signature. What makes a certificate acceptable is tested elsewhere; here it is the bundle
//! that changes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::crypto::{Certificate, Curve};
use secureml::sign::FileKey;
use serde_json::{Value, json};

use super::bundle::complaint;
use super::edit::{Spoilt, spoil_each_field};
use super::scene::{Case, Scene, Trust};
use crate::support::{Authority, Draft};

/// Every mutation of the certificates in a bundle.
pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases = fields(scene);
    cases.extend(entries(scene));
    cases.extend(other_certificates(scene));
    cases
}

fn fields(scene: &Scene) -> Vec<Case> {
    let spoilt = spoil_each_field(&scene.certified);
    assert!(spoilt.len() > 60, "{}", spoilt.len());
    let case = |Spoilt { what, name, spoil, text }| {
        let says = complaint(&name, spoil)?;
        let case = scene.case(format!("bundle with certificates {what}"), "signature-malformed", says);
        Some(case.trust(Trust::Root).signature(text))
    };
    spoilt.into_iter().filter_map(case).collect()
}

fn case(scene: &Scene, name: &str, rule: &'static str, says: &str, certificates: &Value) -> Case {
    let mut bundle = scene.certified.clone();
    bundle["verificationMaterial"]["x509CertificateChain"]["certificates"] = certificates.clone();
    scene.case(format!("certificates: {name}"), rule, says).trust(Trust::Root).signature(bundle.to_string())
}

fn raw(bytes: &[u8]) -> Value {
    json!({"rawBytes": STANDARD.encode(bytes)})
}

/// Entries that hold no certificate, or not one.
fn entries(scene: &Scene) -> Vec<Case> {
    let leaf = scene.leaf.as_der();
    let first = "certificate 1 of the signature is not acceptable: a damaged certificate";
    let base64 = "a certificate is not standard base64";
    let list = json!([scene.certified["verificationMaterial"]["x509CertificateChain"]["certificates"]]);
    let as_list = |pointer: &str, value: Value| {
        let mut bundle = scene.certified.clone();
        *bundle.pointer_mut(pointer).expect("a field") = value;
        bundle.to_string()
    };
    let retyped = |name: &str, bundle: String| {
        let case = scene.case(format!("certificates: {name}"), "signature-malformed", "invalid type: sequence");
        case.trust(Trust::Root).signature(bundle)
    };
    let malformed = |name, says, certificates| case(scene, name, "signature-malformed", says, &certificates);
    let entry = json!([STANDARD.encode(leaf)]);
    vec![
        malformed("none", "the signature has no certificate", json!([])),
        malformed("more than a bundle may bring", "expected a list of at most 32", json!(vec![raw(leaf); 33])),
        malformed("empty", base64, json!([raw(b"")])),
        malformed("not base64", base64, json!([{"rawBytes": "?"}])),
        malformed("PEM in place of DER", first, json!([raw(b"-----BEGIN CERTIFICATE-----")])),
        malformed("a byte behind", first, json!([raw(&[leaf, &[0]].concat())])),
        malformed("a byte missing", first, json!([raw(&leaf[..leaf.len() - 1])])),
        malformed("the second damaged", "certificate 2 of the signature", json!([raw(leaf), raw(b"no")])),
        malformed("null entry", "invalid type: null", json!([null])),
        malformed("text entry", "invalid type: string", json!([STANDARD.encode(leaf)])),
        retyped("entry written as a list", as_list("/verificationMaterial/x509CertificateChain/certificates/0", entry)),
        retyped("chain written as a list", as_list("/verificationMaterial/x509CertificateChain", list)),
    ]
}

/// Certificates that are good in themselves, but not here.
fn other_certificates(scene: &Scene) -> Vec<Case> {
    let (leaf, intermediate) = (&scene.leaf, &scene.intermediate_certificate);
    let stranger = FileKey::generate(Curve::P256).expect("a new key");
    let wrong = "does not match what it should have signed, or the key";
    let nobody = "which is neither trusted nor in the signature";
    let other_leaf = scene.intermediate.issue(&Draft::leaf("leaf"), &stranger);
    let impostor = Authority::new("intermediate", Curve::P256);
    let forged = impostor.issue(&Draft::leaf("leaf"), &scene.key.key);
    let alone = Authority { name: "leaf", key: FileKey::generate(Curve::P256).expect("a new key") };
    let chain = |certificates: &[&Certificate]| {
        Value::from(certificates.iter().map(|certificate| raw(certificate.as_der())).collect::<Vec<_>>())
    };
    let named = |name, rule, says, certificates| case(scene, name, rule, says, &chain(certificates));
    let untrusted = |name, says, certificates| named(name, "signature-certificate", says, certificates);
    let method = "made by the method \"certificate\"";
    let certified = scene.certified.to_string();
    vec![
        named("another key's from the same CA", "signature-invalid", wrong, &[&other_leaf, intermediate]),
        untrusted("the intermediate missing", nobody, &[leaf]),
        untrusted("in the wrong order", "neither for digital signatures nor for code signing", &[intermediate, leaf]),
        untrusted("of a CA with the same name and another key", nobody, &[&forged, intermediate]),
        untrusted("of a CA that vouches for itself", "is not among the trusted ones", &[&forged, &impostor.root()]),
        untrusted("of a signer who vouches for himself", "is not among the trusted ones", &[&alone.root()]),
        scene
            .case("certificates: another root trusted", "signature-certificate", nobody)
            .trust(Trust::OtherRoot)
            .signature(certified.clone()),
        scene.case("certificates: verified by key", "signature-method", method).signature(certified),
    ]
}
