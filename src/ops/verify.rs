use std::borrow::Cow;
use std::error::Error;
use std::iter::successors;
use std::path::Path;
use std::time::Duration;

use super::Selection;
use super::explain::explain;
use super::selection::outside_warnings;
use crate::finding::Finding;
use crate::io::ReadError;
use crate::manifest::{HashError, Manifest, Serialization, UnsignedFiles, diff, hash_tree};
use crate::model::{IgnoreRules, ModelPath, ModelTree, PathError, SymlinkRule, TreeError};
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
    let read = match trust {
        TrustRoot::Sigstore { log: LogRule::InsecureSkip, .. } => Bundle::read_unlogged,
        _ => Bundle::read,
    };
    let bundle = match read(request.signature) {
        Ok(bundle) => bundle,
        Err(BundleError::Read(error)) => return Err(error.into()),
        Err(error) => return Ok(Verdict::Refused(refused(None, "signature-malformed", &error))),
    };
    let verified = match Verifier::new(trust, now).verify(&bundle) {
        Ok(verified) => verified,
        Err(BundleFault::Keyless(KeylessFault::TrustRoot { reason })) => {
            return Err(VerifyModelError::TrustRoot { reason });
        }
        Err(fault) => {
            let refused = refused(None, fault.rule(), &fault);
            return Ok(Verdict::Refused(Refused { fault: Some(fault), ..refused }));
        }
    };
    // The payload is as large as the manifest made from it.
    drop(bundle);
    // 2. The signer's settings.
    let (rules, mut warnings) = request.selection.rules(request.model, Some(request.signature))?;
    warnings.extend(verified.warnings().iter().cloned());
    let serialization = settings(verified.manifest(), rules, request);
    let tree = match ModelTree::open(request.model, serialization.symlinks) {
        Ok(tree) => tree,
        Err(error @ TreeError::Root { .. }) => {
            return Ok(Verdict::Refused(refused(Some(verified), "model-not-a-file", &error)));
        }
        Err(error) => return Err(HashError::from(error).into()),
    };
    let Some(signed) = for_this_kind(verified.manifest(), &tree) else {
        let text = if tree.is_file() {
            "the model is a single file, a folder was signed"
        } else {
            "the model is a folder, a single file was signed"
        };
        let findings = vec![Finding::error("model-kind", text)];
        return Ok(Verdict::Refused(Refused { verified: Some(verified), findings, fault: None }));
    };
    // 3. The files.
    let only = (request.unsigned_files == UnsignedFiles::Ignore).then(|| signed.files());
    let found = hash_tree(&tree, &serialization, only.as_ref(), progress)?;
    warnings.extend(outside_warnings(&found.leading_outside));
    let changes = diff(&signed, &found, request.unsigned_files);
    if changes.is_empty() {
        return Ok(Verdict::Accepted { verified, warnings });
    }
    let mut findings = explain(&changes, &signed, request.model, &serialization.ignore);
    findings.append(&mut warnings);
    Ok(Verdict::Refused(Refused { verified: Some(verified), findings, fault: None }))
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

/// The signer's settings, with what the verifier leaves out as well.
///
/// Git's own files are left out even where the signer did not record it (OMS 1.0, section 6.2.1), unless he signed some
/// of them.
fn settings(signed: &Manifest, mut ignore: IgnoreRules, request: &VerifyRequest<'_>) -> Serialization {
    let recorded = signed.serialization();
    ignore.extend(&recorded.ignore);
    if request.selection.ignore_git_paths {
        let mut git = IgnoreRules::git();
        git.retain(|rule| !signed.resources().iter().any(|resource| resource.path.is_within(rule)));
        ignore.extend(&git);
    }
    let symlinks = match request.links {
        Links::AsSigned => recorded.symlinks,
        Links::Refuse => SymlinkRule::Refuse,
    };
    Serialization { ignore, symlinks, ..recorded.clone() }
}

/// The manifest as it applies to this model: a single file may be listed as `.` or under its own name; a folder's list
/// never holds `.`.
fn for_this_kind<'a>(signed: &'a Manifest, tree: &ModelTree) -> Option<Cow<'a, Manifest>> {
    let first = &signed.resources().first()?.path;
    match tree.is_file() {
        true if first.is_root() => Some(Cow::Borrowed(signed)),
        true if signed.file_count() == 1 => Some(Cow::Owned(signed.clone().with_single_file_as(&ModelPath::root()))),
        false if !first.is_root() => Some(Cow::Borrowed(signed)),
        _ => None,
    }
}

fn refused(verified: Option<Verified>, rule: &'static str, reason: &dyn Error) -> Refused {
    let mut message = reason.to_string();
    for cause in successors(reason.source(), |error| (*error).source()) {
        message = format!("{message}: {cause}");
    }
    // What a signature says of itself can be of any length.
    if let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARS) {
        message.truncate(end);
        message.push('…');
    }
    Refused { verified, findings: vec![Finding::error(rule, message)], fault: None }
}

/// How long the reason for a refusal may be.
const MESSAGE_CHARS: usize = 1000;
