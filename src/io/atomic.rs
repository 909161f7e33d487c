use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// A file that appears whole or not at all.
///
/// The content goes to a new file beside the target, reaches the disk, and takes the target's name in one step; a kill
/// at any moment leaves the old file or the new one. On Linux the new file has no name until it is complete, so that
/// next to nothing can be left beside. A file that is replaced passes its permissions on. A link is followed, so that it
/// still points to the result. A target that is a pipe or a device (`/dev/stdout`) is written to directly.
pub struct AtomicFile {
    target: PathBuf,
    /// Where the new file gets its passing name, if not beside the target.
    staging: Option<PathBuf>,
    sink: Sink,
}

enum Sink {
    /// A file without a name in the target's folder.
    Unnamed(BufWriter<File>),
    /// A file with a name of its own, where there are none without.
    Beside(BufWriter<NamedTempFile>),
    Direct(BufWriter<File>),
}

impl AtomicFile {
    /// Makes the file beside the target; the target stays as it is until [`AtomicFile::commit`].
    ///
    /// # Errors
    /// [`WriteError`] where the folder is missing or closed to us, or the target is a directory.
    pub fn create(target: &Path) -> Result<Self, WriteError> {
        let failed = |source| WriteError { path: target.to_owned(), source };
        if fs::metadata(target).is_ok_and(|found| !found.is_file()) {
            let file = open_direct(target).map_err(failed)?;
            return Ok(Self { target: target.to_owned(), staging: None, sink: Sink::Direct(BufWriter::new(file)) });
        }
        let target = match fs::canonicalize(target) {
            Ok(resolved) => resolved,
            Err(error) if error.kind() == io::ErrorKind::NotFound => target.to_owned(),
            Err(error) => return Err(failed(error)),
        };
        // A missing folder is told as such, not as a passing name that cannot be made in it.
        fs::metadata(folder(&target)).map_err(failed)?;
        let sink = match unnamed(folder(&target)) {
            Some(file) => Sink::Unnamed(BufWriter::new(file)),
            None => Sink::Beside(BufWriter::new(builder().tempfile_in(folder(&target)).map_err(failed)?)),
        };
        Ok(Self { target, staging: None, sink })
    }

    /// As [`AtomicFile::create`], but no name other than the target's ever appears in the target's folder: the passing
    /// one is in `staging`. Where that is not on the same mount, or not open to us, it is as `create` has it.
    ///
    /// # Errors
    /// As [`AtomicFile::create`].
    pub fn create_staged(target: &Path, staging: &Path) -> Result<Self, WriteError> {
        let created = Self::create(target)?;
        match (&created.sink, same_mount(staging, folder(&created.target)).then(|| unnamed(staging)).flatten()) {
            (Sink::Unnamed(_), Some(file)) => {
                Ok(Self { sink: Sink::Unnamed(BufWriter::new(file)), staging: Some(staging.to_owned()), ..created })
            }
            _ => Ok(created),
        }
    }

    /// Whether the file could be made, tried without leaving a trace; long work should not end in a closed folder.
    ///
    /// # Errors
    /// As [`AtomicFile::create`].
    pub fn try_out(target: &Path) -> Result<(), WriteError> {
        if fs::metadata(target).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            return Ok(());
        }
        Self::create(target).map(drop)
    }

    /// Puts the content in place.
    ///
    /// # Errors
    /// [`WriteError`] where the disk is full or the rename fails; the old target is then untouched.
    pub fn commit(self) -> Result<(), WriteError> {
        let failed = |source| WriteError { path: self.target.clone(), source };
        match self.sink {
            Sink::Direct(mut out) => return out.flush().map_err(failed),
            Sink::Beside(out) => {
                let beside = out.into_inner().map_err(|error| failed(error.into_error()))?;
                finish(beside.as_file(), &self.target).map_err(failed)?;
                beside.persist(&self.target).map_err(|error| failed(error.error))?;
            }
            Sink::Unnamed(out) => {
                let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
                finish(&file, &self.target).map_err(failed)?;
                // A new name cannot replace an old file, so it gets a passing one for the blink of an eye.
                let place = self.staging.as_deref().unwrap_or(folder(&self.target));
                let named = builder().make_in(place, |path| name(&file, path)).map_err(failed)?;
                named.into_temp_path().persist(&self.target).map_err(|error| failed(error.error))?;
            }
        }
        sync_folder(&self.target).map_err(failed)
    }

    /// As [`AtomicFile::commit`], but never in the place of something that is there by now.
    ///
    /// Where the file system can neither link nor rename without replacing, it is looked at just before the rename.
    ///
    /// # Errors
    /// [`WriteError`], whose source is [`io::ErrorKind::AlreadyExists`] where something is there.
    pub fn commit_new(self) -> Result<(), WriteError> {
        let failed = |source| WriteError { path: self.target.clone(), source };
        match self.sink {
            Sink::Direct(mut out) => return out.flush().map_err(failed),
            Sink::Beside(out) => {
                let beside = out.into_inner().map_err(|error| failed(error.into_error()))?;
                beside.as_file().sync_all().map_err(failed)?;
                match beside.persist_noclobber(&self.target) {
                    Ok(_) => {}
                    Err(error) if fs::symlink_metadata(&self.target).is_ok() => {
                        return Err(failed(exists(error.error)));
                    }
                    Err(error) => drop(error.file.persist(&self.target).map_err(|error| failed(error.error))?),
                }
            }
            Sink::Unnamed(out) => {
                let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
                file.sync_all().map_err(failed)?;
                name(&file, &self.target).map_err(failed)?;
            }
        }
        sync_folder(&self.target).map_err(failed)
    }
}

impl AtomicFile {
    /// The new file itself, to write at any place in it, if the target is no pipe and no device. What was written through
    /// [`Write`] is there only after a flush.
    #[must_use]
    pub fn regular(&self) -> Option<&File> {
        match &self.sink {
            Sink::Unnamed(out) => Some(out.get_ref()),
            Sink::Beside(out) => Some(out.get_ref().as_file()),
            Sink::Direct(_) => None,
        }
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        match &mut self.sink {
            Sink::Beside(out) => out.seek(place),
            Sink::Unnamed(out) | Sink::Direct(out) => out.seek(place),
        }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Beside(out) => out.write(bytes),
            Sink::Unnamed(out) | Sink::Direct(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Beside(out) => out.flush(),
            Sink::Unnamed(out) | Sink::Direct(out) => out.flush(),
        }
    }
}

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// What a file system says that has no better word for it than that it cannot.
fn exists(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::AlreadyExists { error } else { io::ErrorKind::AlreadyExists.into() }
}

/// Makes a new file ready to replace the old one: with its permissions, and on the disk.
fn finish(file: &File, target: &Path) -> io::Result<()> {
    if let Ok(old) = fs::metadata(target) {
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()
}

/// Opens a pipe or a device; a pipe that nobody reads is an error, not a reason to wait.
#[cfg(unix)]
fn open_direct(target: &Path) -> io::Result<File> {
    use rustix::fs::{CWD, Mode, OFlags, fcntl_setfl, openat};
    let flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(openat(CWD, target, flags, Mode::empty())?);
    fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}

#[cfg(not(unix))]
fn open_direct(target: &Path) -> io::Result<File> {
    File::options().write(true).open(target)
}

/// A file without a name in this folder, if the system has such files and can name them later.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    fs::metadata(OPEN_FILES).ok()?;
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    // As an ordinary new file: the process's umask decides.
    openat(CWD, folder, flags, Mode::from_raw_mode(0o666)).ok().map(File::from)
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_folder: &Path) -> Option<File> {
    None
}

/// Whether files can be renamed from one folder to the other; where that cannot be told, they are said not to.
#[cfg(target_os = "linux")]
fn same_mount(one: &Path, other: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
    let mount = |folder: &Path| {
        let found = statx(CWD, folder, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
        StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::MNT_ID).then_some(found.stx_mnt_id)
    };
    matches!((mount(one), mount(other)), (Some(one), Some(other)) if one == other)
}

#[cfg(not(target_os = "linux"))]
fn same_mount(_one: &Path, _other: &Path) -> bool {
    false
}

/// Gives a file without a name one.
#[cfg(target_os = "linux")]
fn name(file: &File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD, linkat};
    let open = format!("{OPEN_FILES}/{}", file.as_raw_fd());
    Ok(linkat(CWD, open, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn name(_file: &File, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Names for files beside the target.
fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".secureml-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

fn folder(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes the rename itself last through a power cut, where the system can do that to a folder: only Unix opens folders,
/// one that may be written to need not be readable, and some network file systems refuse.
fn sync_folder(target: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder(target)).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => Ok(()),
        other => other,
    }
}

/// Where Linux shows a process its open files.
#[cfg(target_os = "linux")]
const OPEN_FILES: &str = "/proc/self/fd";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::read_to_limit;

    #[test]
    fn leaves_the_old_file_until_the_commit() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("model.sig");
        for content in ["old", "new"] {
            let before = read_to_limit(&target, 10).ok();
            let mut file = AtomicFile::create(&target).unwrap();
            file.write_all(content.as_bytes()).unwrap();
            file.flush().unwrap();
            assert_eq!(read_to_limit(&target, 10).ok(), before);
            file.commit().unwrap();
            assert_eq!(read_to_limit(&target, 10).unwrap(), content.as_bytes());
        }
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"newest").unwrap();
        assert_eq!(file.commit_new().unwrap_err().source.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read_to_limit(&target, 10).unwrap(), b"new");
        drop(AtomicFile::create(&target).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
    }
}
