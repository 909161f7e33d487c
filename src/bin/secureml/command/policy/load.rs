use std::path::Path;

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
    let finding = |fault: &Fault| {
        let place = format!("{}:{}:{}", path.display(), fault.line, fault.column);
        Finding::error("policy-fault", &*fault.message).at(place)
    };
    faults.iter().map(finding).collect()
}

/// The policy that is used where none is named.
pub(super) const DEFAULT: &str = ".secureml.yaml";
