//! The identity that an environment gives to what runs in it.

use std::error::Error;
use std::iter::successors;

use ambient_id::Detector;
use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

use super::{IdentityToken, KeylessError, google};
use crate::env::Env;
use crate::http::{Http, HttpError, Request, block_on, without_secrets};

/// The environments that are known, as a message names them.
pub(super) const LOOKED_FOR: &str =
    "GitHub Actions, GitLab, Buildkite, CircleCI and a virtual machine or container of Google Cloud";

/// Whether the environment has an identity to give, before it is asked for it.
///
/// # Errors
/// [`KeylessError::NoPermission`] where GitHub says by what is missing that the job may not ask.
pub(super) fn is_present(env: &Env) -> Result<bool, KeylessError> {
    match environment(env) {
        Some(Environment::GitHub) => github_endpoint(env).map(|_| true),
        environment => Ok(environment.is_some()),
    }
}

/// Asks the environment for a token.
///
/// # Errors
/// [`KeylessError`] where it has none, or does not give it.
pub(super) fn token(http: &Http, env: &Env, audience: &str) -> Result<IdentityToken, KeylessError> {
    match environment(env) {
        Some(Environment::GitHub) => github(http, env, audience),
        Some(Environment::Google) => google::token(http, env, audience),
        Some(Environment::Other(name)) => other(http, name, audience),
        None => Err(KeylessError::NoIdentity { looked: LOOKED_FOR }),
    }
}

enum Environment {
    GitHub,
    Google,
    /// One that hands out tokens without a service: in a variable, or by a program on the machine.
    Other(&'static str),
}

fn environment(env: &Env) -> Option<Environment> {
    let is = |variable: &str| env.text(variable) == Some("true");
    let others = [("GITLAB_CI", "GitLab"), ("BUILDKITE", "Buildkite"), ("CIRCLECI", "CircleCI")];
    if is("GITHUB_ACTIONS") {
        return Some(Environment::GitHub);
    }
    let other = others.iter().find(|(variable, _)| is(variable)).map(|(_, name)| Environment::Other(name));
    other.or_else(|| google::is_present(env).then_some(Environment::Google))
}

/// The runner's endpoint, and the secret that opens it; both are there if the job may ask for tokens.
fn github_endpoint(env: &Env) -> Result<(&str, &str), KeylessError> {
    let variable = |missing: &'static str| env.text(missing).ok_or(KeylessError::NoPermission { missing });
    Ok((variable("ACTIONS_ID_TOKEN_REQUEST_URL")?, variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN")?))
}

/// The token of a GitHub Actions job
/// ([GitHub, OpenID Connect reference](https://docs.github.com/en/actions/reference/security/oidc)).
fn github(http: &Http, env: &Env, audience: &str) -> Result<IdentityToken, KeylessError> {
    #[derive(Deserialize)]
    struct Answer {
        value: SecretString,
    }
    let (endpoint, secret) = github_endpoint(env)?;
    let unusable = || HttpError::Url { service: GITHUB, url: endpoint.to_owned(), reason: "it is no URL" };
    let mut url = Url::parse(endpoint).map_err(|_| unusable())?;
    url.query_pairs_mut().append_pair("audience", audience);
    let request = Request::get(GITHUB, url.as_str()).with_header("Authorization", format!("Bearer {secret}"));
    let response = http.send(&request)?;
    let body = response.clone().success()?;
    // What the parser would say of the text is left out: it may repeat a token.
    let Answer { value } = serde_json::from_slice(&body).map_err(|_| response.unusable("it holds no token"))?;
    IdentityToken::parse(&value).map_err(|error| response.unusable(error).into())
}

fn other(http: &Http, environment: &'static str, audience: &str) -> Result<IdentityToken, KeylessError> {
    let failed = |reason: String| KeylessError::Ambient { environment, reason };
    // These environments are asked by no request; the library wants a client all the same, and its own needs roots.
    let found = block_on(Detector::new_with_client(http.client("https://localhost")).detect(audience))
        .map_err(HttpError::from)?;
    match found {
        Ok(Some(token)) => Ok(IdentityToken::parse(&SecretString::from(token.reveal().to_owned()))?),
        Ok(None) => Err(KeylessError::NoIdentity { looked: LOOKED_FOR }),
        Err(error) => Err(failed(without_secrets(&described(&error)))),
    }
}

/// The error and all that is behind it, each said once.
fn described(error: &ambient_id::Error) -> String {
    let mut text = String::new();
    let first: &(dyn Error + 'static) = error;
    for cause in successors(Some(first), |error| (*error).source()).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = if text.is_empty() { cause } else { format!("{text}: {cause}") };
        }
    }
    text
}

const GITHUB: &str = "GitHub Actions";
