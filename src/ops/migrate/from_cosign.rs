use std::fs;
use std::path::Path;

use super::blobs;
use super::imports::Imports;
use super::report::MigrationReport;
use super::steps::{MigrateError, MigrateRequest, Migrated, Migration, package, sign_model};
use crate::manifest::Serialization;
use crate::model::GIT_PATHS;
use crate::ops::{Refused, Selection, SignModelError};
use crate::package::FileRecord;
use crate::progress::Progress;
use crate::sign::Signer;
use crate::verify::Verifier;

/// A model whose files were signed one by one: every one of them must be.
pub(super) fn from_cosign(
    request: &MigrateRequest<'_>,
    model: &Path,
    verifier: &Verifier<'_>,
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<Migration, MigrateError> {
    let selection = Selection { ignore_paths: request.blob_bundles.to_vec(), ignore_git_paths: true };
    let files = blobs::files(model, &selection, Default::default(), progress).map_err(SignModelError::from)?;
    let blobs = match blobs::check(request.blob_bundles, &files, verifier)? {
        Ok(blobs) => blobs,
        Err(refused) => return Ok(Migration::Refused(Box::new(refused))),
    };
    let findings = files.uncovered(&blobs);
    if !findings.is_empty() {
        return Ok(Migration::Refused(Box::new(Refused { verified: None, findings, fault: None })));
    }
    let mut report = MigrationReport::new("cosign");
    let mut imports = Imports::default();
    report.carry_blobs(blobs, &mut imports);
    let workspace = tempfile::tempdir().map_err(MigrateError::Workspace)?;
    let signature = workspace.path().join("model.sig");
    sign_model(model, (&selection, &Serialization::default(), &signature), signer, progress)?;
    report.carried(&model.display().to_string(), format!("model/, {} files, signed anew as a whole", files.count()));
    for name in GIT_PATHS.iter().filter(|name| fs::symlink_metadata(model.join(name)).is_ok()) {
        report.left(name, "with all below it: Git's own is left out, and no bundle was asked for");
    }
    let created = package(request, (model, &signature), &imports, &report, signer, progress)?;
    let known = |file: &FileRecord| files.named(file.sha256.as_bytes()).is_some();
    if !created.manifest.files().iter().all(known) {
        drop(fs::remove_file(request.output));
        return Err(MigrateError::Changed);
    }
    Ok(Migration::Done(Box::new(Migrated { created, verified: None, report })))
}
