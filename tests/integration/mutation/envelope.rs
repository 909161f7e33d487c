//! Mutations of what the bundle vouches with: the signature value, the named key, the payload.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use secureml::sign::SigningKey as _;
use serde_json::{Value, json};

use super::scene::{Case, Scene, Trust};

/// Every mutation of signature value, key and payload.
pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases = signature_values(scene);
    cases.extend(keys(scene));
    cases.extend(payloads(scene));
    cases
}

fn with_sig(scene: &Scene, sig: &str) -> String {
    let mut bundle = scene.bundle.clone();
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = json!(sig);
    bundle.to_string()
}

/// Values that are no signature, or not this one.
fn signature_values(scene: &Scene) -> Vec<Case> {
    let sig = scene.bundle["dsseEnvelope"]["signatures"][0]["sig"].as_str().expect("a text");
    let der = STANDARD.decode(sig).expect("base64");
    let (r, s) = integers(&der);
    let fixed = |number: &[u8]| {
        let digits = &number[number.len().saturating_sub(32)..];
        [&[0; 32][digits.len()..], digits].concat()
    };
    let raw = [fixed(r), fixed(s)].concat();
    let long_form = [&[0x30, 0x81, der[1]], &der[2..]].concat();
    let behind = [&der[..], &[0]].concat();
    let inside = [&[0x30, der[1] + 2], &der[2..], &[5, 0]].concat();
    let swapped = sequence(s, r);
    let text = "the signature value is not standard base64";
    let wrong = "does not match what it should have signed, or the key";
    let malformed: [(&str, String); 5] = [
        ("empty", String::new()),
        ("not base64", "no base64!".to_owned()),
        ("URL-safe base64", URL_SAFE.encode([0xfb, 0xff, 0xbf])),
        ("base64 without padding", STANDARD_NO_PAD.encode(&der[..70.min(der.len() - der.len() % 3 - 1)])),
        ("line break inside", format!("{}\n{}", &sig[..20], &sig[20..])),
    ];
    let invalid: [(&str, Vec<u8>); 9] = [
        ("r and s as plain numbers", raw),
        ("DER length in long form", long_form),
        ("a byte behind", behind),
        ("a third value inside", inside),
        ("r and s swapped", swapped),
        ("r zero", sequence(&[0], s)),
        ("s zero", sequence(r, &[0])),
        ("r and s zero", sequence(&[0], &[0])),
        ("one byte", vec![0x30]),
    ];
    let malformed = malformed.into_iter().map(|(name, sig)| {
        scene.case(format!("sig: {name}"), "signature-malformed", text).signature(with_sig(scene, &sig))
    });
    let invalid = invalid.into_iter().map(|(name, der)| {
        let sig = STANDARD.encode(der);
        scene.case(format!("sig: {name}"), "signature-invalid", wrong).signature(with_sig(scene, &sig))
    });
    malformed.chain(invalid).collect()
}

/// The two numbers of an ECDSA signature, as they stand in its DER form.
fn integers(der: &[u8]) -> (&[u8], &[u8]) {
    let r_end = 4 + usize::from(der[3]);
    (&der[4..r_end], &der[r_end + 2..])
}

fn sequence(r: &[u8], s: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u8::try_from(bytes.len()).expect("short");
    let body = [&[2, length(r)], r, &[2, length(s)], s].concat();
    [&[0x30, length(&body)], &body[..]].concat()
}

/// A signature that names, or was made with, another key.
fn keys(scene: &Scene) -> Vec<Case> {
    let public_key = |key: Value| {
        let mut bundle = scene.bundle.clone();
        bundle["verificationMaterial"]["publicKey"] = key;
        bundle.to_string()
    };
    let (key, other) = (scene.key.key.public_key(), scene.other.key.public_key());
    let named = "the signature names the key";
    let naming =
        |rule, says: &str, name: &str, key| scene.case(format!("key: {name}"), rule, says).signature(public_key(key));
    let raw = |pem: &str| json!({"rawBytes": STANDARD.encode(pem)});
    let unnamed = public_key(json!({"hint": ""}));
    let wrong = "does not match what it should have signed, or the key";
    vec![
        naming("signature-key", named, "hint of another key", json!({"hint": other.hint()})),
        naming("signature-key", named, "hint in capitals", json!({"hint": key.hint().to_uppercase()})),
        naming("signature-key", named, "hint cut short", json!({"hint": &key.hint()[..32]})),
        naming("signature-key", named, "hint with a space", json!({"hint": format!("{} ", key.hint())})),
        naming("signature-key", named, "raw bytes of another key", raw(&other.to_pem())),
        naming(
            "signature-malformed",
            "the hint in the signature is not that of the public key beside it",
            "raw bytes of another key beside the right hint",
            json!({"hint": key.hint(), "rawBytes": STANDARD.encode(other.to_pem())}),
        ),
        naming("signature-malformed", "the public key in the signature", "raw bytes of no key", raw("-----no")),
        naming(
            "signature-malformed",
            "the public key in the signature",
            "raw bytes of no key beside the right hint",
            json!({"hint": key.hint(), "rawBytes": STANDARD.encode("-----no")}),
        ),
        naming("signature-malformed", "the public key is not standard base64", "raw bytes empty", raw("")),
        scene.case("key: another one trusted", "signature-key", named).trust(Trust::OtherKey),
        scene
            .case("key: none named, another one trusted", "signature-invalid", wrong)
            .trust(Trust::OtherKey)
            .signature(unnamed),
        scene
            .case("key: verified by certificates", "signature-method", "made by the method \"key\"")
            .trust(Trust::Root),
    ]
}

/// A payload that is not what was signed, or not spelt as a payload is.
fn payloads(scene: &Scene) -> Vec<Case> {
    let with_payload = |payload: String| {
        let mut bundle = scene.bundle.clone();
        bundle["dsseEnvelope"]["payload"] = json!(payload);
        bundle.to_string()
    };
    let good = scene.bundle["dsseEnvelope"]["payload"].as_str().expect("a text").to_owned();
    let renamed = scene.statement.to_string().replace("\"name\":\"model\"", "\"name\":\"other\"");
    let spaced = serde_json::to_string_pretty(&scene.statement).expect("JSON");
    let changed: [(&str, String); 4] = [
        ("of another statement", STANDARD.encode(renamed)),
        ("of the same statement, spaced", STANDARD.encode(spaced)),
        (
            "with a line break behind",
            STANDARD.encode(STANDARD.decode(&good).expect("base64").into_iter().chain([b'\n']).collect::<Vec<u8>>()),
        ),
        ("encoded twice", STANDARD.encode(&good)),
    ];
    let text = "the payload is not standard base64";
    let misspelt: [(&str, String); 4] = [
        ("with a line break in its base64", format!("{}\n{}", &good[..40], &good[40..])),
        ("with a character behind its base64", format!("{good}A")),
        ("URL-safe", URL_SAFE.encode([0xfb, 0xff, 0xbf])),
        ("with bits behind its last byte", "QR==".to_owned()),
    ];
    let wrong = "does not match what it should have signed, or the key";
    let changed = changed.into_iter().map(|(name, payload)| {
        scene.case(format!("payload {name}"), "signature-invalid", wrong).signature(with_payload(payload))
    });
    let misspelt = misspelt.into_iter().map(|(name, payload)| {
        scene.case(format!("payload {name}"), "signature-malformed", text).signature(with_payload(payload))
    });
    changed.chain(misspelt).collect()
}
