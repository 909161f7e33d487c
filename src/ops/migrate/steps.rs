//! What every kind of migration shares: what is asked for, how it ends, and the steps that make the package.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::blobs::CosignError;
use super::imports::Imports;
use super::report::MigrationReport;
use crate::finding::Finding;
use crate::io::ReadError;
use crate::manifest::Serialization;
use crate::model::{PathError, TreeError};
use crate::ops::package::{CreateError, Created, Existing, PackageRequest, PackageSigner, create_package};
use crate::ops::{
    DigestRequest, FingerprintOptions, Refused, Selection, SignModelError, SignRequest, SingleFileName,
    VerifyModelError, sign,
};
use crate::progress::Progress;
use crate::sign::Signer;
use crate::trust::TrustRoot;
use crate::verify::Verified;

/// What is taken over into a package.
#[derive(Debug, Clone, Copy)]
pub struct MigrateRequest<'a> {
    /// The model, or the folder that `secureaiml` calls a package.
    pub source: MigrationSource<'a>,
    /// Where the package is written.
    pub output: &'a Path,
    /// What becomes of a package that is there already.
    pub existing: Existing,
    /// Whether the model gets a new OMS signature as well; the old one is kept beside it, byte for byte.
    pub sign_again: bool,
    /// Bundles of `cosign sign-blob` over files of the model, by the same signer.
    pub blob_bundles: &'a [PathBuf],
}

/// Where a model comes from.
#[derive(Debug, Clone, Copy)]
pub enum MigrationSource<'a> {
    /// A model with an OMS signature of any published version, and whom to trust with it.
    Oms {
        /// The file or folder.
        model: &'a Path,
        /// The bundle.
        signature: &'a Path,
        /// Who must have signed.
        trust: &'a TrustRoot,
        /// The time of judgement, since the Unix epoch.
        now: Duration,
    },
    /// A model without an OMS signature, each file of which is signed by one of the bundles.
    Cosign {
        /// The file or folder.
        model: &'a Path,
        /// Who must have signed.
        trust: &'a TrustRoot,
        /// The time of judgement, since the Unix epoch.
        now: Duration,
    },
    /// A folder of `secureaiml`, whose signatures and metadata prove nothing: whoever signs the package vouches for the
    /// model himself.
    SecureAiml {
        /// The folder.
        folder: &'a Path,
    },
}

impl MigrationSource<'_> {
    /// The file or folder that goes into the package.
    pub(super) fn model(&self) -> PathBuf {
        match self {
            Self::Oms { model, .. } | Self::Cosign { model, .. } => model.to_path_buf(),
            Self::SecureAiml { folder } => folder.join(super::from_secureaiml::MODEL),
        }
    }
}

/// The end of a migration.
#[derive(Debug)]
pub enum Migration {
    /// The package is made.
    Done(Box<Migrated>),
    /// The old signature is not acceptable, or the model is not what was signed; nothing was written.
    Refused(Box<Refused>),
}

/// A package that was made from something older.
#[derive(Debug)]
pub struct Migrated {
    /// The package.
    pub created: Created,
    /// Who made the old signature.
    pub verified: Option<Verified>,
    /// What became of everything.
    pub report: MigrationReport,
}

/// Signs the model anew, by the method and algorithm of these settings.
pub(super) fn sign_model(
    model: &Path,
    (selection, settings, signature): (&Selection, &Serialization, &Path),
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<(), MigrateError> {
    let Serialization { method, algorithm, symlinks, .. } = *settings;
    let model = DigestRequest { model, method, algorithm, symlinks, selection };
    let request = SignRequest { model, signature, single_file: SingleFileName::Dot, fingerprint: None };
    sign(&request, signer, progress)?;
    Ok(())
}

/// Makes the package, with the report of the migration in it.
pub(super) fn package(
    to: &MigrateRequest<'_>,
    (model, signature): (&Path, &Path),
    imported: &Imports,
    report: &MigrationReport,
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<Created, MigrateError> {
    let options = FingerprintOptions::default();
    let report = ("migration.json".to_owned(), serde_json::to_vec_pretty(report).map_err(CreateError::from)?);
    let request = PackageRequest {
        model,
        signature,
        output: to.output,
        existing: to.existing,
        version: None,
        created: None,
        fingerprint: Some(&options),
        reports: &[],
        made_reports: std::slice::from_ref(&report),
        attestations: &[],
        readme: None,
        imported: imported.files(),
    };
    Ok(create_package(&request, PackageSigner::Signer(signer), progress)?)
}

/// Why nothing was migrated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// There is no verdict about the old signature.
    #[error(transparent)]
    Verify(#[from] VerifyModelError),
    /// The model was not signed anew.
    #[error(transparent)]
    Sign(#[from] SignModelError),
    /// The package was not made.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no verdict about a bundle over a single file.
    #[error(transparent)]
    Cosign(#[from] CosignError),
    /// The folder is not one of `secureaiml`.
    #[error("{} is not a package of secureaiml: {reason}", path.display())]
    NoSecureAiml {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be looked at.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A path of the old signature cannot be left out anew.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The signature or the model was replaced while it was migrated.
    #[error("the model or its old signature changed while it was migrated, the package was removed")]
    Changed,
    /// There is no place for passing files.
    #[error("cannot make a folder for passing files")]
    Workspace(#[source] std::io::Error),
}

impl MigrateError {
    /// What an error found, besides what it says.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        match self {
            Self::Create(CreateError::Differs { findings, .. }) => findings.clone(),
            _ => Vec::new(),
        }
    }
}
