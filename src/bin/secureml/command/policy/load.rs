use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use secureml::finding::Finding;
use secureml::policy::{Fault, Policy, PolicyError};

use crate::exit::Exit;
use crate::failure::Failure;

/// Reads a policy to go by.
pub(crate) fn load(path: &Path) -> Result<Policy, Failure> {
    Policy::load(path).map_err(|error| failure(path, &error))
}

pub(super) fn failure(path: &Path, error: &PolicyError) -> Failure {
    let message = format!("cannot use the policy {}", path.display());
    match error {
        PolicyError::Faults { faults, .. } => {
            let findings = findings(path, faults);
            let help = Some("mend what is wrong; `secureml policy check` shows all of it".to_owned());
            Failure { findings, help, ..Failure::plain(Exit::Misuse, message) }
        }
        error => Failure::new(Exit::Undecided, message, error)
            .with_help("check the path; `secureml policy lock` begins a policy where there is none"),
    }
}

/// The faults of a policy, each with its place.
pub(super) fn findings(path: &Path, faults: &[Fault]) -> Vec<Finding> {
    faults.iter().map(|fault| Finding::error("policy-fault", &*fault.message).at(place(path, fault))).collect()
}

/// What is worth knowing of a policy without faults, each with its place.
pub(super) fn warnings(path: &Path, policy: &Policy, now: Duration) -> Vec<Finding> {
    let warning = |rule, fault: &Fault| Finding::warning(rule, &*fault.message).at(place(path, fault));
    let expired = policy.expired(moment(now));
    let expired = expired.iter().map(|fault| warning("policy-expired", fault));
    expired.chain(policy.idle().iter().map(|fault| warning("policy-idle", fault))).collect()
}

/// What the rule for a package says to no effect.
pub(crate) fn idle_for_package(policy: &Policy, package: &Path) -> Vec<Finding> {
    let Some(rule) = policy.rule_for(package) else { return Vec::new() };
    let text = |key| format!("`{key}` in the rule on line {} has no effect on a package", rule.line());
    rule.idle_in_packages().map(|key| Finding::warning("policy-idle", text(key))).collect()
}

/// The time, for rules that expire; one beyond all calendars is after all of them.
pub(super) fn moment(now: Duration) -> Timestamp {
    i64::try_from(now.as_secs()).ok().and_then(|now| Timestamp::from_second(now).ok()).unwrap_or(Timestamp::MAX)
}

fn place(path: &Path, fault: &Fault) -> String {
    format!("{}:{}:{}", path.display(), fault.line, fault.column)
}

/// The policy that is used where none is named.
pub(super) const DEFAULT: &str = ".secureml.yaml";
