use std::path::PathBuf;

use clap::Args;
use secureml::ops::{DigestRequest, digest};
use secureml::render::Report;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::flags::{HashArgs, IgnoreArgs};
use crate::hint;
use crate::host::Host;
use crate::options;

/// Prints the digest that names a model as a whole, the subject of its signatures.
///
/// A signature that lies inside the model counts as one of its files, unless --ignore-paths names it.
#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct DigestArgs {
    /// The model: a folder, or a single file.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    #[command(flatten)]
    ignore: IgnoreArgs,
    #[command(flatten)]
    hash: HashArgs,
}

pub(crate) fn run(args: &DigestArgs, host: &Host) -> Result<Exit, Failure> {
    let selection = args.ignore.selection();
    let request = DigestRequest {
        model: &args.model,
        method: args.hash.method()?,
        algorithm: args.hash.algorithm(),
        symlinks: args.hash.symlinks(),
        selection: &selection,
    };
    let name = args.model.display().to_string();
    let progress = host.progress();
    let result = digest(&request, &*progress);
    let digested = result.map_err(|error| {
        let (exit, help) = hint::for_hashing(&error, options::DIGEST);
        let findings = hint::findings(&error);
        Failure { help, findings, ..Failure::new(exit, format!("cannot take the digest of {name}"), &error) }
    })?;
    let printer = host.printer();
    printer.warnings(&digested.warnings);
    printer.result(&digested.manifest.root_digest().to_string())?;
    let report = Report::new("digest", Exit::Accepted.outcome())
        .about(name, None)
        .with_manifest(Some(&digested.manifest))
        .with_findings(&digested.warnings);
    printer.report(&report)?;
    Ok(Exit::Accepted)
}
