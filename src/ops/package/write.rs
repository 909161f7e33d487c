//! Writing a package's bytes.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use super::error::CreateError;
use super::target::Existing;
use crate::digest::{Algorithm, Digest, Hasher};
use crate::fingerprint::{FilePrint, Fingerprint};
use crate::io::{AtomicFile, FileStat, WriteError, copy_range};
use crate::manifest::HashError;
use crate::model::{FileEntry, ModelPath, ModelTree};
use crate::oms::write_fingerprint;
use crate::ops::HashAllError;
use crate::package::{EntryName, PackageError, PackageManifest, Writer};
use crate::progress::Progress;

/// One entry that is not of the model, with the sums of its content.
#[derive(Debug)]
pub(super) struct Small<'a> {
    pub(super) name: EntryName,
    content: SmallContent<'a>,
    pub(super) size: u64,
    pub(super) sha256: Digest,
    crc32: u32,
}

/// What such an entry holds. What lists all files of a model becomes text only while it is written: as text it is several
/// times as long.
#[derive(Debug)]
pub(super) enum SmallContent<'a> {
    Bytes(Vec<u8>),
    Fingerprint(&'a Fingerprint),
    Manifest(&'a PackageManifest),
}

impl<'a> Small<'a> {
    pub(super) fn new(name: EntryName, content: SmallContent<'a>) -> io::Result<Self> {
        let mut sums = Sums { size: 0, sha256: Hasher::new(Algorithm::Sha256), crc32: crc32fast::Hasher::new() };
        let mut buffered = BufWriter::new(&mut sums);
        content.write(&mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        Ok(Self { name, content, size: sums.size, sha256: sums.sha256.finish(), crc32: sums.crc32.finalize() })
    }
}

impl SmallContent<'_> {
    fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => sink.write_all(bytes),
            Self::Fingerprint(fingerprint) => write_fingerprint(fingerprint, sink),
            Self::Manifest(manifest) => manifest.write(sink),
        }
    }
}

/// What is told of a content before it is written.
struct Sums {
    size: u64,
    sha256: Hasher,
    crc32: crc32fast::Hasher,
}

impl Write for Sums {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.sha256.update(bytes);
        self.crc32.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file of the model as it was read.
pub(super) struct ModelFile<'a> {
    pub(super) print: &'a FilePrint,
    pub(super) name: EntryName,
    /// Where it is found; `.` for a model that is a single file.
    pub(super) path: ModelPath,
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
pub(super) fn write<'a>(
    target: Target<'_>,
    small: &[Small<'_>],
    (tree, model): (&ModelTree, impl Iterator<Item = Result<ModelFile<'a>, CreateError>>),
    progress: &dyn Progress,
) -> Result<u64, CreateError> {
    let mut writer = Writer::new(target.file)?;
    for Small { name, content, size, crc32, .. } in small {
        writer.add_written(name, *size, *crc32, |sink| content.write(sink))?;
    }
    for file in model {
        add_file(&mut writer, tree, &file?, progress)?;
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
    let unstable = || CreateError::from(HashAllError::from(HashError::Unstable { path: file.path.clone() }));
    let unreadable =
        |source| CreateError::from(HashAllError::from(HashError::Read { path: file.path.clone(), source }));
    let entry: FileEntry = tree.find(&file.path).map_err(HashError::from).map_err(HashAllError::from)?;
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
