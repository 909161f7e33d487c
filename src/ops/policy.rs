use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::compare::{Compared, Rules, compare, open, settings};
use super::formats::check_formats;
use super::set::leave_out;
use super::verify::{Links, VerifyModelError, in_words};
use super::{Selection, set_folder, signatures};
use crate::finding::{Finding, Severity};
use crate::io::ReadError;
use crate::manifest::HashError;
use crate::model::{IgnoreRules, TreeError};
use crate::oms::{Bundle, BundleError};
use crate::policy::{Policy, Requirement, Rule, UnsignedFiles};
use crate::progress::Progress;
use crate::trust::sigstore::{SigstoreError, SigstoreRoot};
use crate::verify::{Accepted, BundleFault, KeylessFault, Refusal, Threshold, Uncountable, Uncounted};

/// Which model is to be verified, by which policy.
#[derive(Debug, Clone)]
pub struct PolicyRequest<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The file or folder.
    pub model: &'a Path,
    /// What the verifier leaves out, on top of what signers and rule do.
    pub selection: &'a Selection,
    /// Whether links are followed where the signers followed them.
    pub links: Links,
}

/// The end of a verification by a policy.
#[derive(Debug)]
pub enum PolicyVerdict<'a> {
    /// The model is what enough of the rule's signers signed, and as the rule wants it.
    Accepted {
        /// The rule that holds for it.
        rule: &'a Rule,
        /// Who signed what.
        accepted: Accepted,
        /// What is worth knowing.
        warnings: Vec<Finding>,
    },
    /// It is not, or no rule is for it.
    Refused(PolicyRefused<'a>),
}

/// A refusal by a policy and its reasons.
#[derive(Debug)]
pub struct PolicyRefused<'a> {
    /// The rule that holds for the model, if there is one.
    pub rule: Option<&'a Rule>,
    /// Who signed what, if the signatures by themselves suffice.
    pub accepted: Option<Accepted>,
    /// The reasons, and what else is worth knowing.
    pub findings: Vec<Finding>,
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyVerifyError {
    /// The model or a signature cannot be read, or the trust root is not usable.
    #[error(transparent)]
    Verify(#[from] VerifyModelError),
    /// The rule names signers of a Sigstore instance, and there is no trust root of it.
    #[error(transparent)]
    Instance(#[from] SigstoreError),
    /// The folder of further signatures cannot be read.
    #[error("cannot read {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl From<HashError> for PolicyVerifyError {
    fn from(error: HashError) -> Self {
        Self::Verify(error.into())
    }
}

/// Verifies a model by the rule that a policy has for it.
///
/// 1. There is a rule, and it has not expired.
/// 2. The signatures where the rule expects them are counted; nothing in them counts before they hold.
/// 3. The model is hashed once, and compared with what was signed.
/// 4. Its files have formats that the rule permits.
///
/// `instance` is asked for the trust root only where the rule names signers of a Sigstore instance.
///
/// # Errors
/// [`PolicyVerifyError`] where no verdict is possible; the model must then not be used.
pub fn verify_with_policy<'a>(
    request: &PolicyRequest<'a>,
    instance: &dyn Fn() -> Result<SigstoreRoot, SigstoreError>,
    now: Duration,
    progress: &dyn Progress,
) -> Result<PolicyVerdict<'a>, PolicyVerifyError> {
    // 1. The rule.
    let model = request.model;
    let rule = match applicable(request.policy, model, now)? {
        Ok(rule) => rule,
        Err(refused) => return Ok(PolicyVerdict::Refused(refused)),
    };
    // 2. The signatures.
    let first = rule.signature_path(request.policy.folder(), model, model.is_file());
    let set = set(&first)?;
    let accepted = match count(rule, &set, instance, now)? {
        Ok(accepted) => accepted,
        Err(findings) => {
            return Ok(PolicyVerdict::Refused(PolicyRefused { rule: Some(rule), accepted: None, findings }));
        }
    };
    // 3. and 4. The files.
    let (is_fit, mut findings) = check_files(request, rule, &accepted, &set, progress)?;
    let signed = accepted.signatures().iter().flat_map(|counted| counted.authentic().warnings());
    findings.extend(signed.cloned());
    findings.extend(explain(accepted.uncounted(), Severity::Warning));
    Ok(if is_fit {
        PolicyVerdict::Accepted { rule, accepted, warnings: findings }
    } else {
        PolicyVerdict::Refused(PolicyRefused { rule: Some(rule), accepted: Some(accepted), findings })
    })
}

/// The rule for a model, if there is one that has not expired.
pub(super) fn applicable<'a>(
    policy: &'a Policy,
    model: &Path,
    now: Duration,
) -> Result<Result<&'a Rule, PolicyRefused<'a>>, HashError> {
    // What is not there has no rule either, but that is no verdict.
    fs::metadata(model).map_err(|source| TreeError::Read { path: model.to_owned(), source })?;
    let refused = |rule, finding| Ok(Err(PolicyRefused { rule, accepted: None, findings: vec![finding] }));
    let Some(rule) = policy.rule_for(model) else {
        return refused(None, Finding::error("policy-no-rule", "the policy has no rule for this model"));
    };
    let now = i64::try_from(now.as_secs()).ok().and_then(|now| Timestamp::from_second(now).ok());
    match rule.expires() {
        Some(last) if rule.is_expired(now.unwrap_or(Timestamp::MAX)) => {
            let text = format!("the rule on line {} expired after {last}", rule.line());
            refused(Some(rule), Finding::error("policy-expired", text))
        }
        _ => Ok(Ok(rule)),
    }
}

/// The bundles that are looked at, the first of which need not be there.
pub(super) fn set(first: &Path) -> Result<Vec<PathBuf>, PolicyVerifyError> {
    signatures(first).map_err(|source| PolicyVerifyError::Folder { path: set_folder(first), source })
}

/// Counts the signatures of a set; the inner error holds the reasons for a refusal.
fn count(
    rule: &Rule,
    set: &[PathBuf],
    instance: &dyn Fn() -> Result<SigstoreRoot, SigstoreError>,
    now: Duration,
) -> Result<Result<Accepted, Vec<Finding>>, PolicyVerifyError> {
    let is_keyless = rule.signers().iter().any(|signer| matches!(signer.requirement, Requirement::Keyless(_)));
    let root = if is_keyless { Some(instance()?) } else { None };
    let mut threshold = Threshold::new(rule, root.as_ref(), now);
    let (mut found, mut unreadable) = (false, None);
    for path in set {
        let name = path.display().to_string();
        // Whether a log entry is needed is the rule's matter.
        match Bundle::read_unlogged(path) {
            Ok(bundle) => threshold.add(&name, &bundle),
            Err(BundleError::Read(ReadError::Io { source, .. })) if source.kind() == io::ErrorKind::NotFound => {
                continue;
            }
            Err(BundleError::Read(error @ ReadError::Io { .. })) => unreadable = Some(error),
            Err(error) => threshold.add_unreadable(&name, error),
        }
        found = true;
    }
    match threshold.finish() {
        Ok(accepted) => Ok(Ok(accepted)),
        Err(_) if !found => {
            let place = set.first().map(|first| first.display().to_string()).unwrap_or_default();
            Ok(Err(vec![Finding::error("policy-no-signature", "there is no signature").at(place)]))
        }
        // What could not be looked at might have sufficed.
        Err(refusal) => match (unreadable, unusable_root(&refusal)) {
            (Some(error), _) => Err(VerifyModelError::from(error).into()),
            (None, Some(reason)) => Err(VerifyModelError::TrustRoot { reason }.into()),
            (None, None) => Ok(Err(in_findings(&refusal))),
        },
    }
}

pub(super) fn unusable_root(refusal: &Refusal) -> Option<String> {
    refusal.uncounted.iter().find_map(|uncounted| match &uncounted.reason {
        Uncountable::Fault(fault) => match &**fault {
            BundleFault::Keyless(KeylessFault::TrustRoot { reason }) => Some(reason.clone()),
            _ => None,
        },
        _ => None,
    })
}

/// Whether the files are those that were signed, in formats that the rule permits; with it, what was found.
fn check_files(
    request: &PolicyRequest<'_>,
    rule: &Rule,
    accepted: &Accepted,
    set: &[PathBuf],
    progress: &dyn Progress,
) -> Result<(bool, Vec<Finding>), PolicyVerifyError> {
    let manifest = accepted.manifest();
    let is_counted = |path: &Path| accepted.signatures().iter().any(|one| *one.bundle() == *path.display().to_string());
    let counted: Vec<&Path> = set.iter().map(PathBuf::as_path).filter(|path| is_counted(path)).collect();
    let (mut ignore, mut warnings) =
        request.selection.rules(request.model, &counted).map_err(VerifyModelError::from)?;
    leave_out(set, request.model, &mut ignore);
    ignore.extend(rule.ignore());
    let unsigned_files = match rule.unsigned_files() {
        UnsignedFiles::Refuse => crate::manifest::UnsignedFiles::Refuse,
        UnsignedFiles::Ignore => crate::manifest::UnsignedFiles::Ignore,
    };
    let ignore_git_paths = request.selection.ignore_git_paths;
    let rules = Rules { ignore: &ignore, ignore_git_paths, unsigned_files, links: request.links };
    let Compared { is_same, mut findings } = compare(request.model, manifest, &rules, progress)?;
    let signed = manifest.resources().iter().map(|resource| &resource.path);
    let settings = settings(manifest.serialization(), signed, &rules);
    let mut is_fit = is_same;
    // What is no model at all was told by the comparison.
    if let Ok(tree) = open(request.model, &settings)? {
        // What the signers left out is looked at as well: a loader does not ask them.
        let mut unseen = ignore.clone();
        if ignore_git_paths {
            unseen.extend(&IgnoreRules::git());
        }
        let formats = check_formats(&tree, &unseen, rule.formats())?;
        is_fit &= formats.is_empty();
        findings.extend(formats);
    }
    findings.append(&mut warnings);
    Ok((is_fit, findings))
}

/// A refusal as findings, the summary first.
pub(super) fn in_findings(refusal: &Refusal) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !refusal.differing.is_empty() {
        let text = format!("the signatures are over different manifests: {}", refusal.differing.join(", "));
        findings.push(Finding::error("policy-manifest", text));
    }
    let (needed, found) = (refusal.needed, refusal.counted.len());
    if found < needed {
        let text =
            format!("{found} of {needed} signatures that are needed, none counts for {}", refusal.missing.join(", "));
        findings.push(Finding::error("policy-threshold", text));
    }
    findings.extend(explain(&refusal.uncounted, Severity::Error));
    findings
}

/// Why bundles do not count: by somebody whom the rule does not name, or for each of its signers why.
pub(super) fn explain(uncounted: &[Uncounted], severity: Severity) -> Vec<Finding> {
    let mut bundles: BTreeMap<&str, Vec<&Uncounted>> = BTreeMap::new();
    for one in uncounted {
        bundles.entry(&one.bundle).or_default().push(one);
    }
    let mut findings = Vec::new();
    for (bundle, reasons) in bundles {
        let telling: Vec<&Uncounted> = reasons.iter().filter(|one| !one.reason.is_foreign()).copied().collect();
        let of_signer = |one: &Uncounted| match &one.role {
            Some(role) => format!("{role}: {}", in_words(&one.reason)),
            None => in_words(&one.reason),
        };
        if telling.is_empty() {
            let all: Vec<String> = reasons.iter().take(TOLD).map(|one| of_signer(one)).collect();
            let text = format!("signed by nobody whom the rule names ({})", all.join("; "));
            findings.push(Finding { severity, ..Finding::error("policy-signer", text) }.at(bundle));
        }
        let told = telling.into_iter().take(TOLD);
        let finding = |one: &Uncounted| Finding { severity, ..Finding::error(one.reason.rule(), of_signer(one)) };
        findings.extend(told.map(|one| finding(one).at(bundle)));
    }
    findings
}

/// For how many signers it is told why one bundle does not count.
const TOLD: usize = 10;
