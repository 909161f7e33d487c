use std::fs::File;
use std::io;

use crate::io::read_at;
use crate::manifest::HashError;
use crate::model::{FileEntry, ModelPath};

/// The bytes of one file of a model, wherever they lie.
pub trait Content {
    /// The file's name in the model.
    fn path(&self) -> &ModelPath;

    /// How many bytes it has.
    fn size(&self) -> u64;

    /// Reads at a place; fewer bytes than asked for may come, none at the end. Called from front to back.
    ///
    /// # Errors
    /// What the system says.
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Whether the bytes are still those that were there at first; asked when all have been read.
    ///
    /// # Errors
    /// What the system says.
    fn is_unchanged(&self) -> io::Result<bool>;
}

/// A file that a walk came upon, opened.
#[derive(Debug)]
pub struct TreeContent {
    entry: FileEntry,
    file: File,
}

impl TreeContent {
    /// Opens the file.
    ///
    /// # Errors
    /// [`HashError::Read`] where that is not possible.
    pub fn open(entry: FileEntry) -> Result<Self, HashError> {
        match entry.open() {
            Ok(file) => Ok(Self { entry, file }),
            Err(source) => Err(HashError::Read { path: entry.path, source }),
        }
    }
}

impl Content for TreeContent {
    fn path(&self) -> &ModelPath {
        &self.entry.path
    }

    fn size(&self) -> u64 {
        self.entry.size()
    }

    fn read(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        read_at(&self.file, buffer, offset)
    }

    fn is_unchanged(&self) -> io::Result<bool> {
        self.entry.is_unchanged(&self.file)
    }
}
