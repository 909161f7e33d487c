//! Whom to trust, for commands that do not name the method in a word of their own.

use std::path::PathBuf;

use clap::Args;
use secureml::crypto::Certificate;
use secureml::trust::sigstore::SigstoreRoot;
use secureml::trust::{CertificateTime, LogRule, TrustRoot};

use super::instance::{AccessArgs, IdentityArgs, no_trust_root};
use super::keys;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;
use crate::options::PACKAGE_VERIFY;

/// Who must have signed: the holder of a key, somebody with a certificate, or an identity.
#[derive(Debug, Args)]
pub(crate) struct TrustedArgs {
    /// The signer's public key in PEM.
    #[arg(long, value_name = "PEM")]
    public_key: Option<PathBuf>,
    /// Trusted CA certificates; may be repeated.
    #[arg(long, value_name = "PEM", conflicts_with = "public_key")]
    certificate_chain: Vec<PathBuf>,
    /// Judge the certificates at the start of the signer's own instead of now.
    #[arg(long, requires = "certificate_chain")]
    allow_expired_certificates: bool,
    #[command(flatten)]
    sigstore: SigstoreTrustArgs,
}

impl TrustedArgs {
    /// The Sigstore instance that is believed.
    pub(crate) const fn access(&self) -> &AccessArgs {
        &self.sigstore.instance.access
    }

    /// Whether anything is said that a policy would say.
    pub(crate) const fn is_given(&self) -> bool {
        let Self { public_key, certificate_chain, sigstore, .. } = self;
        public_key.is_some()
            || !certificate_chain.is_empty()
            || sigstore.identity.is_given()
            || sigstore.instance.insecure_skip_tlog
    }

    /// Whether anything is said at all.
    pub(crate) const fn is_any_given(&self) -> bool {
        self.is_given() || self.access().is_given() || self.allow_expired_certificates
    }

    /// The trust root, or `None` where it is not said whom to trust. What then has no effect is misuse.
    pub(crate) fn trust(&self, host: &Host) -> Result<Option<TrustRoot>, Failure> {
        let of_instances = self.sigstore.instance.insecure_skip_tlog || self.access().is_given();
        let of_certificates = self.allow_expired_certificates && self.certificate_chain.is_empty();
        if of_certificates || of_instances && !self.sigstore.identity.is_given() {
            return Err(Failure::plain(
                Exit::Misuse,
                "options are given that have no effect with this signer, or with none",
            )
            .with_help(
                "--offline, --insecure-skip-tlog and those of Sigstore instances go with --identity, \
                     --allow-expired-certificates with --certificate-chain",
            ));
        }
        self.trust_beside_signer(host)
    }

    /// As [`TrustedArgs::trust`], where the options of Sigstore instances are also those of who signs.
    pub(crate) fn trust_beside_signer(&self, host: &Host) -> Result<Option<TrustRoot>, Failure> {
        let keyed = self.public_key.is_some() || !self.certificate_chain.is_empty();
        if keyed && self.sigstore.identity.is_given() {
            return Err(Failure::plain(Exit::Misuse, "a key or certificate and an identity are both named")
                .with_help("name one signer; several are the matter of a policy"));
        }
        if let Some(path) = &self.public_key {
            return Ok(Some(TrustRoot::Key(keys::public_key(path)?)));
        }
        if !self.certificate_chain.is_empty() {
            return certificates(&self.certificate_chain, self.allow_expired_certificates).map(Some);
        }
        if self.sigstore.identity.is_given() {
            return self.sigstore.trust(host).map(Some);
        }
        Ok(None)
    }

    /// The trust root.
    ///
    /// # Errors
    /// Misuse where it is not said whom to trust.
    pub(crate) fn required(&self, host: &Host) -> Result<TrustRoot, Failure> {
        self.trust(host)?.ok_or_else(nobody)
    }
}

/// A signer with an identity, and the Sigstore instance that knows it.
#[derive(Debug, Args)]
pub(crate) struct SigstoreTrustArgs {
    #[command(flatten)]
    pub(crate) identity: IdentityArgs,
    #[command(flatten)]
    pub(crate) instance: SigstoreAccessArgs,
}

impl SigstoreTrustArgs {
    pub(crate) fn trust(&self, host: &Host) -> Result<TrustRoot, Failure> {
        let identity = Box::new(self.identity.pattern()?);
        let root = Box::new(self.instance.root(host)?);
        Ok(TrustRoot::Sigstore { root, identity, log: self.instance.log() })
    }
}

/// Which Sigstore instance is believed, how it is asked, and what is not looked at.
#[derive(Debug, Args)]
pub(crate) struct SigstoreAccessArgs {
    #[command(flatten)]
    access: AccessArgs,
    /// Do not look for the signature in a transparency log. Nobody can tell then who else signs in this name; the time
    /// must come from a timestamp authority.
    #[arg(long)]
    insecure_skip_tlog: bool,
}

impl SigstoreAccessArgs {
    pub(crate) fn root(&self, host: &Host) -> Result<SigstoreRoot, Failure> {
        self.access.lazily(host)?().map_err(|error| no_trust_root(&error, PACKAGE_VERIFY))
    }

    pub(crate) const fn log(&self) -> LogRule {
        if self.insecure_skip_tlog { LogRule::InsecureSkip } else { LogRule::Required }
    }
}

/// Trust in the CAs of these files, or in those of the operating system.
pub(crate) fn certificates(chain: &[PathBuf], allow_expired: bool) -> Result<TrustRoot, Failure> {
    let mut anchors = Vec::new();
    for path in chain {
        anchors.extend(keys::certificates(path)?);
    }
    if chain.is_empty() {
        anchors = system_roots()?;
    }
    let time = if allow_expired { CertificateTime::StartOfSigner } else { CertificateTime::Now };
    Ok(TrustRoot::Certificates { anchors, time })
}

fn system_roots() -> Result<Vec<Certificate>, Failure> {
    let found = rustls_native_certs::load_native_certs();
    let roots: Vec<Certificate> =
        found.certs.iter().filter_map(|der| Certificate::from_der(der.as_ref()).ok()).collect();
    if roots.is_empty() {
        let failure = Failure::plain(Exit::Undecided, "the operating system has no trusted certificates");
        return Err(failure.with_help("give the CA that you trust with --certificate-chain"));
    }
    Ok(roots)
}

/// It is not said whom to trust, to a command that policies could tell.
pub(crate) fn nobody_by_policy() -> Failure {
    nobody().with_help("give --public-key, --certificate-chain, --identity with --identity-provider, or --policy FILE")
}

/// It is not said whom to trust.
pub(crate) fn nobody() -> Failure {
    Failure::plain(Exit::Misuse, "it is not said who must have signed")
        .with_help("give --public-key, --certificate-chain, or --identity with --identity-provider")
}
