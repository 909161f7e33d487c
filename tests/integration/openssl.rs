//! OpenSSL's program: it makes the keys and certificates that users have, independently of the library under test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::skip;

/// OpenSSL, working in one folder.
pub(crate) struct OpenSsl {
    folder: PathBuf,
}

impl OpenSsl {
    /// OpenSSL in this folder; where the machine has none the caller skips, and this says so.
    pub(crate) fn find(folder: &Path) -> Option<Self> {
        let version = Command::new("openssl").arg("version").stdout(Stdio::null()).status();
        if version.is_ok_and(|status| status.success()) {
            return Some(Self { folder: folder.to_owned() });
        }
        skip("there is no openssl on this machine");
        None
    }

    /// Runs one command, given as it is typed, and returns what it printed; it must succeed.
    pub(crate) fn run(&self, words: &str) -> String {
        let output = Command::new("openssl")
            .args(words.split_whitespace())
            .current_dir(&self.folder)
            .env_remove("OPENSSL_CONF")
            .stdin(Stdio::null())
            .output()
            .expect("openssl starts");
        assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Makes `NAME.pub.pem`, the public half of the key in `NAME.pem`; `options` are those of `openssl pkey`.
    pub(crate) fn public_half(&self, name: &str, options: &str) -> PathBuf {
        self.run(&format!("pkey -in {name}.pem {options} -pubout -out {name}.pub.pem"));
        self.path(&format!("{name}.pub.pem"))
    }
}
