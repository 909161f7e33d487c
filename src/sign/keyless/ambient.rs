//! The identity that an environment gives to what runs in it.

use std::error::Error;
use std::iter::successors;

use ambient_id::Detector;
use secrecy::SecretString;

use super::{IdentityToken, KeylessError, google};
use crate::env::Env;
use crate::http::{Http, block_on};

/// The environments that are known, as a message names them.
pub(super) const LOOKED_FOR: &str =
    "GitHub Actions, GitLab, Buildkite, CircleCI and a virtual machine or container of Google Cloud";

/// Whether the environment has an identity to give, before it is asked for it.
///
/// # Errors
/// [`KeylessError::NoPermission`] where GitHub says by what is missing that the job may not ask.
pub(super) fn is_present(env: &Env) -> Result<bool, KeylessError> {
    if env.text("GITHUB_ACTIONS") == Some("true") {
        for missing in ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"] {
            if env.text(missing).is_none() {
                return Err(KeylessError::NoPermission { missing });
            }
        }
        return Ok(true);
    }
    Ok(environment(env).is_some() || google::is_present(env))
}

/// Asks the environment for a token.
///
/// # Errors
/// [`KeylessError`] where it has none, or does not give it.
pub(super) fn token(http: &Http, env: &Env, audience: &str) -> Result<IdentityToken, KeylessError> {
    if !is_present(env)? {
        return Err(KeylessError::NoIdentity { looked: LOOKED_FOR });
    }
    let Some(environment) = environment(env) else { return google::token(http, env, audience) };
    if let Some(url) = env.text("ACTIONS_ID_TOKEN_REQUEST_URL").filter(|_| environment == GITHUB) {
        Http::check_url("GitHub Actions", url)?;
    }
    let failed = |reason: String| KeylessError::Ambient { environment, reason };
    let mut last = String::new();
    for _ in 0..ATTEMPTS {
        let found = block_on(Detector::new_with_client(http.client()).detect(audience));
        match found.map_err(|error| failed(error.to_string()))? {
            Ok(Some(token)) => return Ok(IdentityToken::parse(&SecretString::from(token.reveal().to_owned()))?),
            Ok(None) => return Err(KeylessError::NoIdentity { looked: LOOKED_FOR }),
            Err(error) => {
                last = described(&error);
                if !may_pass(&error) {
                    break;
                }
            }
        }
    }
    Err(failed(last))
}

fn environment(env: &Env) -> Option<&'static str> {
    let variables =
        [("GITHUB_ACTIONS", GITHUB), ("GITLAB_CI", "GitLab"), ("BUILDKITE", "Buildkite"), ("CIRCLECI", "CircleCI")];
    variables.iter().find(|(variable, _)| env.text(variable) == Some("true")).map(|(_, name)| *name)
}

/// Whether trying again may help: no connection, or a fault of the server.
fn may_pass(error: &ambient_id::Error) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<reqwest::Error>()).any(|error| {
        error.is_connect() || error.is_timeout() || error.status().is_some_and(|status| status.is_server_error())
    })
}

/// The error and all that is behind it, each said once.
fn described(error: &ambient_id::Error) -> String {
    let mut text = String::new();
    for cause in causes(error).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = if text.is_empty() { cause } else { format!("{text}: {cause}") };
        }
    }
    text
}

fn causes(error: &ambient_id::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = error;
    successors(Some(first), |error| (*error).source())
}

const GITHUB: &str = "GitHub Actions";
const ATTEMPTS: u32 = 3;
