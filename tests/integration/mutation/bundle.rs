//! Mutations of the bundle around a key's signature.

use secureml::sign::SigningKey as _;
use serde_json::{Value, json};

use super::edit::{Spoil, Spoilt, spoil_each_field};
use super::scene::{Case, Scene};

/// Every mutation of the bundle.
pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases = fields(scene);
    cases.extend(edits(scene));
    cases.extend(texts(scene));
    cases
}

/// Each field removed, doubled and retyped. What the format allows stands among the lenient cases.
fn fields(scene: &Scene) -> Vec<Case> {
    let spoilt = spoil_each_field(&scene.bundle);
    assert!(spoilt.len() > 60, "{}", spoilt.len());
    let case = |Spoilt { what, name, spoil, text }| {
        let says = complaint(&name, spoil)?;
        Some(scene.case(format!("bundle {what}"), "signature-malformed", says).signature(text))
    };
    spoilt.into_iter().filter_map(case).collect()
}

/// What is said of a spoilt field of a bundle; nothing where the format allows it.
pub(super) fn complaint(name: &str, spoil: Spoil) -> Option<String> {
    match (name, spoil) {
        ("hint" | "keyid", Spoil::Removed | Spoil::Null) | ("tlogEntries", Spoil::Removed) => None,
        ("publicKey" | "x509CertificateChain", Spoil::Removed | Spoil::Null) => {
            Some("0 kinds of verification material".to_owned())
        }
        _ => Some(spoil.complaint(name)),
    }
}

type Edit = fn(&mut Value);

/// Values that a field of the bundle must not have: name, reason, change.
const EDITS: &[(&str, &str, Edit)] = &[
    ("media type 0.1", "has the media type \"application/vnd.dev.sigstore.bundle+json;version=0.1\"", |bundle| {
        bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.1");
    }),
    ("media type 0.2", "has the media type", |bundle| {
        bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.2");
    }),
    ("media type 0.3, old spelling", "has the media type", |bundle| {
        bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.3");
    }),
    ("media type empty", "has the media type \"\"", |bundle| bundle["mediaType"] = json!("")),
    ("media type in capitals", "has the media type", |bundle| {
        bundle["mediaType"] = json!("APPLICATION/vnd.dev.sigstore.bundle.v0.3+json");
    }),
    ("log entries without end", "expected a list of at most 32", |bundle| {
        bundle["verificationMaterial"]["tlogEntries"] = json!(vec![json!({}); 33]);
    }),
    ("signatures without end", "expected a list of at most 32", |bundle| {
        let entry = bundle["dsseEnvelope"]["signatures"][0].clone();
        bundle["dsseEnvelope"]["signatures"] = json!(vec![entry; 33]);
    }),
    ("field added to the bundle", "unknown field `extra`", |bundle| bundle["extra"] = json!(1)),
    ("field added to the material", "unknown field `extra`", |bundle| {
        bundle["verificationMaterial"]["extra"] = json!(1);
    }),
    ("field added to the envelope", "unknown field `extra`", |bundle| bundle["dsseEnvelope"]["extra"] = json!(1)),
    ("field added to the signature entry", "unknown field `extra`", |bundle| {
        bundle["dsseEnvelope"]["signatures"][0]["extra"] = json!(1);
    }),
    ("messageSignature beside the envelope", "unknown field `messageSignature`", |bundle| {
        bundle["messageSignature"] = json!({"signature": "AAAA"});
    }),
    ("material of two kinds", "2 kinds of verification material", |bundle| {
        bundle["verificationMaterial"]["x509CertificateChain"] = json!({"certificates": [{"rawBytes": "AAAA"}]});
    }),
    ("material of three kinds", "3 kinds of verification material", |bundle| {
        bundle["verificationMaterial"]["x509CertificateChain"] = json!({"certificates": [{"rawBytes": "AAAA"}]});
        bundle["verificationMaterial"]["certificate"] = json!({"rawBytes": "AAAA"});
    }),
    ("keyless without a log entry", "no transparency log entry", |bundle| {
        bundle["verificationMaterial"] = json!({"certificate": {"rawBytes": "AAAA"}, "tlogEntries": []});
    }),
    ("payload type of another kind", "holds \"application/json\"", |bundle| {
        bundle["dsseEnvelope"]["payloadType"] = json!("application/json");
    }),
    ("payload type empty", "holds \"\"", |bundle| bundle["dsseEnvelope"]["payloadType"] = json!("")),
    ("payload empty", "the payload is not standard base64", |bundle| bundle["dsseEnvelope"]["payload"] = json!("")),
    ("no signature", "the envelope has 0 signatures", |bundle| bundle["dsseEnvelope"]["signatures"] = json!([])),
    ("two signatures, both good", "the envelope has 2 signatures", |bundle| {
        let good = bundle["dsseEnvelope"]["signatures"][0].clone();
        bundle["dsseEnvelope"]["signatures"] = json!([good, good]);
    }),
    ("two signatures, the second bad", "the envelope has 2 signatures", |bundle| {
        let good = bundle["dsseEnvelope"]["signatures"][0].clone();
        bundle["dsseEnvelope"]["signatures"] = json!([good, {"sig": "AAAA"}]);
    }),
    ("signature entry null", "invalid type: null", |bundle| bundle["dsseEnvelope"]["signatures"][0] = Value::Null),
    ("signature entry a text", "invalid type: string", |bundle| {
        bundle["dsseEnvelope"]["signatures"][0] = bundle["dsseEnvelope"]["signatures"][0]["sig"].clone();
    }),
    ("bundle written as a list", "invalid type: sequence", |bundle| {
        *bundle = json!([bundle["mediaType"], bundle["verificationMaterial"], bundle["dsseEnvelope"]]);
    }),
    ("material written as a list", "invalid type: sequence", |bundle| {
        bundle["verificationMaterial"] = json!([bundle["verificationMaterial"]["publicKey"]]);
    }),
    ("public key written as a list", "invalid type: sequence", |bundle| {
        bundle["verificationMaterial"]["publicKey"] = json!([bundle["verificationMaterial"]["publicKey"]["hint"]]);
    }),
    ("envelope written as a list", "invalid type: sequence", |bundle| {
        let envelope = &bundle["dsseEnvelope"];
        bundle["dsseEnvelope"] = json!([envelope["payload"], envelope["payloadType"], envelope["signatures"]]);
    }),
    ("signature entry written as a list", "invalid type: sequence", |bundle| {
        let entry = &bundle["dsseEnvelope"]["signatures"][0];
        bundle["dsseEnvelope"]["signatures"][0] = json!([entry["sig"], ""]);
    }),
];

fn edits(scene: &Scene) -> Vec<Case> {
    let edited = |&(name, says, edit): &(&str, &str, Edit)| {
        let mut bundle = scene.bundle.clone();
        edit(&mut bundle);
        scene.case(format!("bundle: {name}"), "signature-malformed", says).signature(bundle.to_string())
    };
    EDITS.iter().map(edited).collect()
}

/// Bytes that are no bundle, though one may be in them.
fn texts(scene: &Scene) -> Vec<Case> {
    let good = scene.bundle.to_string();
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(good.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let half = &good.as_bytes()[..good.len() / 2];
    let deep = format!("{},\"extra\":{}{}}}", &good[..good.len() - 1], "[".repeat(50_000), "]".repeat(50_000));
    let mut not_utf8 = good.clone().into_bytes();
    not_utf8.insert(good.find("\"keyid\":\"").expect("a field") + 9, 0xff);
    let table: Vec<(&str, &str, Vec<u8>)> = vec![
        ("empty", "the signature is empty", Vec::new()),
        ("white space alone", "the signature is empty", b" \n\t".to_vec()),
        ("cut in half", "EOF while parsing", half.to_vec()),
        ("last brace missing", "EOF while parsing", good.as_bytes()[..good.len() - 1].to_vec()),
        ("garbage behind", "trailing characters", format!("{good}x").into_bytes()),
        ("NUL behind", "trailing characters", format!("{good}\0").into_bytes()),
        ("a second bundle behind", "trailing characters", format!("{good}{good}").into_bytes()),
        ("byte order mark", "expected value", format!("\u{feff}{good}").into_bytes()),
        ("UTF-16", "it is not UTF-8", utf16),
        ("null", "invalid type: null", b"null".to_vec()),
        ("a list around it", "invalid type: sequence", format!("[{good}]").into_bytes()),
        ("a text", "invalid type: string", json!(good).to_string().into_bytes()),
        ("comment in front", "expected value", format!("// bundle\n{good}").into_bytes()),
        ("nested without end", "unknown field `extra`", deep.into_bytes()),
        ("a byte that is not UTF-8", "it is not UTF-8", not_utf8),
        ("a PEM key instead", "invalid number", scene.key.key.public_key().to_pem().into_bytes()),
    ];
    let case = |(name, says, bytes): (&str, &str, Vec<u8>)| {
        scene.case(format!("file: {name}"), "signature-malformed", says).signature(bytes)
    };
    table.into_iter().map(case).collect()
}
