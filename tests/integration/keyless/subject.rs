//! A signature that is judged very often, and so without a process for each time.

use std::fs;
use std::path::{Path, PathBuf};
use std::slice;
use std::time::Duration;

use secureml::oms::Bundle;
use secureml::trust::sigstore::{Access, Instance, load};
use secureml::trust::{IdentityPattern, LogRule, TrustRoot};
use secureml::verify::{BundleFault, KeylessFault, Verifier};
use serde_json::Value;

use super::instance::{Log, START, Token};
use super::published::{IDENTITY, PROVIDER, PUBLISHED, published};
use super::scene::{self, IN_TIME, Scene};
use crate::support::now;

/// An accepted signature, and by what it is judged.
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) bundle: Value,
    trust: TrustRoot,
}

impl Subject {
    /// A signature that this signer made through this instance; it is judged once to see that it is good.
    fn new(name: &str, bundle: Value, instance: &Instance, signer: (&str, &str)) -> Self {
        let root = load(instance, Access::Offline, None, now()).expect("a trust root").root;
        let identity = Box::new(IdentityPattern::exact(signer.0, signer.1));
        let trust = TrustRoot::Sigstore { root: Box::new(root), identity, log: LogRule::Required };
        let subject = Self { name: name.to_owned(), bundle, trust };
        let verdict = subject.judge(&subject.bundle.to_string());
        assert!(verdict.is_ok(), "{name}: {verdict:?}");
        subject
    }

    /// Why this text is refused in the signature's place: the rule that the program would name, and the reason.
    pub(super) fn judge(&self, text: &str) -> Result<(), (&'static str, String)> {
        let bundle = Bundle::from_json(text.as_bytes()).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            ("signature-malformed", format!("{error}{cause}"))
        })?;
        let verdict = Verifier::new(&self.trust, Duration::ZERO).verify(&bundle);
        verdict.map(drop).map_err(|fault| (rule(&fault), fault.to_string()))
    }
}

/// The published signatures, if they are there.
pub(super) fn published_subjects() -> Option<Vec<Subject>> {
    let root = published()?;
    let subject = |published: &super::published::Published| {
        Subject::new(published.folder, published.document(&root), &Instance::Public, (IDENTITY, PROVIDER))
    };
    Some(PUBLISHED.iter().map(subject).collect())
}

/// Signatures with timestamps, in the logs of both generations, made by the tests' own instance.
pub(super) fn made_subjects() -> Vec<Subject> {
    let scene = Scene::new();
    let signed = scene.signed();
    let tsa = &scene.instance.tsa;
    let token = Token::new(&signed.signature, START + 70, tsa).signed_by(tsa);
    let subject = |name: &str, log: Log| {
        let bundle = scene.instance.bundle(&signed, &log, slice::from_ref(&token));
        let instance = Instance::File(scene.trusted_root());
        Subject::new(name, bundle, &instance, (scene::IDENTITY, scene::PROVIDER))
    };
    [("Rekor v1, TSA", IN_TIME), ("Rekor v2, TSA", Log::V2), ("Rekor v2 of old, TSA", Log::V2Dsse)]
        .map(|(name, log)| subject(name, log))
        .into()
}

/// The signatures of a folder: pairs `NAME.sig` and `NAME.identity` (`{"identity": …, "provider": …}`), and the
/// `trusted_root.json` of the instance that they are from.
pub(super) fn subjects_in(folder: &Path) -> Vec<Subject> {
    let read = |path: &Path| -> Value {
        let content = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_slice(&content).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let instance = Instance::File(folder.join("trusted_root.json"));
    let files = fs::read_dir(folder).expect("the folder of signatures").map(|entry| entry.unwrap().path());
    let mut signatures: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "sig")).collect();
    signatures.sort();
    assert!(!signatures.is_empty(), "no signature in {}", folder.display());
    let subject = |path: &PathBuf| {
        let signer = read(&path.with_extension("identity"));
        let word = |name: &str| signer[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", path.display()));
        let name = path.file_stem().expect("a name").to_string_lossy();
        Subject::new(&name, read(path), &instance, (word("identity"), word("provider")))
    };
    signatures.iter().map(subject).collect()
}

/// The rule under which the program reports a fault; only a keyless signature's own faults are expected here, and
/// neither an unusable trust root nor a check left out is a reason to refuse.
fn rule(fault: &BundleFault) -> &'static str {
    match fault {
        BundleFault::Keyless(KeylessFault::TrustRoot { .. } | KeylessFault::Incomplete) => {
            panic!("not a reason to refuse: {fault}")
        }
        BundleFault::Keyless(_) | BundleFault::Signature => fault.rule(),
        fault => panic!("not a keyless signature's fault: {fault}"),
    }
}
