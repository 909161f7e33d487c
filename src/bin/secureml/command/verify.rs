use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use secureml::crypto::Certificate;
use secureml::finding::Finding;
use secureml::manifest::UnsignedFiles;
use secureml::oms::{Bundle, Material};
use secureml::ops::{Links, Refused, Verdict, VerifyRequest, verify};
use secureml::render::Report;
use secureml::trust::{Identity, TrustRoot};
use secureml::verify::Verified;

use super::{keys, policy, trusted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::flags::IgnoreArgs;
use crate::hint;
use crate::host::Host;
use crate::options::VERIFY;
use crate::printer::plain;

/// Verifies a model against its signature.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(subcommand)]
    method: VerifyMethod,
}

#[derive(Debug, Subcommand)]
enum VerifyMethod {
    /// Verify a signature made with a private key.
    Key(KeyArgs),
    /// Verify a signature made with a certificate.
    Certificate(CertificateArgs),
    /// Verify a signature made with an identity (keyless); the method when none is named.
    Sigstore(Box<SigstoreArgs>),
    /// Verify models by a policy; the method where --policy is given and none is named.
    Policy(Box<policy::PolicyVerifyArgs>),
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
struct SigstoreArgs {
    #[command(flatten)]
    signer: trusted::SigstoreTrustArgs,
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
struct KeyArgs {
    /// The signer's public key in PEM.
    #[arg(long, value_name = "PEM")]
    public_key: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
struct CertificateArgs {
    /// Trusted certificates; may be repeated. A signature is trusted if its certificate leads to a self-signed one of
    /// these; without this option, to a root of the operating system.
    #[arg(long, value_name = "PEM")]
    certificate_chain: Vec<PathBuf>,
    /// Print the fingerprints of all certificates to standard error.
    #[arg(long)]
    log_fingerprints: bool,
    /// Judge the certificates at the start of the signer's own instead of now, as the reference tool does: expired ones
    /// are accepted then.
    #[arg(long)]
    allow_expired_certificates: bool,
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the reference tool, and clap wants both of a pair"
)]
struct ModelArgs {
    /// The model: a folder, or a single file.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The signature to verify.
    #[arg(long, value_name = "PATH")]
    signature: PathBuf,
    #[command(flatten)]
    ignore: IgnoreArgs,
    /// Accept files that nobody signed; they are not looked at. Every signed file is still checked.
    #[arg(long, overrides_with = "no_ignore_unsigned_files")]
    ignore_unsigned_files: bool,
    /// Refuse a model with files that nobody signed (the default).
    #[arg(long, overrides_with = "ignore_unsigned_files")]
    no_ignore_unsigned_files: bool,
    /// For compatibility; whether links are followed is taken from the signature.
    #[arg(long, conflicts_with = "deny_symlinks")]
    allow_symlinks: bool,
    /// Refuse links even where the signer followed them.
    #[arg(long)]
    deny_symlinks: bool,
}

pub(crate) fn run(args: &VerifyArgs, host: &Host) -> Result<Exit, Failure> {
    match &args.method {
        VerifyMethod::Key(args) => run_with(&args.model, &TrustRoot::Key(keys::public_key(&args.public_key)?), host),
        VerifyMethod::Certificate(args) => {
            let trust = trusted::certificates(&args.certificate_chain, args.allow_expired_certificates)?;
            if let (true, TrustRoot::Certificates { anchors, .. }) = (args.log_fingerprints, &trust) {
                log_fingerprints(anchors, &args.model.signature, host);
            }
            run_with(&args.model, &trust, host)
        }
        VerifyMethod::Sigstore(args) if !args.signer.identity.is_given() => Err(trusted::nobody().with_help(
            "give --identity-provider URL with --identity WHO or one of its patterns; or verify with `secureml verify \
             key`, `secureml verify certificate` or `secureml verify --policy FILE`",
        )),
        VerifyMethod::Sigstore(args) => run_with(&args.model, &args.signer.trust(host)?, host),
        VerifyMethod::Policy(args) => policy::verify(args, host),
    }
}

fn run_with(args: &ModelArgs, trust: &TrustRoot, host: &Host) -> Result<Exit, Failure> {
    let selection = args.ignore.selection();
    let request = VerifyRequest {
        model: &args.model,
        signature: &args.signature,
        selection: &selection,
        unsigned_files: if args.ignore_unsigned_files { UnsignedFiles::Ignore } else { UnsignedFiles::Refuse },
        links: if args.deny_symlinks { Links::Refuse } else { Links::AsSigned },
    };
    let name = args.model.display().to_string();
    let progress = host.progress();
    let result = verify(&request, trust, host.now, &*progress);
    let printer = host.printer();
    let signature = Some(args.signature.display().to_string());
    match result.map_err(|error| Failure::verifying(&name, &error))? {
        Verdict::Accepted { verified, warnings } => {
            printer.warnings(&warnings);
            if let identity @ Identity::Keyless { .. } = verified.authentic().identity() {
                printer.note(&format!("signed by {}", plain(&identity.to_string())));
            }
            printer.report(&report(Exit::Accepted, Some(&verified), &warnings).about(name, signature))?;
            printer.result("Verification succeeded")?;
            Ok(Exit::Accepted)
        }
        Verdict::Refused(Refused { verified, findings, fault }) => {
            let message = if verified.is_some() {
                format!("{name} is not what was signed")
            } else {
                format!("the signature {} is not accepted", args.signature.display())
            };
            let failure = Failure { findings, help: None, ..Failure::plain(Exit::Refused, message) };
            let help = fault.as_ref().map(|fault| hint::for_fault(fault, VERIFY));
            let help = help.or_else(|| hint::for_findings(&failure.findings, VERIFY));
            let failure = Failure { help, ..failure };
            printer.failure(&failure);
            printer.warnings(&failure.findings);
            printer.report(&report(Exit::Refused, verified.as_ref(), &failure.findings).about(name, signature))?;
            Ok(Exit::Refused)
        }
    }
}

fn report<'a>(exit: Exit, verified: Option<&'a Verified>, findings: &'a [Finding]) -> Report<'a> {
    Report::new("verify", exit.outcome())
        .signed_by(verified.map(Verified::authentic))
        .with_manifest(verified.map(Verified::manifest))
        .with_findings(findings)
}

/// As the reference tool prints them: trusted certificates first, then those of the signature, its own one last.
fn log_fingerprints(anchors: &[Certificate], signature: &Path, host: &Host) {
    for anchor in anchors {
        host.printer().note(&format!("[  init  ] sha256 Fingerprint: {}", anchor.fingerprint()));
    }
    // A bundle that cannot be read is reported by the verification that follows.
    if let Ok(Bundle { material: Material::Chain { leaf, others }, .. }) = Bundle::read(signature) {
        for certificate in others.iter().chain([&*leaf]) {
            host.printer().note(&format!("[ verify ] sha256 Fingerprint: {}", certificate.fingerprint()));
        }
    }
}
