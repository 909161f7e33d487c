//! What released versions of the reference tool signed, from 0.2.0 on.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::crypto::Curve;
use secureml::oms::{Bundle, Material};
use secureml::sign::{FileKey, SigningKey as _};
use serde_json::json;

use super::{CERTIFICATE, KEY, SIGNED, collection, document, flip_last_bit, verify};
use crate::support::{Authority, Draft, assert_accepted, assert_refused, certificates_pem, copy_tree};

/// A published model with its signature.
struct Published {
    folder: &'static str,
    method: &'static [&'static str],
    trusted: &'static str,
    /// The model inside the folder; `.` for the folder itself.
    model: &'static str,
    /// What must be left out by hand, since these versions did not record it.
    ignored: &'static [&'static str],
}

const CA: &str = "keys/certificate/ca-cert.pem";
const PUBLIC_KEY: &str = "keys/certificate/signing-key-pub.pem";

/// All that is not keyless.
const PUBLISHED: &[Published] = &[
    Published { folder: "v0.2.0-certificate", method: CERTIFICATE, trusted: CA, model: ".", ignored: &[] },
    Published { folder: "v0.3.1-certificate", method: CERTIFICATE, trusted: CA, model: ".", ignored: &[] },
    Published { folder: "v1.0.0-certificate", method: CERTIFICATE, trusted: CA, model: ".", ignored: &[] },
    Published { folder: "v1.0.1-certificate", method: CERTIFICATE, trusted: CA, model: ".", ignored: &["ignore-me"] },
    Published { folder: "v0.3.1-elliptic-key", method: KEY, trusted: PUBLIC_KEY, model: "signme-1", ignored: &[] },
    Published { folder: "v1.0.0-elliptic-key", method: KEY, trusted: PUBLIC_KEY, model: "signme-1", ignored: &[] },
    Published { folder: "v1.0.1-elliptic-key", method: KEY, trusted: PUBLIC_KEY, model: ".", ignored: &["ignore-me"] },
];

const KEYLESS: &[&str] = &["v0.3.1-sigstore", "v1.0.0-sigstore", "v1.0.1-sigstore"];

/// A copy of the collection that a test may change.
fn copy() -> Option<tempfile::TempDir> {
    let source = collection("historical")?;
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&source, copy.path());
    Some(copy)
}

impl Published {
    fn verify(&self, root: &Path) -> std::process::Output {
        self.verify_trusting(root, &root.join(self.trusted))
    }

    /// Verifies from beside the folder.
    fn verify_trusting(&self, root: &Path, trusted: &Path) -> std::process::Output {
        let inside = |name: &str| format!("{}/{name}", self.folder);
        let ignored: Vec<String> =
            self.ignored.iter().flat_map(|name| ["--ignore-paths".to_owned(), inside(name)]).collect();
        let ignored: Vec<&str> = ignored.iter().map(String::as_str).collect();
        let model = if self.model == "." { self.folder.to_owned() } else { inside(self.model) };
        verify(root, self.method, trusted, &inside("model.sig"), &ignored, &model)
    }

    /// Verifies from inside the folder, as the reference tool's manual has it.
    fn verify_from_inside(&self, root: &Path, ignored: &[&str]) -> std::process::Output {
        let ignored: Vec<&str> = ignored.iter().flat_map(|name| ["--ignore-paths", name]).collect();
        verify(&root.join(self.folder), self.method, &root.join(self.trusted), "model.sig", &ignored, self.model)
    }

    fn signature(&self, root: &Path) -> PathBuf {
        root.join(self.folder).join("model.sig")
    }
}

#[test]
fn published_signatures_verify_from_beside_and_inside_the_model() {
    let Some(root) = collection("historical") else { return };
    let root = fs::canonicalize(root).unwrap();
    for published in PUBLISHED {
        assert_accepted(published.folder, &published.verify(&root));
        assert_accepted(published.folder, &published.verify_from_inside(&root, published.ignored));
        for ignored in published.ignored {
            let output = published.verify_from_inside(&root, &[]);
            assert_refused(published.folder, &output, "file-unsigned", &format!("{ignored}: not signed"));
        }
        println!("{:<22} accepted", published.folder);
    }
}

#[test]
fn published_signatures_are_refused_after_a_change_of_the_model() {
    let Some(copy) = copy() else { return };
    for published in PUBLISHED {
        let folder = copy.path().join(published.folder);
        let good = fs::read(folder.join("signme-1")).unwrap();
        let name = if published.model == "." { "signme-1" } else { "." };
        let mut changed = good.clone();
        changed[0] ^= 1;
        for content in [&changed[..], &[&good[..], &b"\0"[..]].concat(), b""] {
            fs::write(folder.join("signme-1"), content).unwrap();
            let output = published.verify(copy.path());
            assert_refused(published.folder, &output, "file-changed", &format!("{name}: changed"));
        }
        fs::write(folder.join("signme-1"), good).unwrap();
        assert_accepted(published.folder, &published.verify(copy.path()));
        if published.model == "." {
            fs::write(folder.join("more"), b"more").unwrap();
            assert_refused(published.folder, &published.verify(copy.path()), "file-unsigned", "more: not signed");
            fs::remove_file(folder.join("more")).unwrap();
            fs::rename(folder.join("signme-2"), folder.join("signme-3")).unwrap();
            let renamed = "signme-2: renamed to \"signme-3\"";
            assert_refused(published.folder, &published.verify(copy.path()), "file-renamed", renamed);
            fs::remove_file(folder.join("signme-3")).unwrap();
            assert_refused(published.folder, &published.verify(copy.path()), "file-missing", "signme-2: missing");
        }
    }
}

#[test]
fn published_signatures_are_refused_after_a_change_of_the_signature() {
    let Some(copy) = copy() else { return };
    for published in PUBLISHED {
        let signature = published.signature(copy.path());
        for pointer in SIGNED {
            let good = document(&signature);
            let mut changed = good.clone();
            flip_last_bit(&mut changed, pointer);
            fs::write(&signature, changed.to_string()).unwrap();
            let output = published.verify(copy.path());
            assert_refused(published.folder, &output, "signature-invalid", "does not match what it should have signed");
            fs::write(&signature, good.to_string()).unwrap();
            assert_accepted(published.folder, &published.verify(copy.path()));
        }
    }
}

#[test]
fn published_signatures_are_refused_after_a_change_of_the_named_key() {
    let Some(copy) = copy() else { return };
    let authority = Authority::new("intermediate-ca", Curve::P384);
    let key = FileKey::generate(Curve::P384).unwrap();
    let pem = key.public_key().to_pem();
    let leaf = authority.issue(&Draft::leaf("intermediate-ca"), &key);
    for published in PUBLISHED {
        let signature = published.signature(copy.path());
        let good = document(&signature);
        let trusted = copy.path().join("other.pem");
        let mut changed = good.clone();
        let (rule, says, other) = if published.method == KEY {
            changed["verificationMaterial"]["publicKey"]["rawBytes"] = json!(STANDARD.encode(&pem));
            ("signature-key", "the signature names the key", pem.clone())
        } else {
            let first = "/verificationMaterial/x509CertificateChain/certificates/0/rawBytes";
            *changed.pointer_mut(first).expect("a certificate") = json!(STANDARD.encode(leaf.as_der()));
            ("signature-certificate", "the signer's certificate is not trusted", certificates_pem(&[&authority.root()]))
        };
        fs::write(&trusted, other).unwrap();
        assert_refused(published.folder, &published.verify_trusting(copy.path(), &trusted), rule, says);
        fs::write(&signature, changed.to_string()).unwrap();
        assert_refused(published.folder, &published.verify(copy.path()), rule, says);
        if published.method == CERTIFICATE {
            // Even where the other certificate leads to a trusted root, its key did not sign.
            let output = published.verify_trusting(copy.path(), &trusted);
            assert_refused(published.folder, &output, "signature-invalid", "does not match");
        }
        fs::write(&signature, good.to_string()).unwrap();
        assert_accepted(published.folder, &published.verify(copy.path()));
    }
}

#[test]
fn keyless_signatures_are_read_and_refused_by_other_methods() {
    let Some(root) = collection("historical") else { return };
    for folder in KEYLESS {
        let signature = fs::read(root.join(folder).join("model.sig")).unwrap();
        let bundle = Bundle::from_json(&signature).unwrap();
        let Material::Keyless { leaf, .. } = &bundle.material else { panic!("{folder}: {:?}", bundle.material) };
        assert!(leaf.issuer().contains("sigstore"), "{folder}: {}", leaf.issuer());
        for (method, trusted) in [(KEY, PUBLIC_KEY), (CERTIFICATE, CA)] {
            let inside = root.join(folder);
            let output = verify(&inside, method, &fs::canonicalize(root.join(trusted)).unwrap(), "model.sig", &[], ".");
            assert_refused(folder, &output, "signature-method", "made by the method \"sigstore\"");
        }
    }
}
