//! Models of every shape: what is signed verifies, and one bit turned over anywhere is found where it is.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseError;
use secureml::crypto::Curve;
use secureml::digest::Algorithm;
use secureml::finding::Finding;
use secureml::manifest::{Method, UnsignedFiles};
use secureml::model::SymlinkRule;
use secureml::ops::{DigestRequest, Links, Refused, Selection, SignRequest, SingleFileName, Verdict, VerifyRequest};
use secureml::ops::{sign, verify};
use secureml::progress::NoProgress;
use secureml::sign::{FileKey, KeySigner, SigningKey as _};
use secureml::trust::TrustRoot;

use super::{config, name};

type Files = BTreeMap<String, Vec<u8>>;

/// A model on disk, with a key and a place for its signature.
struct Model {
    _folder: tempfile::TempDir,
    path: PathBuf,
    signature: PathBuf,
    key: FileKey,
    selection: Selection,
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn what_is_signed_verifies_and_a_flipped_bit_is_found(
        files in files(),
        algorithm in select(Algorithm::OMS.as_slice()),
        shard_bytes in option::of(1..=40_u64),
        at in any::<Index>(),
        place in any::<Index>(),
        bit in 0..8_u8,
    ) {
        let method = match shard_bytes.and_then(NonZeroU64::new) {
            Some(shard_bytes) => Method::Shards { shard_bytes },
            None => Method::Files,
        };
        let filled: Vec<&String> = files.iter().filter(|(_, bytes)| !bytes.is_empty()).map(|(name, _)| name).collect();
        let model = Model::new(&files);
        let signed = model.sign(method, algorithm);
        let expected: BTreeSet<&str> = match method {
            Method::Files => files.keys().map(String::as_str).collect(),
            Method::Shards { .. } => filled.iter().map(|name| name.as_str()).collect(),
        };
        prop_assert_eq!(signed.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
        prop_assert_eq!(model.refusal()?, Vec::new());

        let name = *at.get(&filled);
        let mut content = files[name].clone();
        let index = place.index(content.len());
        content[index] ^= 1 << bit;
        fs::write(model.path.join(name), &content).unwrap();
        let findings = model.refusal()?;
        prop_assert_eq!(findings.len(), 1, "{:?}", findings);
        prop_assert_eq!(findings[0].rule, "file-changed");
        prop_assert_eq!(findings[0].path.as_ref(), Some(name));
        prop_assert_eq!(&findings[0].message, &expected_message(method, index, content.len()));

        fs::write(model.path.join(name), &files[name]).unwrap();
        prop_assert_eq!(model.refusal()?, Vec::new());
    }

    #[test]
    fn a_file_more_or_less_is_found(files in files(), at in any::<Index>(), extra in name()) {
        let model = Model::new(&files);
        model.sign(Method::Files, Algorithm::Sha256);
        let names: Vec<&String> = files.keys().collect();
        let removed = *at.get(&names);
        fs::remove_file(model.path.join(removed)).unwrap();
        let findings = model.refusal()?;
        prop_assert_eq!(findings.len(), 1, "{:?}", findings);
        prop_assert_eq!(findings[0].rule, "file-missing");
        prop_assert_eq!(findings[0].path.as_ref(), Some(removed));
        fs::write(model.path.join(removed), &files[removed]).unwrap();

        if fits(&files, &extra) {
            write(&model.path, &extra, b"nobody signed these bytes");
            let findings = model.refusal()?;
            prop_assert_eq!(findings.len(), 1, "{:?}", findings);
            prop_assert_eq!(findings[0].rule, "file-unsigned");
            prop_assert_eq!(findings[0].path.as_ref(), Some(&extra));
        }
    }
}

/// Names with contents that can exist beside each other; at least one file has bytes.
fn files() -> impl Strategy<Value = Files> {
    let content = vec(any::<u8>(), 0..120);
    btree_map(name(), content, 1..10).prop_map(|wanted| {
        let mut files = Files::new();
        for (name, content) in wanted {
            if fits(&files, &name) {
                files.insert(name, content);
            }
        }
        if files.values().all(Vec::is_empty) {
            files.values_mut().next().expect("a file").push(0);
        }
        files
    })
}

/// Whether a file of this name can stand beside the others: it is none of them, above none and below none.
fn fits(files: &Files, name: &str) -> bool {
    let below = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    name.split('/').all(|part| part.len() <= 255)
        && files.keys().all(|other| other != name && !below(other, name) && !below(name, other))
}

fn write(root: &Path, name: &str, content: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).unwrap();
    fs::write(path, content).unwrap();
}

fn expected_message(method: Method, index: usize, length: usize) -> String {
    match method {
        Method::Files => "changed".to_owned(),
        Method::Shards { shard_bytes } => {
            let step = usize::try_from(shard_bytes.get()).unwrap();
            let start = index / step * step;
            format!("changed in bytes {start}-{}", length.min(start + step))
        }
    }
}

impl Model {
    fn new(files: &Files) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        for (name, content) in files {
            write(&path, name, content);
        }
        let signature = folder.path().join("model.sig");
        let selection = Selection { ignore_paths: Vec::new(), ignore_git_paths: false };
        Self { _folder: folder, path, signature, key: FileKey::generate(Curve::P256).unwrap(), selection }
    }

    /// Signs, and gives the names of the files in the manifest.
    fn sign(&self, method: Method, algorithm: Algorithm) -> Vec<String> {
        let (model, selection) = (self.path.as_path(), &self.selection);
        let model = DigestRequest { model, method, algorithm, symlinks: SymlinkRule::Refuse, selection };
        let request =
            SignRequest { model, signature: &self.signature, single_file: SingleFileName::Dot, fingerprint: None };
        let signed = sign(&request, &KeySigner::new(&self.key), &NoProgress).unwrap();
        assert!(signed.warnings.is_empty(), "{:?}", signed.warnings);
        signed.manifest.files().iter().map(ToString::to_string).collect()
    }

    /// Verifies, and gives the reasons for a refusal; none for an acceptance.
    fn refusal(&self) -> Result<Vec<Finding>, TestCaseError> {
        let request = VerifyRequest {
            model: &self.path,
            signature: &self.signature,
            selection: &self.selection,
            unsigned_files: UnsignedFiles::Refuse,
            links: Links::AsSigned,
        };
        let trust = TrustRoot::Key(self.key.public_key().clone());
        match verify(&request, &trust, Duration::ZERO, &NoProgress).unwrap() {
            Verdict::Accepted { warnings, .. } => {
                prop_assert!(warnings.is_empty(), "{:?}", warnings);
                Ok(Vec::new())
            }
            Verdict::Refused(Refused { findings, .. }) => {
                prop_assert!(!findings.is_empty());
                Ok(findings)
            }
        }
    }
}
