//! The root of the command line.

use clap::{Parser, Subcommand};

use crate::command::{completions, demo, digest, fingerprint, inspect, migrate, package, policy, sign, trust, verify};
use crate::flags::GlobalArgs;

/// Signs and verifies machine-learning models as OpenSSF Model Signing bundles.
///
/// Exit codes: 0 accepted, 1 refused, 2 misuse, 3 could not decide.
#[derive(Debug, Parser)]
#[command(name = "secureml", version, propagate_version = true, max_term_width = 100, args_override_self = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign a model.
    Sign(sign::SignArgs),
    /// Verify a model against its signature.
    Verify(verify::VerifyArgs),
    /// Print the digest that names a model as a whole, the subject of its signatures.
    Digest(digest::DigestArgs),
    /// Take, sign and compare fingerprints: several digests of each file, and Merkle trees.
    Fingerprint(fingerprint::FingerprintArgs),
    /// Packages: a model, its signatures, fingerprint and reports in one file.
    Package(package::PackageArgs),
    /// Take a model and its existing signature over into a package.
    Migrate(Box<migrate::MigrateArgs>),
    /// Check, show and extend policies, which say who must have signed which models.
    Policy(policy::PolicyArgs),
    /// Show what a signature says of itself, without judging it.
    Inspect(inspect::InspectArgs),
    /// Fetch or show the trust root of a Sigstore instance.
    Trust(trust::TrustArgs),
    /// Show signing, verifying and a refusal on a copy of a small model.
    Demo(demo::DemoArgs),
    /// Print a completion script for a shell.
    Completions(completions::CompletionsArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn definitions_are_consistent() {
        Arguments::command().debug_assert();
    }
}
