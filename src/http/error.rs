use std::error::Error as _;
use std::io;
use std::iter::successors;

use super::without_secrets;

/// Why a service gave no usable answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The client cannot be made.
    #[error("cannot prepare the network client: {reason}")]
    Client {
        /// Why.
        reason: String,
    },
    /// The URL is none, or asks for something that is not done.
    #[error("the URL {url:?} of {service} is not usable: {reason}")]
    Url {
        /// Whose it is.
        service: &'static str,
        /// The URL.
        url: String,
        /// Why.
        reason: &'static str,
    },
    /// No answer arrived.
    #[error("cannot reach {service} at {url} (tried {attempts}x): {reason}")]
    Unreachable {
        /// Who did not answer.
        service: &'static str,
        /// Where.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// What happened.
        reason: String,
    },
    /// An answer began and did not end well.
    #[error("the answer of {service} at {url} is incomplete: {reason}")]
    Cut {
        /// Who answered.
        service: &'static str,
        /// Where.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The answer does not end.
    #[error("the answer of {service} at {url} is larger than {limit} bytes")]
    TooLarge {
        /// Who answered.
        service: &'static str,
        /// Where.
        url: String,
        /// The ceiling, in bytes.
        limit: usize,
    },
    /// The service said no.
    #[error("{service} at {url} answered {status}{}", said.as_deref().map(|said| format!(": {said}")).unwrap_or_default())]
    Status {
        /// Who answered.
        service: &'static str,
        /// Where.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What it said, shortened, tokens left out.
        said: Option<String>,
        /// Where it points to instead.
        location: Option<String>,
    },
    /// The answer is not what the service should send.
    #[error("{service} at {url} answered something unusable: {reason}")]
    Unusable {
        /// Who answered.
        service: &'static str,
        /// Where.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The system has no event queue.
    #[error("cannot wait for the network")]
    Runtime(#[from] io::Error),
}

/// What a service says in the body of an error: the message of its JSON, or the text, shortened; never a token.
pub(super) fn excerpt(body: &[u8]) -> Option<String> {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let message = json
        .as_ref()
        .and_then(|json| ["message", "error_description", "error"].iter().find_map(|key| json.get(key)?.as_str()));
    let text = message.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    let line: String = without_secrets(&text).split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(EXCERPT_CHARS).collect();
    (!short.is_empty()).then_some(short)
}

/// What lies behind an error of the client, without its first line, which repeats the URL.
pub(super) fn reason(error: &reqwest::Error) -> String {
    let causes: Vec<String> = successors(error.source(), |cause| (*cause).source()).map(ToString::to_string).collect();
    match causes.last() {
        _ if error.is_timeout() => "it took too long".to_owned(),
        Some(last) => last.clone(),
        None => error.to_string(),
    }
}

/// How much of an answer is repeated.
const EXCERPT_CHARS: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_a_short_line_without_tokens() {
        assert_eq!(excerpt(br#"{"code":3,"message":"no"}"#).unwrap(), "no");
        assert_eq!(excerpt(b"token eyJhbGciOi,\n sorry\n").unwrap(), "token (secret), sorry");
        assert_eq!(excerpt(&b"no ".repeat(1000)).unwrap().len(), EXCERPT_CHARS);
        assert_eq!(excerpt(b" \n"), None);
    }
}
