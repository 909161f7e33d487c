//! Signatures that others published, each with the result that its collection lists. They lie beside the checkout; where
//! they do not, these tests say that they skip.

mod golden;
mod historical;
mod schema;
mod vectors;

use std::path::{Path, PathBuf};
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{secureml, shared};

/// A folder of the collection.
fn collection(name: &str) -> Option<PathBuf> {
    shared(&format!("oms/{name}"))
}

/// `verify` in JSON: the method with its words, the signature and the model, seen from `folder`.
fn verify(folder: &Path, method: &[&str], trusted: &Path, signature: &str, more: &[&str], model: &str) -> Output {
    let mut command = secureml();
    command.current_dir(folder).args(["--format", "json", "verify"]).args(method).arg(trusted);
    command.args(["--signature", signature]).args(more).arg(model).output().expect("the program starts")
}

const KEY: &[&str] = &["key", "--public-key"];
const CERTIFICATE: &[&str] = &["certificate", "--certificate-chain"];

/// Reads a bundle as a JSON document.
fn document(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Turns over the last bit of the bytes that a base64 field holds.
fn flip_last_bit(document: &mut Value, pointer: &str) {
    let field = document.pointer_mut(pointer).expect("a field");
    let mut bytes = STANDARD.decode(field.as_str().expect("a text")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    *field = json!(STANDARD.encode(bytes));
}

/// The two places of an envelope in which no bit may change.
const SIGNED: [&str; 2] = ["/dsseEnvelope/signatures/0/sig", "/dsseEnvelope/payload"];
