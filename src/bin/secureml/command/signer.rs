//! Who signs, for commands that do not name the method in a word of their own.

use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;
use secureml::sign::{CertificateSigner, KeySigner, SignError, Signer};

use super::keyless::KeylessArgs;
use super::keys;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;

/// The signer: a key, a key with its certificate, or an identity.
#[derive(Debug, Args)]
pub(crate) struct SignerArgs {
    /// Sign with this private key: PEM, SEC1 or PKCS#8, on P-256, P-384 or P-521. Without it an identity signs.
    #[arg(long, visible_alias = "key", value_name = "PEM")]
    private_key: Option<PathBuf>,
    /// The passphrase of an encrypted key; SECUREML_PASSWORD, or the question at a terminal, is safer.
    #[arg(long, value_name = "TEXT", requires = "private_key")]
    password: Option<SecretString>,
    /// The certificate of the private key.
    #[arg(long, visible_alias = "certificate", value_name = "PEM", requires = "private_key")]
    signing_certificate: Option<PathBuf>,
    /// Certificates to send along, from the signer's issuer towards the root; may be repeated.
    #[arg(long, value_name = "PEM", requires = "signing_certificate")]
    certificate_chain: Vec<PathBuf>,
    #[command(flatten)]
    keyless: KeylessArgs,
}

impl SignerArgs {
    /// Whether anything is said of a signer.
    pub(crate) fn is_given(&self) -> bool {
        self.private_key.is_some() || self.keyless.is_given()
    }

    /// Runs something with the signer that these options ask for.
    pub(crate) fn with_signer<T>(
        &self,
        host: &Host,
        run: impl FnOnce(&dyn Signer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(path) = &self.private_key else { return self.keyless.with_signer(host, run) };
        if self.keyless.is_given() {
            return Err(two_signers());
        }
        let key = keys::private_key(path, self.password.as_ref(), host)?;
        match &self.signing_certificate {
            None => run(&KeySigner::new(&key)),
            Some(certificate) => run(&certificate_signer(&key, certificate, &self.certificate_chain)?),
        }
    }
}

/// A key and an identity cannot both sign.
pub(crate) fn two_signers() -> Failure {
    Failure::plain(Exit::Misuse, "a private key is given, and options of signing with an identity")
        .with_help("leave one of the two out; a second signature is made by a command of its own")
}

/// A signer with this key, its certificate, and the certificates to send along.
pub(crate) fn certificate_signer<'a>(
    key: &'a secureml::sign::FileKey,
    certificate: &std::path::Path,
    chain: &[PathBuf],
) -> Result<CertificateSigner<'a>, Failure> {
    let leaf = keys::certificates(certificate)?.into_iter().next();
    let Some(leaf) = leaf else { return Err(Failure::plain(Exit::Undecided, "no signing certificate")) };
    let mut others = Vec::new();
    for path in chain {
        others.extend(keys::certificates(path)?);
    }
    CertificateSigner::new(key, leaf, others).map_err(|error| unusable(&error))
}

fn unusable(error: &SignError) -> Failure {
    Failure::new(Exit::Undecided, "cannot use the signing certificate", error)
        .with_help("give the certificate that was issued for this private key with --signing-certificate")
}
