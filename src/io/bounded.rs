use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Reads a whole file that is not larger than `limit` bytes.
///
/// # Errors
/// [`ReadError::Io`] where it cannot be read (a directory among others), [`ReadError::TooLarge`] above the limit.
pub fn read_to_limit(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let failed = |source| ReadError::Io { path: path.to_owned(), source };
    let file = open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let too_large = || ReadError::TooLarge { path: path.to_owned(), limit };
    if size > limit {
        return Err(too_large());
    }
    let mut content = Vec::with_capacity(usize::try_from(size).map_err(|_| too_large())?);
    // One byte more than allowed tells a file that grew, or a device without a size.
    file.take(limit.saturating_add(1)).read_to_end(&mut content).map_err(failed)?;
    if u64::try_from(content.len()).map_or(true, |length| length > limit) {
        return Err(too_large());
    }
    Ok(content)
}

/// Opens a file without waiting for anybody: a named pipe that nobody writes to is empty, and a file of the system that
/// has nothing to say is an error. A pipe that somebody writes to, as the shell's `<(…)`, is read to its end.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::FileTypeExt as _;

    use rustix::fs::{CWD, Mode, OFlags, fcntl_setfl, openat};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(openat(CWD, path, flags, Mode::empty())?);
    if file.metadata()?.file_type().is_fifo() {
        fcntl_setfl(&file, OFlags::empty())?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Why a file could not be taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The system refused.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is larger than anything that belongs here.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The ceiling, in bytes.
        limit: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn takes_the_limit_and_not_one_byte_more() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"12345").unwrap();
        assert_eq!(read_to_limit(file.path(), 5).unwrap(), b"12345");
        assert!(matches!(read_to_limit(file.path(), 4), Err(ReadError::TooLarge { limit: 4, .. })));
        #[cfg(target_os = "linux")]
        assert!(matches!(read_to_limit(Path::new("/dev/zero"), 4), Err(ReadError::TooLarge { .. })));
    }
}
