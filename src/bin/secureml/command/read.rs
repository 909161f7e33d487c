//! Documents from the paths on the command line.

use std::path::Path;

use secureml::finding::Finding;
use secureml::fingerprint::Fingerprint;
use secureml::ops::{FingerprintFileError, ReadFingerprint, SignedState, read_fingerprint};
use secureml::trust::TrustRoot;
use secureml::verify::Authentic;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint;
use crate::host::Host;
use crate::options;

/// A fingerprint with what is known of its signer.
pub(crate) struct Known {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) signed: SignedState,
}

impl Known {
    /// Who signed, if that was checked.
    pub(super) fn authentic(&self) -> Option<&Authentic> {
        match &self.signed {
            SignedState::Checked(authentic) => Some(authentic),
            SignedState::Unsigned | SignedState::Unchecked => None,
        }
    }

    /// What has to be said where nobody vouches for the fingerprint, and what else is worth knowing of its signature.
    pub(super) fn warning(&self) -> Vec<Finding> {
        let unchecked = |text| vec![Finding::warning("fingerprint-not-verified", text)];
        match &self.signed {
            SignedState::Checked(authentic) => authentic.warnings().to_vec(),
            SignedState::Unsigned => {
                unchecked("nobody signed the fingerprint: whoever changes the model can change it too")
            }
            SignedState::Unchecked => {
                unchecked("nobody checked the signature of the fingerprint: it is not said who must have signed")
            }
        }
    }
}

/// Reads a fingerprint, and verifies it where it is said whom to trust.
pub(super) fn verified_fingerprint(path: &Path, trust: Option<&TrustRoot>, host: &Host) -> Result<Known, Failure> {
    let read = read_fingerprint(path, trust, host.now).map_err(|error| unreadable(path, &error))?;
    match read {
        Ok(ReadFingerprint { fingerprint, signed }) => Ok(Known { fingerprint, signed }),
        Err(refused) => {
            let message = format!("the fingerprint {} is not accepted", path.display());
            let help = refused.fault.as_ref().map(|fault| hint::for_fault(fault, options::CHECK_PROOF));
            Err(Failure { findings: refused.findings, help, ..Failure::plain(Exit::Refused, message) })
        }
    }
}

/// Reads a fingerprint as it is, without checking who signed it.
pub(super) fn fingerprint(path: &Path) -> Result<Fingerprint, Failure> {
    let read = read_fingerprint(path, None, std::time::Duration::ZERO).map_err(|error| unreadable(path, &error))?;
    match read {
        Ok(read) => Ok(read.fingerprint),
        // Without a trust root nothing is refused.
        Err(_) => Err(Failure::plain(Exit::Undecided, "the fingerprint cannot be read")),
    }
}

fn unreadable(path: &Path, error: &FingerprintFileError) -> Failure {
    let (exit, help) = match error {
        FingerprintFileError::Read(_) => (Exit::Undecided, Some("check the path".to_owned())),
        FingerprintFileError::Verify(error) => hint::for_verifying(error, options::CHECK_PROOF),
        _ => (Exit::Refused, Some("make one with `secureml fingerprint create`".to_owned())),
    };
    Failure { help, ..Failure::new(exit, format!("cannot use the fingerprint {}", path.display()), error) }
}
