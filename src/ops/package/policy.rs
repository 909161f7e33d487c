use std::path::Path;
use std::time::Duration;

use super::authentic::{ModelSignature, PackageRefused, Signers};
use super::error::OpenError;
use super::open::OpenPackage;
use super::statement::{MODEL_SIGNATURE, PACKAGE_TYPE, fault};
use super::verify::{PackageVerdict, hash_and_judge, refusal};
use crate::finding::{Finding, Severity};
use crate::model::ModelFormat;
use crate::oms::Attestation;
use crate::ops::formats::refused_format;
use crate::ops::policy::{applicable, explain, in_findings, unusable_root};
use crate::ops::verify::in_words;
use crate::ops::{PolicyVerifyError, VerifyModelError};
use crate::package::{PackageError, Section, Source};
use crate::policy::{FormatRule, Policy, Requirement, Rule};
use crate::progress::Progress;
use crate::trust::sigstore::{SigstoreError, SigstoreRoot};
use crate::verify::Threshold;

/// Verifies a package by the rule that a policy has for its path.
///
/// 1. As many of the rule's signers as it asks for signed the package, or the model in it: `model.sig` and further
///    signatures of the same statement.
/// 2. One of them at least signed the package, and so vouches for all else that is in it.
/// 3. The files are those that were signed, in formats that the rule permits.
///
/// # Errors
/// [`PackagePolicyError`] where no verdict is possible; nothing in the package must then be used.
pub fn verify_package_with_policy(
    (package, source): (&Path, &(dyn Source + Sync)),
    policy: &Policy,
    instance: &dyn Fn() -> Result<SigstoreRoot, SigstoreError>,
    now: Duration,
    progress: &dyn Progress,
) -> Result<PackageVerdict, PackagePolicyError> {
    let refused = |refused: PackageRefused| Ok(PackageVerdict::Refused(Box::new(refused)));
    let rule = match applicable(policy, package, now).map_err(OpenError::from)? {
        Ok(rule) => rule,
        Err(without) => {
            return refused(PackageRefused { authentic: None, findings: without.findings, fault: None });
        }
    };
    let open = match OpenPackage::read(source) {
        Ok(open) => open,
        Err(error) => return refused(refusal(error)?),
    };
    let is_keyless = rule.signers().iter().any(|signer| matches!(signer.requirement, Requirement::Keyless(_)));
    let root = if is_keyless { Some(instance().map_err(PolicyVerifyError::from)?) } else { None };
    // 1. and 2.
    let signers = match signers(&open, rule, Threshold::new(rule, root.as_ref(), now))? {
        Ok(signers) => signers,
        Err(findings) => return refused(PackageRefused { authentic: None, findings, fault: None }),
    };
    // 3.
    let formats = check_formats(&open, source, rule.formats()).map_err(OpenError::from)?;
    if !formats.is_empty() {
        let authentic = Some(signers.authentic);
        return refused(PackageRefused { authentic, findings: formats, fault: None });
    }
    Ok(hash_and_judge(open, source, signers, progress)?)
}

/// Why there is no verdict about a package by a policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackagePolicyError {
    /// The package cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The policy's signers cannot be judged.
    #[error(transparent)]
    Policy(#[from] PolicyVerifyError),
}

/// Who signed model and package; the inner error holds the reasons for a refusal.
fn signers(
    open: &OpenPackage,
    rule: &Rule,
    mut threshold: Threshold<'_>,
) -> Result<Result<Signers, Vec<Finding>>, PolicyVerifyError> {
    if !open.findings.is_empty() {
        return Ok(Err(open.findings.clone()));
    }
    let (Some((model_digest, Ok(model))), Some(statement)) = (&open.model_signature, open.model_statement()) else {
        let text = "there is no model signature in the package";
        return Ok(Err(vec![Finding::error("package-no-signature", text)]));
    };
    let hash = statement.manifest.serialization().algorithm;
    if !rule.hashes().contains(&hash) {
        let text = format!("the files are hashed with {hash}, which the rule does not have");
        return Ok(Err(vec![Finding::error("policy-hash", text).at(MODEL_SIGNATURE)]));
    }
    // Whoever signed the package vouches for this very model signature.
    threshold.expect(MODEL_SIGNATURE, statement.name, statement.manifest);
    threshold.add(MODEL_SIGNATURE, model);
    let fits = |attestation: &Attestation<'_>| {
        fault(attestation, &open.manifest, open.manifest_digest, Some(*model_digest)).is_none()
    };
    let (mut vouching, mut broken) = (None, Vec::new());
    for (name, bundle) in &open.signatures {
        match bundle {
            Err(error) => {
                broken.push(Finding::warning("signature-malformed", in_words(error)).at(name));
            }
            Ok(bundle) if bundle.envelope.payload == model.envelope.payload => threshold.add(name, bundle),
            Ok(bundle) => vouching = vouching.or(threshold.add_attested(name, bundle, PACKAGE_TYPE, fits)),
        }
    }
    let accepted = match threshold.finish() {
        Ok(accepted) => accepted,
        Err(refusal) => {
            return match unusable_root(&refusal) {
                Some(reason) => Err(VerifyModelError::TrustRoot { reason }.into()),
                None => Ok(Err(in_findings(&refusal).into_iter().chain(broken).collect())),
            };
        }
    };
    let Some(authentic) = vouching else {
        let roles: Vec<&str> = rule.signers().iter().map(|signer| signer.role.as_str()).collect();
        let text = format!("none of the rule's signers signed the package itself ({})", roles.join(", "));
        let mut findings = vec![Finding::error("policy-package-signer", text)];
        findings.extend(explain(accepted.uncounted(), Severity::Error));
        findings.append(&mut broken);
        return Ok(Err(findings));
    };
    let mut warnings = explain(accepted.uncounted(), Severity::Warning);
    warnings.append(&mut broken);
    warnings.extend(authentic.warnings().iter().cloned());
    let of_model = accepted.signatures().iter().find(|counted| counted.bundle() == MODEL_SIGNATURE);
    let model_signature = of_model
        .map_or(ModelSignature::VouchedFor, |counted| ModelSignature::Verified(Box::new(counted.authentic().clone())));
    Ok(Ok(Signers { authentic, model_signature, warnings }))
}

/// Looks into every file of the model.
fn check_formats(open: &OpenPackage, source: &dyn Source, rule: &FormatRule) -> Result<Vec<Finding>, PackageError> {
    let mut findings = Vec::new();
    if *rule == FormatRule::Any {
        return Ok(findings);
    }
    for entry in open.index().model() {
        let Some(path) = entry.name.model_path() else { continue };
        let format = ModelFormat::read(&path, Section::new(source, entry)).map_err(PackageError::from)?;
        if let Some(text) = refused_format(format, rule) {
            findings.push(Finding::error("policy-format", text).at(path.as_str()));
        }
    }
    Ok(findings)
}
