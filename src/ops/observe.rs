use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Selection;
use super::compare::{Compared, Rules, compare};
use super::policy::{PolicyVerifyError, set};
use super::verify::{Links, VerifyModelError, in_words};
use crate::crypto::{Certificate, CertificateError, PublicKey};
use crate::finding::Finding;
use crate::manifest::{Manifest, UnsignedFiles};
use crate::oms::{Bundle, BundleError, Material};
use crate::policy::NewRequirement;
use crate::progress::Progress;
use crate::trust::sigstore::{SigstoreError, SigstoreRoot};
use crate::trust::{CertificateTime, Identity, IdentityPattern, LogRule, TrustRoot};
use crate::verify::{Authentic, BundleFault, KeylessFault, Verified, Verifier};

/// The signatures whose signers are to be observed, and what no bundle can tell of them.
#[derive(Debug, Clone)]
pub struct ObserveRequest<'a> {
    /// The file or folder.
    pub model: &'a Path,
    /// The first of its signatures.
    pub signature: &'a Path,
    /// What is left out, on top of what the signers did.
    pub selection: &'a Selection,
    /// Keys that the user trusts, each behind the path by which a policy is to name it.
    pub keys: &'a [(String, PublicKey)],
    /// Authorities that the user trusts, likewise.
    pub authorities: &'a [(String, Vec<Certificate>)],
}

/// Signatures that hold, all over the one manifest that the model has.
#[derive(Debug)]
pub struct Observed {
    /// The signers, in the order of their first signatures.
    pub signers: Vec<ObservedSigner>,
    /// What was signed.
    pub manifest: Manifest,
    /// What is worth knowing.
    pub warnings: Vec<Finding>,
}

/// A signer as a signature shows him.
#[derive(Debug)]
pub struct ObservedSigner {
    /// The bundle.
    pub bundle: PathBuf,
    /// What a policy is to ask for, to mean exactly this signer.
    pub requirement: NewRequirement,
    /// Who signed, and when.
    pub authentic: Authentic,
}

/// Why signers cannot be observed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObserveError {
    /// Something cannot be read, or the trust root is not usable.
    #[error(transparent)]
    Verify(#[from] PolicyVerifyError),
    /// A key does not come with a signature, and none was given.
    #[error("{} was signed with a key, and a key cannot be learnt from a signature", path.display())]
    NoKey {
        /// The bundle.
        path: PathBuf,
    },
    /// Who issues certificates does not come with a signature, and no authority was given.
    #[error("{} was signed with a certificate, and whom to trust cannot be learnt from a signature", path.display())]
    NoAuthority {
        /// The bundle.
        path: PathBuf,
    },
}

/// Finds out who signed a model, to trust these signers from now on: trust on first use.
///
/// 1. Every bundle of the set is verified. For a keyless one the identity is that which its certificate claims: the
///    instance vouches for it, and the log must have the signature. For others it is what the user gave.
/// 2. All are over the same manifest.
/// 3. The model is compared with it.
///
/// The inner error holds the reasons for a refusal. Whether these are the right signers, only a person can say.
///
/// # Errors
/// [`ObserveError`] where no answer is possible.
pub fn observe_signers(
    request: &ObserveRequest<'_>,
    instance: &dyn Fn() -> Result<SigstoreRoot, SigstoreError>,
    now: Duration,
    progress: &dyn Progress,
) -> Result<Result<Observed, Vec<Finding>>, ObserveError> {
    let paths = set(request.signature)?;
    let mut observer = Observer { request, instance, root: None, now };
    let mut signers: Vec<ObservedSigner> = Vec::new();
    let mut first: Option<Manifest> = None;
    for path in &paths {
        // 1. The signature.
        let (requirement, verified) = match observer.look(path)? {
            Ok(found) => found,
            Err(finding) => return Ok(Err(vec![finding])),
        };
        // 2. The same manifest.
        match &first {
            Some(first) if first != verified.manifest() => {
                let text = format!("is over another manifest than {}", request.signature.display());
                return Ok(Err(vec![Finding::error("policy-manifest", text).at(path.display().to_string())]));
            }
            Some(_) => {}
            None => first = Some(verified.manifest().clone()),
        }
        if signers.iter().all(|known| known.requirement != requirement) {
            let authentic = verified.authentic().clone();
            signers.push(ObservedSigner { bundle: path.clone(), requirement, authentic });
        }
    }
    let Some(manifest) = first else {
        return Ok(Err(vec![Finding::error("policy-no-signature", "there is no signature")]));
    };
    // 3. The files.
    let mut warnings: Vec<Finding> =
        signers.iter().flat_map(|signer| signer.authentic.warnings().iter().cloned()).collect();
    match compare_with(request, &manifest, &paths, progress)? {
        Compared { is_same: true, findings } => {
            warnings.extend(findings);
            Ok(Ok(Observed { signers, manifest, warnings }))
        }
        Compared { findings, .. } => Ok(Err(findings)),
    }
}

fn compare_with(
    request: &ObserveRequest<'_>,
    manifest: &Manifest,
    own: &[PathBuf],
    progress: &dyn Progress,
) -> Result<Compared, PolicyVerifyError> {
    let own: Vec<&Path> = own.iter().map(PathBuf::as_path).collect();
    let (ignore, warnings) = request.selection.rules(request.model, &own).map_err(VerifyModelError::from)?;
    let rules = Rules {
        ignore: &ignore,
        ignore_git_paths: request.selection.ignore_git_paths,
        unsigned_files: UnsignedFiles::Refuse,
        links: Links::AsSigned,
    };
    let Compared { is_same, mut findings } = compare(request.model, manifest, &rules, progress)?;
    findings.extend(warnings);
    Ok(Compared { is_same, findings })
}

/// Looks at one bundle after the other.
struct Observer<'a> {
    request: &'a ObserveRequest<'a>,
    instance: &'a dyn Fn() -> Result<SigstoreRoot, SigstoreError>,
    /// Loaded where a bundle needs it.
    root: Option<SigstoreRoot>,
    now: Duration,
}

impl Observer<'_> {
    /// Verifies a bundle; with it, what a policy would ask for. The inner error is a refusal.
    fn look(&mut self, path: &Path) -> Result<Result<(NewRequirement, Verified), Finding>, ObserveError> {
        let at = |finding: Finding| finding.at(path.display().to_string());
        let bundle = match Bundle::read(path) {
            Ok(bundle) => bundle,
            Err(BundleError::Read(error)) => return Err(PolicyVerifyError::from(VerifyModelError::from(error)).into()),
            Err(error) => return Ok(Err(at(Finding::error("signature-malformed", in_words(&error))))),
        };
        let candidates = match self.candidates(path, &bundle.material)? {
            Ok(candidates) => candidates,
            Err(error) => return Ok(Err(at(Finding::error("signature-certificate", in_words(&error))))),
        };
        let mut refused = Finding::error("policy-signer", "nobody whom you trust signed this");
        for (requirement, trust) in candidates {
            match Verifier::new(&trust, self.now).verify(&bundle) {
                Ok(verified) => return Ok(Ok((exactly(requirement, &verified), verified))),
                Err(BundleFault::Keyless(KeylessFault::TrustRoot { reason })) => {
                    return Err(PolicyVerifyError::from(VerifyModelError::TrustRoot { reason }).into());
                }
                Err(fault) => refused = Finding::error(fault.rule(), in_words(&fault)),
            }
        }
        Ok(Err(at(refused)))
    }

    /// Who may have signed, and how that is checked; at least one.
    fn candidates(
        &mut self,
        path: &Path,
        material: &Material,
    ) -> Result<Result<Vec<(NewRequirement, TrustRoot)>, CertificateError>, ObserveError> {
        Ok(Ok(match material {
            Material::PublicKey(_) if self.request.keys.is_empty() => {
                return Err(ObserveError::NoKey { path: path.to_owned() });
            }
            Material::PublicKey(_) => {
                let keys = self.request.keys.iter();
                keys.map(|(path, key)| (NewRequirement::Key { path: path.clone() }, TrustRoot::Key(key.clone())))
                    .collect()
            }
            Material::Chain { .. } if self.request.authorities.is_empty() => {
                return Err(ObserveError::NoAuthority { path: path.to_owned() });
            }
            Material::Chain { leaf, .. } => {
                let authorities = self.request.authorities.iter();
                let candidate = |(path, anchors): &(String, Vec<Certificate>)| {
                    let requirement = NewRequirement::Certificate { path: path.clone(), subject: leaf.subject() };
                    let anchors = anchors.clone();
                    (requirement, TrustRoot::Certificates { anchors, time: CertificateTime::Now })
                };
                authorities.map(candidate).collect()
            }
            Material::Keyless { leaf, .. } => {
                let (identity, issuer) = match (leaf.subject_name(), leaf.fulcio_issuer()) {
                    (Ok(name), Ok(issuer)) => (name.as_str().to_owned(), issuer),
                    (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
                };
                let trust = TrustRoot::Sigstore {
                    root: Box::new(self.root()?),
                    identity: Box::new(IdentityPattern::exact(&identity, &issuer)),
                    log: LogRule::Required,
                };
                vec![(NewRequirement::Keyless { issuer, identity }, trust)]
            }
        }))
    }

    fn root(&mut self) -> Result<SigstoreRoot, PolicyVerifyError> {
        if let Some(root) = &self.root {
            return Ok(root.clone());
        }
        let root = (self.instance)()?;
        self.root = Some(root.clone());
        Ok(root)
    }
}

/// The requirement with what the verification established.
fn exactly(requirement: NewRequirement, verified: &Verified) -> NewRequirement {
    match (requirement, verified.authentic().identity()) {
        (NewRequirement::Certificate { path, .. }, Identity::Certificate { subject, .. }) => {
            NewRequirement::Certificate { path, subject: subject.clone() }
        }
        (NewRequirement::Keyless { .. }, Identity::Keyless { subject, issuer }) => {
            NewRequirement::Keyless { issuer: issuer.clone(), identity: subject.clone() }
        }
        (requirement, _) => requirement,
    }
}
