use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use secureml::crypto::{Certificate, PublicKey};
use secureml::finding::Finding;
use secureml::io::{AtomicFile, WriteError};
use secureml::ops::{ObserveError, ObserveRequest, Observed, Selection, observe_signers};
use secureml::policy::{NewRequirement, NewRule, NewSigner, Timestamp, Transparency};
use secureml::render::{ModelReport, Report};

use super::exclusive::Exclusive;
use super::load::DEFAULT;
use super::pinned::Target;
use super::verify::undecided;
use crate::command::instance::AccessArgs;
use crate::command::keys;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint;
use crate::host::Host;
use crate::options;
use crate::printer::plain;

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct LockArgs {
    /// The model: a folder, or a single file, in the policy's folder or below.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The first signature; those that were added lie beside it, in SIGNATURE.d. [default: MODEL/model.sig, or MODEL.sig
    /// of a file]
    #[arg(long, value_name = "PATH")]
    signature: Option<PathBuf>,
    /// The policy; it is begun where there is none.
    #[arg(long, value_name = "FILE", default_value = DEFAULT)]
    policy: PathBuf,
    /// What a signer is to the model, such as training; once for each signer, in the order in which they are shown.
    /// [default: signer, or signer-1, signer-2 and so on]
    #[arg(long, value_name = "NAME")]
    role: Vec<String>,
    /// A public key that you trust; may be repeated. No signature tells its key, so this is needed for each.
    #[arg(long, value_name = "PEM")]
    public_key: Vec<PathBuf>,
    /// CA certificates that you trust; may be repeated. Needed for signatures with certificates.
    #[arg(long, value_name = "PEM")]
    certificate_chain: Vec<PathBuf>,
    /// Pin the signers without asking.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    access: AccessArgs,
}

pub(super) fn lock(args: &LockArgs, host: &Host) -> Result<Exit, Failure> {
    let name = args.model.display().to_string();
    let target = Target::read(&args.policy)?;
    let path = target.relative_model(&args.model)?;
    if let Some(line) = target.line_of_rule_for(&args.model)? {
        let message = format!("{} has a rule for {name} already, on line {line}", args.policy.display());
        return Err(Failure::plain(Exit::Refused, message).with_help("change that rule by hand, or remove it first"));
    }
    let default = default_signature(&args.model);
    let first = args.signature.clone().unwrap_or_else(|| default.clone());
    let observed = match observe(args, &target, &first, host)? {
        Ok(observed) => observed,
        Err(findings) => {
            let help = hint::for_findings(&findings, options::LOCK);
            let message = format!("the signers of {name} cannot be pinned");
            return Err(Failure { findings, help, ..Failure::plain(Exit::Refused, message) });
        }
    };
    let rule = NewRule {
        path,
        signature: if is_same(&first, &default) { None } else { Some(signature(&target, &first)?) },
        signers: signers(&observed, &args.role)?,
        threshold: None,
        transparency: Transparency::default(),
        timestamp: Timestamp::default(),
    };
    let (text, line) = target.with(&rule, &args.model)?;
    host.printer().warnings(&observed.warnings);
    confirm(args, &listing(&name, &rule, &observed), host)?;
    replace(&args.policy, &target, &text)?;
    done(args, &rule, line, &observed, host)?;
    Ok(Exit::Accepted)
}

/// Where a rule looks by itself.
fn default_signature(model: &Path) -> PathBuf {
    if !model.is_file() {
        return model.join("model.sig");
    }
    let mut name = model.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || fs::canonicalize(one).ok().zip(fs::canonicalize(other).ok()).is_some_and(|(one, other)| one == other)
}

/// How the rule names the signature.
fn signature(target: &Target<'_>, path: &Path) -> Result<String, Failure> {
    let named = target.relative(path)?;
    if named.contains("{model}") {
        return Err(Failure::plain(
            Exit::Misuse,
            format!("{named} cannot stand in a policy: {{model}} has a meaning there"),
        )
        .with_help("give the signature another name"));
    }
    Ok(named)
}

fn observe(
    args: &LockArgs,
    target: &Target<'_>,
    first: &Path,
    host: &Host,
) -> Result<Result<Observed, Vec<Finding>>, Failure> {
    let keys: Vec<(String, PublicKey)> = args
        .public_key
        .iter()
        .map(|path| Ok((target.relative(path)?, keys::public_key(path)?)))
        .collect::<Result<_, Failure>>()?;
    let authorities: Vec<(String, Vec<Certificate>)> = args
        .certificate_chain
        .iter()
        .map(|path| Ok((target.relative(path)?, keys::certificates(path)?)))
        .collect::<Result<_, Failure>>()?;
    let request = ObserveRequest {
        model: &args.model,
        signature: first,
        selection: &Selection::default(),
        keys: &keys,
        authorities: &authorities,
    };
    let instance = args.access.lazily(host)?;
    let name = args.model.display().to_string();
    observe_signers(&request, &instance, host.now, &*host.progress()).map_err(|error| match &error {
        ObserveError::Verify(error) => undecided(&name, error, options::LOCK),
        ObserveError::NoKey { .. } => Failure::plain(Exit::Misuse, error.to_string())
            .with_help("get the key from its owner, and give it with --public-key"),
        _ => Failure::plain(Exit::Misuse, error.to_string())
            .with_help("get the CA's certificate from those who run it, and give it with --certificate-chain"),
    })
}

/// The signers with their roles.
fn signers(observed: &Observed, roles: &[String]) -> Result<Vec<NewSigner>, Failure> {
    let count = observed.signers.len();
    let roles: Vec<String> = match (roles.len(), count) {
        (0, 1) => vec!["signer".to_owned()],
        (0, _) => (1..=count).map(|number| format!("signer-{number}")).collect(),
        (given, _) if given == count => roles.to_vec(),
        (given, _) => {
            let message = format!("{given} roles are given, and there are {count} signers");
            return Err(
                Failure::plain(Exit::Misuse, message).with_help("give --role once for each signer, or not at all")
            );
        }
    };
    let signers = observed.signers.iter().zip(roles);
    Ok(signers.map(|(signer, role)| NewSigner { role, requirement: signer.requirement.clone() }).collect())
}

/// What is about to be trusted, for a person.
fn listing(name: &str, rule: &NewRule, observed: &Observed) -> String {
    let mut lines = vec![format!("{} is signed by", plain(name))];
    for (signer, seen) in rule.signers.iter().zip(&observed.signers) {
        let given = match &signer.requirement {
            NewRequirement::Keyless { .. } => String::new(),
            NewRequirement::Key { path } | NewRequirement::Certificate { path, .. } => format!(", known by {path}"),
        };
        let time = seen.authentic.times().first().map(|time| format!(", on {time:.0}")).unwrap_or_default();
        let text = format!("{}: {}{given}{time} ({})", signer.role, seen.authentic.identity(), seen.bundle.display());
        lines.push(format!("  {}", plain(&text)));
    }
    lines.join("\n")
}

/// Asks a person, unless told not to.
fn confirm(args: &LockArgs, listing: &str, host: &Host) -> Result<(), Failure> {
    if args.yes {
        host.printer().note(listing);
        return Ok(());
    }
    let policy = plain(&args.policy.display().to_string());
    match host.prompt().confirm(&format!("{listing}\nAre these the right signers, to be pinned in {policy}?")) {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::plain(Exit::Refused, "the signers were not confirmed, nothing was written")),
        None => {
            host.printer().note(listing);
            Err(Failure::plain(Exit::Misuse, "nobody is here to confirm the signers, nothing was written")
                .with_help("look at them, and give --yes if they are the right ones"))
        }
    }
}

/// Puts the new text in the place of the one that was read, and of no other: what somebody else wrote while this one was
/// looked at, be it for minutes or in this very moment, is not lost.
fn replace(path: &Path, target: &Target<'_>, text: &str) -> Result<(), Failure> {
    let failed = |source| WriteError { path: path.to_owned(), source };
    let unwritable = |error: WriteError| {
        Failure::new(Exit::Undecided, format!("cannot write {}", path.display()), &error)
            .with_help("give a place that can be written to with --policy")
    };
    let exclusive = Exclusive::take(path).map_err(failed).map_err(unwritable)?;
    if exclusive.is_none() || !target.is_unchanged()? {
        let message = format!("{} changed while the signers were looked at, and was left as it is", path.display());
        return Err(
            Failure::plain(Exit::Undecided, message).with_help("run it again: it begins with what is there now")
        );
    }
    let write = || {
        let mut file = AtomicFile::create(path)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.commit()
    };
    write().map_err(unwritable)
}

fn done(args: &LockArgs, rule: &NewRule, line: u64, observed: &Observed, host: &Host) -> Result<(), Failure> {
    let (name, policy) = (args.model.display().to_string(), args.policy.display().to_string());
    let printer = host.printer();
    printer.result(&plain(&format!("pinned the signers of {name} in {policy}, line {line}")))?;
    let mut model = ModelReport::new(&*name, Exit::Accepted.outcome()).with_manifest(Some(&observed.manifest));
    for (signer, seen) in rule.signers.iter().zip(&observed.signers) {
        model = model.signed_by(&signer.role, seen.bundle.display().to_string(), &seen.authentic);
    }
    let models = [model];
    let report = Report::new("policy", Exit::Accepted.outcome())
        .about(name, None)
        .with_models(&models)
        .with_output(policy)
        .with_findings(&observed.warnings);
    printer.report(&report)?;
    Ok(())
}
