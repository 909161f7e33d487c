use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cosign::{self, BlobSignature, CosignError};
use super::migration_report::MigrationReport;
use super::package::{CreateError, Created, PackageRequest, PackageSigner, create_package};
use super::set::own_files;
use super::verify::in_words;
use super::{
    DigestRequest, FingerprintOptions, Links, Refused, Selection, SignModelError, SignRequest, SingleFileName, Verdict,
    VerifyModelError, VerifyRequest, sign, verify,
};
use crate::finding::Finding;
use crate::io::{ReadError, read_to_limit};
use crate::manifest::UnsignedFiles;
use crate::oms::{Bundle, MAX_BUNDLE_BYTES};
use crate::progress::Progress;
use crate::sign::Signer;
use crate::trust::TrustRoot;
use crate::verify::{Verified, Verifier};

/// What is taken over into a package.
#[derive(Debug, Clone, Copy)]
pub struct MigrateRequest<'a> {
    /// The model, or the folder that `secureaiml` calls a package.
    pub source: MigrationSource<'a>,
    /// Where the package is written.
    pub output: &'a Path,
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

/// Takes a model and its old signature over into a package.
///
/// 1. The old signature is verified as ever, model and all. What it does not hold is not carried over at all.
/// 2. If wanted, the model is signed anew.
/// 3. Package, fingerprint and report are made and signed; the old signature stays byte for byte.
///
/// # Errors
/// [`MigrateError`]; no package was written then.
pub fn migrate(
    request: &MigrateRequest<'_>,
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<Migration, MigrateError> {
    match request.source {
        MigrationSource::Oms { model, signature, trust, now } => {
            // 1.
            let selection = Selection::default();
            let (unsigned_files, links) = (UnsignedFiles::Refuse, Links::AsSigned);
            let verifying = VerifyRequest { model, signature, selection: &selection, unsigned_files, links };
            match verify(&verifying, trust, now, progress)? {
                Verdict::Refused(refused) => Ok(Migration::Refused(Box::new(refused))),
                Verdict::Accepted { verified, .. } => {
                    let blobs = match blobs(request, model, signature, &verified, &Verifier::new(trust, now), progress)?
                    {
                        Ok(blobs) => blobs,
                        Err(refused) => return Ok(Migration::Refused(Box::new(refused))),
                    };
                    oms(request, (model, signature), (verified, blobs), signer, progress)
                }
            }
        }
        MigrationSource::Cosign { model, trust, now } => {
            from_cosign(request, model, &Verifier::new(trust, now), signer, progress)
        }
        MigrationSource::SecureAiml { folder } => secureaiml(request, folder, signer, progress),
    }
}

/// The bundles over single files that come along with an OMS signature.
fn blobs(
    request: &MigrateRequest<'_>,
    model: &Path,
    signature: &Path,
    verified: &Verified,
    verifier: &Verifier<'_>,
    progress: &dyn Progress,
) -> Result<Result<Vec<BlobSignature>, Refused>, MigrateError> {
    if request.blob_bundles.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let selection = Selection { ignore_paths: own_files(signature)?, ignore_git_paths: true };
    let symlinks = verified.manifest().serialization().symlinks;
    let files = cosign::files(model, &selection, symlinks, progress).map_err(SignModelError::from)?;
    Ok(cosign::check(request.blob_bundles, &files, verifier)?)
}

/// A model whose files were signed one by one: every one of them must be.
fn from_cosign(
    request: &MigrateRequest<'_>,
    model: &Path,
    verifier: &Verifier<'_>,
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<Migration, MigrateError> {
    let selection = Selection { ignore_paths: request.blob_bundles.to_vec(), ignore_git_paths: true };
    let files = cosign::files(model, &selection, Default::default(), progress).map_err(SignModelError::from)?;
    let blobs = match cosign::check(request.blob_bundles, &files, verifier)? {
        Ok(blobs) => blobs,
        Err(refused) => return Ok(Migration::Refused(Box::new(refused))),
    };
    let findings = cosign::uncovered(&files, &blobs);
    if !findings.is_empty() {
        return Ok(Migration::Refused(Box::new(Refused { verified: None, findings, fault: None })));
    }
    let mut report = MigrationReport::new("cosign");
    let imported = report.carry_blobs(blobs);
    let workspace = tempfile::tempdir().map_err(MigrateError::Workspace)?;
    let signature = workspace.path().join("model.sig");
    sign_model(model, (&selection, Default::default(), &signature), signer, progress)?;
    report.carried(&model.display().to_string(), format!("model/, {} files, signed anew as a whole", files.len()));
    let created = package(request.output, (model, &signature), &imported, &report, signer, progress)?;
    let known = |file: &crate::package::FileRecord| files.contains_key(file.sha256.as_bytes());
    if !created.manifest.files().iter().all(known) {
        drop(fs::remove_file(request.output));
        return Err(MigrateError::Changed);
    }
    Ok(Migration::Done(Box::new(Migrated { created, verified: None, report })))
}

fn oms(
    request: &MigrateRequest<'_>,
    (model, signature): (&Path, &Path),
    (verified, blobs): (Verified, Vec<BlobSignature>),
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<Migration, MigrateError> {
    let old = read_to_limit(signature, MAX_BUNDLE_BYTES)?;
    let mut report = MigrationReport::new("oms");
    let signed_by = verified.authentic().identity().to_string();
    let old_name = signature.display().to_string();
    let workspace = tempfile::tempdir().map_err(MigrateError::Workspace)?;
    let new = workspace.path().join("model.sig");
    let mut imported = report.carry_blobs(blobs);
    // 2.
    let packaged = if request.sign_again {
        let selection = Selection { ignore_paths: own_files(signature)?, ignore_git_paths: true };
        let settings = verified.manifest().serialization();
        sign_model(model, (&selection, settings.symlinks, &new), signer, progress)?;
        let how = format!("secureml/imported/model.sig, byte for byte; it holds, by {signed_by}");
        report.carried(&old_name, how);
        imported.push(("model.sig".to_owned(), old));
        new.as_path()
    } else {
        report.carried(&old_name, format!("model.sig, byte for byte; it holds, by {signed_by}"));
        signature
    };
    report.carried(&model.display().to_string(), format!("model/, {} files", verified.manifest().file_count()));
    // 3.
    let created = package(request.output, (model, packaged), &imported, &report, signer, progress)?;
    if created.model.root_digest() != verified.manifest().root_digest() && !request.sign_again {
        drop(fs::remove_file(request.output));
        return Err(MigrateError::Changed);
    }
    Ok(Migration::Done(Box::new(Migrated { created, verified: Some(verified), report })))
}

/// A folder of `secureaiml` holds `model.pkl`, and files that say of it what nobody can check. None of it is unpickled.
fn secureaiml(
    request: &MigrateRequest<'_>,
    folder: &Path,
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<Migration, MigrateError> {
    let model = folder.join(SECUREAIML_MODEL);
    if !fs::symlink_metadata(&model).is_ok_and(|found| found.is_file()) {
        return Err(MigrateError::NoSecureAiml { path: folder.to_owned() });
    }
    let mut report = MigrationReport::new("secureaiml");
    let mut imported = Vec::new();
    let mut names: Vec<PathBuf> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|source| ReadError::Io { path: folder.to_owned(), source })?;
    names.sort();
    for path in names.iter().filter(|path| **path != model) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !KEPT.contains(&name.as_str()) || !fs::symlink_metadata(path).is_ok_and(|found| found.is_file()) {
            report.left(&name, "no file that secureaiml writes; nothing is known of it");
            continue;
        }
        let content = read_to_limit(path, MAX_IMPORTED_BYTES)?;
        if name == SECUREAIML_SIGNATURE {
            let why = match Bundle::from_json(&content) {
                Ok(_) => {
                    "as a signature: verify it with `secureml migrate MODEL --signature …` to carry it over".into()
                }
                Err(error) => format!("as a signature: it is none ({})", in_words(&error)),
            };
            report.left(&name, why);
        } else {
            report.left(&name, "as facts: nobody signed what it says");
        }
        report.carried(&name, format!("secureml/imported/secureaiml/{name}, as it is; nothing in it is believed"));
        imported.push((format!("secureaiml/{name}"), content));
    }
    let workspace = tempfile::tempdir().map_err(MigrateError::Workspace)?;
    let signature = workspace.path().join("model.sig");
    let selection = Selection::default();
    sign_model(&model, (&selection, Default::default(), &signature), signer, progress)?;
    report.carried(SECUREAIML_MODEL, "model/model.pkl, signed anew by the signer of the package, who vouches for it");
    let created = package(request.output, (&model, &signature), &imported, &report, signer, progress)?;
    Ok(Migration::Done(Box::new(Migrated { created, verified: None, report })))
}

fn sign_model(
    model: &Path,
    (selection, symlinks, signature): (&Selection, crate::model::SymlinkRule, &Path),
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<(), MigrateError> {
    let model = DigestRequest {
        model,
        method: crate::manifest::Method::Files,
        algorithm: crate::digest::Algorithm::Sha256,
        symlinks,
        selection,
    };
    let request = SignRequest { model, signature, single_file: SingleFileName::Dot, fingerprint: None };
    sign(&request, signer, progress)?;
    Ok(())
}

/// Makes the package, with the report of the migration in it.
fn package(
    output: &Path,
    (model, signature): (&Path, &Path),
    imported: &[(String, Vec<u8>)],
    report: &MigrationReport,
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<Created, MigrateError> {
    let options = FingerprintOptions::default();
    let report = ("migration.json".to_owned(), serde_json::to_vec_pretty(report).map_err(CreateError::from)?);
    let request = PackageRequest {
        model,
        signature,
        output,
        version: None,
        created: None,
        fingerprint: Some(&options),
        reports: &[],
        made_reports: std::slice::from_ref(&report),
        attestations: &[],
        readme: None,
        imported,
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
    #[error("{} is not a package of secureaiml: there is no {SECUREAIML_MODEL} in it", path.display())]
    NoSecureAiml {
        /// The folder.
        path: PathBuf,
    },
    /// The signature was replaced while it was migrated.
    #[error("the old signature changed while it was migrated, the package was removed")]
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

const SECUREAIML_MODEL: &str = "model.pkl";
const SECUREAIML_SIGNATURE: &str = "model.pkl.sig";
/// What `secureaiml` writes beside the model.
const KEPT: [&str; 3] = ["manifest.json", "metadata.json", SECUREAIML_SIGNATURE];
const MAX_IMPORTED_BYTES: u64 = 64 << 20;
