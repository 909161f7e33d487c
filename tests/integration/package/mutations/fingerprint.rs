//! Digests beyond the one that is computed: what the right signer says of them must at least not contradict itself.

use serde_json::Value;

use super::super::parts::{MANIFEST, Parts};
use super::super::scene::Scene;
use super::{Case, case};
use crate::signed::one_shot;

const FINGERPRINT: &str = "secureml/fingerprint.json";
const RULE: &str = "package-fingerprint";
const MALFORMED: &str = "fingerprint-malformed";

pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let listed = |field: &'static str| {
        let parts = scene.parts.clone().with_manifest(|json| flip(&mut json["files"][0][field]));
        assert_ne!(parts.get(MANIFEST), scene.parts.get(MANIFEST), "{field}");
        parts.resigned(&scene.key).bytes()
    };
    let mut print: Value = serde_json::from_slice(scene.parts.get(FINGERPRINT)).expect("JSON");
    print["fileCount"] = 99.into();
    vec![
        case("garbage for a fingerprint, signed", printed(scene, "garbage"), MALFORMED, "fingerprint.json: "),
        case("no fingerprint in its place, signed", printed(scene, "{}"), MALFORMED, "fingerprint.json: "),
        case("a wrong total, signed", printed(scene, &print.to_string()), MALFORMED, "fingerprint.json: "),
        case(
            "the fingerprint of another model, signed",
            printed(scene, std::str::from_utf8(scene.other.get(FINGERPRINT)).expect("text")),
            RULE,
            "is about other files than the manifest",
        ),
        case("another sha256 in the fingerprint, signed", digest(scene, "sha256"), RULE, "another sha256"),
        case("another sha512 in the fingerprint, signed", digest(scene, "sha512"), RULE, "another sha512"),
        case("another blake2b in the fingerprint, signed", digest(scene, "blake2b"), RULE, "another blake2b"),
        case("another sha512 in the manifest, signed", listed("sha512"), RULE, "another sha512"),
        case("another blake2b in the manifest, signed", listed("blake2b"), RULE, "another blake2b"),
        case("another root in the manifest, signed", listed("merkleRoot"), RULE, "another Merkle root"),
    ]
}

/// A package with this fingerprint, as its manifest lists it, by the right signer.
pub(super) fn printed(scene: &Scene, content: &str) -> Vec<u8> {
    vouched(scene.parts.clone(), content).resigned(&scene.key).bytes()
}

/// Exchanges the fingerprint, and has the manifest list it.
fn vouched(parts: Parts, content: &str) -> Parts {
    let sha256 = one_shot("sha256", content.as_bytes());
    parts.set(FINGERPRINT, content).with_manifest(|json| {
        let metadata = json["metadata"].as_array_mut().expect("a list");
        let record = metadata.iter_mut().find(|record| record["path"] == FINGERPRINT).expect("a record");
        record["sha256"] = sha256.into();
        record["size"] = content.len().into();
    })
}

fn digest(scene: &Scene, algorithm: &str) -> Vec<u8> {
    let mut print: Value = serde_json::from_slice(scene.parts.get(FINGERPRINT)).expect("JSON");
    flip(&mut print["files"][0]["digest"][algorithm]);
    printed(scene, &print.to_string())
}

/// Another digest of the same length.
fn flip(digest: &mut Value) {
    let text = digest.as_str().expect("a digest");
    *digest = text.chars().map(|c| if c == '0' { '1' } else { '0' }).collect::<String>().into();
}

/// Where fingerprint and manifest agree, the signer says it, and the answer does not claim more.
#[test]
fn the_answer_names_what_was_computed() {
    let scene = Scene::new();
    let mut print: Value = serde_json::from_slice(scene.parts.get(FINGERPRINT)).expect("JSON");
    flip(&mut print["files"][0]["digest"]["sha512"]);
    let lie = print["files"][0]["digest"]["sha512"].clone();
    let parts = scene.parts.clone().with_manifest(|json| json["files"][0]["sha512"] = lie);
    let lied = vouched(parts, &print.to_string()).resigned(&scene.key).bytes();
    for bytes in [&scene.parts.bytes(), &lied] {
        for output in [scene.verify(bytes), scene.verify_stream(bytes)] {
            crate::support::assert_accepted("what the signer says", &output);
            assert_eq!(crate::support::json(&output)["checked"], serde_json::json!(["sha256"]));
        }
    }
    let mut text = crate::support::secureml();
    text.args(["package", "verify", "--public-key"]).arg(&scene.key.public).arg(scene.place(&lied));
    let said = String::from_utf8(text.output().unwrap().stderr).unwrap();
    assert!(said.contains("held against sha256; not computed: sha512, blake2b, merkle roots"), "{said}");
    let print = crate::support::secureml()
        .args(["--format", "json", "fingerprint", "verify", "--public-key"])
        .arg(&scene.key.public)
        .arg(scene.place(&lied))
        .output()
        .unwrap();
    assert_eq!(print.status.code(), Some(1), "{print:?}");
}
