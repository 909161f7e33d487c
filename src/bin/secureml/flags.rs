//! The flags that several commands share.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use secureml::digest::Algorithm;
use secureml::manifest::{DEFAULT_SHARD_BYTES, Method};
use secureml::model::SymlinkRule;
use secureml::ops::Selection;

use crate::exit::Exit;
use crate::failure::Failure;

/// What holds for every command.
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// How results are written to standard output.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = OUTPUT)]
    pub(crate) format: Format,
    /// Say nothing but errors.
    #[arg(long, short, global = true, help_heading = OUTPUT)]
    pub(crate) quiet: bool,
    /// ERROR and CRITICAL silence warnings; the other levels change nothing.
    #[arg(long, value_name = "LEVEL", default_value = "INFO", ignore_case = true, help_heading = OUTPUT,
          value_parser = PossibleValuesParser::new(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]))]
    pub(crate) log_level: String,
}

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a command.
    Json,
}

/// What is left out of a model.
#[derive(Debug, Args)]
pub(crate) struct IgnoreArgs {
    /// A file or folder to leave out, relative to the current folder; may be repeated. No patterns.
    #[arg(long, value_name = "PATH")]
    ignore_paths: Vec<PathBuf>,
    /// Leave out .git, .gitattributes, .github and .gitignore at the top of the model (the default).
    #[arg(long, overrides_with = "no_ignore_git_paths")]
    ignore_git_paths: bool,
    /// Treat Git's own files like all others; what the signer left out stays left out.
    #[arg(long, overrides_with = "ignore_git_paths")]
    no_ignore_git_paths: bool,
}

impl IgnoreArgs {
    /// Whether anything is said of what is left out.
    pub(crate) const fn is_given(&self) -> bool {
        !self.ignore_paths.is_empty() || self.ignore_git_paths || self.no_ignore_git_paths
    }

    pub(crate) fn selection(&self) -> Selection {
        Selection { ignore_paths: self.ignore_paths.clone(), ignore_git_paths: !self.no_ignore_git_paths }
    }
}

/// How a model is hashed.
#[derive(Debug, Args)]
pub(crate) struct HashArgs {
    /// The hash of the content. Every verifier knows sha256.
    #[arg(long, value_name = "ALGORITHM", default_value = "sha256",
          value_parser = PossibleValuesParser::new(["sha256", "blake2b", "blake3"]))]
    hash: String,
    /// One digest a file, or one a shard.
    #[arg(long, value_enum, default_value_t, value_name = "METHOD")]
    method: MethodName,
    /// Bytes in a shard, with --method shards: a number, or one with kB, MB, GB, KiB, MiB or GiB. [default: 1GB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    shard_size: Option<NonZeroU64>,
    /// Let a link to a file stand for the file.
    #[arg(long)]
    allow_symlinks: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum MethodName {
    #[default]
    Files,
    Shards,
}

impl HashArgs {
    /// # Errors
    /// Says which option has no sense without which other.
    pub(crate) fn method(&self) -> Result<Method, Failure> {
        match (self.method, self.shard_size) {
            (MethodName::Files, None) => Ok(Method::Files),
            (MethodName::Files, Some(_)) => Err(Failure::plain(Exit::Misuse, "--shard-size goes with --method shards")),
            (MethodName::Shards, size) => Ok(Method::Shards { shard_bytes: size.unwrap_or(DEFAULT_SHARD_BYTES) }),
        }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        // clap has let nothing else through.
        self.hash.parse().unwrap_or_default()
    }

    pub(crate) fn symlinks(&self) -> SymlinkRule {
        if self.allow_symlinks { SymlinkRule::Follow } else { SymlinkRule::Refuse }
    }
}

/// A number of bytes, such as `1000000`, `64MiB` or `1GB`.
pub(crate) fn size(text: &str) -> Result<NonZeroU64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text.get(digits.len()..).unwrap_or_default() {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        other => return Err(format!("unknown unit {other:?}")),
    };
    let number: u64 = digits.trim_end().parse().map_err(|_| "not a number of bytes".to_owned())?;
    let bytes = number.checked_mul(unit).ok_or("too large")?;
    NonZeroU64::new(bytes).ok_or_else(|| "must not be zero".to_owned())
}

/// Under which title these options stand in the help.
const OUTPUT: &str = "Output";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("1", 1), ("10B", 10), ("1kB", 1000), ("2MiB", 2 << 20), ("1GB", 1_000_000_000)] {
            assert_eq!(size(text).unwrap().get(), bytes);
        }
        for text in ["", "0", "-1", "1.5", "1TB", "MB", "99999999999999999999", "18446744073709551615GB"] {
            assert!(size(text).is_err(), "{text:?}");
        }
    }
}
