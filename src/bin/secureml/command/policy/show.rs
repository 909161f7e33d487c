use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use secureml::finding::{Finding, Severity};
use secureml::oms::{Bundle, Inspection};
use secureml::ops::signatures;
use secureml::policy::{FormatRule, Policy, Requirement, Rule, Timestamp, Transparency, UnsignedFiles};
use secureml::render::{ModelReport, Report};

use super::hint::for_refused;
use super::load::{DEFAULT, idle_for_package, load, moment};
use crate::command::package;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;
use crate::printer::plain;

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct ShowArgs {
    /// The model, a folder or a single file; or a package.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The policy.
    #[arg(long, value_name = "FILE", default_value = DEFAULT)]
    policy: PathBuf,
}

pub(super) fn show(args: &ShowArgs, host: &Host) -> Result<Exit, Failure> {
    let policy = load(&args.policy)?;
    let name = args.model.display().to_string();
    fs::metadata(&args.model).map_err(|error| {
        Failure::new(Exit::Undecided, format!("cannot read {name}"), &error).with_help("check the path of the model")
    })?;
    let mut lines = looks(&policy, &args.model);
    let rule = policy.rule_for(&args.model);
    let mut findings = Vec::new();
    match rule {
        Some(rule) => {
            lines.extend(described(rule));
            if package::is_package(&args.model) {
                findings.extend(idle_for_package(&policy, &args.model));
                lines.extend(package::signatures(&args.model)?);
            } else {
                let first = rule.signature_path(policy.folder(), &args.model, args.model.is_file());
                lines.extend(there(&first)?);
            }
            if rule.is_expired(moment(host.now)) {
                let text = format!("the rule on line {} has expired", rule.line());
                findings.push(Finding::error("policy-expired", text));
            }
        }
        None => findings.push(Finding::error("policy-no-rule", "the policy has no rule for this model")),
    }
    let is_refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    let exit = if is_refused { Exit::Refused } else { Exit::Accepted };
    let text: String = lines.iter().map(|line| format!("{}\n", plain(line))).collect();
    let printer = host.printer();
    printer.warnings(&findings);
    printer.result(text.trim_end())?;
    if exit == Exit::Refused {
        let (findings, help) = (findings.clone(), for_refused(&findings));
        printer.failure(&Failure { findings, help, ..Failure::plain(exit, format!("no rule accepts {name}")) });
    }
    let model = [ModelReport::new(&*name, exit.outcome()).by_rule(rule).with_findings(&findings)];
    let report = Report::new("policy", exit.outcome()).about(&*name, None).with_models(&model).with_text(&text);
    printer.report(&report.with_findings(&findings))?;
    Ok(exit)
}

/// How each rule looks at the model, in the order in which they are asked.
fn looks(policy: &Policy, model: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut taken = false;
    for look in policy.explain(model) {
        let verdict = match (look.matched, taken) {
            (true, false) => "holds",
            (true, true) => "fits too, and comes too late",
            (false, _) => "does not fit",
        };
        taken |= look.matched;
        lines.push(format!("line {}: {}: {verdict}", look.line, look.path));
    }
    lines
}

/// What a rule asks for; what stands at its default is left out.
fn described(rule: &Rule) -> Vec<String> {
    let mut lines = vec![format!("threshold: {} of {}", rule.threshold(), rule.signers().len())];
    for signer in rule.signers() {
        let who = match &signer.requirement {
            Requirement::Keyless(pattern) => pattern.to_string(),
            Requirement::Key { path, key } => format!("the key {} ({})", path.display(), key.hint()),
            Requirement::Certificate { path, subject, .. } => {
                format!("{subject}, with a certificate by {}", path.display())
            }
        };
        lines.push(format!("{}: {who}", signer.role));
    }
    let mut add = |asked: bool, text: &dyn Fn() -> String| lines.extend(asked.then(text));
    add(rule.transparency() == Transparency::Optional, &|| "transparency: optional".to_owned());
    add(rule.timestamp() == Timestamp::Required, &|| "timestamp: required".to_owned());
    add(rule.hashes().len() < secureml::digest::Algorithm::ALL.len(), &|| {
        format!("hashes: {}", rule.hashes().iter().map(|hash| hash.name()).collect::<Vec<_>>().join(", "))
    });
    add(rule.key_bits() > 256, &|| format!("key-bits: {}", rule.key_bits()));
    add(*rule.formats() != FormatRule::Any, &|| match rule.formats() {
        FormatRule::Deny(formats) => format!("formats: any but {}", names(formats)),
        FormatRule::Allow(formats) => format!("formats: {}", names(formats)),
        FormatRule::Any => String::new(),
    });
    add(!rule.ignore().is_empty(), &|| {
        format!("ignore: {}", rule.ignore().iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    });
    add(rule.unsigned_files() == UnsignedFiles::Ignore, &|| "unsigned-files: ignore".to_owned());
    lines.extend(rule.expires().map(|last| format!("expires: after {last}")));
    lines
}

fn names(formats: &[secureml::model::ModelFormat]) -> String {
    formats.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ")
}

/// Which signatures are where they are looked for, by their own word.
fn there(first: &Path) -> Result<Vec<String>, Failure> {
    let paths = signatures(first)
        .map_err(|error| Failure::new(Exit::Undecided, "cannot read the folder of further signatures", &error))?;
    let line = |path: &PathBuf| match Bundle::read_unlogged(path) {
        Ok(bundle) => {
            let inspection = Inspection::of(&bundle);
            let certificate = inspection.certificate.map(|certificate| certificate.subject);
            let signer = certificate.or(inspection.key).unwrap_or_else(|| "a key without a name".to_owned());
            format!("signature: {}, which says it is by {signer}", path.display())
        }
        Err(_) if !path.exists() => format!("signature: {}, which is not there", path.display()),
        Err(error) => format!("signature: {}, which cannot be used: {error}", path.display()),
    };
    Ok(paths.iter().map(line).collect())
}
