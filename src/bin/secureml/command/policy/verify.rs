use std::path::{Path, PathBuf};

use clap::Args;
use secureml::finding::Finding;
use secureml::ops::{
    Links, PolicyRefused, PolicyRequest, PolicyVerdict, PolicyVerifyError, VerifyModelError, verify_with_policy,
};
use secureml::policy::Rule;
use secureml::render::{Failure as WrittenFailure, ModelReport, Report};
use secureml::verify::Accepted;

use super::hint::{for_package, for_refused};
use super::load::{DEFAULT, load};
use crate::command::instance::{AccessArgs, no_trust_root};
use crate::command::package;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::flags::IgnoreArgs;
use crate::hint;
use crate::host::Host;
use crate::options::{self, Options};
use crate::printer::plain;

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct PolicyVerifyArgs {
    /// The models: folders, or single files. The worst verdict is the command's.
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<PathBuf>,
    /// The policy, which says for each model where its signatures are and who must have signed.
    #[arg(long, value_name = "FILE", default_value = DEFAULT, num_args = 0..=1, default_missing_value = DEFAULT)]
    policy: PathBuf,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    ignore: IgnoreArgs,
    /// Refuse links even where the signers followed them.
    #[arg(long)]
    deny_symlinks: bool,
}

/// What came of one model.
struct Judged<'a> {
    name: String,
    exit: Exit,
    is_package: bool,
    rule: Option<&'a Rule>,
    accepted: Option<Accepted>,
    findings: Vec<Finding>,
    /// Why there is no verdict.
    failure: Option<Failure>,
}

pub(crate) fn verify(args: &PolicyVerifyArgs, host: &Host) -> Result<Exit, Failure> {
    let policy = load(&args.policy)?;
    let instance = args.access.lazily(host)?;
    let selection = args.ignore.selection();
    let links = if args.deny_symlinks { Links::Refuse } else { Links::AsSigned };
    let mut judged = Vec::new();
    for model in &args.models {
        let request = PolicyRequest { policy: &policy, model, selection: &selection, links };
        let verdict = verify_with_policy(&request, &instance, host.now, &*host.progress());
        let one = Judged::new(model, verdict);
        one.say(host)?;
        judged.push(one);
    }
    let exit = judged.iter().map(|one| one.exit).max_by_key(|exit| severity(*exit)).unwrap_or(Exit::Undecided);
    report(exit, &judged, host)?;
    Ok(exit)
}

impl<'a> Judged<'a> {
    fn new(model: &Path, verdict: Result<PolicyVerdict<'a>, PolicyVerifyError>) -> Self {
        let name = model.display().to_string();
        let is_package = package::is_package(model);
        match verdict {
            Ok(PolicyVerdict::Accepted { rule, accepted, warnings: findings }) => {
                let (rule, accepted) = (Some(rule), Some(accepted));
                Self { name, exit: Exit::Accepted, is_package, rule, accepted, findings, failure: None }
            }
            Ok(PolicyVerdict::Refused(PolicyRefused { rule, accepted, findings })) => {
                Self { name, exit: Exit::Refused, is_package, rule, accepted, findings, failure: None }
            }
            Err(error) => {
                let failure = undecided(&name, &error, options::VERIFY_BY_POLICY);
                let findings = Vec::new();
                Self {
                    name,
                    exit: failure.exit,
                    is_package,
                    rule: None,
                    accepted: None,
                    findings,
                    failure: Some(failure),
                }
            }
        }
    }

    fn say(&self, host: &Host) -> Result<(), Failure> {
        let printer = host.printer();
        match (&self.failure, self.exit) {
            (Some(failure), _) => printer.failure(failure),
            (None, Exit::Accepted) => {
                printer.warnings(&self.findings);
                for counted in self.accepted.iter().flat_map(Accepted::signatures) {
                    let identity = counted.authentic().identity();
                    printer.note(&plain(&format!("{}: signed by {identity} as {}", self.name, counted.role())));
                }
                printer.result(&format!("{}: Verification succeeded", plain(&self.name)))?;
            }
            (None, _) => {
                let message = match &self.accepted {
                    Some(_) => format!("{} is not what its signers signed, or not as the policy wants it", self.name),
                    None => format!("the policy does not accept {}", self.name),
                };
                let help = if self.is_package { for_package(&self.findings) } else { for_refused(&self.findings) };
                let findings = self.findings.clone();
                printer.failure(&Failure { findings, help, ..Failure::plain(Exit::Refused, message) });
                printer.warnings(&self.findings);
            }
        }
        Ok(())
    }

    fn report(&self) -> ModelReport<'_> {
        let mut report = ModelReport::new(&*self.name, self.exit.outcome())
            .by_rule(self.rule)
            .with_manifest(self.accepted.as_ref().map(Accepted::manifest))
            .with_findings(&self.findings);
        for counted in self.accepted.iter().flat_map(Accepted::signatures) {
            report = report.signed_by(counted.role(), counted.bundle(), counted.authentic());
        }
        match &self.failure {
            Some(failure) => report.with_error(written(failure)),
            None => report,
        }
    }
}

fn report(exit: Exit, judged: &[Judged<'_>], host: &Host) -> Result<(), Failure> {
    let models: Vec<ModelReport<'_>> = judged.iter().map(Judged::report).collect();
    let findings: Vec<Finding> = judged.iter().flat_map(|one| one.findings.iter().cloned()).collect();
    let mut report = Report::new("verify", exit.outcome()).with_models(&models).with_findings(&findings);
    if let Some(failure) = judged.iter().find_map(|one| one.failure.as_ref()) {
        report = report.with_error(written(failure));
    }
    host.printer().report(&report)?;
    Ok(())
}

fn written(failure: &Failure) -> WrittenFailure<'_> {
    WrittenFailure { message: &failure.message, causes: &failure.causes, help: failure.help.as_deref() }
}

/// Why there is no verdict, and what to do.
pub(crate) fn undecided(name: &str, error: &PolicyVerifyError, options: Options) -> Failure {
    match error {
        PolicyVerifyError::Instance(error) => no_trust_root(error, options),
        PolicyVerifyError::Verify(VerifyModelError::Signature(_)) | PolicyVerifyError::Folder { .. } => {
            Failure::new(Exit::Undecided, format!("cannot verify {name}"), error)
                .with_help("make the signatures readable for this user")
        }
        PolicyVerifyError::Verify(inner) => {
            let (exit, help) = hint::for_verifying(inner, options);
            Failure { help, ..Failure::new(exit, format!("cannot verify {name}"), inner) }
        }
        error => Failure::new(Exit::Undecided, format!("cannot verify {name}"), error),
    }
}

/// Which of several ends is the worst: to know nothing is worse than to know that something is wrong.
const fn severity(exit: Exit) -> u8 {
    match exit {
        Exit::Accepted => 0,
        Exit::Refused => 1,
        Exit::Misuse => 2,
        Exit::Undecided => 3,
    }
}
