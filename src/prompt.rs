//! Questions to a person, where there is one.

use secrecy::SecretString;

/// Asks for what only a person knows.
pub trait Prompt {
    /// Asks for a secret, `what` it is for named in the question; `None` where nobody can answer.
    fn secret(&self, what: &str) -> Option<SecretString>;

    /// Asks a question that is answered by yes or no; `None` where nobody can answer, and anything but a yes is a no.
    fn confirm(&self, question: &str) -> Option<bool>;

    /// Sends a person to a page: with `open` to a browser on this machine, and nowhere if there is none, else by showing
    /// the address. Tells whether a browser was opened.
    fn visit(&self, url: &str, open: bool) -> bool;
}

/// Asks nobody: every answer is `None`.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPrompt;

impl Prompt for NoPrompt {
    fn secret(&self, _what: &str) -> Option<SecretString> {
        None
    }

    fn confirm(&self, _question: &str) -> Option<bool> {
        None
    }

    fn visit(&self, _url: &str, _open: bool) -> bool {
        false
    }
}
