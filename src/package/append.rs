use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::end::{END_LENGTH, MAX_DIRECTORY_BYTES};
use super::record::length;
use super::sequence::Sequence;
use super::source::read_exact_at;
use super::tail::{FoundTail, SavedTail};
use super::writer::write_directory;
use super::{Entry, EntryKind, EntryName, Index, PackageError, local};

/// A package on disk, opened to add a signature to it; nobody else adds one meanwhile.
///
/// What a signature covers stays where it is: only the directory and the end records, which stand behind everything
/// else, are written anew, so that a large package takes no longer than a small one.
#[derive(Debug)]
pub struct Appender {
    path: PathBuf,
    file: File,
    index: Index,
}

impl Appender {
    /// Opens a package, after [`recover`] did its part.
    ///
    /// # Errors
    /// [`AppendError`] where it is no regular file, somebody else is adding to it, what is beside it does not belong to
    /// it, or it is no acceptable package, or not what its manifest says.
    pub fn open(path: &Path) -> Result<Self, AppendError> {
        let file = open_locked(path)?;
        restore(path, &file, &mut Steps::all())?;
        let index = Index::read(&file)?;
        index.read_manifest(&file)?;
        Ok(Self { path: path.to_owned(), file, index })
    }

    /// What is in the package.
    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// The package, to read from.
    #[must_use]
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Adds a signature behind everything else.
    ///
    /// 1. The old directory and end records are saved to a file beside the package, `NAME.tail`, and reach the disk.
    /// 2. The new entry, directory and end records take their place, and reach the disk.
    /// 3. The saved ones are removed.
    ///
    /// A kill at any moment leaves the package as it was, as it is to be, or so that [`recover`] makes it what it was.
    ///
    /// # Errors
    /// [`AppendError`] where this is no name of a signature or may not follow the others, or the disk is full; the
    /// package is then as it was.
    pub fn append(self, name: &EntryName, content: &[u8]) -> Result<Index, AppendError> {
        let (path, file) = (self.path.clone(), self.file.try_clone().map_err(|error| self.failed(error))?);
        let appended = self.append_in_steps(name, content, &mut Steps::all());
        if appended.is_err() {
            // What cannot be put right now is put right when the package is next opened; the first fault is the one to
            // tell.
            drop(restore(&path, &file, &mut Steps::all()));
        }
        appended
    }

    fn append_in_steps(self, name: &EntryName, content: &[u8], steps: &mut Steps) -> Result<Index, AppendError> {
        if name.kind() != EntryKind::Signature {
            let problem = "only a further signature can be added to a finished package";
            return Err(PackageError::Order { name: name.clone(), problem }.into());
        }
        let (offset, old_size) = (self.index.directory_offset(), self.index.file_size());
        let entry = Entry::place(name.clone(), length(content.len()), crc32fast::hash(content), offset)?;
        let mut tail = local::encode(&entry);
        tail.extend(content);
        let failed = |source| AppendError::Io { path: self.path.clone(), source };
        let mut sequence = Sequence::resume(self.index.into_entries())?;
        sequence.admit(entry)?;
        write_directory(&sequence, &mut tail)?;
        // 1.
        save(&self.path, &self.file, offset, old_size, steps)?;
        // 2.
        replace_end(&self.file, offset, &tail, steps).map_err(failed)?;
        // 3.
        remove_tail(&self.path, steps)?;
        let directory_offset = sequence.end();
        Ok(Index::from_parts(sequence.into_entries(), directory_offset, offset + length(tail.len())))
    }

    fn failed(&self, source: io::Error) -> AppendError {
        AppendError::Io { path: self.path.clone(), source }
    }
}

/// What [`recover`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovered {
    /// No addition was interrupted.
    Nothing,
    /// One was interrupted before it touched the package; what it had saved is removed.
    Untouched,
    /// One was interrupted; the package is again as it was before.
    Restored,
}

/// Undoes an addition that was interrupted, if there was one. Doing it twice, or being killed at it, does no harm.
///
/// # Errors
/// [`AppendError`] where an addition is under way, or what is beside the package does not belong to it.
pub fn recover(package: &Path) -> Result<Recovered, AppendError> {
    restore(package, &open_locked(package)?, &mut Steps::all())
}

/// Whether an addition to a package was interrupted, or is under way.
///
/// # Errors
/// What the system says.
pub fn is_interrupted(package: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(tail_path(package)) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Why nothing was added to a package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The package, or what was to be added, is not acceptable.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A link, a folder, a pipe, a device.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// The package, or the file beside it.
        path: PathBuf,
    },
    /// Another addition is under way.
    #[error("something else is being added to {} just now", path.display())]
    Busy {
        /// The package.
        path: PathBuf,
    },
    /// The file beside the package is not what an interrupted addition left.
    #[error("{} does not belong to the package beside it", path.display())]
    ForeignTail {
        /// The file beside the package.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot add to {}", path.display())]
    Io {
        /// The package, or the file beside it.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Puts the saved end back, where there is one.
fn restore(package: &Path, file: &File, steps: &mut Steps) -> Result<Recovered, AppendError> {
    let path = tail_path(package);
    let failed = |source| AppendError::Io { path: path.clone(), source };
    let saved = match open(&path, Access::Read) {
        Ok(saved) => saved,
        Err(AppendError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Ok(Recovered::Nothing);
        }
        Err(error) => return Err(error),
    };
    let mut content = Vec::new();
    let limit = MAX_DIRECTORY_BYTES + END_LENGTH + (64 << 10);
    saved.take(limit).read_to_end(&mut content).map_err(failed)?;
    let recovered = match SavedTail::decode(&content) {
        FoundTail::Whole(tail) if tail.fits(file)? => {
            replace_end(file, tail.offset, &tail.bytes, steps)
                .map_err(|source| AppendError::Io { path: package.to_owned(), source })?;
            Recovered::Restored
        }
        FoundTail::Torn => Recovered::Untouched,
        FoundTail::Whole(_) | FoundTail::Foreign => return Err(AppendError::ForeignTail { path }),
    };
    remove_tail(package, steps)?;
    Ok(recovered)
}

/// Saves the end of a package beside it, and sees to it that it is on the disk.
fn save(package: &Path, file: &File, offset: u64, size: u64, steps: &mut Steps) -> Result<(), AppendError> {
    let too_large = || PackageError::Limit { what: "bytes of directory", limit: MAX_DIRECTORY_BYTES };
    let mut bytes = vec![0; usize::try_from(size.saturating_sub(offset)).map_err(|_| too_large())?];
    read_exact_at(file, &mut bytes, offset)?;
    let path = tail_path(package);
    let write = |steps: &mut Steps| {
        steps.take()?;
        let mut saved = File::options().write(true).create_new(true).open(&path)?;
        steps.write(&mut saved, &SavedTail { offset, bytes }.encode())?;
        steps.take()?;
        saved.sync_all()?;
        steps.take()?;
        sync_folder(&path)
    };
    write(steps).map_err(|source| AppendError::Io { path: path.clone(), source })
}

/// Writes a new end from a place on, and ends the file behind it.
fn replace_end(mut file: &File, offset: u64, bytes: &[u8], steps: &mut Steps) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    steps.write(&mut file, bytes)?;
    steps.take()?;
    file.sync_all()?;
    steps.take()?;
    file.set_len(offset.saturating_add(length(bytes.len())))?;
    steps.take()?;
    file.sync_all()
}

fn remove_tail(package: &Path, steps: &mut Steps) -> Result<(), AppendError> {
    let path = tail_path(package);
    let remove = |steps: &mut Steps| {
        steps.take()?;
        fs::remove_file(&path)?;
        steps.take()?;
        sync_folder(&path)
    };
    remove(steps).map_err(|source| AppendError::Io { path: path.clone(), source })
}

/// Opens a package for reading and writing, and keeps others from doing so here.
fn open_locked(path: &Path) -> Result<File, AppendError> {
    let file = open(path, Access::Write)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AppendError::Busy { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(AppendError::Io { path: path.to_owned(), source }),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// Opens a regular file; a link is none, and a pipe in its place does not block.
fn open(path: &Path, access: Access) -> Result<File, AppendError> {
    let failed = |source| AppendError::Io { path: path.to_owned(), source };
    let is_file = |found: fs::Metadata| found.file_type().is_file();
    if !fs::symlink_metadata(path).map(is_file).map_err(failed)? {
        return Err(AppendError::NotAFile { path: path.to_owned() });
    }
    let file = open_no_link(path, access).map_err(failed)?;
    if !file.metadata().map(is_file).map_err(failed)? {
        return Err(AppendError::NotAFile { path: path.to_owned() });
    }
    Ok(file)
}

#[cfg(unix)]
fn open_no_link(path: &Path, access: Access) -> io::Result<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    let mode = if access == Access::Write { OFlags::RDWR } else { OFlags::RDONLY };
    let flags = mode | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(openat(CWD, path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open_no_link(path: &Path, access: Access) -> io::Result<File> {
    File::options().read(true).write(access == Access::Write).open(path)
}

/// `NAME.tail` beside `NAME`.
fn tail_path(package: &Path) -> PathBuf {
    let mut path = OsString::from(package);
    path.push(".tail");
    path.into()
}

/// Makes a new or removed name last through a power cut, where the system can do that to a folder.
fn sync_folder(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => Ok(()),
        other => other,
    }
}

/// The steps in which the disk is changed: tests stop before any of them, as a kill would.
struct Steps {
    left: usize,
    chunk_bytes: usize,
}

impl Steps {
    /// All that there are.
    const fn all() -> Self {
        Self { left: usize::MAX, chunk_bytes: 1 << 20 }
    }

    /// Goes one step on.
    fn take(&mut self) -> io::Result<()> {
        self.left = self.left.checked_sub(1).ok_or(io::ErrorKind::Interrupted)?;
        Ok(())
    }

    /// Writes piece by piece, each one a step.
    fn write(&mut self, out: &mut dyn io::Write, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(self.chunk_bytes) {
            self.take()?;
            out.write_all(piece)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
