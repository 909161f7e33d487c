use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// An OpenID Connect identity token. What it says is not verified here: Fulcio does that.
#[derive(Clone)]
pub struct IdentityToken {
    raw: SecretString,
    claims: Claims,
}

#[derive(Clone, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: f64,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    federated_claims: Option<Federated>,
}

#[derive(Clone, Deserialize)]
struct Federated {
    #[serde(default)]
    connector_id: Option<String>,
}

impl IdentityToken {
    /// Takes a JSON web token (RFC 7519); white space around it is dropped.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] where it is none.
    pub fn parse(raw: &SecretString) -> Result<Self, TokenError> {
        let text = raw.expose_secret().trim();
        let parts: Vec<&str> = text.split('.').collect();
        let [_, payload, _] = parts.as_slice() else { return Err(TokenError::Malformed) };
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).map_err(|_| TokenError::Malformed)?;
        let claims = serde_json::from_slice(&payload).map_err(|_| TokenError::Malformed)?;
        Ok(Self { raw: SecretString::from(text.to_owned()), claims })
    }

    /// Makes sure that it is still good for the time that asking for a certificate takes; `now` is since the Unix
    /// epoch.
    ///
    /// # Errors
    /// [`TokenError::Expired`] where it is not.
    pub fn check_expiry(&self, now: Duration) -> Result<(), TokenError> {
        let expires = Duration::try_from_secs_f64(self.claims.exp).map_err(|_| TokenError::Malformed)?;
        if expires < now {
            let seconds = i64::try_from(expires.as_secs()).map_err(|_| TokenError::Malformed)?;
            let at = jiff::Timestamp::from_second(seconds).map_err(|_| TokenError::Malformed)?;
            return Err(TokenError::Expired { at, ago: (now - expires).as_secs() });
        }
        Ok(())
    }

    /// Who issued it: the provider that stands behind the one that was asked, where there is one.
    #[must_use]
    pub fn issuer(&self) -> &str {
        let federated = self.claims.federated_claims.as_ref().and_then(|claims| claims.connector_id.as_deref());
        federated.unwrap_or(&self.claims.iss)
    }

    /// Who issued it, as Fulcio has to know it.
    pub(super) fn own_issuer(&self) -> &str {
        &self.claims.iss
    }

    pub(super) fn nonce(&self) -> Option<&str> {
        self.claims.nonce.as_deref()
    }

    /// A claim that names the holder: `email` or `sub`.
    pub(super) fn claim(&self, name: &str) -> Option<&str> {
        match name {
            "email" => self.claims.email.as_deref(),
            "sub" => Some(&self.claims.sub),
            _ => None,
        }
    }

    pub(super) fn secret(&self) -> &str {
        self.raw.expose_secret()
    }
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityToken(issued by {})", self.claims.iss)
    }
}

/// A token that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is no token.
    #[error("the identity token is not a JSON web token of an identity provider")]
    Malformed,
    /// Its time is over.
    #[error("the identity token expired on {at:.0}, {ago} seconds ago")]
    Expired {
        /// When.
        at: jiff::Timestamp,
        /// How long ago, in seconds.
        ago: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> Result<IdentityToken, TokenError> {
        let raw = format!("eyJhbGciOiJub25lIn0.{}.c2ln\n", URL_SAFE_NO_PAD.encode(claims));
        IdentityToken::parse(&SecretString::from(raw))
    }

    #[test]
    fn reads_who_issued_it_for_how_long() {
        let token = token(r#"{"iss":"https://i","sub":"s","exp":100,"email":"a@b"}"#).unwrap();
        assert_eq!((token.issuer(), token.claim("email"), token.claim("sub")), ("https://i", Some("a@b"), Some("s")));
        assert_eq!(token.check_expiry(Duration::from_secs(100)), Ok(()));
        assert!(matches!(token.check_expiry(Duration::from_secs(103)), Err(TokenError::Expired { ago: 3, .. })));
        assert!(!format!("{token:?}").contains("eyJ"));
    }

    #[test]
    fn names_the_provider_behind_the_provider() {
        let claims = r#"{"iss":"https://dex","sub":"s","exp":1,"federated_claims":{"connector_id":"https://real"}}"#;
        let token = token(claims).unwrap();
        assert_eq!((token.issuer(), token.own_issuer()), ("https://real", "https://dex"));
    }

    #[test]
    fn refuses_what_is_no_token() {
        for claims in ["", "{}", "[]", r#"{"iss":"i","sub":"s"}"#, r#"{"iss":"i","exp":1}"#] {
            assert_eq!(token(claims).unwrap_err(), TokenError::Malformed, "{claims}");
        }
        for raw in ["", "a.b", "a.b.c.d", "..", "a.!.c"] {
            assert_eq!(IdentityToken::parse(&SecretString::from(raw)).unwrap_err(), TokenError::Malformed, "{raw}");
        }
        let endless = token(r#"{"iss":"i","sub":"s","exp":1e300}"#).unwrap();
        assert_eq!(endless.check_expiry(Duration::ZERO), Err(TokenError::Malformed));
    }
}
