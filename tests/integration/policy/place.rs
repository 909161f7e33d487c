//! A model, signers with keys, and a policy beside them.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Output;

use secureml::crypto::Curve;

use crate::support::{Fixture, KeyFiles, assert_accepted, json, secureml};

/// A folder with the model `model`, its signature `model.sig`, and the policy `.secureml.yaml`.
pub(super) struct Place {
    pub(super) fixture: Fixture,
}

impl Place {
    pub(super) fn new() -> Self {
        Self { fixture: Fixture::new() }
    }

    /// The signer of this name: `NAME.pem`, and `NAME.pub.pem` for policies.
    pub(super) fn signer(&self, name: &str) -> KeyFiles {
        self.fixture.key(name, Curve::P256)
    }

    /// The first signature, by this signer.
    pub(super) fn sign(&self, signer: &KeyFiles, more: &[&str]) {
        assert_accepted("sign", &self.fixture.sign(signer, more));
    }

    /// One more signature, by this signer.
    pub(super) fn add(&self, signer: &KeyFiles) {
        assert_accepted("add", &self.fixture.sign(signer, &["--add"]));
    }

    /// The folder of further signatures.
    pub(super) fn added(&self) -> PathBuf {
        self.fixture.path("model.sig.d")
    }

    /// Puts a bundle among the further signatures.
    pub(super) fn put(&self, name: &str, bundle: &[u8]) {
        fs::create_dir_all(self.added()).unwrap();
        fs::write(self.added().join(name), bundle).unwrap();
    }

    /// Writes the policy: a rule for the model with these signers, and more lines for the rule.
    pub(super) fn policy(&self, signers: &[&str], more: &str) {
        let signers: String = signers.iter().map(|signer| format!("      - {{{signer}}}\n")).collect();
        let more: String = more.lines().map(|line| format!("    {line}\n")).collect();
        self.write_policy(&format!(
            "version: 1\nmodels:\n  - path: model\n    signature: model.sig\n    signers:\n{signers}{more}"
        ));
    }

    pub(super) fn write_policy(&self, text: &str) {
        fs::write(self.policy_file(), text).unwrap();
    }

    pub(super) fn policy_file(&self) -> PathBuf {
        self.fixture.path(".secureml.yaml")
    }

    /// `verify --policy` over the model, in JSON.
    pub(super) fn verify(&self) -> Output {
        self.run(&["verify", "--policy", ".secureml.yaml", "model"])
    }

    /// The program in the folder, in JSON.
    pub(super) fn run<W: Into<OsString> + Clone>(&self, words: &[W]) -> Output {
        let mut command = secureml();
        command.current_dir(self.fixture.path("")).env("SECUREML_CACHE", self.fixture.path("cache"));
        command.args(["--format", "json"]).args(words.iter().cloned().map(Into::into));
        command.output().expect("the program starts")
    }
}

/// A signer of a policy who is known by a key.
pub(super) fn by_key(role: &str) -> String {
    format!("role: {role}, key: {role}.pub.pem")
}

/// The roles for which signatures count, of the first model.
pub(super) fn roles(output: &Output) -> Vec<String> {
    let answer = json(output);
    let signers = answer["models"][0]["signers"].as_array().cloned().unwrap_or_default();
    signers.iter().map(|signer| signer["role"].as_str().expect("a role").to_owned()).collect()
}
