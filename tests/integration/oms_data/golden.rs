//! A model full of traps (order, Unicode, quotes, empty files, Git's folders) as the reference tool signs it in each way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use secureml::crypto::Certificate;
use secureml::manifest::UnsignedFiles;
use secureml::oms::{Bundle, Material};
use secureml::ops::{Links, Refused, Selection, Verdict, VerifyRequest};
use secureml::progress::NoProgress;
use secureml::trust::{CertificateTime, TrustRoot};
use tempfile::TempDir;

use super::{CERTIFICATE, KEY, SIGNED, collection, document, flip_last_bit, verify};
use crate::support::{assert_accepted, assert_refused, findings, json, secureml, skip};

/// The signatures, with the key that each was made by and the model that it goes with.
const SIGNATURES: &[(&str, &str, &str)] = &[
    ("key-p256.sig", "p256.pub.pem", "model"),
    ("key-p384.sig", "p384.pub.pem", "model"),
    ("key-p521.sig", "p521.pub.pem", "model"),
    ("blake2b.sig", "p256.pub.pem", "model"),
    ("blake3.sig", "p256.pub.pem", "model"),
    ("shards-1000-sha256.sig", "p256.pub.pem", "model"),
    ("ignore-paths.sig", "p256.pub.pem", "model"),
    ("no-ignore-git.sig", "p256.pub.pem", "model"),
    ("single-file.sig", "p256.pub.pem", "single.gguf"),
];

/// The collection, and a folder with the unpacked model and copies of all signatures.
struct Golden {
    source: PathBuf,
    work: TempDir,
}

impl Golden {
    fn unpacked() -> Option<Self> {
        let source = fs::canonicalize(collection("golden")?).unwrap();
        let work = tempfile::tempdir().unwrap();
        let tar = Command::new("tar").arg("-xf").arg(source.join("model.tar")).arg("-C").arg(work.path()).status();
        let Ok(status) = tar else {
            skip("the program tar is absent");
            return None;
        };
        assert!(status.success(), "tar: {status}");
        for name in SIGNATURES.iter().map(|(name, ..)| *name).chain(["cert.sig", "single.gguf"]) {
            fs::copy(source.join(name), work.path().join(name)).unwrap();
        }
        Some(Self { source, work })
    }

    fn key(&self, name: &str) -> PathBuf {
        self.source.join("keys").join(name)
    }

    fn verify(&self, signature: &str, key: &str, model: &str, more: &[&str]) -> Output {
        verify(self.work.path(), KEY, &self.key(key), signature, more, model)
    }

    /// A file of the model that every signature covers.
    fn covered(&self, model: &str) -> (PathBuf, &'static str) {
        let path = self.work.path().join(model);
        if path.is_dir() { (path.join("config.json"), "config.json: changed") } else { (path, ".: changed") }
    }
}

#[test]
fn golden_signatures_verify() {
    let Some(golden) = Golden::unpacked() else { return };
    for (signature, key, model) in SIGNATURES {
        assert_accepted(signature, &golden.verify(signature, key, model, &[]));
        let output = golden.verify(signature, key, model, &["--ignore-unsigned-files"]);
        assert_accepted(signature, &output);
        println!("{signature:<24} accepted");
    }
    assert_accepted(
        "no-ignore-git.sig",
        &golden.verify("no-ignore-git.sig", "p256.pub.pem", "model", &["--no-ignore-git-paths"]),
    );
}

#[test]
fn golden_signatures_verify_from_inside_the_model() {
    let Some(golden) = Golden::unpacked() else { return };
    for (signature, key, model) in SIGNATURES.iter().filter(|(.., model)| *model == "model") {
        let inside = golden.work.path().join(model);
        let output = verify(&inside, KEY, &golden.key(key), &format!("../{signature}"), &[], ".");
        assert_accepted(signature, &output);
        // A signature inside is left out by itself, whatever its name.
        fs::copy(golden.work.path().join(signature), inside.join("model.sig")).unwrap();
        assert_accepted(signature, &verify(&inside, KEY, &golden.key(key), "model.sig", &[], "."));
        fs::remove_file(inside.join("model.sig")).unwrap();
    }
}

#[test]
fn golden_signatures_are_refused_after_a_change_of_model_signature_or_key() {
    let Some(golden) = Golden::unpacked() else { return };
    for (signature, key, model) in SIGNATURES {
        let (file, says) = golden.covered(model);
        let good = fs::read(&file).unwrap();
        let mut changed = good.clone();
        changed[0] ^= 1;
        fs::write(&file, changed).unwrap();
        assert_refused(signature, &golden.verify(signature, key, model, &[]), "file-changed", says);
        fs::write(&file, good).unwrap();

        let path = golden.work.path().join(signature);
        let original = document(&path);
        for pointer in SIGNED {
            let mut bundle = original.clone();
            flip_last_bit(&mut bundle, pointer);
            fs::write(&path, bundle.to_string()).unwrap();
            let output = golden.verify(signature, key, model, &[]);
            assert_refused(signature, &output, "signature-invalid", "does not match what it should have signed");
        }
        fs::write(&path, original.to_string()).unwrap();
        let other = if *key == "p384.pub.pem" { "p256.pub.pem" } else { "p384.pub.pem" };
        let output = golden.verify(signature, other, model, &[]);
        assert_refused(signature, &output, "signature-key", "the signature names the key");
        assert_accepted(signature, &golden.verify(signature, key, model, &[]));
    }
}

#[test]
fn each_spelling_of_a_public_key_is_the_same_key() {
    let Some(golden) = Golden::unpacked() else { return };
    let hint = document(&golden.source.join("key-p256.sig"))["verificationMaterial"]["publicKey"]["hint"].clone();
    for key in [
        "p256.pub.pem",
        "p256.comment.pub.pem",
        "p256.compressed.pub.pem",
        "p256.crlf.pub.pem",
        "p256.explicit.pub.pem",
    ] {
        let output = golden.verify("key-p256.sig", key, "model", &[]);
        assert_accepted(key, &output);
        assert_eq!(json(&output)["identity"]["hint"], hint, "{key}");
    }
}

#[test]
fn keys_that_sign_no_models_are_named() {
    let Some(golden) = Golden::unpacked() else { return };
    let cases = [
        ("rsa.pub.pem", "found an RSA public key, needed a PEM public key on P-256, P-384 or P-521"),
        ("ed25519.pub.pem", "found an Ed25519 public key, needed a PEM public key on P-256, P-384 or P-521"),
        (
            "k256.pub.pem",
            "found an EC public key on the curve secp256k1, needed a PEM public key on P-256, P-384 or P-521",
        ),
        ("cert-leaf.pem", "found a certificate, needed a PEM public key on P-256, P-384 or P-521"),
    ];
    for (key, says) in cases {
        let output = golden.verify("key-p256.sig", key, "model", &[]);
        assert_eq!(output.status.code(), Some(3), "{key}");
        let answer = json(&output);
        assert_eq!(answer["outcome"], "undecided", "{key}");
        assert_eq!(answer["error"]["causes"][0], says, "{key}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("cannot use the public key") && message.ends_with(key), "{message}");
    }
}

#[test]
fn digests_are_those_that_were_published() {
    let Some(golden) = Golden::unpacked() else { return };
    let digests = [
        ("model", "sha256:2777bd30814c9bb9f1832e89e7ee6c715cf7c38f11d68ecad94d8dac997e2ce5"),
        ("single.gguf", "sha256:9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50"),
    ];
    for (model, digest) in digests {
        let output = secureml().current_dir(golden.work.path()).args(["digest", model]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{digest}\n"));
    }
    // The reference tool lists the same files in another order, which gives another digest of the whole.
    let output = golden.verify("key-p256.sig", "p256.pub.pem", "model", &[]);
    let digest = "sha256:d4b78f2eabd5d58c29e8a065d067dc810527ef0014b8a82c0e9375fa41840aac";
    assert_eq!(json(&output)["manifest"]["digest"], digest);
}

/// The certificates are good for a year; at a fixed time within it this test does not age.
#[test]
fn the_golden_certificate_verifies_while_it_is_good() {
    let Some(golden) = Golden::unpacked() else { return };
    let signature = golden.work.path().join("cert.sig");
    let bundle = Bundle::read(&signature).unwrap();
    let Material::Chain { leaf, .. } = &bundle.material else { panic!("{:?}", bundle.material) };
    let day = Duration::from_secs(24 * 3600);
    let (start, end) = (leaf.validity().not_before, leaf.validity().not_after);
    let judge = |root: &str, now: Duration| judge_certificate(&golden, &signature, root, now);
    assert_eq!(judge("cert-root.pem", start + day), None);
    assert_eq!(judge("cert-root.pem", start), None);
    let refusals = [
        ("cert-root.pem", start - Duration::from_secs(1), "is not valid before"),
        ("cert-root.pem", end + day * 3650, "expired on"),
        ("cert-int.pem", start + day, "neither trusted nor in the signature"),
        ("cert-leaf.pem", start + day, "neither trusted nor in the signature"),
    ];
    for (root, now, says) in refusals {
        let reason = judge(root, now).expect(root);
        assert!(reason.contains(says), "{root}: {reason}");
    }
    let more = ["--allow-expired-certificates"];
    let output = verify(golden.work.path(), CERTIFICATE, &golden.key("cert-root.pem"), "cert.sig", &more, "model");
    assert_accepted("cert.sig", &output);
    assert_eq!(findings(&output)[0].0, "certificate-time-not-checked");
}

/// The reason for a refusal by these trusted certificates at this time.
fn judge_certificate(golden: &Golden, signature: &Path, root: &str, now: Duration) -> Option<String> {
    let anchors = Certificate::all_from_pem(&fs::read(golden.key(root)).unwrap()).unwrap();
    let trust = TrustRoot::Certificates { anchors, time: CertificateTime::Now };
    let selection = Selection::default();
    let request = VerifyRequest {
        model: &golden.work.path().join("model"),
        signature,
        selection: &selection,
        unsigned_files: UnsignedFiles::Refuse,
        links: Links::AsSigned,
    };
    match secureml::ops::verify(&request, &trust, now, &NoProgress).unwrap() {
        Verdict::Accepted { .. } => None,
        Verdict::Refused(Refused { findings, .. }) => {
            assert_eq!(findings[0].rule, "signature-certificate", "{findings:?}");
            Some(findings[0].message.clone())
        }
    }
}
