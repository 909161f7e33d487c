//! Sigstore's certificate authority.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{IdentityToken, KeylessError};
use crate::crypto::{Certificate, MessageDigest, SigningHash};
use crate::http::{Http, Request};
use crate::sign::{SignError, SigningKey};

/// Asks for a certificate that binds the key to the token's holder
/// ([Fulcio API v2](https://github.com/sigstore/fulcio/blob/main/fulcio.proto)).
///
/// # Errors
/// [`KeylessError`] where it is refused, or is not for this key and this holder.
pub(super) fn certificate(
    http: &Http,
    base: &str,
    token: &IdentityToken,
    key: &dyn SigningKey,
) -> Result<Certificate, SignError> {
    let challenge = challenge(http, base, token)?;
    let proof = key.sign(&MessageDigest::of(SigningHash::Sha256, &[challenge.as_bytes()]))?;
    let body = Wanted {
        credentials: Credentials { oidc_identity_token: token.secret() },
        public_key_request: KeyRequest {
            public_key: Key { algorithm: "ECDSA", content: key.public_key().to_pem() },
            proof_of_possession: STANDARD.encode(proof.as_der()),
        },
    };
    let url = at(base, "api/v2/signingCert");
    let body = serde_json::to_vec(&body).map_err(|error| KeylessError::Request { reason: error.to_string() })?;
    let response = http.send(&Request::post("Fulcio", &url, "application/json", body)).map_err(KeylessError::from)?;
    let answer = response.clone().success().map_err(KeylessError::from)?;
    let answer: Issued =
        serde_json::from_slice(&answer).map_err(|error| KeylessError::from(response.unusable(error)))?;
    let chain = answer.signed_certificate_embedded_sct;
    let pem = chain.as_ref().and_then(|chain| chain.chain.certificates.first());
    let pem =
        pem.ok_or_else(|| KeylessError::from(response.unusable("it holds no certificate with a log's receipt")))?;
    let leaf = Certificate::all_from_pem(pem.as_bytes()).ok().and_then(|all| all.into_iter().next());
    let leaf = leaf.ok_or_else(|| KeylessError::from(response.unusable("its certificate cannot be read")))?;
    check(&leaf, token, key).map_err(|reason| KeylessError::from(response.unusable(reason)))?;
    Ok(leaf)
}

/// The certificate must hold our key, and name the provider that vouched for us.
fn check(leaf: &Certificate, token: &IdentityToken, key: &dyn SigningKey) -> Result<(), String> {
    if leaf.public_key().ok().as_ref() != Some(key.public_key()) {
        return Err("the certificate is for another key".to_owned());
    }
    let issuer = leaf.fulcio_issuer().map_err(|error| error.to_string())?;
    if issuer != token.issuer() && issuer != token.own_issuer() {
        return Err(format!("the certificate names another identity provider, {issuer}"));
    }
    leaf.subject_name().map(drop).map_err(|error| error.to_string())
}

/// What has to be signed to prove that the key is at hand: the claim by which Fulcio knows those whom the token's
/// issuer vouches for. Fulcio says which one that is; one that does not say it takes the e-mail address, or the subject.
fn challenge(http: &Http, base: &str, token: &IdentityToken) -> Result<String, KeylessError> {
    let url = at(base, "api/v2/configuration");
    let response = http.send(&Request::get("Fulcio", &url))?;
    if response.status == 404 {
        return Ok(token.claim("email").or(token.claim("sub")).unwrap_or_default().to_owned());
    }
    let answer = response.clone().success()?;
    let configuration: Configuration = serde_json::from_slice(&answer).map_err(|error| response.unusable(error))?;
    let issuer = token.own_issuer();
    let known = configuration.issuers.iter().find(|known| known.is(issuer));
    let claim = known.map(|known| known.challenge_claim.as_str()).filter(|claim| !claim.is_empty()).unwrap_or("sub");
    let missing = || KeylessError::NoClaim { claim: claim.to_owned(), issuer: issuer.to_owned() };
    token.claim(claim).map(str::to_owned).ok_or_else(missing)
}

fn at(base: &str, path: &str) -> String {
    format!("{}/{path}", base.trim_end_matches('/'))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wanted<'a> {
    credentials: Credentials<'a>,
    public_key_request: KeyRequest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Credentials<'a> {
    oidc_identity_token: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyRequest {
    public_key: Key,
    proof_of_possession: String,
}

#[derive(Serialize)]
struct Key {
    algorithm: &'static str,
    content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issued {
    #[serde(default)]
    signed_certificate_embedded_sct: Option<WithChain>,
}

#[derive(Deserialize)]
struct WithChain {
    chain: Chain,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<String>,
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    issuers: Vec<KnownIssuer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KnownIssuer {
    #[serde(default)]
    issuer_url: String,
    #[serde(default)]
    wildcard_issuer_url: String,
    #[serde(default)]
    challenge_claim: String,
}

impl KnownIssuer {
    fn is(&self, issuer: &str) -> bool {
        issuer == self.issuer_url || matches(&self.wildcard_issuer_url, issuer)
    }
}

/// Whether the pattern, in which each `*` stands for one part of a name or path, is that of the URL.
fn matches(pattern: &str, url: &str) -> bool {
    let parts = |text: &str| text.split(['/', '.']).map(str::to_owned).collect::<Vec<_>>();
    let (pattern, url) = (parts(pattern), parts(url));
    pattern.len() == url.len()
        && pattern.iter().zip(&url).all(|(part, own)| part == own || (part == "*" && !own.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_one_part() {
        let pattern = "https://oidc.eks.*.amazonaws.com/id/*";
        assert!(matches(pattern, "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"));
        for other in
            ["https://oidc.eks.a.b.amazonaws.com/id/ABC", "https://oidc.eks.x.amazonaws.com/id/", "https://x", ""]
        {
            assert!(!matches(pattern, other), "{other}");
        }
        assert!(!matches("", "https://x"));
    }
}
