use std::path::{Path, PathBuf};

use super::describe::{Described, FingerprintOptions, describe};
use super::digest::DigestRequest;
use super::fingerprint::payload;
use super::seal::{authentic, check_fingerprint_target, check_target, save, seal};
use super::selection::{HashAllError, hash_all};
use super::{SingleFileName, set_folder};
use crate::finding::Finding;
use crate::fingerprint::Fingerprint;
use crate::io::{ReadError, WriteError};
use crate::manifest::{HashError, Manifest};
use crate::model::{ModelTree, PathError};
use crate::oms::{Bundle, BundleError, FINGERPRINT_TYPE, Statement, StatementError};
use crate::progress::Progress;
use crate::sign::{SignError, Signer};
use crate::verify::{Authentic, BundleFault, Verifier};

/// Which model is to be signed, how, and where the signature goes.
#[derive(Debug, Clone)]
pub struct SignRequest<'a> {
    /// What is signed.
    pub model: DigestRequest<'a>,
    /// Where the bundle is written; inside the model it is left out of it, and so is the folder of further signatures.
    pub signature: &'a Path,
    /// Under which name a model's one file is listed.
    pub single_file: SingleFileName,
    /// A fingerprint to sign as well.
    pub fingerprint: Option<FingerprintTarget<'a>>,
}

/// What a signed fingerprint holds, and where it goes.
#[derive(Debug, Clone, Copy)]
pub struct FingerprintTarget<'a> {
    /// What it holds.
    pub options: &'a FingerprintOptions,
    /// Where its bundle is written; inside the model it is left out of it.
    pub path: &'a Path,
}

/// A model that was signed.
#[derive(Debug)]
pub struct Signed {
    /// What was signed.
    pub manifest: Manifest,
    /// The fingerprint, if one was signed.
    pub fingerprint: Option<Fingerprint>,
    /// What is worth knowing.
    pub warnings: Vec<Finding>,
    /// The bundle as it was written.
    pub bundle: Bundle,
    /// Where it was written.
    pub path: PathBuf,
    /// Who signed, where the bundle says it and was checked.
    pub authentic: Option<Authentic>,
}

/// Signs a model and writes the bundle. With a fingerprint the model is read once for both; the signature is written last.
///
/// A bundle that needed services of others is first verified as anybody would verify it.
///
/// # Errors
/// [`SignModelError`]; no signature was written then.
pub fn sign(request: &SignRequest<'_>, signer: &dyn Signer, progress: &dyn Progress) -> Result<Signed, SignModelError> {
    let SignRequest { model, signature, single_file, fingerprint: target } = request;
    let tree = ModelTree::open(model.model, model.symlinks).map_err(HashError::from).map_err(HashAllError::from)?;
    let set = set_folder(signature);
    let mut own = vec![*signature];
    own.extend(target.map(|target| target.path));
    check_target(signature, model.model)?;
    if let Some(target) = target {
        check_fingerprint_target(target.path, model.model)?;
    }
    signer.prepare()?;
    let (mut rules, mut warnings) = model.selection.rules(model.model, &own)?;
    // Under its own name alone: a link there leads to anywhere.
    if !set.is_symlink() {
        rules.add_on_disk(model.model, &set)?;
    }
    let serialization = model.serialization(rules);
    let name = tree.name().map_err(HashError::from).map_err(HashAllError::from)?;
    let (manifest, fingerprint) = match target {
        None => {
            let (manifest, more) = hash_all(&tree, serialization, *single_file, progress)?;
            warnings.extend(more);
            (manifest, None)
        }
        Some(FingerprintTarget { options, path }) => {
            let Described { manifest, fingerprint, warnings: more, .. } =
                describe(&tree, serialization, options, *single_file, false, progress)?;
            warnings.extend(more);
            (manifest, Some((fingerprint, path)))
        }
    };
    let statement = Statement { name, manifest };
    let (bundle, verified) = seal(signer, statement.to_payload()?, |verifier, bundle| verifier.verify(bundle))?;
    let fingerprint = match fingerprint {
        None => None,
        Some((fingerprint, path)) => {
            let payload = payload(&statement.name, &statement.manifest, &fingerprint)?;
            let verify = |verifier: &Verifier<'_>, bundle: &Bundle| authentic(verifier, bundle, FINGERPRINT_TYPE);
            save(&seal(signer, payload, verify)?.0, model.model, path)?;
            Some(fingerprint)
        }
    };
    save(&bundle, model.model, signature)?;
    let (path, authentic) = (signature.to_path_buf(), verified.map(|verified| verified.authentic().clone()));
    Ok(Signed { manifest: statement.manifest, fingerprint, warnings, bundle, path, authentic })
}

/// Why a model was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignModelError {
    /// The model could not be described.
    #[error(transparent)]
    Hash(#[from] HashAllError),
    /// A path cannot be left out.
    #[error(transparent)]
    Ignore(#[from] PathError),
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What the services made of it would not be accepted by any verifier.
    #[error("the finished signature does not hold, and was not written")]
    Check(#[from] BundleFault),
    /// The statement could not be written.
    #[error("cannot write the statement")]
    Statement(#[from] serde_json::Error),
    /// The bundle could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The signature would take the model's place.
    #[error("the signature would overwrite the model {}", path.display())]
    OverModel {
        /// The model.
        path: PathBuf,
    },
    /// The signature would take the place of a file that is no signature.
    #[error("{} exists and is not a signature, it is not overwritten", path.display())]
    OverOtherFile {
        /// The file.
        path: PathBuf,
    },
    /// The fingerprint would take the place of something that somebody signed.
    #[error("{} exists and is signed, it is not overwritten", path.display())]
    OverSigned {
        /// The file.
        path: PathBuf,
    },
    /// There is no first signature to add one to.
    #[error("there is no signature to add one to")]
    NoFirst(#[source] ReadError),
    /// The first signature is none.
    #[error("the signature {} cannot be added to", path.display())]
    First {
        /// The signature.
        path: PathBuf,
        /// Why.
        #[source]
        source: BundleError,
    },
    /// The first signature's statement cannot be signed again.
    #[error("what the signature {} signs cannot be signed again", path.display())]
    FirstStatement {
        /// The signature.
        path: PathBuf,
        /// Why.
        #[source]
        source: StatementError,
    },
    /// The model is not what the first signature is about.
    #[error("the model is not what {} signs", path.display())]
    Differs {
        /// The signature.
        path: PathBuf,
        /// What differs.
        findings: Vec<Finding>,
    },
}
