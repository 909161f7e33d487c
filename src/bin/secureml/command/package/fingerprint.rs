//! The fingerprint that a package carries, and packages held against fingerprints.

use std::path::Path;

use secureml::finding::Finding;
use secureml::fingerprint::Fingerprint;
use secureml::ops::SignedState;
use secureml::ops::package::{PackageRefused, check_signers, compare_package_with_fingerprint, package_fingerprint};
use secureml::progress::Progress;
use secureml::trust::TrustRoot;

use super::open::{failed, read};
use super::source;
use crate::command::read::Known;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint;
use crate::host::Host;
use crate::options;

/// The fingerprint in a package; where it is said whom to trust, the package must be signed by him.
pub(crate) fn carried_fingerprint(path: &Path, trust: Option<&TrustRoot>, host: &Host) -> Result<Known, Failure> {
    let name = path.display().to_string();
    let source = source::local(path)?;
    let open = read(&name, &source)?;
    let signed = match trust {
        None => SignedState::Unchecked,
        Some(trust) => match check_signers(&open, trust, host.now).map_err(failed(&name))? {
            Ok(authentic) => SignedState::Checked(Box::new(authentic)),
            Err(refused) => return Err(refusal(&name, refused)),
        },
    };
    match package_fingerprint(&open, &source).map_err(failed(&name))? {
        Ok(fingerprint) => Ok(Known { fingerprint, signed }),
        Err(refused) => Err(refusal(&name, refused)),
    }
}

/// Holds the model in a package against a fingerprint.
pub(crate) fn compare(
    path: &Path,
    fingerprint: &Fingerprint,
    progress: &dyn Progress,
) -> Result<Vec<Finding>, Failure> {
    let name = path.display().to_string();
    let source = source::local(path)?;
    let open = read(&name, &source)?;
    compare_package_with_fingerprint(&open, &source, fingerprint, progress).map_err(failed(&name))
}

fn refusal(name: &str, refused: PackageRefused) -> Failure {
    let help = refused.fault.as_ref().map(|fault| hint::for_fault(fault, options::FINGERPRINT_VERIFY));
    let message = format!("the fingerprint in {name} is not accepted");
    Failure { findings: refused.findings, help, ..Failure::plain(Exit::Refused, message) }
}
