//! A model in a temporary folder, and key files beside it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use secrecy::ExposeSecret as _;
use secureml::crypto::Curve;
use secureml::sign::{FileKey, SigningKey as _};
use tempfile::TempDir;

use super::secureml;

/// The files of the usual model: nesting, an empty file, two files with the same bytes, text with both line endings.
pub(crate) const MODEL: &[(&str, &[u8])] = &[
    ("README.md", b"# A model\n"),
    ("config.json", b"{\"layers\": 2}\n"),
    ("empty.bin", b""),
    ("tokenizer/vocab.txt", b"one\r\ntwo\r\n"),
    ("weights/part-1.bin", &[7; 2500]),
    ("weights/part-2.bin", &[9; 1000]),
    ("weights/part-2.copy.bin", &[9; 1000]),
];

/// A temporary folder with the model `model`; keys and signatures find their place beside it.
pub(crate) struct Fixture {
    folder: TempDir,
}

/// A key, and the files that hold its two halves.
pub(crate) struct KeyFiles {
    pub(crate) key: FileKey,
    pub(crate) private: PathBuf,
    pub(crate) public: PathBuf,
}

impl Fixture {
    /// A folder with the usual model, [`MODEL`].
    pub(crate) fn new() -> Self {
        Self::with(MODEL)
    }

    /// A folder with a model of these files.
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write_tree(&folder.path().join("model"), files);
        Self { folder }
    }

    /// A place in the folder, outside the model.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The model.
    pub(crate) fn model(&self) -> PathBuf {
        self.path("model")
    }

    /// Where the signature goes: `model.sig` beside the model.
    pub(crate) fn signature(&self) -> PathBuf {
        self.path("model.sig")
    }

    /// A new key, written to `NAME.pem` and `NAME.pub.pem`.
    pub(crate) fn key(&self, name: &str, curve: Curve) -> KeyFiles {
        let key = FileKey::generate(curve).expect("a new key");
        let (private, public) = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.pub.pem")));
        fs::write(&private, key.to_pem().expect("the key in PEM").expose_secret()).unwrap();
        fs::write(&public, key.public_key().to_pem()).unwrap();
        KeyFiles { key, private, public }
    }

    /// `sign key` over the model, in JSON, with more words behind.
    pub(crate) fn sign(&self, key: &KeyFiles, more: &[&str]) -> Output {
        let words = ["--format", "json", "sign", "key", "--private-key"].map(OsString::from);
        self.run_on_model(words.into_iter().chain([key.private.clone().into()]), more)
    }

    /// `verify key` over the model, in JSON, with more words behind.
    pub(crate) fn verify(&self, key: &KeyFiles, more: &[&str]) -> Output {
        let words = ["--format", "json", "verify", "key", "--public-key"].map(OsString::from);
        self.run_on_model(words.into_iter().chain([key.public.clone().into()]), more)
    }

    /// `verify certificate` over the model, in JSON, trusting the certificates in this file, with more words behind.
    pub(crate) fn verify_certificate(&self, roots: &Path, more: &[&str]) -> Output {
        let words = ["--format", "json", "verify", "certificate", "--certificate-chain"].map(OsString::from);
        self.run_on_model(words.into_iter().chain([roots.into()]), more)
    }

    fn run_on_model(&self, words: impl Iterator<Item = OsString>, more: &[&str]) -> Output {
        let mut command = secureml();
        command.args(words).arg("--signature").arg(self.signature()).args(more).arg(self.model());
        command.output().expect("the program starts")
    }
}

/// Writes files, with the folders that they need; `root` exists afterwards even if there are none.
pub(crate) fn write_tree(root: &Path, files: &[(&str, &[u8])]) {
    fs::create_dir_all(root).unwrap();
    for (name, content) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// Copies a folder with all that is in it, links left out.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
