//! The keyless signatures that the reference tool's makers published with their releases, and the program's verdict on
//! them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{copy_tree, secureml, shared};

/// A published model with its keyless signature.
pub(super) struct Published {
    /// Its folder, which is the model; the signature is in it.
    pub(super) folder: &'static str,
    /// What must be left out by hand, since these versions did not record it.
    pub(super) ignored: &'static [&'static str],
}

/// Who signed all of them.
pub(super) const IDENTITY: &str = "stefanb@us.ibm.com";
/// Who vouched for him.
pub(super) const PROVIDER: &str = "https://sigstore.verify.ibm.com/oauth2";
/// The words that ask for him.
pub(super) const SIGNER: [&str; 4] = ["--identity", IDENTITY, "--identity-provider", PROVIDER];

/// All of them.
pub(super) const PUBLISHED: [Published; 3] = [
    Published { folder: "v0.3.1-sigstore", ignored: &[] },
    Published { folder: "v1.0.0-sigstore", ignored: &[] },
    Published { folder: "v1.0.1-sigstore", ignored: &["ignore-me"] },
];

/// The folder of the published models, as an absolute path.
pub(super) fn published() -> Option<PathBuf> {
    shared("oms/historical").map(|folder| fs::canonicalize(folder).unwrap())
}

impl Published {
    /// The signature as a JSON document.
    pub(super) fn document(&self, root: &Path) -> Value {
        serde_json::from_slice(&fs::read(root.join(self.folder).join("model.sig")).unwrap()).unwrap()
    }

    /// What verifies this model from inside its folder, without a network and with a cache of its own; whom to expect
    /// is left to add.
    pub(super) fn command(&self, folder: &Path, cache: &Path) -> Command {
        let mut command = secureml();
        command.env("SECUREML_CACHE", cache).current_dir(folder).args(["verify", "--offline"]);
        command.args(["--signature", "model.sig", "."]);
        command.args(self.ignored.iter().flat_map(|name| ["--ignore-paths", name]));
        command
    }
}

/// A copy of a published model, whose files may change.
pub(super) struct Copy {
    published: &'static Published,
    place: TempDir,
}

impl Copy {
    pub(super) fn new(published: &'static Published, root: &Path) -> Self {
        let place = tempfile::tempdir().expect("a temporary folder");
        copy_tree(&root.join(published.folder), &place.path().join("model"));
        Self { published, place }
    }

    /// A file of the model.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.place.path().join("model").join(name)
    }

    /// A place beside the model.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// The verdict on the model with these words.
    pub(super) fn verify(&self, words: &[impl Clone + Into<OsString>]) -> Output {
        let mut command = self.published.command(&self.file(""), &self.beside("cache"));
        command
            .args(["--format", "json"])
            .args(words.iter().cloned().map(Into::into))
            .output()
            .expect("the program starts")
    }

    /// The verdict on the model with another signature.
    pub(super) fn judge(&self, signature: &str) -> Output {
        fs::write(self.file("model.sig"), signature).unwrap();
        self.verify(&SIGNER)
    }
}
