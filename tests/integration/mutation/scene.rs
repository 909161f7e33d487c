//! An accepted model with its signatures, and the cases that change one thing about it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::crypto::{Certificate, Curve, MessageDigest, SigningHash};
use secureml::oms::{Bundle, Envelope, KeyIdentifier, Material, Payload, legacy_pae};
use secureml::sign::{CertificateSigner, KeySigner, Signer as _, SigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Authority, Draft, Fixture, KeyFiles, assert_accepted, certificates_pem};

/// A change of one thing, and what must come of it.
pub(super) struct Case {
    pub(super) name: String,
    /// The signature's bytes.
    pub(super) signature: Vec<u8>,
    /// What happens to the model.
    pub(super) model: fn(&Path),
    /// By what the verifier judges.
    pub(super) trust: Trust,
    /// More words for the verifier.
    pub(super) words: &'static [&'static str],
    /// The rule of the finding expected, and a part of its text.
    pub(super) rule: &'static str,
    pub(super) says: String,
}

/// By what a case is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// The signer's key.
    Key,
    /// A key that signed nothing.
    OtherKey,
    /// The signer's CA.
    Root,
    /// A CA that issued nothing here.
    OtherRoot,
}

/// The model, its key and certificates, and its signatures as JSON documents.
pub(super) struct Scene {
    fixture: Fixture,
    pub(super) key: KeyFiles,
    pub(super) other: KeyFiles,
    root: PathBuf,
    other_root: PathBuf,
    pub(super) intermediate: Authority,
    pub(super) leaf: Certificate,
    pub(super) intermediate_certificate: Certificate,
    /// The bundle of the key, and its statement.
    pub(super) bundle: Value,
    pub(super) statement: Value,
    /// The statement under shards of 1000 bytes.
    pub(super) shards: Value,
    /// The bundle of the certificate, over the same statement.
    pub(super) certified: Value,
}

impl Scene {
    /// Signs the usual model in three ways, and has each signature verified.
    pub(super) fn new() -> Self {
        let fixture = Fixture::new();
        let (key, other) = (fixture.key("key", Curve::P256), fixture.key("other", Curve::P256));
        let authority = Authority::new("root", Curve::P384);
        let intermediate = Authority::new("intermediate", Curve::P256);
        let intermediate_certificate = authority.issue(&Draft::ca("intermediate"), &intermediate.key);
        let leaf = intermediate.issue(&Draft::leaf("leaf"), &key.key);
        let (root, other_root) = (fixture.path("root.pem"), fixture.path("other-root.pem"));
        fs::write(&root, certificates_pem(&[&authority.root()])).unwrap();
        fs::write(&other_root, certificates_pem(&[&Authority::new("root", Curve::P384).root()])).unwrap();

        let sign = |more: &[&str]| {
            assert_accepted("sign", &fixture.sign(&key, more));
            assert_accepted("verify", &fixture.verify(&key, &[]));
            let bundle: Value = serde_json::from_slice(&fs::read(fixture.signature()).unwrap()).unwrap();
            let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
            (bundle, payload)
        };
        let (_, shards) = sign(&["--method", "shards", "--shard-size", "1000"]);
        let (bundle, payload) = sign(&[]);
        let others = vec![intermediate_certificate.clone()];
        let signer = CertificateSigner::new(&key.key, leaf.clone(), others).unwrap();
        let certified = written(&signer.sign(Payload::new(payload.clone())).unwrap());
        fs::write(fixture.signature(), &certified).unwrap();
        assert_accepted("verify certificate", &fixture.verify_certificate(&root, &[]));
        Self {
            bundle,
            statement: serde_json::from_slice(&payload).unwrap(),
            shards: serde_json::from_slice(&shards).unwrap(),
            certified: serde_json::from_slice(&certified).unwrap(),
            fixture,
            key,
            other,
            root,
            other_root,
            intermediate,
            leaf,
            intermediate_certificate,
        }
    }

    /// A case with the key's own signature and the untouched model; its maker changes one of them.
    pub(super) fn case(&self, name: impl Into<String>, rule: &'static str, says: impl Into<String>) -> Case {
        Case {
            name: name.into(),
            signature: self.bundle.to_string().into_bytes(),
            model: |_| {},
            trust: Trust::Key,
            words: &[],
            rule,
            says: says.into(),
        }
    }

    /// A bundle of the signer's key over this statement: what the key vouches for is then all that can be refused.
    pub(super) fn signed(&self, statement: &str) -> Vec<u8> {
        let payload = Payload::new(statement.as_bytes().to_vec());
        written(&KeySigner::new(&self.key.key).sign(payload).unwrap())
    }

    /// A bundle of the signer's key over this statement, in the encoding of version 0.2.0.
    pub(super) fn signed_as_legacy(&self, statement: &str) -> Vec<u8> {
        let payload = Payload::new(statement.as_bytes().to_vec());
        let digest = MessageDigest::of_all(SigningHash::Sha256, legacy_pae(&payload));
        let signature = self.key.key.sign(&digest).unwrap();
        let material = Material::PublicKey(KeyIdentifier::Hint(self.key.key.public_key().hint()));
        written(&Bundle { envelope: Envelope { payload, signature }, material })
    }

    /// A bundle over the model and one file of Git, `.gitattributes`, which is left out where nobody signs it.
    pub(super) fn signed_with_git_file(&self, content: &[u8]) -> Vec<u8> {
        let mut statement = self.statement.clone();
        let git =
            json!({"name": ".gitattributes", "algorithm": "sha256", "digest": hex::encode(Sha256::digest(content))});
        statement["predicate"]["resources"].as_array_mut().unwrap().insert(0, git);
        statement["predicate"]["serialization"].as_object_mut().unwrap().remove("ignore_paths");
        reroot(&mut statement);
        self.signed(&statement.to_string())
    }

    /// Verifies a fresh copy of the model, changed as the case says, with the case's signature.
    pub(super) fn judge(&self, case: &Case) -> Output {
        let copy = Fixture::new();
        fs::write(copy.signature(), &case.signature).unwrap();
        (case.model)(&copy.model());
        match case.trust {
            Trust::Key => copy.verify(&self.key, case.words),
            Trust::OtherKey => copy.verify(&self.other, case.words),
            Trust::Root => copy.verify_certificate(&self.root, case.words),
            Trust::OtherRoot => copy.verify_certificate(&self.other_root, case.words),
        }
    }

    /// A place that is gone with the scene.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.fixture.path(name)
    }
}

impl Case {
    pub(super) fn signature(self, signature: impl Into<Vec<u8>>) -> Self {
        Self { signature: signature.into(), ..self }
    }

    pub(super) fn model(self, model: fn(&Path)) -> Self {
        Self { model, ..self }
    }

    pub(super) fn trust(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }

    pub(super) fn words(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }
}

/// The bundle as it stands in a file.
pub(super) fn written(bundle: &Bundle) -> Vec<u8> {
    let mut json = Vec::new();
    bundle.write_json(&mut json).unwrap();
    json
}

/// Puts the root digest of the resources as they are now into the subject, so that it is not what is refused.
pub(super) fn reroot(statement: &mut Value) {
    let mut hasher = Sha256::new();
    for resource in statement["predicate"]["resources"].as_array().unwrap() {
        // A digest that is spoilt on purpose counts with what can be read of it.
        hasher.update(hex::decode(resource["digest"].as_str().unwrap_or_default()).unwrap_or_default());
    }
    statement["subject"][0]["digest"]["sha256"] = json!(hex::encode(hasher.finalize()));
}

/// The resource with this name.
pub(super) fn resource<'a>(statement: &'a mut Value, name: &str) -> &'a mut Value {
    let resources = statement["predicate"]["resources"].as_array_mut().unwrap();
    resources.iter_mut().find(|resource| resource["name"] == name).unwrap_or_else(|| panic!("no resource {name}"))
}
