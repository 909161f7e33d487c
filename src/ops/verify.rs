use std::error::Error;
use std::iter::successors;
use std::path::Path;
use std::time::Duration;

use super::Selection;
use super::compare::{Compared, Rules, compare};
use crate::finding::Finding;
use crate::io::ReadError;
use crate::manifest::{HashError, UnsignedFiles};
use crate::model::PathError;
use crate::oms::{Bundle, BundleError};
use crate::progress::Progress;
use crate::trust::{LogRule, TrustRoot};
use crate::verify::{BundleFault, KeylessFault, Verified, Verifier};

/// Which model is to be verified, with which signature.
#[derive(Debug, Clone)]
pub struct VerifyRequest<'a> {
    /// The file or folder.
    pub model: &'a Path,
    /// The bundle.
    pub signature: &'a Path,
    /// What the verifier leaves out, on top of what the signer did.
    pub selection: &'a Selection,
    /// What becomes of files that nobody signed.
    pub unsigned_files: UnsignedFiles,
    /// Whether links are followed where the signer followed them.
    pub links: Links,
}

/// What a verifier makes of the symlink rule in a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Links {
    /// The signed rule holds (OMS 1.0, section 6.1.1).
    #[default]
    AsSigned,
    /// A link is a reason to refuse, whatever was signed.
    Refuse,
}

/// The end of a verification.
#[derive(Debug)]
pub enum Verdict {
    /// The model is what its signer signed.
    Accepted {
        /// Who signed what.
        verified: Verified,
        /// What is worth knowing.
        warnings: Vec<Finding>,
    },
    /// It is not, or the signature is not acceptable.
    Refused(Refused),
}

/// A refusal and its reasons.
#[derive(Debug)]
pub struct Refused {
    /// Who signed what, if the signature itself holds.
    pub verified: Option<Verified>,
    /// The reasons, and what else is worth knowing.
    pub findings: Vec<Finding>,
    /// What is wrong with the signature, if it was understood and does not hold.
    pub fault: Option<BundleFault>,
}

/// Verifies a model: first the signature, then the files against what was signed.
///
/// 1. The bundle is read and checked against the trust root. Nothing in it counts before that.
/// 2. Hash, method, symlink rule and ignore list are taken from what was signed.
/// 3. The model is hashed once, and compared.
///
/// # Errors
/// [`VerifyModelError`] where no verdict is possible; the model must then not be used.
pub fn verify(
    request: &VerifyRequest<'_>,
    trust: &TrustRoot,
    now: Duration,
    progress: &dyn Progress,
) -> Result<Verdict, VerifyModelError> {
    // 1. The signature.
    let verified = match authenticate(request.signature, trust, now, |verifier, bundle| verifier.verify(bundle))? {
        Ok(verified) => verified,
        Err(refused) => return Ok(Verdict::Refused(refused)),
    };
    // 2. The signer's settings.
    let (ignore, mut warnings) = request.selection.rules(request.model, &[request.signature])?;
    warnings.extend(verified.authentic().warnings().iter().cloned());
    let rules = Rules {
        ignore: &ignore,
        ignore_git_paths: request.selection.ignore_git_paths,
        unsigned_files: request.unsigned_files,
        links: request.links,
    };
    // 3. The files.
    let Compared { is_same, mut findings } = compare(request.model, verified.manifest(), &rules, progress)?;
    if is_same {
        warnings.append(&mut findings);
        return Ok(Verdict::Accepted { verified, warnings });
    }
    findings.append(&mut warnings);
    Ok(Verdict::Refused(Refused { verified: Some(verified), findings, fault: None }))
}

/// Reads a bundle and verifies it in one of the verifier's ways. The outer error means that there is no verdict.
pub(super) fn authenticate<T>(
    signature: &Path,
    trust: &TrustRoot,
    now: Duration,
    verify: impl FnOnce(&Verifier<'_>, &Bundle) -> Result<T, BundleFault>,
) -> Result<Result<T, Refused>, VerifyModelError> {
    let read = match trust {
        TrustRoot::Sigstore { log: LogRule::InsecureSkip, .. } => Bundle::read_unlogged,
        _ => Bundle::read,
    };
    let bundle = match read(signature) {
        Ok(bundle) => bundle,
        Err(BundleError::Read(error)) => return Err(error.into()),
        Err(error) => return Ok(Err(refused("signature-malformed", &error))),
    };
    match verify(&Verifier::new(trust, now), &bundle) {
        Ok(verified) => Ok(Ok(verified)),
        Err(BundleFault::Keyless(KeylessFault::TrustRoot { reason })) => Err(VerifyModelError::TrustRoot { reason }),
        Err(fault) => {
            let refused = refused(fault.rule(), &fault);
            Ok(Err(Refused { fault: Some(fault), ..refused }))
        }
    }
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyModelError {
    /// The bundle cannot be read.
    #[error(transparent)]
    Signature(#[from] ReadError),
    /// The trust root is not usable, so nothing was judged by it.
    #[error("the trust root is not usable: {reason}")]
    TrustRoot {
        /// Why.
        reason: String,
    },
    /// A path cannot be left out.
    #[error(transparent)]
    Ignore(#[from] PathError),
    /// The model cannot be read.
    #[error(transparent)]
    Hash(#[from] HashError),
}

/// A refusal for one reason.
pub(super) fn refused(rule: &'static str, reason: &dyn Error) -> Refused {
    Refused { verified: None, findings: vec![Finding::error(rule, in_words(reason))], fault: None }
}

/// An error with its causes, on one line.
pub(super) fn in_words(reason: &dyn Error) -> String {
    let mut message = reason.to_string();
    for cause in successors(reason.source(), |error| (*error).source()) {
        message = format!("{message}: {cause}");
    }
    // What a signature says of itself can be of any length.
    if let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARS) {
        message.truncate(end);
        message.push('…');
    }
    message
}

/// How long the reason for a refusal may be.
const MESSAGE_CHARS: usize = 1000;
