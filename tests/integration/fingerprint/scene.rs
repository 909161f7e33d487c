//! A model, and the program run beside it.

use std::fs;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::crypto::Curve;
use secureml::oms::Payload;
use secureml::sign::{KeySigner, Signer as _};
use serde_json::Value;

use crate::support::{Fixture, KeyFiles, assert_accepted, json, secureml};

/// A model in a folder of its own, where the program runs.
pub(super) struct Scene {
    pub(super) fixture: Fixture,
    pub(super) key: KeyFiles,
}

impl Scene {
    /// The usual model, and a key in `key.pem` and `key.pub.pem`.
    pub(super) fn new() -> Self {
        Self::of(Fixture::new())
    }

    /// A model of these files.
    pub(super) fn with(files: &[(&str, &[u8])]) -> Self {
        Self::of(Fixture::with(files))
    }

    fn of(fixture: Fixture) -> Self {
        let key = fixture.key("key", Curve::P256);
        Self { fixture, key }
    }

    /// `fingerprint` with these words, divided by spaces, in JSON.
    pub(super) fn run(&self, line: &str) -> Output {
        self.program(&format!("fingerprint {line}"))
    }

    /// The program with these words, divided by spaces, in JSON.
    pub(super) fn program(&self, line: &str) -> Output {
        let mut command = secureml();
        command.current_dir(self.fixture.path("")).args(["--format", "json"]).args(line.split_whitespace());
        command.output().expect("the program starts")
    }

    /// `fingerprint create model` with more words; gives the document.
    pub(super) fn create(&self, more: &str) -> Value {
        let output = self.run(&format!("create model {more}"));
        assert_accepted(more, &output);
        self.document(json(&output)["output"].as_str().expect("where it was written"))
    }

    /// A JSON document in the folder.
    pub(super) fn document(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.fixture.path(name)).unwrap()).expect("JSON")
    }

    /// The statement in a bundle in the folder.
    pub(super) fn statement(&self, name: &str) -> Value {
        let payload = self.document(name)["dsseEnvelope"]["payload"].as_str().expect("a payload").to_owned();
        serde_json::from_slice(&STANDARD.decode(payload).expect("base64")).expect("JSON")
    }

    /// Writes a bundle of the key over this payload.
    pub(super) fn sign_payload(&self, payload: impl Into<Vec<u8>>, name: &str) {
        let bundle = KeySigner::new(&self.key.key).sign(Payload::new(payload.into())).unwrap();
        let mut text = Vec::new();
        bundle.write_json(&mut text).unwrap();
        self.write(name, text);
    }

    /// Writes a file in the folder.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.fixture.path(name), content).unwrap();
    }

    /// Reads a file in the folder.
    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.fixture.path(name)).unwrap()
    }
}

/// Bytes without a pattern that chunks could share.
pub(super) fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 7 + at / 251) % 251).unwrap()).collect()
}

/// Asserts that there was no verdict, or none was asked for: exit code, message and first cause contain these texts.
pub(super) fn assert_failed(name: &str, output: &Output, code: i32, fragments: &[&str]) {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(code), "{name}: {said}");
    let answer = json(output);
    let causes = answer["error"]["causes"].as_array().into_iter().flatten();
    let texts = causes.chain([&answer["error"]["message"], &answer["error"]["help"]]);
    let error = texts.filter_map(Value::as_str).collect::<Vec<_>>().join("\n");
    for fragment in fragments {
        assert!(error.contains(fragment), "{name}: wanted {fragment:?}, found {error}");
    }
}
