//! A login in a browser: OAuth 2.0's authorization code with PKCE (RFC 6749, section 4.1; RFC 7636; RFC 8252).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{IdentityToken, KeylessError};
use crate::crypto::{MessageDigest, SigningHash};
use crate::http::{Http, Request};
use crate::prompt::Prompt;

/// Who asks for a token, and where.
#[derive(Debug, Clone)]
pub struct Client {
    /// The identity provider.
    pub provider: String,
    /// The name under which the provider knows this program.
    pub id: String,
    /// The secret that goes with it, if there is one.
    pub secret: Option<SecretString>,
    /// Whether a code is to be typed in, instead of a browser on this machine handing it over.
    pub out_of_band: bool,
}

/// Sends a person to log in, and waits for the token.
///
/// # Errors
/// [`KeylessError`] where nobody logs in, or the provider does not follow the protocol.
pub(super) fn token(http: &Http, client: &Client, prompt: &dyn Prompt) -> Result<IdentityToken, KeylessError> {
    let provider = discover(http, &client.provider)?;
    let (verifier, state, nonce) = (random()?, random()?, random()?);
    let listener = if client.out_of_band { None } else { TcpListener::bind("127.0.0.1:0").ok() };
    let port = listener.as_ref().and_then(|listener| listener.local_addr().ok()).map(|address| address.port());
    let redirect = port.map(|port| format!("http://localhost:{port}{CALLBACK}"));
    let mut page = authorization_page(&provider, client, redirect.as_deref(), &verifier, (&state, &nonce))?;
    let opened = prompt.visit(page.as_str(), redirect.is_some());
    let (code, redirect) = match (listener, redirect) {
        (Some(listener), Some(redirect)) if opened => (wait_for_code(&listener, &state)?, redirect),
        _ => {
            if !client.out_of_band {
                page = authorization_page(&provider, client, None, &verifier, (&state, &nonce))?;
                prompt.visit(page.as_str(), false);
            }
            let code = prompt
                .secret("Code shown by the page after the login")
                .ok_or_else(|| failed("nobody is there to log in"))?;
            (code.expose_secret().trim().to_owned(), OUT_OF_BAND.to_owned())
        }
    };
    let token = exchange(
        http,
        &provider,
        client,
        &[("code", &code), ("redirect_uri", &redirect), ("code_verifier", &verifier)],
    )?;
    if token.nonce() != Some(nonce.as_str()) {
        return Err(failed("the token is not for this login"));
    }
    Ok(token)
}

#[derive(Deserialize)]
struct Provider {
    authorization_endpoint: String,
    token_endpoint: String,
}

/// The provider's own description of itself (OpenID Connect Discovery 1.0, section 4).
fn discover(http: &Http, provider: &str) -> Result<Provider, KeylessError> {
    let url = format!("{}/.well-known/openid-configuration", provider.trim_end_matches('/'));
    let response = http.send(&Request::get(SERVICE, &url))?;
    let body = response.clone().success()?;
    let provider: Provider = serde_json::from_slice(&body).map_err(|error| response.unusable(error))?;
    Http::check_url(SERVICE, &provider.authorization_endpoint)?;
    Ok(provider)
}

fn authorization_page(
    provider: &Provider,
    client: &Client,
    redirect: Option<&str>,
    verifier: &str,
    (state, nonce): (&str, &str),
) -> Result<Url, KeylessError> {
    let challenge = MessageDigest::of(SigningHash::Sha256, &[verifier.as_bytes()]);
    let mut page = Url::parse(&provider.authorization_endpoint).map_err(|error| failed(&error.to_string()))?;
    page.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.id)
        .append_pair("redirect_uri", redirect.unwrap_or(OUT_OF_BAND))
        .append_pair("scope", "openid email")
        .append_pair("state", state)
        .append_pair("nonce", nonce)
        .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(challenge.as_bytes()))
        .append_pair("code_challenge_method", "S256");
    Ok(page)
}

/// Waits for the browser to come back, on the loopback address, for five minutes.
fn wait_for_code(listener: &TcpListener, state: &str) -> Result<String, KeylessError> {
    let system = |error: std::io::Error| failed(&error.to_string());
    listener.set_nonblocking(true).map_err(system)?;
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match listener.accept() {
            // Browsers also ask for icons; whatever is not the answer is not listened to.
            Ok((stream, _)) => match answer(stream, state).map_err(system)? {
                Some(code) => return code,
                None => continue,
            },
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => thread::sleep(BREATH),
            Err(error) => return Err(system(error)),
        }
    }
    Err(failed("nobody logged in within five minutes"))
}

/// Reads one request of a browser and thanks for it; `None` where it is about something else.
fn answer(stream: TcpStream, state: &str) -> std::io::Result<Option<Result<String, KeylessError>>> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(READ_TIMEOUT))?;
    let mut line = String::new();
    // A browser that says nothing, or no text, is not the one that is waited for.
    if BufReader::new(&stream).take(MAX_LINE).read_line(&mut line).is_err() {
        return Ok(None);
    }
    let target = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    let url = Url::parse("http://localhost").and_then(|base| base.join(target)).ok();
    let parameters = |name: &str| {
        let url = url.as_ref().filter(|url| url.path() == CALLBACK)?;
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    // Nobody but the provider knows this state: an answer without it is anybody's.
    let ours = parameters("state").as_deref() == Some(state);
    let (status, text) =
        if ours { ("200 OK", "Done. You can close this page.") } else { ("404 Not Found", "Nothing here.") };
    let reply = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    // Whether the page is shown changes nothing.
    let shown = (&stream).write_all(reply.as_bytes());
    drop(shown);
    if !ours {
        return Ok(None);
    }
    Ok(Some(match (parameters("code"), parameters("error")) {
        (Some(code), None) => Ok(code),
        (_, error) => Err(failed(&format!("the provider says {:?}", error.unwrap_or_default()))),
    }))
}

fn exchange(
    http: &Http,
    provider: &Provider,
    client: &Client,
    fields: &[(&str, &str)],
) -> Result<IdentityToken, KeylessError> {
    #[derive(Deserialize)]
    struct Answer {
        id_token: SecretString,
    }
    let mut form = Url::parse("form:").map_err(|error| failed(&error.to_string()))?;
    form.query_pairs_mut()
        .append_pair("grant_type", "authorization_code")
        .append_pair("client_id", &client.id)
        .extend_pairs(fields);
    let body = form.query().unwrap_or_default().as_bytes().to_vec();
    let mut request = Request::post(SERVICE, &provider.token_endpoint, "application/x-www-form-urlencoded", body);
    if let Some(secret) = &client.secret {
        let pair = STANDARD.encode(format!("{}:{}", client.id, secret.expose_secret()));
        request = request.with_header("Authorization", format!("Basic {pair}"));
    }
    let response = http.send(&request.with_repeat(crate::http::Repeat::IfRefused))?;
    let answer = response.clone().success()?;
    // What the parser would say of the text is left out: it may repeat a token.
    let Answer { id_token } =
        serde_json::from_slice(&answer).map_err(|_| response.unusable("it holds no identity token"))?;
    IdentityToken::parse(&id_token).map_err(|error| response.unusable(error).into())
}

/// 256 bits that nobody can guess, as text.
fn random() -> Result<String, KeylessError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| KeylessError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn failed(reason: &str) -> KeylessError {
    KeylessError::Login { reason: reason.to_owned() }
}

const SERVICE: &str = "the identity provider";
const CALLBACK: &str = "/auth/callback";
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";
const PATIENCE: Duration = Duration::from_secs(300);
const BREATH: Duration = Duration::from_millis(50);
const READ_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_LINE: u64 = 16 << 10;
