use std::error::Error;
use std::io;
use std::iter::successors;

use secureml::finding::Finding;
use secureml::ops::{SignModelError, VerifyModelError};

use crate::exit::Exit;
use crate::hint;
use crate::options::{self, Options};

/// A command that came to no good end, with all that is to be said about it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) help: Option<String>,
}

impl Failure {
    /// What went wrong and why, taken from an error and its sources.
    pub(crate) fn new(exit: Exit, message: impl Into<String>, cause: &dyn Error) -> Self {
        let causes = successors(Some(cause), |error| (*error).source()).map(ToString::to_string).collect();
        Self { exit, message: message.into(), causes, findings: Vec::new(), help: None }
    }

    /// What went wrong, when there is nothing behind it.
    pub(crate) fn plain(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), findings: Vec::new(), help: None }
    }

    /// Adds what to do about it.
    pub(crate) fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(crate) fn signing(model: &str, error: &SignModelError, options: Options) -> Self {
        let (exit, help) = hint::for_signing(error, options);
        let mut failure = Self::new(exit, format!("cannot sign {model}"), error);
        match error {
            SignModelError::Hash(error) => failure.findings = hint::findings(error),
            SignModelError::Differs { findings, .. } => failure.findings.clone_from(findings),
            _ => {}
        }
        failure.help = help;
        failure
    }

    pub(crate) fn verifying(model: &str, error: &VerifyModelError) -> Self {
        let (exit, help) = hint::for_verifying(error, options::VERIFY);
        Self { help, ..Self::new(exit, format!("cannot verify {model}"), error) }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Exit::Undecided, "cannot write to standard output", &error)
    }
}
