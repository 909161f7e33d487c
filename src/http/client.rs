use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::{Certificate, Client, ClientBuilder, StatusCode, Url, redirect};

use super::error::reason;
use super::runtime::block_on;
use super::{HttpError, Repeat, Request, Response};

/// The one client for all services: rustls, the system's proxies and certificates, no redirects.
///
/// Failures that may pass (no connection, 429, 5xx) are tried again, up to four attempts with growing pauses; a service
/// that names its own pause in `Retry-After` gets it, up to half a minute.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
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
        let client = builder().build().or_else(|_| {
            let roots =
                webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok());
            builder().tls_certs_only(roots).build()
        });
        client.map(|client| Self { client }).map_err(|error| HttpError::Client { reason: reason(&error) })
    }

    /// The client itself, for libraries that send their own requests.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Makes sure that secrets may be sent to a URL, for requests that are not sent here.
    ///
    /// # Errors
    /// [`HttpError::Url`] where it is neither HTTPS nor on this machine.
    pub fn check_url(service: &'static str, url: &str) -> Result<(), HttpError> {
        checked(service, url).map(drop)
    }

    /// Sends a request and reads the whole answer, of any status but 429 and 5xx.
    ///
    /// # Errors
    /// [`HttpError`] where there is none.
    pub fn send(&self, request: &Request<'_>) -> Result<Response, HttpError> {
        let url = checked(request.service, request.url)?;
        block_on(self.attempts(request, url))?
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
        let place = || request.url.to_owned();
        let mut prepared = match &request.body {
            None => self.client.get(url),
            Some((media_type, body)) => self.client.post(url).header(CONTENT_TYPE, *media_type).body(body.clone()),
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
        let (location, pause) = (header(LOCATION), header(RETRY_AFTER));
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
        let response = Response { service, url: place(), status: status.as_u16(), location, body };
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
    let unusable = |reason| HttpError::Url { service, url: text.to_owned(), reason };
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
