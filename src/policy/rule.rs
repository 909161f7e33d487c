use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::file::relative;
use super::pattern::ModelPattern;
use super::place::{At, Place};
use super::{FormatRule, RuleSigner};
use crate::crypto::Curve;
use crate::digest::Algorithm;
use crate::model::IgnoreRules;

/// What must be true of the models at one path.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(super) line: u64,
    pub(super) pattern: ModelPattern,
    pub(super) signature: Option<String>,
    pub(super) signers: Vec<RuleSigner>,
    pub(super) threshold: usize,
    pub(super) transparency: Transparency,
    pub(super) timestamp: Timestamp,
    pub(super) hashes: Vec<Algorithm>,
    pub(super) smallest_curve: Curve,
    pub(super) formats: FormatRule,
    pub(super) expires: Option<At<Date>>,
    pub(super) idle_in_packages: Vec<(&'static str, Place)>,
    pub(super) ignore: IgnoreRules,
    pub(super) unsigned_files: UnsignedFiles,
}

/// Whether keyless signatures must be in the transparency log, with a proof.
///
/// Signatures by keys and certificates are in no log; this says nothing about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transparency {
    /// They must.
    #[default]
    Required,
    /// They need not.
    Optional,
}

/// Whether a signature counts only with a trusted time, of a timestamp authority or a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timestamp {
    /// It does.
    Required,
    /// It counts without.
    #[default]
    Optional,
}

/// What becomes of files in the model that nobody signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnsignedFiles {
    /// They are a reason to refuse.
    #[default]
    Refuse,
    /// They are passed over.
    Ignore,
}

impl Rule {
    /// The line of the policy where the rule begins, from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// The path or glob as it is written.
    #[must_use]
    pub fn path(&self) -> &str {
        self.pattern.as_str()
    }

    /// Where the signature of this model is: `folder` is [`super::Policy::folder`], `model` the model's path on disk.
    ///
    /// Where the rule names none: `model.sig` in a folder, `.sig` behind a file's name.
    #[must_use]
    pub fn signature_path(&self, folder: &Path, model: &Path, model_is_file: bool) -> PathBuf {
        match &self.signature {
            Some(written) => folder.join(match relative(folder, model) {
                Some(name) => written.replace(MODEL, &name),
                None => written.clone(),
            }),
            None if model_is_file => {
                let mut name: OsString = model.as_os_str().to_owned();
                name.push(".sig");
                name.into()
            }
            None => model.join("model.sig"),
        }
    }

    /// Whose signatures count; at least one.
    #[must_use]
    pub fn signers(&self) -> &[RuleSigner] {
        &self.signers
    }

    /// How many of the signers must have signed, from 1 to all of them.
    #[must_use]
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// Whether keyless signatures must be in the log.
    #[must_use]
    pub const fn transparency(&self) -> Transparency {
        self.transparency
    }

    /// Whether signatures need a trusted time.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The content hashes that a manifest may have; at least one.
    #[must_use]
    pub fn hashes(&self) -> &[Algorithm] {
        &self.hashes
    }

    /// The size of the smallest key that counts, in bits: 256, 384 or 521.
    #[must_use]
    pub const fn key_bits(&self) -> u64 {
        bits(self.smallest_curve)
    }

    /// Whether a key on this curve is large enough.
    #[must_use]
    pub const fn permits_curve(&self, curve: Curve) -> bool {
        bits(curve) >= self.key_bits()
    }

    /// Which formats the model's files may have.
    #[must_use]
    pub const fn formats(&self) -> &FormatRule {
        &self.formats
    }

    /// The last day of the rule, in UTC.
    #[must_use]
    pub fn expires(&self) -> Option<Date> {
        self.expires.as_ref().map(|last| last.value)
    }

    /// Whether the last day of the rule is over.
    #[must_use]
    pub fn is_expired(&self, now: jiff::Timestamp) -> bool {
        self.expires().is_some_and(|last| now.to_zoned(TimeZone::UTC).date() > last)
    }

    /// The keys of the rule that change nothing where the model is a package, which holds its signatures itself, and no
    /// file that they do not cover.
    pub fn idle_in_packages(&self) -> impl Iterator<Item = &'static str> {
        self.idle_in_packages.iter().map(|(key, _)| *key)
    }

    /// What else is left out of the model, besides what the signature leaves out.
    #[must_use]
    pub const fn ignore(&self) -> &IgnoreRules {
        &self.ignore
    }

    /// What becomes of files that nobody signed.
    #[must_use]
    pub const fn unsigned_files(&self) -> UnsignedFiles {
        self.unsigned_files
    }
}

/// The size of a key on this curve.
pub(super) const fn bits(curve: Curve) -> u64 {
    match curve {
        Curve::P256 => 256,
        Curve::P384 => 384,
        Curve::P521 => 521,
    }
}

/// What stands for the model's path in a rule's `signature`.
pub(super) const MODEL: &str = "{model}";
