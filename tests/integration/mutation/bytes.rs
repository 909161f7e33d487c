//! Every bit of signature, payload, certificate and bundle file, turned over one at a time. The library judges: thousands
//! of programs would only take longer.

use std::ops::Range;
use std::time::Duration;

use secureml::crypto::{Certificate, PublicKey, Signature};
use secureml::oms::{Bundle, Material, Payload};
use secureml::sign::SigningKey as _;
use secureml::trust::{CertificateTime, TrustRoot};
use secureml::verify::{BundleFault, Verifier};

use super::scene::Scene;
use crate::support::now;

#[test]
fn no_bit_of_the_signature_value_is_free() {
    let (bundle, trust) = keyed();
    let count = flipped(bundle.envelope.signature.as_der(), |at, bytes| {
        let mut bundle = bundle.clone();
        bundle.envelope.signature = Signature::from_der(bytes);
        let fault = Verifier::new(&trust, Duration::ZERO).verify(&bundle).expect_err("a changed signature");
        assert!(matches!(fault, BundleFault::Signature), "bit {at}: {fault}");
    });
    assert!(count > 500, "{count}");
    println!("{count} bits of the signature value: all refused");
}

#[test]
fn no_bit_of_the_payload_is_free() {
    let (bundle, trust) = keyed();
    let count = flipped(bundle.envelope.payload.as_bytes(), |at, bytes| {
        let mut bundle = bundle.clone();
        bundle.envelope.payload = Payload::new(bytes);
        let fault = Verifier::new(&trust, Duration::ZERO).verify(&bundle).expect_err("a changed payload");
        assert!(matches!(fault, BundleFault::Signature), "bit {at}: {fault}");
    });
    assert!(count > 5000, "{count}");
    println!("{count} bits of the payload: all refused");
}

#[test]
fn no_byte_of_a_certificate_is_free() {
    let (bundle, trust) = certified();
    let Material::Chain { leaf, others } = &bundle.material else { panic!("a chain") };
    let mut refused = [0, 0];
    for (place, certificate) in [&**leaf].into_iter().chain(others).enumerate() {
        let count = flipped(certificate.as_der(), |at, bytes| {
            // Most flips leave no certificate at all.
            let Ok(changed) = Certificate::from_der(&bytes) else { return refused[0] += 1 };
            let mut chain = [leaf.clone(), Box::new(others[0].clone())];
            *chain[place] = changed;
            let [leaf, other] = chain;
            let bundle = Bundle { material: Material::Chain { leaf, others: vec![*other] }, ..bundle.clone() };
            let fault = Verifier::new(&trust, now()).verify(&bundle).expect_err("a changed certificate");
            assert!(matches!(fault, BundleFault::Chain(_)), "certificate {place}, bit {at}: {fault}");
            refused[1] += 1;
        });
        assert!(count > 2000, "{count}");
    }
    assert!(refused.iter().all(|count| *count > 100), "{refused:?}");
    println!("{} bits of certificates spoil the DER, {} the path: all refused", refused[0], refused[1]);
}

#[test]
fn a_bit_of_the_bundle_file_can_only_hide_the_name_of_the_key() {
    let scene = Scene::new();
    let trust = TrustRoot::Key(scene.key.key.public_key().clone());
    let file = scene.bundle.to_string();
    let good = Bundle::from_json(file.as_bytes()).unwrap();
    let field = place(&file, "\"hint\"");
    let mut accepted = 0;
    let count = flipped(file.as_bytes(), |at, bytes| {
        let Ok(bundle) = Bundle::from_json(&bytes) else { return };
        let Ok(verified) = Verifier::new(&trust, Duration::ZERO).verify(&bundle) else { return };
        // An unknown field beside an absent hint is allowed, and the warning says that no key is named.
        assert!(field.contains(&(at / 8)), "bit {at} of {file}");
        assert_eq!(verified.authentic().warnings()[0].rule, "key-not-named", "bit {at}");
        assert_eq!(bundle.envelope, good.envelope, "bit {at}");
        accepted += 1;
    });
    assert!((1..=32).contains(&accepted), "{accepted}");
    println!("{count} bits of the bundle file: {} refused, {accepted} only hide the name of the key", count - accepted);
}

fn keyed() -> (Bundle, TrustRoot) {
    let scene = Scene::new();
    let bundle = Bundle::from_json(scene.bundle.to_string().as_bytes()).unwrap();
    let key: PublicKey = scene.key.key.public_key().clone();
    let trust = TrustRoot::Key(key);
    assert!(Verifier::new(&trust, Duration::ZERO).verify(&bundle).is_ok());
    (bundle, trust)
}

fn certified() -> (Bundle, TrustRoot) {
    let scene = Scene::new();
    let bundle = Bundle::from_json(scene.certified.to_string().as_bytes()).unwrap();
    let root = std::fs::read(scene.path("root.pem")).unwrap();
    let anchors = Certificate::all_from_pem(&root).unwrap();
    let trust = TrustRoot::Certificates { anchors, time: CertificateTime::Now };
    assert!(Verifier::new(&trust, now()).verify(&bundle).is_ok());
    (bundle, trust)
}

/// Calls `judge` with each bit turned over, the others as they were; gives their number.
fn flipped(bytes: &[u8], mut judge: impl FnMut(usize, Vec<u8>)) -> usize {
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        judge(bit, changed);
    }
    bytes.len() * 8
}

fn place(text: &str, part: &str) -> Range<usize> {
    let start = text.find(part).expect("a part of it");
    start..start + part.len()
}
