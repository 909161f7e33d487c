use std::time::Duration;

use super::{IdentityToken, KeylessError, ambient, fulcio, login, rekor, timestamp};
use crate::crypto::{Curve, SigningHash};
use crate::env::Env;
use crate::http::Http;
use crate::oms::{Bundle, Envelope, Material, Payload};
use crate::prompt::Prompt;
use crate::sign::{FileKey, SignError, Signer, SigningKey as _};
use crate::trust::sigstore::{Services, SigstoreRoot};
use crate::trust::{IdentityPattern, LogRule, TrustRoot};

/// Where the token comes from that says who signs.
pub enum TokenSource<'a> {
    /// From the caller.
    Given(IdentityToken),
    /// From the environment that the program runs in.
    Ambient {
        /// That environment.
        env: &'a Env,
        /// For whom the token is to be: the name by which Fulcio is known to its issuer.
        audience: &'a str,
    },
    /// From a person.
    Login {
        /// Who asks, and where.
        client: login::Client,
        /// How to reach the person.
        prompt: &'a dyn Prompt,
    },
}

impl TokenSource<'_> {
    /// The environments whose identity [`TokenSource::Ambient`] takes.
    pub const ENVIRONMENTS: &'static str = ambient::LOOKED_FOR;

    /// Whether this environment has an identity to give.
    ///
    /// # Errors
    /// [`KeylessError::NoPermission`] in a GitHub job that may not ask for it.
    pub fn is_ambient(env: &Env) -> Result<bool, KeylessError> {
        ambient::is_present(env)
    }
}

/// Signs with a key that lives for one signature and a certificate that names who signed.
///
/// 1. A token from its source says who signs.
/// 2. Fulcio issues a certificate for a new key.
/// 3. The key signs, and is forgotten.
/// 4. The timestamp authorities say when.
/// 5. Rekor logs it.
pub struct KeylessSigner<'a> {
    http: Http,
    root: &'a SigstoreRoot,
    services: Services,
    source: TokenSource<'a>,
    clock: &'a dyn Fn() -> Duration,
}

impl<'a> KeylessSigner<'a> {
    /// A signer; `clock` gives the time since the Unix epoch, `root` is what the finished signature is checked against.
    ///
    /// # Errors
    /// [`KeylessError`] where the network client cannot be made.
    pub fn new(
        root: &'a SigstoreRoot,
        services: Services,
        source: TokenSource<'a>,
        clock: &'a dyn Fn() -> Duration,
    ) -> Result<Self, KeylessError> {
        Ok(Self { http: Http::new()?, root, services, source, clock })
    }

    fn token(&self) -> Result<IdentityToken, KeylessError> {
        let token = match &self.source {
            TokenSource::Given(token) => token.clone(),
            TokenSource::Ambient { env, audience } => ambient::token(&self.http, env, audience)?,
            TokenSource::Login { client, prompt } => login::token(&self.http, client, *prompt)?,
        };
        token.check_expiry((self.clock)())?;
        Ok(token)
    }
}

impl Signer for KeylessSigner<'_> {
    /// Nothing that can be known before hours of hashing is found out after them.
    fn prepare(&self) -> Result<(), SignError> {
        match &self.source {
            TokenSource::Given(token) => token.check_expiry((self.clock)()).map_err(KeylessError::from)?,
            TokenSource::Ambient { env, .. } => {
                if !ambient::is_present(env)? {
                    return Err(KeylessError::NoIdentity { looked: ambient::LOOKED_FOR }.into());
                }
            }
            TokenSource::Login { .. } => {}
        }
        Ok(())
    }

    fn sign(&self, payload: Payload) -> Result<Bundle, SignError> {
        let Services { fulcio, rekor, rekor_version, timestamps, .. } = &self.services;
        // 1. Who signs.
        let token = self.token()?;
        // 2. The certificate.
        let key = FileKey::generate(Curve::P256)?;
        let leaf = fulcio::certificate(&self.http, fulcio, &token, &key)?;
        // 3. The signature.
        let signature = key.sign(&payload.pae_digest(SigningHash::Sha256))?;
        drop(key);
        // 4. The time.
        let timestamps: Result<Vec<Vec<u8>>, KeylessError> =
            timestamps.iter().map(|url| timestamp::request(&self.http, url, &signature)).collect();
        let timestamps = timestamps?;
        // 5. The log.
        let envelope = Envelope { payload, signature };
        let entry = rekor::upload(&self.http, rekor, *rekor_version, &envelope, &leaf)?;
        Ok(Bundle {
            envelope,
            material: Material::Keyless { leaf: Box::new(leaf), log_entries: vec![entry], timestamps },
        })
    }

    /// The instance, and exactly the name in the certificate.
    fn trust(&self, bundle: &Bundle) -> Result<Option<TrustRoot>, SignError> {
        let Material::Keyless { leaf, .. } = &bundle.material else { return Err(KeylessError::NotKeyless.into()) };
        let subject = leaf.subject_name().map_err(KeylessError::from)?;
        let issuer = leaf.fulcio_issuer().map_err(KeylessError::from)?;
        Ok(Some(TrustRoot::Sigstore {
            root: Box::new(self.root.clone()),
            identity: Box::new(IdentityPattern::exact(subject.as_str(), issuer)),
            log: LogRule::Required,
        }))
    }
}
