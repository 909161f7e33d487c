//! Writing a package's bytes.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::error::CreateError;
use super::target::Existing;
use crate::fingerprint::FilePrint;
use crate::io::{AtomicFile, FileStat, WriteError, copy_range};
use crate::manifest::HashError;
use crate::model::{FileEntry, ModelPath, ModelTree};
use crate::ops::HashAllError;
use crate::package::{EntryName, PackageError, Writer};
use crate::progress::Progress;

/// One small entry.
#[derive(Debug, Clone)]
pub(super) struct Small {
    pub(super) name: EntryName,
    pub(super) content: Vec<u8>,
}

/// A file of the model as it was read.
pub(super) struct ModelFile<'a> {
    pub(super) print: &'a FilePrint,
    pub(super) name: EntryName,
    /// Its name in the model in the package.
    pub(super) packed: ModelPath,
    pub(super) crc32: u32,
    pub(super) version: FileStat,
}

/// The place of a new package.
pub(super) struct Target<'a> {
    pub(super) file: AtomicFile,
    pub(super) path: &'a Path,
    pub(super) existing: Existing,
}

/// Writes a package: small entries in order, then the model.
pub(super) fn write(
    target: Target<'_>,
    small: &[Small],
    (tree, model): (&ModelTree, &[ModelFile<'_>]),
    progress: &dyn Progress,
) -> Result<u64, CreateError> {
    let mut writer = Writer::new(target.file)?;
    for Small { name, content } in small {
        let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
        writer.add(name, size, crc32fast::hash(content), &mut content.as_slice())?;
    }
    for file in model {
        add_file(&mut writer, tree, file, progress)?;
    }
    let mut file = writer.finish()?;
    let failed = |source| WriteError { path: target.path.to_owned(), source };
    file.flush().map_err(failed)?;
    let bytes = file.regular().and_then(|file| file.metadata().ok()).map_or(0, |found| found.len());
    match target.existing {
        Existing::Replace => file.commit()?,
        Existing::Keep => file.commit_new().map_err(|error| match error.source.kind() {
            ErrorKind::AlreadyExists => CreateError::Exists { path: error.path },
            _ => error.into(),
        })?,
    }
    Ok(bytes)
}

/// Copies one file, which must still be what it was when it was read.
fn add_file(
    writer: &mut Writer<AtomicFile>,
    tree: &ModelTree,
    file: &ModelFile<'_>,
    progress: &dyn Progress,
) -> Result<(), CreateError> {
    let unstable = || CreateError::from(HashAllError::from(HashError::Unstable { path: file.print.path.clone() }));
    let unreadable =
        |source| CreateError::from(HashAllError::from(HashError::Read { path: file.print.path.clone(), source }));
    let entry: FileEntry = tree.find(&file.print.path).map_err(HashError::from).map_err(HashAllError::from)?;
    if entry.version() != file.version {
        return Err(unstable());
    }
    let from = entry.open().map_err(unreadable)?;
    let size = file.print.size;
    let mut hole = writer.begin(&file.name, size, file.crc32)?;
    let offset = hole.offset();
    // A pipe has no places; whoever called has made sure that this is none.
    if let Some(to) = hole.file().regular() {
        copy_range((&from, 0), (to, offset), size).map_err(|source| match source.kind() {
            // These are said of what is written, never of what is read.
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                PackageError::Write(source).into()
            }
            _ => unreadable(source),
        })?;
    }
    hole.filled()?;
    progress.advance(size);
    if entry.is_unchanged(&from).map_err(unreadable)? { Ok(()) } else { Err(unstable()) }
}
