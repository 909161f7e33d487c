//! Folders of the program `secureaiml`.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::imports::Imports;
use super::report::MigrationReport;
use super::steps::{MigrateError, MigrateRequest, Migrated, Migration, package, sign_model};
use crate::io::ReadError;
use crate::manifest::Serialization;
use crate::model::{ModelPath, ModelTree, SymlinkRule};
use crate::oms::Bundle;
use crate::ops::Selection;
use crate::ops::verify::in_words;
use crate::progress::Progress;
use crate::sign::Signer;

/// A folder of `secureaiml` holds `model.pkl`, and files that say of it what nobody can check. None of it is unpickled, and
/// no link is followed.
pub(super) fn secureaiml(
    request: &MigrateRequest<'_>,
    folder: &Path,
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<Migration, MigrateError> {
    let model = folder.join(MODEL);
    let none = |reason: String| MigrateError::NoSecureAiml { path: folder.to_owned(), reason };
    match fs::symlink_metadata(&model) {
        Ok(found) if found.is_file() => {}
        Ok(found) if found.is_symlink() => return Err(none(format!("its {MODEL} is a link"))),
        Ok(_) => return Err(none(format!("its {MODEL} is no file"))),
        Err(_) => return Err(none(format!("there is no {MODEL} in it"))),
    }
    let mut report = MigrationReport::new("secureaiml");
    let mut imports = Imports::default();
    let mut names: Vec<PathBuf> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|source| ReadError::Io { path: folder.to_owned(), source })?;
    names.sort();
    let resolved = fs::canonicalize(folder).map_err(|source| ReadError::Io { path: folder.to_owned(), source })?;
    let tree = ModelTree::open(&resolved, SymlinkRule::Refuse)?;
    for path in names.iter().filter(|path| **path != model) {
        carry(&tree, path, &mut imports, &mut report)?;
    }
    let workspace = tempfile::tempdir().map_err(MigrateError::Workspace)?;
    let signature = workspace.path().join("model.sig");
    let selection = Selection::default();
    sign_model(&model, (&selection, &Serialization::default(), &signature), signer, progress)?;
    report.carried(MODEL, "model/model.pkl, signed anew by the signer of the package, who vouches for it");
    let created = package(request, (&model, &signature), &imports, &report, signer, progress)?;
    Ok(Migration::Done(Box::new(Migrated { created, verified: None, report })))
}

/// One file beside the model.
fn carry(
    tree: &ModelTree,
    path: &Path,
    imports: &mut Imports,
    report: &mut MigrationReport,
) -> Result<(), MigrateError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !KEPT.contains(&name.as_str()) {
        report.left(&name, "no file that secureaiml writes; nothing is known of it");
        return Ok(());
    }
    if !fs::symlink_metadata(path).is_ok_and(|found| found.is_file()) {
        report.left(&name, "it is no regular file, as secureaiml writes it");
        return Ok(());
    }
    let mut content = Vec::new();
    let opened = tree.find(&ModelPath::new(name.as_str())?)?.open();
    let read = opened.and_then(|file| file.take(MAX_IMPORTED_BYTES.saturating_add(1)).read_to_end(&mut content));
    read.map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    if u64::try_from(content.len()).is_ok_and(|bytes| bytes > MAX_IMPORTED_BYTES) {
        report.left(&name, format!("it has more than {} MiB", MAX_IMPORTED_BYTES >> 20));
        return Ok(());
    }
    if name == SIGNATURE {
        let why = match Bundle::from_json(&content) {
            Ok(_) => "as a signature: verify it with `secureml migrate MODEL --signature …` to carry it over".into(),
            Err(error) => format!("as a signature: it is none ({})", in_words(&error)),
        };
        report.left(&name, why);
    } else {
        report.left(&name, "as facts: nobody signed what it says");
    }
    let place = imports.add("secureaiml/", path, content);
    report.carried(&name, format!("{place}, as it is; nothing in it is believed"));
    Ok(())
}

/// What a folder of `secureaiml` calls the model.
pub(super) const MODEL: &str = "model.pkl";
const SIGNATURE: &str = "model.pkl.sig";
/// What `secureaiml` writes beside the model.
const KEPT: [&str; 3] = ["manifest.json", "metadata.json", SIGNATURE];
/// Far more than the facts of a model take.
const MAX_IMPORTED_BYTES: u64 = 64 << 20;
