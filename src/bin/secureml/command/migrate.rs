use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;
use secureml::finding::Finding;
use secureml::ops::package::Existing;
use secureml::ops::{
    CosignError, MigrateError, MigrateRequest, Migrated, MigratedItem, Migration, MigrationSource, Refused, migrate,
};
use secureml::render::Report;
use secureml::sign::{KeySigner, Signer};
use secureml::verify::Verified;

use super::keyless::KeylessSigningArgs;
use super::signer::{certificate_signer, two_signers};
use super::trusted::{TrustedArgs, nobody};
use super::{fingerprint::say_signer, keys};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint;
use crate::host::Host;
use crate::options::MIGRATE;
use crate::printer::plain;

/// Takes a model and its existing signature over into a package, with a fingerprint.
///
/// The old signature, of any published version of OMS, is verified first, and stays byte for byte. The package is signed
/// with --private-key, or with an identity. A folder of `secureaiml` is taken over with --secureaiml; nothing in it is
/// believed.
#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct MigrateArgs {
    /// The model; with --secureaiml, the folder that `secureaiml` wrote.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The existing signature.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["secureaiml", "cosign_bundle"],
          conflicts_with = "secureaiml")]
    signature: Option<PathBuf>,
    /// A bundle of `cosign sign-blob` over a file of the model, by the same signer; may be repeated. Without --signature
    /// each file of the model must have one.
    #[arg(long, value_name = "FILE", conflicts_with = "secureaiml")]
    cosign_bundle: Vec<PathBuf>,
    /// Where the package is written.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Let the new package take the place of one that is there, with all signatures in it.
    #[arg(long)]
    overwrite: bool,
    /// Sign the model anew as well; the old signature is kept in the package.
    #[arg(long, conflicts_with = "secureaiml")]
    sign_again: bool,
    /// MODEL is a folder of `secureaiml`: its signature proves nothing, so you vouch for the model by signing it.
    #[arg(long)]
    secureaiml: bool,
    #[command(flatten)]
    trusted: TrustedArgs,
    /// Sign the package with this private key. Without it an identity signs.
    #[arg(long, visible_alias = "key", value_name = "PEM")]
    private_key: Option<PathBuf>,
    /// The passphrase of an encrypted key; SECUREML_PASSWORD, or the question at a terminal, is safer.
    #[arg(long, value_name = "TEXT", requires = "private_key")]
    password: Option<SecretString>,
    /// The certificate of the private key.
    #[arg(long, value_name = "PEM", requires = "private_key")]
    signing_certificate: Option<PathBuf>,
    /// Certificates to send along, from the signer's issuer towards the root; may be repeated.
    #[arg(long, value_name = "PEM", requires = "signing_certificate")]
    signing_chain: Vec<PathBuf>,
    #[command(flatten)]
    keyless: KeylessSigningArgs,
}

pub(crate) fn run(args: &MigrateArgs, host: &Host) -> Result<Exit, Failure> {
    let name = args.model.display().to_string();
    let trust = match args.secureaiml {
        true => None,
        false => Some(args.trusted.trust_beside_signer(host)?.ok_or_else(nobody)?),
    };
    let source = match (&args.signature, &trust) {
        (Some(signature), Some(trust)) => MigrationSource::Oms { model: &args.model, signature, trust, now: host.now },
        (None, Some(trust)) => MigrationSource::Cosign { model: &args.model, trust, now: host.now },
        (_, None) => MigrationSource::SecureAiml { folder: &args.model },
    };
    let request = MigrateRequest {
        source,
        output: &args.to,
        existing: if args.overwrite { Existing::Replace } else { Existing::Keep },
        sign_again: args.sign_again,
        blob_bundles: &args.cosign_bundle,
    };
    let progress = host.progress();
    let migration =
        args.with_signer(host, |signer| migrate(&request, signer, &*progress).map_err(|error| failure(&name, &error)))?;
    match migration {
        Migration::Done(migrated) => done(args, &migrated, host),
        Migration::Refused(refused) => refuse(&name, *refused, host),
    }
}

impl MigrateArgs {
    fn with_signer<T>(&self, host: &Host, run: impl FnOnce(&dyn Signer) -> Result<T, Failure>) -> Result<T, Failure> {
        let Some(path) = &self.private_key else {
            return self.keyless.with_signer(&self.trusted.access().instance, host, run);
        };
        if self.keyless.is_given() {
            return Err(two_signers());
        }
        let key = keys::private_key(path, self.password.as_ref(), host)?;
        match &self.signing_certificate {
            None => run(&KeySigner::new(&key)),
            Some(certificate) => run(&certificate_signer(&key, certificate, &self.signing_chain)?),
        }
    }
}

fn done(args: &MigrateArgs, migrated: &Migrated, host: &Host) -> Result<Exit, Failure> {
    let Migrated { created, verified, report } = migrated;
    let printer = host.printer();
    printer.warnings(&created.warnings);
    say_signer(verified.as_ref().map(Verified::authentic), host);
    let mut lines =
        vec![format!("{}: {} files, {} bytes", args.to.display(), created.manifest.files().len(), created.bytes)];
    let line = |label: &str, item: &MigratedItem| format!("{label}: {}: {}", plain(&item.what), plain(&item.how));
    lines.extend(report.carried_over.iter().map(|item| line("carried over", item)));
    lines.extend(report.not_carried_over.iter().map(|item| line("not carried over", item)));
    printer.result(&lines.join("\n"))?;
    let report = Report::new("migrate", Exit::Accepted.outcome())
        .about(args.model.display().to_string(), args.signature.as_ref().map(|path| path.display().to_string()))
        .signed_by(verified.as_ref().map(Verified::authentic))
        .with_manifest(Some(&created.model))
        .with_fingerprint(created.fingerprint.as_ref())
        .with_migration(report)
        .with_output(args.to.display().to_string())
        .with_findings(&created.warnings);
    printer.report(&report)?;
    Ok(Exit::Accepted)
}

fn refuse(name: &str, refused: Refused, host: &Host) -> Result<Exit, Failure> {
    let Refused { verified, findings, fault } = refused;
    let uncovered = fault.is_none() && findings.iter().any(|finding| finding.rule == "file-unsigned");
    let message = if verified.is_some() || uncovered {
        format!("{name} is not what was signed, and is not migrated")
    } else {
        format!("the signature of {name} is not accepted, and nothing is migrated")
    };
    let help =
        fault.as_ref().map(|fault| hint::for_fault(fault, MIGRATE)).or_else(|| hint::for_findings(&findings, MIGRATE));
    let failure = Failure { findings, help, ..Failure::plain(Exit::Refused, message) };
    let printer = host.printer();
    printer.failure(&failure);
    let report = Report::new("migrate", Exit::Refused.outcome())
        .about(name, None)
        .signed_by(verified.as_ref().map(Verified::authentic))
        .with_findings(&failure.findings);
    printer.report(&report)?;
    Ok(Exit::Refused)
}

fn failure(name: &str, error: &MigrateError) -> Failure {
    let (exit, help) = match error {
        MigrateError::Verify(error) => hint::for_verifying(error, MIGRATE),
        MigrateError::Sign(error) => hint::for_signing(error, MIGRATE),
        MigrateError::Cosign(CosignError::Verify(error)) => hint::for_verifying(error, MIGRATE),
        MigrateError::Cosign(_) => (Exit::Undecided, Some("check the path given with --cosign-bundle".to_owned())),
        MigrateError::Create(error) => hint::for_packaging(error, MIGRATE),
        MigrateError::Read(_) | MigrateError::Tree(_) | MigrateError::Path(_) => {
            (Exit::Undecided, Some("check the path".to_owned()))
        }
        MigrateError::NoSecureAiml { .. } => {
            (Exit::Misuse, Some("give the folder that `secureaiml` wrote, such as model.sml".to_owned()))
        }
        MigrateError::Changed => (Exit::Undecided, Some("wait until nothing writes to it, and try again".to_owned())),
        _ => (Exit::Undecided, Some("name a folder that can be written to in TMPDIR".to_owned())),
    };
    let findings: Vec<Finding> = error.findings();
    Failure { help, findings, ..Failure::new(exit, format!("cannot migrate {name}"), error) }
}
