use std::fs;
use std::path::Path;
use std::time::Duration;

use super::blobs::{self, BlobSignature};
use super::imports::Imports;
use super::report::MigrationReport;
use super::steps::{MigrateError, MigrateRequest, Migrated, Migration, package, sign_model};
use crate::io::{ReadError, read_to_limit};
use crate::manifest::{Manifest, Serialization, UnsignedFiles};
use crate::model::{GIT_PATHS, ModelPath, ModelTree};
use crate::oms::{Bundle, MAX_BUNDLE_BYTES};
use crate::ops::compare::{Rules, for_this_kind, settings};
use crate::ops::set::{own_files, set_folder, signatures};
use crate::ops::{Links, Refused, Selection, SignModelError, Verdict, VerifyRequest, verify};
use crate::progress::Progress;
use crate::sign::Signer;
use crate::trust::TrustRoot;
use crate::verify::{Verified, Verifier};

/// A model with an OMS signature.
pub(super) fn from_oms(
    request: &MigrateRequest<'_>,
    (model, signature): (&Path, &Path),
    (trust, now): (&TrustRoot, Duration),
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<Migration, MigrateError> {
    // 1.
    let selection = Selection::default();
    let (unsigned_files, links) = (UnsignedFiles::Refuse, Links::AsSigned);
    let verifying = VerifyRequest { model, signature, selection: &selection, unsigned_files, links };
    let verified = match verify(&verifying, trust, now, progress)? {
        Verdict::Refused(refused) => return Ok(Migration::Refused(Box::new(refused))),
        Verdict::Accepted { verified, .. } => verified,
    };
    let kept = Kept::new(model, signature, &verified)?;
    let blobs = match blobs(request, model, &kept, &Verifier::new(trust, now), progress)? {
        Ok(blobs) => blobs,
        Err(refused) => return Ok(Migration::Refused(Box::new(refused))),
    };
    carry(request, (model, signature), (verified, &kept, blobs), signer, progress)
}

/// What belongs to the model by its old signature, and what does not.
struct Kept {
    /// How the files were found and hashed.
    serialization: Serialization,
    /// The same, for whoever reads the model anew.
    selection: Selection,
    /// What is there and was left out, but for the signatures.
    left: Vec<ModelPath>,
}

impl Kept {
    fn new(model: &Path, signature: &Path, verified: &Verified) -> Result<Self, MigrateError> {
        let manifest = verified.manifest();
        let (own, _) = Selection { ignore_paths: own_files(signature)?, ..Selection::default() }.rules(model, &[])?;
        let rules = Rules {
            ignore: &own,
            ignore_git_paths: true,
            unsigned_files: UnsignedFiles::Refuse,
            links: Links::AsSigned,
        };
        let signed = manifest.resources().iter().map(|resource| &resource.path);
        let serialization = settings(manifest.serialization(), signed, &rules);
        let is_there = |path: &&ModelPath| fs::symlink_metadata(model.join(path.as_str())).is_ok();
        let there: Vec<ModelPath> = serialization.ignore.iter().filter(is_there).cloned().collect();
        let ignore_paths = there.iter().map(|path| model.join(path.as_str())).collect();
        let is_git = |path: &ModelPath| GIT_PATHS.contains(&path.as_str());
        let git = serialization.ignore.iter().filter(|path| is_git(path)).count();
        let selection = Selection { ignore_paths, ignore_git_paths: git == GIT_PATHS.len() };
        let left = there.into_iter().filter(|path| !own.contains(path)).collect();
        Ok(Self { serialization, selection, left })
    }

    fn report(&self, recorded: &Manifest, report: &mut MigrationReport) {
        for path in &self.left {
            let why = if recorded.serialization().ignore.contains(path) {
                "with all below it: the old signature leaves it out, so nobody signed it"
            } else {
                "with all below it: Git's own is left out, and nobody signed it"
            };
            report.left(path.as_str(), why);
        }
    }
}

/// The bundles over single files that come along with an OMS signature.
fn blobs(
    request: &MigrateRequest<'_>,
    model: &Path,
    kept: &Kept,
    verifier: &Verifier<'_>,
    progress: &dyn Progress,
) -> Result<Result<Vec<BlobSignature>, Refused>, MigrateError> {
    if request.blob_bundles.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let symlinks = kept.serialization.symlinks;
    let files = blobs::files(model, &kept.selection, symlinks, progress).map_err(SignModelError::from)?;
    Ok(blobs::check(request.blob_bundles, &files, verifier)?)
}

fn carry(
    request: &MigrateRequest<'_>,
    (model, signature): (&Path, &Path),
    (verified, kept, blobs): (Verified, &Kept, Vec<BlobSignature>),
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<Migration, MigrateError> {
    let old = read_to_limit(signature, MAX_BUNDLE_BYTES)?;
    let mut report = MigrationReport::new("oms");
    let signed_by = verified.authentic().identity().to_string();
    let old_name = signature.display().to_string();
    let workspace = tempfile::tempdir().map_err(MigrateError::Workspace)?;
    let new = workspace.path().join("model.sig");
    let mut imports = Imports::default();
    report.carry_blobs(blobs, &mut imports);
    // 2.
    let packaged = if request.sign_again {
        sign_model(model, (&kept.selection, &kept.serialization, &new), signer, progress)?;
        let place = imports.add("", Path::new("model.sig"), old.clone());
        report.carried(&old_name, format!("{place}, byte for byte; it holds, by {signed_by}"));
        new.as_path()
    } else {
        report.carried(&old_name, format!("model.sig, byte for byte; it holds, by {signed_by}"));
        signature
    };
    further(request, signature, &old, &mut imports, &mut report)?;
    report.carried(&model.display().to_string(), format!("model/, {} files", verified.manifest().file_count()));
    kept.report(verified.manifest(), &mut report);
    // 3.
    let created = package(request, (model, packaged), &imports, &report, signer, progress)?;
    if !is_same(&created.model, verified.manifest(), model)? {
        drop(fs::remove_file(request.output));
        return Err(MigrateError::Changed);
    }
    Ok(Migration::Done(Box::new(Migrated { created, verified: Some(verified), report })))
}

/// What becomes of the signatures that were added to the old one. Nobody was asked about them.
fn further(
    request: &MigrateRequest<'_>,
    signature: &Path,
    old: &[u8],
    imports: &mut Imports,
    report: &mut MigrationReport,
) -> Result<(), MigrateError> {
    let folder = set_folder(signature);
    let found = signatures(signature).map_err(|source| ReadError::Io { path: folder, source })?;
    let payload = |json: &[u8]| Bundle::from_json(json).map(|bundle| bundle.envelope.payload).ok();
    for path in found.iter().skip(1) {
        let content = read_to_limit(path, MAX_BUNDLE_BYTES)?;
        let name = path.display().to_string();
        if payload(&content).is_none_or(|found| Some(found) != payload(old)) {
            report.left(&name, "it is not a signature over the same statement");
        } else if request.sign_again {
            let place = imports.add("model.sig.d/", path, content);
            report.carried(&name, format!("{place}, byte for byte; whether it holds was not asked"));
        } else {
            let how = "among secureml/signatures/, byte for byte; whether it holds was not asked";
            report.carried(&name, how);
        }
    }
    Ok(())
}

/// Whether two lists are of the same files with the same contents.
fn is_same(packed: &Manifest, verified: &Manifest, model: &Path) -> Result<bool, MigrateError> {
    let tree = ModelTree::open(model, verified.serialization().symlinks)?;
    let sorted = |manifest: &Manifest| {
        let manifest = for_this_kind(manifest, &tree)?;
        let mut names: Vec<_> = manifest.resources().iter().map(|found| (found.name(), found.digest)).collect();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        Some(names)
    };
    Ok(sorted(packed).is_some_and(|packed| Some(packed) == sorted(verified)))
}
