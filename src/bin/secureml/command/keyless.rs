//! Signing with an identity: whose, and by which services.

use clap::Args;
use clap::builder::RangedU64ValueParser;
use secrecy::SecretString;
use secureml::sign::{IdentityToken, KeylessError, KeylessSigner, LoginClient, Signer, TokenSource};
use secureml::trust::sigstore::{Access, RekorVersion, Services, ServicesError};

use super::instance::InstanceArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint;
use crate::host::Host;

/// Who signs, and with which Sigstore instance.
#[derive(Debug, Args)]
pub(crate) struct KeylessArgs {
    #[command(flatten)]
    signing: KeylessSigningArgs,
    #[command(flatten)]
    instance: InstanceArgs,
}

impl KeylessArgs {
    /// Whether anything is said of an identity or its instance.
    pub(crate) fn is_given(&self) -> bool {
        self.signing.is_given() || self.instance.is_given()
    }

    /// Runs something with the signer that these options ask for.
    pub(crate) fn with_signer<T>(
        &self,
        host: &Host,
        run: impl FnOnce(&dyn Signer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.signing.with_signer(&self.instance, host, run)
    }
}

/// Who signs with an identity, and by which services.
#[derive(Debug, Args)]
pub(crate) struct KeylessSigningArgs {
    /// The identity token to sign with. Other users of the machine can see it: SIGSTORE_ID_TOKEN is safer. Without
    /// either, the CI job's own identity is used, or you are asked to log in.
    #[arg(long, value_name = "TOKEN")]
    identity_token: Option<SecretString>,
    /// Use the identity of the environment (CI job, cloud machine) or none.
    #[arg(long)]
    use_ambient_credentials: bool,
    /// Log in by typing a code in, on a machine without a browser.
    #[arg(long)]
    oauth_force_oob: bool,
    /// The name by which identity provider and Fulcio know this program.
    #[arg(long, value_name = "ID", default_value = "sigstore")]
    client_id: String,
    /// The secret that goes with it.
    #[arg(long, value_name = "SECRET")]
    client_secret: Option<SecretString>,
    /// Another certificate authority than the instance's own, for tests.
    #[arg(long, value_name = "URL")]
    fulcio_url: Option<String>,
    /// Another transparency log, for tests.
    #[arg(long, value_name = "URL")]
    rekor_url: Option<String>,
    /// The version of that log's interface. [default: the one that the instance would use]
    #[arg(long, value_name = "1|2", requires = "rekor_url", value_parser = RangedU64ValueParser::<u8>::new().range(1..=2))]
    rekor_version: Option<u8>,
    /// Another timestamp authority, for tests; may be repeated.
    #[arg(long, value_name = "URL")]
    tsa_url: Vec<String>,
}

impl KeylessSigningArgs {
    /// Whether anything is said of an identity or of services.
    pub(crate) fn is_given(&self) -> bool {
        let urls = [&self.fulcio_url, &self.rekor_url];
        self.identity_token.is_some()
            || self.use_ambient_credentials
            || self.oauth_force_oob
            || self.client_secret.is_some()
            || urls.iter().any(|url| url.is_some())
            || !self.tsa_url.is_empty()
    }

    /// Runs something with the signer that these options ask for.
    pub(crate) fn with_signer<T>(
        &self,
        instance: &InstanceArgs,
        host: &Host,
        run: impl FnOnce(&dyn Signer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        // Who signs is settled before the network is asked for anything.
        let prompt = host.prompt();
        let given = self.given(host)?;
        let ambient = given.is_none() && self.is_ambient(host)?;
        let loaded = instance.load(Access::Online, host)?;
        let services = self.services(loaded.services(host.now))?;
        let source = match given {
            Some(token) => TokenSource::Given(token),
            None if ambient => TokenSource::Ambient { env: &host.env, audience: &self.client_id },
            None => TokenSource::Login { client: self.login(&services)?, prompt: &*prompt },
        };
        let clock = || host.time();
        let signer = KeylessSigner::new(&loaded.root, services, source, &clock).map_err(|error| no_identity(&error))?;
        run(&signer)
    }

    fn given(&self, host: &Host) -> Result<Option<IdentityToken>, Failure> {
        let variable = || {
            let text = host.env.text(TOKEN_VARIABLE).filter(|_| !self.use_ambient_credentials);
            text.map(SecretString::from)
        };
        let token = self.identity_token.clone().or_else(variable);
        let token = token.as_ref().map(IdentityToken::parse).transpose();
        let token = token.and_then(|token| match token {
            Some(token) => token.check_expiry(host.now).map(|()| Some(token)),
            None => Ok(None),
        });
        token.map_err(|error| no_identity(&KeylessError::from(error)))
    }

    fn is_ambient(&self, host: &Host) -> Result<bool, Failure> {
        let is_ambient = TokenSource::is_ambient(&host.env).map_err(|error| no_identity(&error))?;
        if !is_ambient && (self.use_ambient_credentials || !host.is_attended()) {
            return Err(no_identity(&KeylessError::NoIdentity { looked: TokenSource::ENVIRONMENTS }));
        }
        Ok(is_ambient)
    }

    fn services(&self, configured: Result<Services, ServicesError>) -> Result<Services, Failure> {
        let mut services = match (configured, &self.fulcio_url, &self.rekor_url) {
            (Ok(services), _, _) => services,
            (Err(_), Some(fulcio), Some(rekor)) => Services {
                fulcio: fulcio.clone(),
                rekor: rekor.clone(),
                rekor_version: RekorVersion::V1,
                timestamps: Vec::new(),
                login: None,
            },
            (Err(error), _, _) => {
                // What is out of service may be so by a wrong clock alone.
                let help = match error {
                    ServicesError::Missing { .. } | ServicesError::TooFew { .. } => {
                        "check this machine's clock; if it is right, ask those who run the instance for a current \
                         signing configuration"
                    }
                    _ => {
                        "give a ClientTrustConfig with a signing configuration with --trust-config, or --fulcio-url \
                         and --rekor-url"
                    }
                };
                return Err(
                    Failure::new(Exit::Undecided, "it is not known which services sign", &error).with_help(help)
                );
            }
        };
        if let Some(url) = &self.fulcio_url {
            services.fulcio.clone_from(url);
        }
        if let Some(url) = &self.rekor_url {
            services.rekor.clone_from(url);
        }
        match self.rekor_version {
            Some(1) => services.rekor_version = RekorVersion::V1,
            Some(_) => services.rekor_version = RekorVersion::V2,
            None => {}
        }
        if !self.tsa_url.is_empty() {
            services.timestamps.clone_from(&self.tsa_url);
        }
        if services.rekor_version == RekorVersion::V2 && services.timestamps.is_empty() {
            return Err(Failure::plain(Exit::Misuse, "a log of version 2 tells no time")
                .with_help("name a timestamp authority with --tsa-url"));
        }
        Ok(services)
    }

    fn login(&self, services: &Services) -> Result<LoginClient, Failure> {
        let Some(provider) = services.login.clone() else {
            return Err(Failure::plain(Exit::Undecided, "the instance names no identity provider to log in at")
                .with_help("give a token with --identity-token or SIGSTORE_ID_TOKEN"));
        };
        Ok(LoginClient {
            provider,
            id: self.client_id.clone(),
            secret: self.client_secret.clone(),
            out_of_band: self.oauth_force_oob,
        })
    }
}

fn no_identity(error: &KeylessError) -> Failure {
    let failure = Failure::new(Exit::Undecided, "cannot sign with an identity", error);
    Failure { help: hint::for_signing_keyless(error), ..failure }
}

/// As cosign and GitLab name it.
const TOKEN_VARIABLE: &str = "SIGSTORE_ID_TOKEN";
