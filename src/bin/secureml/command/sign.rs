use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use secureml::manifest::Method;
use secureml::oms::Inspection;
use secureml::ops::{
    DigestRequest, FingerprintOptions, FingerprintTarget, SignRequest, SingleFileName, add_signature, sign,
};
use secureml::render::Report;
use secureml::sign::{KeySigner, Signer};

use super::keyless::KeylessArgs;
use super::keys::PrivateKeyArgs;
use super::signer::certificate_signer;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::flags::{HashArgs, IgnoreArgs};
use crate::host::Host;
use crate::options;
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
    /// Sign once more what the signature at --signature signs, as one of several signers: the new signature goes into the
    /// folder beside it, SIGNATURE.d. The model must still be what was signed, and what the first signature leaves out
    /// must be Git's own or named with --ignore-paths.
    #[arg(long, conflicts_with_all = ["ignore_git_paths", "no_ignore_git_paths", "hash", "method", "shard_size",
          "allow_symlinks", "single_file_name", "fingerprint"])]
    add: bool,
    /// Take and sign a fingerprint in the same read of the model. [default file: SIGNATURE with .fingerprint.sig]
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    fingerprint: Option<Option<PathBuf>>,
}

impl ModelArgs {
    /// Where the signed fingerprint goes, if there is to be one.
    fn fingerprint(&self) -> Option<PathBuf> {
        let beside = || self.signature.with_extension("fingerprint.sig");
        self.fingerprint.as_ref().map(|path| path.clone().unwrap_or_else(beside))
    }
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
            let signer = certificate_signer(&key, &args.signing_certificate, &args.certificate_chain)?;
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
    let progress = host.progress();
    let (options, target) = (FingerprintOptions::default(), args.fingerprint());
    if target.as_ref().is_some_and(|target| is_same_place(target, &args.signature)) {
        return Err(Failure::plain(Exit::Misuse, "signature and fingerprint would be the same file")
            .with_help("give another path with --signature, or with --fingerprint"));
    }
    let fingerprint = target.as_ref().map(|path| FingerprintTarget { options: &options, path });
    let result = if args.add {
        add_signature((&args.model, &selection), &args.signature, signer, &*progress)
    } else {
        sign(&SignRequest { model, signature: &args.signature, single_file, fingerprint }, signer, &*progress)
    };
    let signed = result.map_err(|error| Failure::signing(&name, &error, options::SIGN))?;
    let printer = host.printer();
    printer.warnings(&signed.warnings);
    if let Some(authentic) = &signed.authentic {
        printer.note(&format!("signed by {}", plain(&authentic.identity().to_string())));
        for entry in Inspection::of(&signed.bundle).log_entries {
            let place = entry.link.unwrap_or_else(|| format!("log {}", entry.log));
            printer.note(&format!("logged as entry {}: {}", entry.index, plain(&place)));
        }
    }
    if let Some(path) = &target {
        printer.note(&format!("fingerprint: {}", path.display()));
    }
    if args.add {
        printer.note(&format!("added {}", signed.path.display()));
    }
    printer.result("Signing succeeded")?;
    let report = Report::new("sign", Exit::Accepted.outcome())
        .about(name, Some(signed.path.display().to_string()))
        .signed_by(signed.authentic.as_ref())
        .with_fingerprint(signed.fingerprint.as_ref())
        .with_manifest(Some(&signed.manifest))
        .with_findings(&signed.warnings);
    printer.report(&report)?;
    Ok(Exit::Accepted)
}

/// Whether two paths are the same file, which need not be there yet.
fn is_same_place(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let beside = || std::fs::canonicalize(folder).map(|folder| folder.join(path.file_name().unwrap_or_default()));
        std::fs::canonicalize(path).or_else(|_| beside()).ok()
    };
    place(a).is_some_and(|a| place(b) == Some(a))
}
