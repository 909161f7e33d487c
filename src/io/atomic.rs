use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// A file that appears whole or not at all.
///
/// The content goes to a new file beside the target, reaches the disk, and takes the target's name in one step; a kill
/// at any moment leaves the old file or the new one. A link is followed, so that it still points to the result. A
/// target that is a pipe or a device (`/dev/stdout`) is written to directly.
pub struct AtomicFile {
    target: PathBuf,
    sink: Sink,
}

enum Sink {
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
            let file = File::options().write(true).open(target).map_err(failed)?;
            return Ok(Self { target: target.to_owned(), sink: Sink::Direct(BufWriter::new(file)) });
        }
        let target = match fs::canonicalize(target) {
            Ok(resolved) => resolved,
            Err(error) if error.kind() == io::ErrorKind::NotFound => target.to_owned(),
            Err(error) => return Err(failed(error)),
        };
        let mut builder = Builder::new();
        builder.prefix(".secureml-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As an ordinary new file: the process's umask decides.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let beside = builder.tempfile_in(folder(&target)).map_err(failed)?;
        Ok(Self { target, sink: Sink::Beside(BufWriter::new(beside)) })
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
            Sink::Direct(mut out) => out.flush().map_err(failed),
            Sink::Beside(out) => {
                let beside = out.into_inner().map_err(|error| failed(error.into_error()))?;
                beside.as_file().sync_all().map_err(failed)?;
                beside.persist(&self.target).map_err(|error| failed(error.error))?;
                sync_folder(&self.target).map_err(failed)
            }
        }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Beside(out) => out.write(bytes),
            Sink::Direct(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Beside(out) => out.flush(),
            Sink::Direct(out) => out.flush(),
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
        drop(AtomicFile::create(&target).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
    }
}
