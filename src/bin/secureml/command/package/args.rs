use clap::{Args, Subcommand};

use super::{create, show, verify};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;

/// Packages: a model, its signatures, fingerprint and reports in one `.sml` file.
///
/// A package is a ZIP file without compression; after `unzip` the model is in `model/`, its signature in `model.sig`.
#[derive(Debug, Args)]
pub(crate) struct PackageArgs {
    #[command(subcommand)]
    action: PackageAction,
}

#[derive(Debug, Subcommand)]
enum PackageAction {
    /// Make a package of a model and its signature, and sign it.
    Create(Box<create::CreateArgs>),
    /// Verify a package without extracting it.
    Verify(Box<verify::VerifyArgs>),
    /// Extract the model of a package into a new folder, if it verifies.
    Extract(Box<verify::ExtractArgs>),
    /// Write one file of a package to standard output, if it verifies.
    Cat(Box<verify::CatArgs>),
    /// List the files of a package.
    Ls(show::ShowArgs),
    /// Show what a package says of itself, without judging it.
    Inspect(show::ShowArgs),
    /// Sign a package once more, as one of several signers; the rest of it stays where it is.
    AddSignature(Box<create::AddSignatureArgs>),
}

pub(crate) fn run(args: &PackageArgs, host: &Host) -> Result<Exit, Failure> {
    match &args.action {
        PackageAction::Create(args) => create::create(args, host),
        PackageAction::Verify(args) => verify::verify(args, host),
        PackageAction::Extract(args) => verify::extract(args, host),
        PackageAction::Cat(args) => verify::cat(args, host),
        PackageAction::Ls(args) => show::list(args, host),
        PackageAction::Inspect(args) => show::inspect(args, host),
        PackageAction::AddSignature(args) => create::add_signature(args, host),
    }
}
