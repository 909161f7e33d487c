use clap::{Args, Subcommand};
use secureml::policy::schema;
use secureml::render::Report;

use super::{check, lock, show};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;

/// Policies: a file, .secureml.yaml, that says who must have signed which models.
///
/// `secureml verify --policy FILE MODEL…` verifies models by it.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    action: PolicyAction,
}

#[derive(Debug, Subcommand)]
enum PolicyAction {
    /// Look for faults in a policy: each is printed as `file:line:column: message`, and the exit code is 2.
    ///
    /// Rules that have expired, so that they refuse their models, and what has no effect are warnings, with their places:
    /// the exit code stays 0.
    Check(check::CheckArgs),
    /// Show which rule of a policy holds for a model, and why.
    Show(show::ShowArgs),
    /// Pin the signers of a signed model: trust on first use. The signatures must hold and the model be what they are
    /// over; whether these are the right signers is for you to say.
    Lock(Box<lock::LockArgs>),
    /// Print the JSON Schema of policies, for editors.
    Schema,
}

pub(crate) fn run(args: &PolicyArgs, host: &Host) -> Result<Exit, Failure> {
    match &args.action {
        PolicyAction::Check(args) => check::check(args, host),
        PolicyAction::Show(args) => show::show(args, host),
        PolicyAction::Lock(args) => lock::lock(args, host),
        PolicyAction::Schema => {
            let text = format!("{:#}", schema());
            host.printer().result(&text)?;
            host.printer().report(&Report::new("policy", Exit::Accepted.outcome()).with_text(&text))?;
            Ok(Exit::Accepted)
        }
    }
}
