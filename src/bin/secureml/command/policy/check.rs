use std::path::PathBuf;

use clap::Args;
use secureml::policy::{Policy, PolicyError};
use secureml::render::{Failure as WrittenFailure, Report};

use super::load::{self, DEFAULT};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;
use crate::printer::plain;

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The policy.
    #[arg(value_name = "FILE", default_value = DEFAULT)]
    file: PathBuf,
}

pub(super) fn check(args: &CheckArgs, host: &Host) -> Result<Exit, Failure> {
    let name = args.file.display().to_string();
    let printer = host.printer();
    let policy = match Policy::load(&args.file) {
        Ok(policy) => policy,
        Err(PolicyError::Faults { faults, .. }) => {
            let message = format!("{name} has {}", counted(faults.len(), "fault"));
            printer.failure(&Failure::plain(Exit::Misuse, &*message));
            // As editors and other tools read them: nothing in front of the place, and none left out.
            for fault in &faults {
                printer.line(&format!("{}:{}", plain(&name), plain(&fault.to_string())));
            }
            let findings = load::findings(&args.file, &faults);
            let error = WrittenFailure { message: &message, causes: &[], help: None };
            let report = Report::new("policy", Exit::Misuse.outcome()).with_findings(&findings).with_error(error);
            printer.report(&report)?;
            return Ok(Exit::Misuse);
        }
        Err(error) => return Err(load::failure(&args.file, &error)),
    };
    let warnings = load::warnings(&args.file, &policy, host.now);
    printer.warnings(&warnings);
    let text = format!("{name}: {}", counted(policy.rules().len(), "rule"));
    printer.result(&plain(&text))?;
    printer.report(&Report::new("policy", Exit::Accepted.outcome()).with_text(&text).with_findings(&warnings))?;
    Ok(Exit::Accepted)
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
