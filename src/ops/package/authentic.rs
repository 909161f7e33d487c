use std::error::Error as _;

use super::error::OpenError;
use super::open::OpenPackage;
use super::statement::{MODEL_SIGNATURE, PACKAGE_TYPE, fault};
use crate::finding::Finding;
use crate::oms::{Bundle, BundleError};
use crate::ops::VerifyModelError;
use crate::ops::verify::in_words;
use crate::verify::{Authentic, BundleFault, KeylessFault, Verifier};

/// Why a package is refused.
#[derive(Debug)]
pub struct PackageRefused {
    /// Who signed it, if a signature holds.
    pub authentic: Option<Authentic>,
    /// The reasons, and what else is worth knowing.
    pub findings: Vec<Finding>,
    /// What is wrong with the signature of the package, if it was understood and does not hold.
    pub fault: Option<BundleFault>,
}

impl PackageRefused {
    pub(super) fn one(rule: &'static str, message: impl Into<String>) -> Self {
        Self { authentic: None, findings: vec![Finding::error(rule, message)], fault: None }
    }
}

/// What is known of the model signature in a package.
#[derive(Debug, Clone)]
pub enum ModelSignature {
    /// The signer who is trusted made it.
    Verified(Box<Authentic>),
    /// Somebody else made it, and it was not checked; the signer of the package vouches for it as it is.
    VouchedFor,
}

/// Who signed a package.
#[derive(Debug)]
pub(super) struct Signers {
    pub(super) authentic: Authentic,
    pub(super) model_signature: ModelSignature,
    pub(super) warnings: Vec<Finding>,
}

/// Checks who signed a package: one of its signatures must be by the trusted signer, and be about this manifest.
///
/// Whether the model's files are those of the manifest is not said here.
pub(super) fn signers(
    open: &OpenPackage,
    verifier: &Verifier<'_>,
) -> Result<Result<Signers, PackageRefused>, OpenError> {
    if !open.findings.is_empty() {
        return Ok(Err(PackageRefused { authentic: None, findings: open.findings.clone(), fault: None }));
    }
    let Some((model_digest, model_bundle)) = &open.model_signature else {
        return Ok(Err(PackageRefused::one("package-no-signature", "there is no model signature in the package")));
    };
    let mut first = None;
    for (name, bundle) in &open.signatures {
        let bundle = match bundle {
            Ok(bundle) => bundle,
            Err(error) => {
                first.get_or_insert(PackageRefused {
                    findings: vec![Finding::error("signature-malformed", in_words(error)).at(name)],
                    ..PackageRefused::one("", "")
                });
                continue;
            }
        };
        let verified = match verifier.verify_attestation(bundle, PACKAGE_TYPE) {
            Ok(verified) => verified,
            Err(BundleFault::Keyless(KeylessFault::TrustRoot { reason })) => {
                return Err(VerifyModelError::TrustRoot { reason }.into());
            }
            Err(fault) => {
                let finding = Finding::error(fault.rule(), in_words(&fault)).at(name);
                first.get_or_insert(PackageRefused { authentic: None, findings: vec![finding], fault: Some(fault) });
                continue;
            }
        };
        let authentic = verified.authentic().clone();
        let statement = verified.attestation();
        if let Some(problem) = fault(statement, &open.manifest, open.manifest_digest, Some(*model_digest)) {
            let finding = Finding::error("package-statement", format!("the package statement does not fit: {problem}"));
            let refused = PackageRefused { authentic: Some(authentic), findings: vec![finding.at(name)], fault: None };
            first.get_or_insert(refused);
            continue;
        }
        let mut warnings = authentic.warnings().to_vec();
        let model_signature = match judge_model(model_bundle, verifier, &mut warnings) {
            Ok(model_signature) => model_signature,
            Err(refused) => return Ok(Err(PackageRefused { authentic: Some(authentic), ..*refused })),
        };
        return Ok(Ok(Signers { authentic, model_signature, warnings }));
    }
    Ok(Err(first.unwrap_or_else(|| PackageRefused::one("package-no-signature", "nobody signed the package"))))
}

/// What is known of the model signature; one by the trusted signer has to hold.
fn judge_model(
    bundle: &Result<Bundle, BundleError>,
    verifier: &Verifier<'_>,
    warnings: &mut Vec<Finding>,
) -> Result<ModelSignature, Box<PackageRefused>> {
    let refused = |rule, text: String, fault| {
        let findings = vec![Finding::error(rule, text).at(MODEL_SIGNATURE)];
        Err(Box::new(PackageRefused { authentic: None, findings, fault }))
    };
    let bundle = match bundle {
        Ok(bundle) => bundle,
        Err(error) => return refused("signature-malformed", in_words(error), None),
    };
    match verifier.verify(bundle) {
        Ok(verified) => Ok(ModelSignature::Verified(Box::new(verified.authentic().clone()))),
        Err(fault) if is_foreign(&fault) => {
            let why = fault.source().map_or_else(|| fault.to_string(), ToString::to_string);
            let text = format!(
                "is by somebody else and was not checked, the package's signer vouches for it as it is ({why})"
            );
            warnings.push(Finding::warning("package-model-signature", text).at(MODEL_SIGNATURE));
            Ok(ModelSignature::VouchedFor)
        }
        Err(fault) => refused(fault.rule(), in_words(&fault), Some(fault)),
    }
}

/// Whether no more is the matter than that somebody else signed. A signature that says it is by the trusted signer has to
/// hold.
const fn is_foreign(fault: &BundleFault) -> bool {
    matches!(
        fault,
        BundleFault::OtherMethod { .. }
            | BundleFault::OtherKey { .. }
            | BundleFault::Chain(_)
            | BundleFault::Keyless(KeylessFault::Identity(_) | KeylessFault::Untrusted { .. })
    )
}
