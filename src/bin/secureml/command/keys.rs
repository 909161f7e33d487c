//! Keys and certificates from the paths on the command line.

use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use secureml::crypto::{Certificate, PublicKey};
use secureml::finding::Finding;
use secureml::io::{ReadError, read_to_limit};
use secureml::sign::{FileKey, FileKeyError};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;

/// The key that signs.
#[derive(Debug, Args)]
pub(crate) struct PrivateKeyArgs {
    /// The private key: PEM, SEC1 or PKCS#8, on P-256, P-384 or P-521.
    #[arg(long, value_name = "PEM")]
    private_key: PathBuf,
    /// The passphrase of an encrypted key. Other users of the machine can see it: SECUREML_PASSWORD, or the question at
    /// a terminal, is safer.
    #[arg(long, value_name = "TEXT")]
    password: Option<SecretString>,
}

impl PrivateKeyArgs {
    pub(crate) fn open(&self, host: &Host) -> Result<FileKey, Failure> {
        private_key(&self.private_key, self.password.as_ref(), host)
    }
}

pub(crate) fn private_key(path: &Path, password: Option<&SecretString>, host: &Host) -> Result<FileKey, Failure> {
    let content = Zeroizing::new(read(path, "private key")?);
    let mut is_asked = false;
    let given = || password.cloned().or_else(|| host.env.text(PASSWORD_VARIABLE).map(SecretString::from));
    let passphrase = || {
        is_asked = true;
        let question = format!("Passphrase of {}", path.display());
        given().or_else(|| host.prompt().secret(&question))
    };
    let key = FileKey::from_pem(&content, passphrase).map_err(|error| {
        let message = format!("cannot use the private key {}", path.display());
        Failure::new(Exit::Undecided, message, &error).with_help(for_private_key(&error))
    })?;
    if password.is_some() && !is_asked {
        let text = "--password has no effect, the private key is not encrypted";
        host.printer().warnings(&[Finding::warning("key-not-encrypted", text).at(path.display().to_string())]);
    }
    Ok(key)
}

pub(crate) fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    PublicKey::from_pem(&read(path, "public key")?).map_err(|error| {
        let message = format!("cannot use the public key {}", path.display());
        Failure::new(Exit::Undecided, message, &error).with_help(for_public_key(&error.found))
    })
}

/// All certificates of a PEM file, in order.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate>, Failure> {
    Certificate::all_from_pem(&read(path, "certificates")?).map_err(|error| {
        Failure::new(Exit::Undecided, format!("cannot use the certificates of {}", path.display()), &error)
            .with_help("give a PEM file with `-----BEGIN CERTIFICATE-----` blocks")
    })
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, Failure> {
    read_to_limit(path, MAX_KEY_FILE_BYTES).map_err(|error: ReadError| {
        Failure::new(Exit::Undecided, format!("cannot read the {what}"), &error).with_help("check the path")
    })
}

/// What to do about a private key that cannot be used.
fn for_private_key(error: &FileKeyError) -> String {
    match error {
        FileKeyError::NoPassphrase => {
            "set SECUREML_PASSWORD, give --password, or run it at a terminal to be asked".to_owned()
        }
        FileKeyError::WrongPassphrase => "check the passphrase".to_owned(),
        FileKeyError::Key(error) if error.found.contains("encrypted") => {
            "encrypt it anew with `openssl pkcs8 -topk8 -in OLD.pem -out NEW.pem`".to_owned()
        }
        FileKeyError::Key(error) if error.found.starts_with("DER") => {
            "convert it with `openssl pkey -inform DER -in KEY.der -out KEY.pem`".to_owned()
        }
        FileKeyError::Key(error) if error.found.contains("public key") => {
            "the private key signs, the public key verifies: give the private one with --private-key".to_owned()
        }
        _ => "make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem`".to_owned(),
    }
}

/// What to do about a public key that cannot be used.
fn for_public_key(found: &str) -> String {
    if found.contains("private key") {
        "get the public half with `openssl pkey -in PRIVATE.pem -pubout -out PUBLIC.pem`".to_owned()
    } else if found == "a certificate" {
        "verify with `secureml verify certificate --certificate-chain …`, or give the signer's public key".to_owned()
    } else if found.starts_with("DER") {
        "convert it with `openssl pkey -pubin -inform DER -in KEY.der -out KEY.pem`".to_owned()
    } else {
        "give the signer's public key in PEM with --public-key".to_owned()
    }
}

/// The environment variable with the passphrase of an encrypted private key.
const PASSWORD_VARIABLE: &str = "SECUREML_PASSWORD";

/// The largest key or certificate file: above any system's whole collection of roots.
const MAX_KEY_FILE_BYTES: u64 = 8 << 20;
