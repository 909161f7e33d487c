use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::error::OpenError;
use crate::fingerprint::Content;
use crate::io::{WriteError, copy_range, read_at};
use crate::manifest::HashError;
use crate::model::ModelPath;

/// A file that is copied while it is read: what is read is what was written.
pub(super) struct Copied<'a> {
    from: (&'a File, u64),
    path: ModelPath,
    size: u64,
    place: PathBuf,
    file: File,
    copied: u64,
}

impl<'a> Copied<'a> {
    /// Makes the file, which must not be there yet, and the folders above it.
    pub(super) fn create(
        from: (&'a File, u64),
        path: ModelPath,
        size: u64,
        place: PathBuf,
    ) -> Result<Self, WriteError> {
        match create(&place) {
            Ok(file) => Ok(Self { from, path, size, place, file, copied: 0 }),
            Err(source) => Err(WriteError { path: place, source }),
        }
    }

    fn copy(&mut self) -> io::Result<()> {
        let length = PIECE_BYTES.min(self.size - self.copied);
        let (package, start) = self.from;
        copy_range((package, start + self.copied), (&self.file, self.copied), length)?;
        self.copied += length;
        Ok(())
    }
}

impl Content for Copied<'_> {
    fn path(&self) -> &ModelPath {
        &self.path
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn read(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset >= self.copied {
            self.copy().map_err(|source| io::Error::other(WriteError { path: self.place.clone(), source }))?;
        }
        read_at(&self.file, buffer, offset)
    }

    fn is_unchanged(&self) -> io::Result<bool> {
        Ok(self.file.metadata()?.len() == self.size)
    }
}

/// Tells what could not be copied from what could not be read.
pub(super) fn copy_failed(error: OpenError) -> OpenError {
    match error {
        OpenError::Hash(HashError::Read { path, source }) => match source.downcast::<WriteError>() {
            Ok(error) => OpenError::Write(error),
            Err(source) => OpenError::Hash(HashError::Read { path, source }),
        },
        other => other,
    }
}

/// Makes a new file, and the folders above it.
pub(super) fn create(place: &Path) -> io::Result<File> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().read(true).write(true).create_new(true).open(place)
}

/// How much is copied before it is read again.
const PIECE_BYTES: u64 = 8 << 20;
