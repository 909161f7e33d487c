use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use secureml::manifest::Method;
use secureml::oms::Inspection;
use secureml::ops::{DigestRequest, SignRequest, SingleFileName, sign};
use secureml::render::Report;
use secureml::sign::{CertificateSigner, KeySigner, SignError, Signer};
use secureml::verify::Verified;

use super::keyless::KeylessArgs;
use super::keys::{self, PrivateKeyArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::flags::{HashArgs, IgnoreArgs};
use crate::host::Host;
use crate::printer::plain;

/// Signs a model; the signature is a Sigstore bundle in a file of its own.
#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    #[command(subcommand)]
    method: SignMethod,
}

#[derive(Debug, Subcommand)]
enum SignMethod {
    /// Sign with a private key; verifiers need the public key.
    Key(KeyArgs),
    /// Sign with a private key and the certificate that speaks for it; verifiers need the CA's certificate.
    Certificate(CertificateArgs),
    /// Sign with an identity (keyless): that of the CI job, or your own; the method when none is named.
    Sigstore(Box<SigstoreArgs>),
    #[command(hide = true)]
    Pkcs11Key(Absent),
    #[command(hide = true)]
    Pkcs11Certificate(Absent),
}

/// A method that this version does not have, with whatever stands behind it.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
struct Absent {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _words: Vec<OsString>,
}

impl Absent {
    fn failure(method: &str) -> Failure {
        Failure::plain(Exit::Misuse, format!("`sign {method}` is not in this version"))
            .with_help("use another method: `secureml sign --help` lists them")
    }
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
struct KeyArgs {
    #[command(flatten)]
    key: PrivateKeyArgs,
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
struct CertificateArgs {
    #[command(flatten)]
    key: PrivateKeyArgs,
    /// The certificate of the private key; further certificates in the file are not used.
    #[arg(long, value_name = "PEM")]
    signing_certificate: PathBuf,
    /// Certificates to send along, from the signer's issuer towards the root; may be repeated.
    #[arg(long, value_name = "PEM")]
    certificate_chain: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
struct SigstoreArgs {
    #[command(flatten)]
    signing: KeylessArgs,
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(Debug, Args)]
struct ModelArgs {
    /// The model: a folder, or a single file.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Where the signature is written.
    #[arg(long, value_name = "PATH", default_value = "model.sig")]
    signature: PathBuf,
    #[command(flatten)]
    ignore: IgnoreArgs,
    #[command(flatten)]
    hash: HashArgs,
    /// How a model that is a single file is listed. The reference tool knows `dot` alone; OMS 1.0 asks for `basename`.
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    single_file_name: SingleFile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum SingleFile {
    #[default]
    Dot,
    Basename,
}

pub(crate) fn run(args: &SignArgs, host: &Host) -> Result<Exit, Failure> {
    match &args.method {
        SignMethod::Key(args) => {
            let method = args.model.hash.method()?;
            let key = args.key.open(host)?;
            run_with(&args.model, method, &KeySigner::new(&key), host)
        }
        SignMethod::Certificate(args) => {
            let method = args.model.hash.method()?;
            let key = args.key.open(host)?;
            let leaf = keys::certificates(&args.signing_certificate)?.into_iter().next();
            let Some(leaf) = leaf else { return Err(Failure::plain(Exit::Undecided, "no signing certificate")) };
            let mut others = Vec::new();
            for path in &args.certificate_chain {
                others.extend(keys::certificates(path)?);
            }
            let signer = CertificateSigner::new(&key, leaf, others).map_err(|error| unusable(&error))?;
            run_with(&args.model, method, &signer, host)
        }
        SignMethod::Sigstore(args) => {
            let method = args.model.hash.method()?;
            args.signing.with_signer(host, |signer| run_with(&args.model, method, signer, host))
        }
        SignMethod::Pkcs11Key(_) => Err(Absent::failure("pkcs11-key")),
        SignMethod::Pkcs11Certificate(_) => Err(Absent::failure("pkcs11-certificate")),
    }
}

fn unusable(error: &SignError) -> Failure {
    Failure::new(Exit::Undecided, "cannot use the signing certificate", error)
        .with_help("give the certificate that was issued for this private key with --signing-certificate")
}

fn run_with(args: &ModelArgs, method: Method, signer: &dyn Signer, host: &Host) -> Result<Exit, Failure> {
    let selection = args.ignore.selection();
    let model = DigestRequest {
        model: &args.model,
        method,
        algorithm: args.hash.algorithm(),
        symlinks: args.hash.symlinks(),
        selection: &selection,
    };
    let single_file = match args.single_file_name {
        SingleFile::Dot => SingleFileName::Dot,
        SingleFile::Basename => SingleFileName::Basename,
    };
    let name = args.model.display().to_string();
    let request = SignRequest { model, signature: &args.signature, single_file };
    let progress = host.progress();
    let result = sign(&request, signer, &*progress);
    let signed = result.map_err(|error| Failure::signing(&name, &error))?;
    let printer = host.printer();
    printer.warnings(&signed.warnings);
    if let Some(verified) = &signed.verified {
        printer.note(&format!("signed by {}", plain(&verified.identity().to_string())));
        for entry in Inspection::of(&signed.bundle).log_entries {
            let place = entry.link.unwrap_or_else(|| format!("log {}", entry.log));
            printer.note(&format!("logged as entry {}: {}", entry.index, plain(&place)));
        }
    }
    printer.result("Signing succeeded")?;
    let report = Report::new("sign", Exit::Accepted.outcome())
        .about(name, Some(args.signature.display().to_string()))
        .signed_by(signed.verified.as_ref().map(Verified::identity))
        .signed_at(signed.verified.as_ref().map(Verified::times).unwrap_or_default())
        .with_manifest(Some(&signed.manifest))
        .with_findings(&signed.warnings);
    printer.report(&report)?;
    Ok(Exit::Accepted)
}
