use std::path::{Path, PathBuf};

use clap::Args;
use secureml::finding::Finding;
use secureml::manifest::HashError;
use secureml::ops::package::{
    AcceptedPackage, ExtractRequest, Extracted, OpenError, PackagePolicyError, PackageRefused, PackageVerdict,
    check_signers, extract_package, read_file, read_unverified_file, verify_package, verify_package_stream,
    verify_package_with_policy,
};
use secureml::progress::Progress;
use secureml::trust::TrustRoot;

use super::open::{failed, read, refuse, report};
use super::source;
use crate::command::fingerprint::say_signer;
use crate::command::policy::{idle_for_package, load, undecided};
use crate::command::trusted::{TrustedArgs, nobody_by_policy};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;
use crate::options;
use crate::terminal::Interruptible;

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct VerifyArgs {
    /// The package: a file, a URL whose server serves ranges of bytes, or `-` for standard input; with --policy a file, since
    /// its path says which rule applies.
    #[arg(value_name = "PACKAGE")]
    package: String,
    /// The policy that says who must have signed: as many of a rule's signers as it asks for, one of them at least the
    /// package itself and not the model in it alone.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    trusted: TrustedArgs,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct ExtractArgs {
    /// The package.
    #[arg(value_name = "PACKAGE")]
    package: PathBuf,
    /// The folder to make; it must not be there. [default: the package's name without .sml]
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Everything as it lies in the package, instead of the model alone: model/, model.sig, secureml/.
    #[arg(long)]
    all: bool,
    /// Extract a package that nobody verified. What comes out may be anything.
    #[arg(long)]
    insecure: bool,
    #[command(flatten)]
    trusted: TrustedArgs,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct CatArgs {
    /// The package: a file, or a URL whose server serves ranges of bytes.
    #[arg(value_name = "PACKAGE")]
    package: String,
    /// The file, by its name in the model. It comes when its digest is known, put aside in TMPDIR until then; as it is, with
    /// --format json too, which only tells why nothing comes.
    #[arg(value_name = "FILE")]
    file: String,
    /// Write what nobody verified; any entry of the package can be named then.
    #[arg(long)]
    insecure: bool,
    #[command(flatten)]
    trusted: TrustedArgs,
}

pub(super) fn verify(args: &VerifyArgs, host: &Host) -> Result<Exit, Failure> {
    let name = args.package.as_str();
    let progress = host.progress();
    let mut idle = Vec::new();
    let verdict = if let Some(policy) = &args.policy {
        by_policy(args, policy, &mut idle, &*progress, host)?
    } else {
        let trust = args.trusted.trust(host)?.ok_or_else(nobody_by_policy)?;
        let verdict = if name == "-" {
            verify_package_stream(std::io::stdin(), &trust, host.now, &*progress)
        } else {
            verify_package(&*source::open(name)?, &trust, host.now, &*progress)
        };
        verdict.map_err(failed(name))?
    };
    match verdict {
        PackageVerdict::Refused(mut refused) => {
            refused.findings.append(&mut idle);
            refuse(name, *refused, host)
        }
        PackageVerdict::Accepted(accepted) => {
            accept(name, &accepted, (None, idle), host)?;
            Ok(Exit::Accepted)
        }
    }
}

fn by_policy(
    args: &VerifyArgs,
    policy: &Path,
    idle: &mut Vec<Finding>,
    progress: &dyn Progress,
    host: &Host,
) -> Result<PackageVerdict, Failure> {
    if args.trusted.is_given() {
        return Err(Failure::plain(Exit::Misuse, "a policy is given, and something that policies say")
            .with_help("leave one of the two out: a policy names its signers and what they need itself"));
    }
    let policy = load(policy)?;
    let package = Path::new(&args.package);
    idle.extend(idle_for_package(&policy, package));
    let source = source::local(package)?;
    let instance = args.trusted.access().lazily(host)?;
    let verdict = verify_package_with_policy((package, &source), &policy, &instance, host.now, progress);
    verdict.map_err(|error| match error {
        PackagePolicyError::Policy(error) => undecided(&args.package, &error, options::PACKAGE_VERIFY),
        PackagePolicyError::Open(error) => source::failure(&args.package, &error),
        error => Failure::new(Exit::Undecided, format!("cannot verify {}", args.package), &error),
    })
}

pub(super) fn extract(args: &ExtractArgs, host: &Host) -> Result<Exit, Failure> {
    let name = args.package.display().to_string();
    let target = args.output.clone().unwrap_or_else(|| args.package.with_extension(""));
    let trust = trust(&args.trusted, args.insecure, host)?;
    let package = source::local(&args.package)?;
    let request = ExtractRequest { package: &package, target: &target, all: args.all };
    let deaf = |error| Failure::new(Exit::Undecided, "cannot listen for signals", &error);
    let progress = Interruptible::new(host.progress()).map_err(deaf)?;
    let trust = trust.as_ref().map(|trust| (trust, host.now));
    let extracted = extract_package(&request, trust, &progress);
    if matches!(extracted, Err(OpenError::Hash(HashError::Stopped))) {
        progress.end().map_err(deaf)?;
    }
    match extracted.map_err(failed(&name))? {
        Extracted::Refused(refused) => refuse(&name, *refused, host),
        Extracted::Verified(accepted) => {
            accept(&name, &accepted, (Some(&target.display().to_string()), Vec::new()), host)?;
            Ok(Exit::Accepted)
        }
        Extracted::Unverified => {
            let warnings = unverified();
            let printer = host.printer();
            printer.warnings(&warnings);
            printer.result(&format!("{}: extracted, not verified", target.display()))?;
            let report = report(Exit::Accepted, &name, None).with_output(target.display().to_string());
            printer.report(&report.with_findings(&warnings))?;
            Ok(Exit::Accepted)
        }
    }
}

pub(super) fn cat(args: &CatArgs, host: &Host) -> Result<Exit, Failure> {
    let name = args.package.as_str();
    let trust = trust(&args.trusted, args.insecure, host)?;
    let source = source::open(name)?;
    let open = read(name, &*source)?;
    let mut out = std::io::stdout().lock();
    let Some(trust) = trust else {
        host.printer().warnings(&unverified());
        read_unverified_file(&open, &*source, &args.file, &mut out).map_err(failed(name))?;
        return Ok(Exit::Accepted);
    };
    let authentic = match check_signers(&open, &trust, host.now).map_err(failed(name))? {
        Ok(authentic) => authentic,
        Err(refused) => return refuse(name, refused, host),
    };
    match read_file(&open, &*source, &args.file, &mut out).map_err(failed(name))? {
        Ok(()) => Ok(Exit::Accepted),
        Err(finding) => {
            let refused = PackageRefused { authentic: Some(authentic), findings: vec![finding], fault: None };
            refuse(name, refused, host)
        }
    }
}

/// Whom to trust; `None` only where the user asks for what nobody verified.
fn trust(trusted: &TrustedArgs, insecure: bool, host: &Host) -> Result<Option<TrustRoot>, Failure> {
    let trust = trusted.trust(host)?;
    match (&trust, insecure) {
        (Some(_), true) => {
            Err(Failure::plain(Exit::Misuse, "--insecure goes with no signer").with_help("leave one of the two out"))
        }
        (None, false) => trusted.required(host).map(Some),
        _ => Ok(trust),
    }
}

fn accept(
    name: &str,
    accepted: &AcceptedPackage,
    (output, mut warnings): (Option<&str>, Vec<Finding>),
    host: &Host,
) -> Result<(), Failure> {
    warnings.extend_from_slice(accepted.warnings());
    let printer = host.printer();
    printer.warnings(&warnings);
    say_signer(Some(accepted.authentic()), host);
    match output {
        Some(output) => printer.result(&format!("Verification succeeded, extracted to {output}"))?,
        None => printer.result("Verification succeeded")?,
    }
    let checked: Vec<&str> = accepted.checked().into_iter().map(|algorithm| algorithm.name()).collect();
    let unchecked = accepted.unchecked();
    if !unchecked.is_empty() {
        let text =
            format!("the files were held against {}; not computed: {}", checked.join(", "), unchecked.join(", "));
        printer.note(&format!("{text} (`secureml fingerprint verify` does)"));
    }
    let mut report = report(Exit::Accepted, name, Some(accepted.authentic()))
        .with_checked(checked)
        .with_manifest(Some(accepted.model()))
        .with_findings(&warnings);
    if let Some(output) = output {
        report = report.with_output(output);
    }
    printer.report(&report)?;
    Ok(())
}

/// What is said, quiet or not, where a check was switched off.
fn unverified() -> Vec<Finding> {
    vec![Finding::warning("package-not-verified", "nobody verified the package: what comes out may be anything")]
}
