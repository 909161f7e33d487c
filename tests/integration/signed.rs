//! What a signature file says, read without the library under test.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::Digest as _;

/// One entry of a signed list: name, algorithm, digest in hexadecimal.
pub(crate) type Listed = (String, String, String);

/// The in-toto statement in a signature.
pub(crate) fn statement(signature: &Path) -> Value {
    let bundle: Value = serde_json::from_slice(&std::fs::read(signature).unwrap()).expect("a bundle");
    let payload = bundle["dsseEnvelope"]["payload"].as_str().expect("a payload");
    serde_json::from_slice(&STANDARD.decode(payload).expect("base64")).expect("a statement")
}

/// The signed list, in its order.
pub(crate) fn resources(signature: &Path) -> Vec<Listed> {
    let statement = statement(signature);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let resources = statement["predicate"]["resources"].as_array().expect("a list");
    resources.iter().map(|entry| (text(&entry["name"]), text(&entry["algorithm"]), text(&entry["digest"]))).collect()
}

/// The signed names, in their order.
pub(crate) fn names(signature: &Path) -> Vec<String> {
    resources(signature).into_iter().map(|(name, _, _)| name).collect()
}

/// The recorded list of what was left out.
pub(crate) fn ignored(signature: &Path) -> Vec<String> {
    let list = &statement(signature)["predicate"]["serialization"]["ignore_paths"];
    list.as_array().into_iter().flatten().map(|path| path.as_str().expect("text").to_owned()).collect()
}

/// The digest of some bytes in hexadecimal, by the hash's own library in one call.
pub(crate) fn one_shot(hash: &str, bytes: &[u8]) -> String {
    match hash {
        "sha256" => hex::encode(sha2::Sha256::digest(bytes)),
        "blake2b" => hex::encode(blake2::Blake2b512::digest(bytes)),
        "blake3" => blake3::hash(bytes).to_hex().to_string(),
        other => panic!("{other} is no hash of OMS"),
    }
}

/// The digest that stands for the model: SHA-256 over all digests in order.
pub(crate) fn root_digest(resources: &[Listed]) -> String {
    let all: Vec<u8> = resources.iter().flat_map(|(_, _, digest)| hex::decode(digest).expect("hexadecimal")).collect();
    one_shot("sha256", &all)
}
