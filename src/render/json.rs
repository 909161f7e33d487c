use std::io::{self, Write};
use std::num::NonZeroU64;

use jiff::Timestamp;
use serde::Serialize;

use crate::finding::Finding;
use crate::fingerprint::Fingerprint;
use crate::manifest::{Manifest, Method};
use crate::oms::Inspection;
use crate::ops::MigrationReport;
use crate::package::{Index, PackageManifest};
use crate::trust::Identity;
use crate::verify::Authentic;

use super::model::ModelReport;
use super::package::PackageContent;

/// What a command came to, as one JSON object; `output.schema.json` beside this file describes it.
///
/// Fields that do not apply are left out. New fields may be added; the meaning of those there are does not change
/// within one `version`.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    version: u32,
    /// The command, such as `verify`.
    command: &'a str,
    /// `accepted`, `refused`, `misuse` or `undecided`, as the exit code 0, 1, 2, 3 says.
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<WrittenIdentity<'a>>,
    /// When it was signed, by every clock that vouches for it.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    signed_at: &'a [Timestamp],
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<Summary>,
    /// Of commands that judge models by a policy: each of them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    models: &'a [ModelReport<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<PackageContent<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    migration: Option<&'a MigrationReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<FingerprintSummary>,
    /// Of packages that were accepted: the digests that were computed from the files' bytes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checked: Vec<&'a str>,
    /// A file that was written, besides signatures.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inspection: Option<&'a Inspection>,
    findings: Vec<WrittenFinding<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    steps: &'a [Step],
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

/// Why a command came to no verdict.
#[derive(Debug, Clone, Serialize)]
pub struct Failure<'a> {
    /// What went wrong.
    pub message: &'a str,
    /// Why, outermost first.
    pub causes: &'a [String],
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<&'a str>,
}

/// One command of a demonstration.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// The command as it can be typed.
    pub command: String,
    /// How it ended.
    pub exit_code: u8,
}

impl<'a> Report<'a> {
    /// A report that says no more than how a command ended.
    #[must_use]
    pub const fn new(command: &'a str, outcome: &'a str) -> Self {
        Self {
            version: 1,
            command,
            outcome,
            model: None,
            signature: None,
            identity: None,
            signed_at: &[],
            manifest: None,
            models: &[],
            package: None,
            content: None,
            migration: None,
            fingerprint: None,
            checked: Vec::new(),
            output: None,
            inspection: None,
            findings: Vec::new(),
            error: None,
            steps: &[],
            text: None,
        }
    }

    /// Names the model, and the signature if there is one.
    #[must_use]
    pub fn about(self, model: impl Into<String>, signature: Option<String>) -> Self {
        Self { model: Some(model.into()), signature, ..self }
    }

    /// Names the signer, and says when it was signed.
    #[must_use]
    pub fn signed_by(self, authentic: Option<&'a Authentic>) -> Self {
        let identity = authentic.map(|authentic| WrittenIdentity::new(authentic.identity()));
        Self { identity, signed_at: authentic.map(Authentic::times).unwrap_or_default(), ..self }
    }

    /// Names the signature alone.
    #[must_use]
    pub fn with_signature(self, signature: impl Into<String>) -> Self {
        Self { signature: Some(signature.into()), ..self }
    }

    /// Carries what a signature says of itself.
    #[must_use]
    pub fn with_inspection(self, inspection: &'a Inspection) -> Self {
        Self { inspection: Some(inspection), ..self }
    }

    /// Sums up what the model consists of.
    #[must_use]
    pub fn with_manifest(self, manifest: Option<&Manifest>) -> Self {
        Self { manifest: manifest.map(Summary::new), ..self }
    }

    /// Says what a policy came to for each model.
    #[must_use]
    pub fn with_models(self, models: &'a [ModelReport<'a>]) -> Self {
        Self { models, ..self }
    }

    /// Names the package.
    #[must_use]
    pub fn with_package(self, package: impl Into<String>) -> Self {
        Self { package: Some(package.into()), ..self }
    }

    /// Lists what is in the package, as it says itself.
    #[must_use]
    pub fn with_package_content(self, index: &'a Index, manifest: &'a PackageManifest) -> Self {
        Self { content: Some(PackageContent::new(index, manifest)), ..self }
    }

    /// Says what became of what was migrated.
    #[must_use]
    pub fn with_migration(self, migration: &'a MigrationReport) -> Self {
        Self { migration: Some(migration), ..self }
    }

    /// Sums up a fingerprint.
    #[must_use]
    pub fn with_fingerprint(self, fingerprint: Option<&Fingerprint>) -> Self {
        Self { fingerprint: fingerprint.map(FingerprintSummary::new), ..self }
    }

    /// Names the digests that were computed from the files' bytes.
    #[must_use]
    pub fn with_checked(self, algorithms: Vec<&'a str>) -> Self {
        Self { checked: algorithms, ..self }
    }

    /// Names a file that was written.
    #[must_use]
    pub fn with_output(self, path: impl Into<String>) -> Self {
        Self { output: Some(path.into()), ..self }
    }

    /// Lists findings.
    #[must_use]
    pub fn with_findings(self, findings: &'a [Finding]) -> Self {
        Self { findings: findings.iter().map(WrittenFinding::new).collect(), ..self }
    }

    /// Says what went wrong.
    #[must_use]
    pub fn with_error(self, error: Failure<'a>) -> Self {
        Self { error: Some(error), ..self }
    }

    /// Lists the commands that were run.
    #[must_use]
    pub fn with_steps(self, steps: &'a [Step]) -> Self {
        Self { steps, ..self }
    }

    /// Carries a text that is the command's result.
    #[must_use]
    pub fn with_text(self, text: &'a str) -> Self {
        Self { text: Some(text), ..self }
    }
}

/// Writes a report on one line.
///
/// # Errors
/// What the sink says.
pub fn write_json(report: &Report<'_>, sink: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *sink, report)?;
    sink.write_all(b"\n")
}

#[derive(Debug, Serialize)]
#[serde(tag = "method", rename_all = "lowercase")]
pub(super) enum WrittenIdentity<'a> {
    Key { hint: &'a str },
    Certificate { subject: &'a str, issuer: &'a str, fingerprint: &'a str },
    Sigstore { subject: &'a str, issuer: &'a str },
}

impl<'a> WrittenIdentity<'a> {
    pub(super) fn new(identity: &'a Identity) -> Self {
        match identity {
            Identity::Key { hint } => Self::Key { hint },
            Identity::Certificate { subject, issuer, fingerprint } => {
                Self::Certificate { subject, issuer, fingerprint }
            }
            Identity::Keyless { subject, issuer } => Self::Sigstore { subject, issuer },
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Summary {
    digest: String,
    method: &'static str,
    hash: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard_bytes: Option<u64>,
    files: usize,
    ignore_paths: Vec<String>,
}

impl Summary {
    pub(super) fn new(manifest: &Manifest) -> Self {
        let settings = manifest.serialization();
        let (method, shard_bytes) = match settings.method {
            Method::Files => ("files", None),
            Method::Shards { shard_bytes } => ("shards", Some(shard_bytes.get())),
        };
        Self {
            digest: manifest.root_digest().to_string(),
            method,
            hash: settings.algorithm.name(),
            shard_bytes,
            files: manifest.file_count(),
            ignore_paths: settings.ignore.iter().map(ToString::to_string).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct FingerprintSummary {
    algorithms: Vec<&'static str>,
    files: usize,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merkle_root: Option<String>,
}

impl FingerprintSummary {
    fn new(fingerprint: &Fingerprint) -> Self {
        Self {
            algorithms: fingerprint.algorithms().iter().map(|algorithm| algorithm.name()).collect(),
            files: fingerprint.files().len(),
            bytes: fingerprint.total_bytes(),
            chunk_bytes: fingerprint.chunk_bytes().map(NonZeroU64::get),
            merkle_root: fingerprint.merkle_root().map(|root| root.to_string()),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct WrittenFinding<'a> {
    rule: &'a str,
    severity: String,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
}

impl<'a> WrittenFinding<'a> {
    pub(super) fn new(finding: &'a Finding) -> Self {
        Self {
            rule: finding.rule,
            severity: finding.severity.to_string(),
            message: &finding.message,
            path: finding.path.as_deref(),
        }
    }
}
