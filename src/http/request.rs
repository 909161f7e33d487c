use std::fmt;

use super::error::excerpt;
use super::{HttpError, without_secrets};

/// A request to a service. Its headers and body may hold secrets: it prints its address alone.
pub struct Request<'a> {
    pub(super) service: &'static str,
    pub(super) url: &'a str,
    pub(super) headers: Vec<(&'static str, String)>,
    /// A body makes it a POST.
    pub(super) body: Option<(&'static str, Vec<u8>)>,
    pub(super) repeat: Repeat,
}

/// When a request may be sent again after a failure that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Always: asking twice changes nothing.
    Freely,
    /// Only where it is certain that the service did not act on it: it was never reached, or said so.
    IfRefused,
}

impl<'a> Request<'a> {
    /// Asks for what is at a URL.
    #[must_use]
    pub const fn get(service: &'static str, url: &'a str) -> Self {
        Self { service, url, headers: Vec::new(), body: None, repeat: Repeat::Freely }
    }

    /// Sends a body of a media type to a URL.
    #[must_use]
    pub const fn post(service: &'static str, url: &'a str, media_type: &'static str, body: Vec<u8>) -> Self {
        Self { service, url, headers: Vec::new(), body: Some((media_type, body)), repeat: Repeat::Freely }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Says when it may be sent again.
    #[must_use]
    pub const fn with_repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} at {})", self.service, self.url)
    }
}

/// A service's answer, in full.
#[derive(Clone)]
pub struct Response {
    pub(super) service: &'static str,
    pub(super) url: String,
    /// The HTTP status.
    pub status: u16,
    /// Where the header `Location` points to.
    pub location: Option<String>,
    /// Which bytes the body is, as the header `Content-Range` says.
    pub content_range: Option<String>,
    /// All of the body.
    pub body: Vec<u8>,
}

impl Response {
    /// The body of a success.
    ///
    /// # Errors
    /// [`HttpError::Status`] for every other answer.
    pub fn success(self) -> Result<Vec<u8>, HttpError> {
        if (200..300).contains(&self.status) { Ok(self.body) } else { Err(self.refused()) }
    }

    /// The answer as an error.
    #[must_use]
    pub fn refused(self) -> HttpError {
        HttpError::Status {
            service: self.service,
            status: self.status,
            said: excerpt(&self.body),
            location: self.location.as_deref().map(place),
            url: self.url,
        }
    }

    /// The body, where the service sent something that is not what it should.
    #[must_use]
    pub fn unusable(&self, reason: impl fmt::Display) -> HttpError {
        let reason = without_secrets(&reason.to_string());
        HttpError::Unusable { service: self.service, url: self.url.clone(), reason }
    }
}

/// Where a redirect points to, without what it may carry there.
fn place(location: &str) -> String {
    without_secrets(location.split(['?', '#']).next().unwrap_or_default())
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} from {}, {} bytes)", self.status, self.url, self.body.len())
    }
}
