//! Google Cloud's metadata server.

use secrecy::SecretString;

use super::{IdentityToken, KeylessError};
use crate::env::Env;
use crate::http::{Http, Request};
use crate::io::read_to_limit;

/// Whether this machine is Google's: its firmware says so, or the variable does that Google's own libraries go by.
pub(super) fn is_present(env: &Env) -> bool {
    let product = read_to_limit(std::path::Path::new(PRODUCT_NAME), 4096).unwrap_or_default();
    env.text(HOST_VARIABLE).is_some() || env.text("K_SERVICE").is_some() || product.starts_with(b"Google")
}

/// The token of the machine's service account
/// ([Google Cloud, identity tokens](https://cloud.google.com/compute/docs/instances/verifying-instance-identity)).
///
/// # Errors
/// [`KeylessError`] where the server gives none.
pub(super) fn token(http: &Http, env: &Env, audience: &str) -> Result<IdentityToken, KeylessError> {
    let host = env.text(HOST_VARIABLE).unwrap_or("metadata.google.internal");
    let account = "computeMetadata/v1/instance/service-accounts/default/identity";
    let url = format!("http://{host}/{account}?audience={audience}&format=full");
    let request = Request::get("Google Cloud's metadata server", &url).with_header("Metadata-Flavor", "Google");
    let response = http.send(&request)?;
    let body = response.clone().success()?;
    let text = String::from_utf8(body).map_err(|_| response.unusable("it is not UTF-8"))?;
    IdentityToken::parse(&SecretString::from(text)).map_err(|error| response.unusable(error).into())
}

const HOST_VARIABLE: &str = "GCE_METADATA_HOST";
const PRODUCT_NAME: &str = "/sys/class/dmi/id/product_name";
