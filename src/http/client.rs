use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::{Certificate, Client, ClientBuilder, StatusCode, Url, redirect};

use super::error::reason;
use super::runtime::block_on;
use super::{HttpError, Repeat, Request, Response, without_secrets};

/// The one client for all services: rustls, the system's proxies and certificates, no redirects.
///
/// Failures that may pass (no connection, 429, 5xx) are tried again, up to four attempts with growing pauses; a service
/// that names its own pause in `Retry-After` gets it, up to half a minute.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    /// For this machine: what is sent to it goes by no proxy.
    local: Client,
}

/// The end of one attempt.
enum Attempt {
    Answer(Response),
    Failed { error: HttpError, again: bool, pause: Option<Duration> },
}

impl Http {
    /// A client; on a machine without certificate roots, with those built in.
    ///
    /// # Errors
    /// [`HttpError::Client`] where the system refuses.
    pub fn new() -> Result<Self, HttpError> {
        // Without roots on the machine the first fails.
        let build = |builder: fn() -> ClientBuilder| {
            builder().build().or_else(|_| {
                let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
                builder().tls_certs_only(roots.filter_map(|der| Certificate::from_der(der).ok())).build()
            })
        };
        let failed = |error| HttpError::Client { reason: reason(&error) };
        Ok(Self { client: build(builder).map_err(failed)?, local: build(local_builder).map_err(failed)? })
    }

    /// The client itself, for libraries that send their own requests to this URL.
    #[must_use]
    pub fn client(&self, url: &str) -> Client {
        let is_local = Url::parse(url).is_ok_and(|url| url.scheme() == "http");
        if is_local { self.local.clone() } else { self.client.clone() }
    }

    /// Makes sure that secrets may be sent to a URL, for requests that are not sent here.
    ///
    /// # Errors
    /// [`HttpError::Url`] where it is neither HTTPS nor on this machine.
    pub fn check_url(service: &'static str, url: &str) -> Result<(), HttpError> {
        checked(service, url).map(drop)
    }

    /// Where a redirect leads that is followed: from HTTPS to HTTPS alone, and on this machine.
    ///
    /// # Errors
    /// [`HttpError::Url`] where it leads elsewhere.
    pub fn redirected(service: &'static str, from: &str, location: &str) -> Result<String, HttpError> {
        let unusable = |reason| HttpError::Url { service, url: shown(location), reason };
        let from = checked(service, from)?;
        let to = from.join(location).map_err(|_| unusable("it is no URL"))?;
        if to.scheme() != from.scheme() || (to.scheme() == "http" && to.host_str() != from.host_str()) {
            return Err(unusable("a redirect leads to it from another kind of place"));
        }
        checked(service, to.as_str()).map(String::from)
    }

    /// Sends a request and reads the whole answer, of any status but 429 and 5xx.
    ///
    /// # Errors
    /// [`HttpError`] where there is none.
    pub fn send(&self, request: &Request<'_>) -> Result<Response, HttpError> {
        let url = checked(request.service, request.url)?;
        let late = |_| HttpError::Unreachable {
            service: request.service,
            url: shown(request.url),
            attempts: ATTEMPTS,
            reason: format!("it took more than {} seconds", TOTAL_TIMEOUT.as_secs()),
        };
        block_on(async { tokio::time::timeout(TOTAL_TIMEOUT, self.attempts(request, url)).await })?.map_err(late)?
    }

    async fn attempts(&self, request: &Request<'_>, url: Url) -> Result<Response, HttpError> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let (mut error, again, asked) = match self.attempt(request, url.clone()).await {
                Attempt::Answer(response) => return Ok(response),
                Attempt::Failed { error, again, pause } => (error, again, pause),
            };
            if !again || attempt == ATTEMPTS {
                if let HttpError::Unreachable { attempts, .. } = &mut error {
                    *attempts = attempt;
                }
                return Err(error);
            }
            tokio::time::sleep(asked.map_or(pause, |asked| asked.min(LONGEST_PAUSE))).await;
            pause *= 2;
            attempt += 1;
        }
    }

    async fn attempt(&self, request: &Request<'_>, url: Url) -> Attempt {
        let service = request.service;
        let place = || shown(request.url);
        let client = self.client(request.url);
        let mut prepared = match &request.body {
            None => client.get(url),
            Some((media_type, body)) => client.post(url).header(CONTENT_TYPE, *media_type).body(body.clone()),
        };
        for (name, value) in &request.headers {
            prepared = prepared.header(*name, value);
        }
        let mut response = match prepared.send().await {
            Ok(response) => response,
            Err(error) => {
                // Without a connection the service cannot have acted.
                let again = request.repeat == Repeat::Freely || error.is_connect();
                let error = HttpError::Unreachable { service, url: place(), attempts: 1, reason: reason(&error) };
                return Attempt::Failed { error, again, pause: None };
            }
        };
        let status = response.status();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (location, pause, content_range) = (header(LOCATION), header(RETRY_AFTER), header(CONTENT_RANGE));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > LIMIT => {
                    let error = HttpError::TooLarge { service, url: place(), limit: LIMIT };
                    return Attempt::Failed { error, again: false, pause: None };
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => {
                    let again = request.repeat == Repeat::Freely;
                    let error = HttpError::Cut { service, url: place(), reason: reason(&error) };
                    return Attempt::Failed { error, again, pause: None };
                }
            }
        }
        let response = Response { service, url: place(), status: status.as_u16(), location, content_range, body };
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let pause = pause.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
            // A gateway that gives up, or a fault behind it, does not say that nothing was done.
            let refused = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
            return Attempt::Failed {
                error: response.refused(),
                again: refused || request.repeat == Repeat::Freely,
                pause,
            };
        }
        Attempt::Answer(response)
    }
}

/// Secrets travel: only HTTPS, and plain HTTP to this very machine, for tests and local instances.
fn checked(service: &'static str, text: &str) -> Result<Url, HttpError> {
    let unusable = |reason| HttpError::Url { service, url: shown(text), reason };
    let url = Url::parse(text).map_err(|_| unusable("it is no URL"))?;
    let host = url.host_str().unwrap_or_default();
    let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]" | METADATA_HOST | METADATA_ADDRESS);
    match url.scheme() {
        "https" => Ok(url),
        "http" if local => Ok(url),
        "http" => Err(unusable("it is neither https nor on this machine")),
        _ => Err(unusable("it is not https")),
    }
}

/// A URL without user, password and query, which may be secret.
#[must_use]
pub fn shown(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return without_secrets(text) };
    if url.username().is_empty() && url.password().is_none() && url.query().is_none() {
        return text.to_owned();
    }
    url.set_query(None);
    // URLs that cannot have a user have no secret of his either.
    let cleared = url.set_username("").and_then(|()| url.set_password(None));
    if cleared.is_err() { without_secrets(text) } else { url.to_string() }
}

fn local_builder() -> ClientBuilder {
    builder().no_proxy()
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("secureml/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        // A redirect would carry tokens to somewhere that nobody named.
        .redirect(redirect::Policy::none())
}

/// Google's metadata server, which a virtual machine reaches over plain HTTP on a link of its own.
const METADATA_HOST: &str = "metadata.google.internal";
const METADATA_ADDRESS: &str = "169.254.169.254";
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For one attempt, from the first byte to the last; a log of Rekor v2 answers when it has the entry.
const TIMEOUT: Duration = Duration::from_secs(60);
/// For all attempts together, pauses included.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(150);
/// How many bytes an answer may have; a log entry of Rekor v1 has some thousands, trust roots some ten thousands.
const LIMIT: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_tls_or_nowhere() {
        for good in ["https://fulcio.example", "http://127.0.0.1:8080/x", "http://localhost", "http://[::1]:1"] {
            assert!(checked("Fulcio", good).is_ok(), "{good}");
        }
        for bad in ["http://fulcio.example", "ftp://x", "file:///etc/passwd", "fulcio", "", "http://127.0.0.1.example"]
        {
            assert!(checked("Fulcio", bad).is_err(), "{bad}");
        }
    }
}
