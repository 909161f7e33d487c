use jiff::Timestamp;
use serde::Serialize;

use super::Failure;
use super::json::{Summary, WrittenFinding, WrittenIdentity};
use crate::finding::Finding;
use crate::manifest::Manifest;
use crate::policy::Rule;
use crate::verify::Authentic;

/// What a policy came to for one model; see [`Report::with_models`](super::Report::with_models).
#[derive(Debug, Serialize)]
pub struct ModelReport<'a> {
    model: String,
    /// `accepted`, `refused`, `misuse` or `undecided`.
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleName<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signers: Vec<RoleSigner<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<Summary>,
    findings: Vec<WrittenFinding<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure<'a>>,
}

/// A rule of a policy.
#[derive(Debug, Serialize)]
struct RuleName<'a> {
    line: u64,
    path: &'a str,
    threshold: usize,
}

/// Who has a role, by which signature.
#[derive(Debug, Serialize)]
struct RoleSigner<'a> {
    role: &'a str,
    signature: String,
    identity: WrittenIdentity<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    signed_at: &'a [Timestamp],
}

impl<'a> ModelReport<'a> {
    /// A report that says no more than how it ended.
    #[must_use]
    pub fn new(model: impl Into<String>, outcome: &'a str) -> Self {
        let (signers, findings) = (Vec::new(), Vec::new());
        Self { model: model.into(), outcome, rule: None, signers, manifest: None, findings, error: None }
    }

    /// Names the rule for the model.
    #[must_use]
    pub fn by_rule(self, rule: Option<&'a Rule>) -> Self {
        let name = |rule: &'a Rule| RuleName { line: rule.line(), path: rule.path(), threshold: rule.threshold() };
        Self { rule: rule.map(name), ..self }
    }

    /// Adds a signer: the role, the signature's path, and whom that shows.
    #[must_use]
    pub fn signed_by(mut self, role: &'a str, signature: impl Into<String>, authentic: &'a Authentic) -> Self {
        let identity = WrittenIdentity::new(authentic.identity());
        self.signers.push(RoleSigner { role, signature: signature.into(), identity, signed_at: authentic.times() });
        self
    }

    /// Sums up what the model consists of.
    #[must_use]
    pub fn with_manifest(self, manifest: Option<&Manifest>) -> Self {
        Self { manifest: manifest.map(Summary::new), ..self }
    }

    /// Lists findings.
    #[must_use]
    pub fn with_findings(self, findings: &'a [Finding]) -> Self {
        Self { findings: findings.iter().map(WrittenFinding::new).collect(), ..self }
    }

    /// Says why there is no verdict.
    #[must_use]
    pub fn with_error(self, error: Failure<'a>) -> Self {
        Self { error: Some(error), ..self }
    }
}
