use std::io::{self, Write};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use secureml::digest::Algorithm;
use secureml::finding::Severity;
use secureml::fingerprint::Fingerprint;
use secureml::io::{AtomicFile, WriteError};
use secureml::manifest::Method;
use secureml::oms::{Bundle, write_fingerprint};
use secureml::ops::{
    ChunkSize, CompareRequest, DigestRequest, FingerprintOptions, compare_with_fingerprint, diff_fingerprints,
    fingerprint, sign_fingerprint,
};
use secureml::render::Report;
use secureml::trust::Identity;
use secureml::verify::Authentic;

use super::proof::{CheckProofArgs, ProveArgs};
use super::signer::SignerArgs;
use super::trusted::TrustedArgs;
use super::{package, proof, read};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::flags::{IgnoreArgs, size};
use crate::hint;
use crate::host::Host;
use crate::options;
use crate::printer::plain;

/// Takes, signs and compares fingerprints: several digests of each file, and Merkle trees over their chunks.
#[derive(Debug, Args)]
pub(crate) struct FingerprintArgs {
    #[command(subcommand)]
    action: FingerprintAction,
}

#[derive(Debug, Subcommand)]
enum FingerprintAction {
    /// Take a model's fingerprint in one read, and sign it if wanted.
    Create(Box<CreateArgs>),
    /// Compare a model with its fingerprint; what changed is named with its ranges of bytes.
    Verify(Box<VerifyArgs>),
    /// Prove that a range of bytes belongs to a model.
    Prove(ProveArgs),
    /// Check such a proof and the bytes, without the rest of the model.
    CheckProof(Box<CheckProofArgs>),
    /// Compare two fingerprints, without checking any signature.
    Diff(DiffArgs),
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag, and clap wants both of a pair")]
struct CreateArgs {
    /// The model: a folder, or a single file.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The digests of each file, with commas between; sha256 is always among them.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "sha256,sha512,blake2b",
          value_parser = PossibleValuesParser::new(["sha256", "sha512", "blake2b", "blake3"]))]
    algorithms: Vec<String>,
    /// Build Merkle trees (the default).
    #[arg(long, overrides_with = "no_merkle")]
    merkle: bool,
    /// Build no Merkle trees: changed bytes are not located then, and nothing can be proved of parts.
    #[arg(long, overrides_with = "merkle", conflicts_with = "chunk_size")]
    no_merkle: bool,
    /// Bytes in a chunk of the Merkle trees: a number, or one with kB, MB, GB, KiB, MiB or GiB. [default: 1MiB, or more
    /// where the model has more than 256 GiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    chunk_size: Option<NonZeroU64>,
    /// Where the fingerprint is written. [default: fingerprint.json, or fingerprint.sig with --sign]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Sign it: with the key of --private-key, or with an identity. Without this it is a document that nobody vouches for.
    #[arg(long)]
    sign: bool,
    /// Let a link to a file stand for the file.
    #[arg(long)]
    allow_symlinks: bool,
    #[command(flatten)]
    ignore: IgnoreArgs,
    #[command(flatten)]
    signer: SignerArgs,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
struct VerifyArgs {
    /// The model, a folder or a single file; or a package.
    #[arg(value_name = "MODEL|PACKAGE")]
    model: PathBuf,
    /// The fingerprint: signed, or a bare document. [default: fingerprint.json; of a package, the one that it carries]
    #[arg(long, value_name = "FILE")]
    fingerprint: Option<PathBuf>,
    #[command(flatten)]
    trusted: TrustedArgs,
    #[command(flatten)]
    ignore: IgnoreArgs,
}

#[derive(Debug, Args)]
struct DiffArgs {
    /// The first fingerprint.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The second fingerprint.
    #[arg(value_name = "B")]
    b: PathBuf,
}

pub(crate) fn run(args: &FingerprintArgs, host: &Host) -> Result<Exit, Failure> {
    match &args.action {
        FingerprintAction::Create(args) => create(args, host),
        FingerprintAction::Verify(args) => verify(args, host),
        FingerprintAction::Prove(args) => proof::prove(args, host),
        FingerprintAction::CheckProof(args) => proof::check(args, host),
        FingerprintAction::Diff(args) => diff(args, host),
    }
}

fn create(args: &CreateArgs, host: &Host) -> Result<Exit, Failure> {
    if args.signer.is_given() && !args.sign {
        return Err(Failure::plain(Exit::Misuse, "a signer is given, and nothing is to be signed")
            .with_help("sign the fingerprint with --sign, or leave the signer out"));
    }
    let selection = args.ignore.selection();
    let request = DigestRequest {
        model: &args.model,
        method: Method::Files,
        algorithm: Algorithm::Sha256,
        symlinks: if args.allow_symlinks { secureml::model::SymlinkRule::Follow } else { Default::default() },
        selection: &selection,
    };
    let options = FingerprintOptions {
        // clap has let nothing else through.
        algorithms: args.algorithms.iter().filter_map(|name| name.parse().ok()).collect(),
        chunks: match (args.no_merkle, args.chunk_size) {
            (true, _) => ChunkSize::None,
            (false, Some(bytes)) => ChunkSize::Bytes(bytes),
            (false, None) => ChunkSize::Fitting,
        },
    };
    let name = args.model.display().to_string();
    let default = if args.sign { "fingerprint.sig" } else { "fingerprint.json" };
    let output = args.output.clone().unwrap_or_else(|| default.into());
    let progress = host.progress();
    let (made, authentic) = if args.sign {
        args.signer.with_signer(host, |signer| {
            sign_fingerprint(&request, &options, (signer, &output), &*progress)
                .map_err(|error| Failure::signing(&name, &error, options::FINGERPRINT_CREATE))
        })?
    } else {
        check_output(&output, &args.model)?;
        let made = fingerprint(&request, &options, &[&output], &*progress).map_err(|error| {
            let (exit, help) = hint::for_hashing(&error, options::FINGERPRINT_CREATE);
            let findings = hint::findings(&error);
            Failure { help, findings, ..Failure::new(exit, format!("cannot take the fingerprint of {name}"), &error) }
        })?;
        write_file(&output, |sink| write_fingerprint(&made.fingerprint, sink))?;
        (made, None)
    };
    let printer = host.printer();
    printer.warnings(&made.warnings);
    say_signer(authentic.as_ref(), host);
    let signed = if args.sign { "signed" } else { "not signed: nobody vouches for it" };
    printer.result(&format!(
        "{}written to {} ({signed})",
        summary(&made.fingerprint),
        plain(&output.display().to_string())
    ))?;
    let report = Report::new("fingerprint", Exit::Accepted.outcome())
        .about(name, None)
        .signed_by(authentic.as_ref())
        .with_manifest(Some(&made.manifest))
        .with_fingerprint(Some(&made.fingerprint))
        .with_output(output.display().to_string())
        .with_findings(&made.warnings);
    printer.report(&report)?;
    Ok(Exit::Accepted)
}

/// Makes sure that nothing but an older fingerprint is lost.
fn check_output(path: &Path, model: &Path) -> Result<(), Failure> {
    // That it is the model itself is told by whoever reads the model.
    let is_model =
        std::fs::canonicalize(path).is_ok_and(|path| std::fs::canonicalize(model).is_ok_and(|it| it == path));
    let kept = match path.is_file() && !is_model {
        true if Bundle::read(path).is_ok() => Some("is signed"),
        true if read::fingerprint(path).is_err() => Some("is not a fingerprint"),
        _ => None,
    };
    match kept {
        None => Ok(()),
        Some(what) => Err(Failure::plain(Exit::Misuse, format!("{} exists and {what}", path.display()))
            .with_help("give another path with --output, or remove the file first")),
    }
}

/// Writes a document, whole or not at all.
pub(super) fn write_file(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let failed = |source| WriteError { path: path.to_owned(), source };
    let write = || {
        let mut file = AtomicFile::create(path)?;
        content(&mut file).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
        file.commit()
    };
    write().map_err(|error: WriteError| {
        Failure::new(Exit::Undecided, format!("cannot write {}", path.display()), &error)
            .with_help("give a place that can be written to with --output")
    })
}

fn verify(args: &VerifyArgs, host: &Host) -> Result<Exit, Failure> {
    let trust = args.trusted.trust(host)?;
    let name = args.model.display().to_string();
    let is_package = package::is_package(&args.model);
    if is_package && args.ignore.is_given() {
        let message = format!("{name} is a package, of which nothing is left out");
        return Err(Failure::plain(Exit::Misuse, message)
            .with_help("leave out --ignore-paths, --ignore-git-paths and --no-ignore-git-paths"));
    }
    let default = if is_package { None } else { Some(PathBuf::from("fingerprint.json")) };
    let path = args.fingerprint.clone().or(default);
    let file = path.as_ref().map_or_else(|| name.clone(), |path| path.display().to_string());
    let known = match &path {
        Some(path) => read::verified_fingerprint(path, trust.as_ref(), host)?,
        None => package::carried_fingerprint(&args.model, trust.as_ref(), host)?,
    };
    let progress = host.progress();
    let mut findings = if is_package {
        package::compare(&args.model, &known.fingerprint, &*progress)?
    } else {
        let selection = args.ignore.selection();
        let own: Vec<&Path> = path.iter().map(PathBuf::as_path).collect();
        let request = CompareRequest { model: &args.model, selection: &selection, own: &own };
        compare_with_fingerprint(&request, &known.fingerprint, &*progress).map_err(|error| {
            let (exit, help) = hint::for_comparing(&error);
            Failure { help, ..Failure::new(exit, format!("cannot compare {name} with {file}"), &error) }
        })?
    };
    findings.extend(known.warning());
    let is_same = findings.iter().all(|finding| finding.severity < Severity::Error);
    let exit = if is_same { Exit::Accepted } else { Exit::Refused };
    let printer = host.printer();
    if is_same {
        say_signer(known.authentic(), host);
        let is_vouched_for = known.authentic().is_some();
        printer.result(if is_vouched_for { "Verification succeeded" } else { "The model matches the fingerprint" })?;
    } else {
        let help = hint::for_findings(&findings, options::FINGERPRINT_VERIFY);
        let message = format!("{name} is not what the fingerprint describes");
        printer.failure(&Failure { findings: findings.clone(), help, ..Failure::plain(exit, message) });
    }
    printer.warnings(&findings);
    let report = Report::new("fingerprint", exit.outcome())
        .about(name, Some(file))
        .signed_by(known.authentic())
        .with_fingerprint(Some(&known.fingerprint))
        .with_findings(&findings);
    printer.report(&report)?;
    Ok(exit)
}

fn diff(args: &DiffArgs, host: &Host) -> Result<Exit, Failure> {
    let (a, b) = (read::fingerprint(&args.a)?, read::fingerprint(&args.b)?);
    let findings = diff_fingerprints(&a, &b);
    let exit = if findings.is_empty() { Exit::Accepted } else { Exit::Refused };
    let printer = host.printer();
    if findings.is_empty() {
        printer.result("The fingerprints describe the same files")?;
    } else {
        let lines: Vec<String> = findings
            .iter()
            .map(|finding| {
                let path = finding.path.as_deref().unwrap_or_default();
                let message = match finding.rule {
                    "file-unsigned" => "only in the second",
                    "file-missing" => "only in the first",
                    _ => &finding.message,
                };
                format!("{}: {}", plain(path), plain(message))
            })
            .collect();
        printer.result(&lines.join("\n"))?;
    }
    let report = Report::new("fingerprint", exit.outcome())
        .about(args.a.display().to_string(), None)
        .with_output(args.b.display().to_string())
        .with_findings(&findings);
    printer.report(&report)?;
    Ok(exit)
}

/// Names the signer with an identity; a key is the one that was given.
pub(crate) fn say_signer(authentic: Option<&Authentic>, host: &Host) {
    if let Some(identity @ Identity::Keyless { .. }) = authentic.map(Authentic::identity) {
        host.printer().note(&format!("signed by {}", plain(&identity.to_string())));
    }
}

fn summary(fingerprint: &Fingerprint) -> String {
    let names: Vec<&str> = fingerprint.algorithms().iter().map(|algorithm| algorithm.name()).collect();
    let tree = match (fingerprint.chunk_bytes(), fingerprint.merkle_root()) {
        (Some(bytes), Some(root)) => format!("merkle root: {root}, over chunks of {bytes} bytes\n"),
        _ => String::new(),
    };
    let (files, bytes) = (fingerprint.files().len(), fingerprint.total_bytes());
    format!("{files} files, {bytes} bytes: {}\n{tree}", names.join(", "))
}
