//! A model that somebody signed through the tests' own instance, and a verifier who trusts that instance.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::crypto::Curve;
use serde_json::Value;

use super::instance::{Instance, Leaf, Log, START, Signed, email};
use crate::support::{Fixture, assert_accepted, secureml};

/// The model, its payload, and the instance.
pub(crate) struct Scene {
    pub(super) fixture: Fixture,
    pub(crate) instance: Instance,
    payload: Vec<u8>,
}

/// The signer whom the verifier asks for, unless a test says otherwise.
pub(crate) const IDENTITY: &str = "signer@example.org";
/// Who vouches for him.
pub(crate) const PROVIDER: &str = "https://login.example.org";

impl Scene {
    /// The usual model. What a signature says of it is taken from one made with a key.
    pub(crate) fn new() -> Self {
        let fixture = Fixture::new();
        let key = fixture.key("key", Curve::P256);
        assert_accepted("sign", &fixture.sign(&key, &[]));
        let bundle: Value = serde_json::from_slice(&fs::read(fixture.signature()).unwrap()).unwrap();
        let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
        let scene = Self { fixture, instance: Instance::new(), payload };
        scene.trust(&scene.instance.trusted_root());
        scene
    }

    /// The folder with the model.
    pub(crate) const fn fixture(&self) -> &Fixture {
        &self.fixture
    }

    /// Has the verifier go by this trust root from now on.
    pub(crate) fn trust(&self, root: &Value) {
        fs::write(self.trusted_root(), root.to_string()).unwrap();
    }

    /// The file with the verifier's trust root.
    pub(crate) fn trusted_root(&self) -> PathBuf {
        self.fixture.path("trusted_root.json")
    }

    /// A place beside the model, or `model` itself.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.fixture.path(name)
    }

    /// A signature over the model by whoever this certificate names.
    pub(crate) fn sign(&self, leaf: &Leaf) -> Signed {
        self.instance.sign(&self.payload, leaf)
    }

    /// The usual signer's signature.
    pub(crate) fn signed(&self) -> Signed {
        self.sign(&usual())
    }

    /// Judges a bundle that should be the usual signer's.
    pub(crate) fn verify(&self, bundle: &Value) -> Output {
        self.verify_as(bundle, &["--identity", IDENTITY, "--identity-provider", PROVIDER])
    }

    /// Judges a bundle, with these words on whom to expect.
    pub(crate) fn verify_as(&self, bundle: &Value, words: &[&str]) -> Output {
        fs::write(self.fixture.signature(), bundle.to_string()).unwrap();
        let mut command = secureml();
        command.env("SECUREML_CACHE", self.fixture.path("cache")).args(["--format", "json", "verify"]).args(words);
        command.arg("--offline").arg("--trust-config").arg(self.trusted_root());
        command.arg("--signature").arg(self.fixture.signature()).arg(self.fixture.model());
        command.output().expect("the program starts")
    }
}

/// The certificate of the usual signer.
pub(crate) fn usual() -> Leaf {
    Leaf::new(vec![email(IDENTITY)], &[(1, PROVIDER), (8, PROVIDER)])
}

/// A log that takes a signature in the middle of its certificate's life.
pub(crate) const IN_TIME: Log = Log::V1 { time: START + 60 };
