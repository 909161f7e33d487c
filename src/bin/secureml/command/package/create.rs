use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use secureml::ops::FingerprintOptions;
use secureml::ops::package::{
    CreateError, Existing, PackageRequest, PackageSigner, add_package_signature, create_package,
};
use secureml::render::Report;

use crate::command::fingerprint::say_signer;
use crate::command::signer::SignerArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint;
use crate::host::Host;
use crate::options::{self, Options};

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct CreateArgs {
    /// The model: a folder, or a single file.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Where the package is written. [default: MODEL.sml]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Let the new package take the place of one that is there, with all signatures in it.
    #[arg(long)]
    overwrite: bool,
    /// The model's signature; those in the folder beside it, SIGNATURE.d, go along.
    #[arg(long, value_name = "FILE", default_value = "model.sig")]
    signature: PathBuf,
    /// Take a fingerprint in the same read, and put it in.
    #[arg(long)]
    fingerprint: bool,
    /// A report to put in; may be repeated.
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
    /// A signed statement about the model to put in, a Sigstore bundle; may be repeated. The model's digest, one of its
    /// files or its signature must be among its subjects.
    #[arg(long, value_name = "FILE")]
    attestation: Vec<PathBuf>,
    /// A text for those who open the package with another program.
    #[arg(long, value_name = "FILE")]
    readme: Option<PathBuf>,
    /// The model's version, for people.
    #[arg(long, value_name = "TEXT")]
    model_version: Option<String>,
    /// Put this signature of the package in, made before over the very same statement, instead of signing now. Two builds
    /// with it give the same bytes.
    #[arg(long, value_name = "FILE", conflicts_with = "private_key")]
    package_signature: Option<PathBuf>,
    #[command(flatten)]
    signer: SignerArgs,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct AddSignatureArgs {
    /// The package.
    #[arg(value_name = "PACKAGE")]
    package: PathBuf,
    #[command(flatten)]
    signer: SignerArgs,
}

pub(super) fn create(args: &CreateArgs, host: &Host) -> Result<Exit, Failure> {
    let name = args.model.display().to_string();
    let output = match &args.output {
        Some(output) => output.clone(),
        None => beside(&args.model)?,
    };
    let options = FingerprintOptions::default();
    let request = PackageRequest {
        model: &args.model,
        signature: &args.signature,
        output: &output,
        existing: if args.overwrite { Existing::Replace } else { Existing::Keep },
        version: args.model_version.clone(),
        created: created(host)?,
        fingerprint: args.fingerprint.then_some(&options),
        reports: &args.report,
        made_reports: &[],
        attestations: &args.attestation,
        readme: args.readme.as_deref(),
        imported: &[],
    };
    let progress = host.progress();
    let run = |signer: PackageSigner<'_>| {
        create_package(&request, signer, &*progress)
            .map_err(|error| failure(&format!("cannot package {name}"), &error, options::PACKAGE_CREATE))
    };
    let made = match &args.package_signature {
        Some(path) => run(PackageSigner::Signature(path))?,
        None => args.signer.with_signer(host, |signer| run(PackageSigner::Signer(signer)))?,
    };
    let printer = host.printer();
    printer.warnings(&made.warnings);
    say_signer(made.authentic.as_ref(), host);
    let files = made.manifest.files().len();
    printer.result(&format!("{}: {files} files, {} bytes", output.display(), made.bytes))?;
    let report = Report::new("package", Exit::Accepted.outcome())
        .about(name, Some(args.signature.display().to_string()))
        .signed_by(made.authentic.as_ref())
        .with_manifest(Some(&made.model))
        .with_fingerprint(made.fingerprint.as_ref())
        .with_output(output.display().to_string())
        .with_findings(&made.warnings);
    printer.report(&report)?;
    Ok(Exit::Accepted)
}

pub(super) fn add_signature(args: &AddSignatureArgs, host: &Host) -> Result<Exit, Failure> {
    let name = args.package.display().to_string();
    let added = args.signer.with_signer(host, |signer| {
        let message = format!("cannot add a signature to {name}");
        add_package_signature(&args.package, signer).map_err(|error| failure(&message, &error, options::PACKAGE_ADD))
    })?;
    let printer = host.printer();
    say_signer(added.authentic.as_ref(), host);
    printer.result(&format!("{name}: added {}", added.name))?;
    let report = Report::new("package", Exit::Accepted.outcome())
        .with_package(name)
        .with_signature(added.name)
        .signed_by(added.authentic.as_ref());
    printer.report(&report)?;
    Ok(Exit::Accepted)
}

/// `MODEL.sml`, without a slash at the model's end; a model that is named by its place alone, such as `.`, has the name of
/// its folder.
fn beside(model: &Path) -> Result<PathBuf, Failure> {
    let model = match model.file_name() {
        Some(_) => model.components().as_path().to_owned(),
        None => std::fs::canonicalize(model).map_err(|error| {
            Failure::new(Exit::Undecided, format!("cannot read {}", model.display()), &error)
                .with_help("check the path")
        })?,
    };
    if model.file_name().is_none() {
        return Err(Failure::plain(Exit::Misuse, format!("{} has no name to give the package", model.display()))
            .with_help("name the package with --output"));
    }
    let mut name = OsString::from(model);
    name.push(".sml");
    Ok(name.into())
}

/// The time that SOURCE_DATE_EPOCH gives; without it the package says nothing of its time.
fn created(host: &Host) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = host.env.text("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let time = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let time = time.filter(|time| time.as_second() >= 0);
    time.map(Some).ok_or_else(|| {
        Failure::plain(Exit::Misuse, "SOURCE_DATE_EPOCH is not a number of seconds")
            .with_help("set it right, or not at all")
    })
}

pub(super) fn failure(message: &str, error: &CreateError, options: Options) -> Failure {
    let (exit, help) = hint::for_packaging(error, options);
    let findings = match error {
        CreateError::Differs { findings, .. } | CreateError::Broken { findings } => findings.clone(),
        CreateError::Hash(error) => hint::findings(error),
        _ => Vec::new(),
    };
    Failure { help, findings, ..Failure::new(exit, message, error) }
}
