use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use super::ModelPath;
use crate::io::{Directory, FileStat, Links};

/// Something a walk came upon.
#[derive(Debug)]
pub enum Entry {
    /// A file of the model.
    File(FileEntry),
    /// Something a model cannot hold; whoever walks decides what that means.
    Odd(OddEntry),
}

/// A file as the walk saw it, not yet opened.
#[derive(Debug)]
pub struct FileEntry {
    /// Its name in the model.
    pub path: ModelPath,
    /// Whether it is a link that leads out of the model.
    pub leads_outside: bool,
    pub(super) folder: Arc<Directory>,
    pub(super) name: OsString,
    pub(super) links: Links,
    pub(super) stat: FileStat,
}

impl FileEntry {
    /// How many bytes it had when the walk saw it.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.stat.size
    }

    /// What it was when the walk saw it; another one after it was written to.
    #[must_use]
    pub const fn version(&self) -> FileStat {
        self.stat
    }

    /// Opens it.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(&self) -> io::Result<File> {
        self.folder.open_file(&self.name, self.links)
    }

    /// Whether the open file is still what the walk saw: same file, same size, not written to.
    ///
    /// # Errors
    /// What the system says.
    pub fn is_unchanged(&self, file: &File) -> io::Result<bool> {
        Ok(FileStat::of(file)? == self.stat)
    }
}

/// Something that is neither a file nor a folder of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddEntry {
    /// Its name as far as it can be written down.
    pub path: String,
    /// What it is.
    pub kind: Oddity,
}

/// What a model cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oddity {
    /// A symbolic link, where links are not followed.
    Link,
    /// A symbolic link to a folder; its content would be neither signed nor checked.
    LinkToFolder,
    /// A symbolic link to nothing, or to itself.
    BrokenLink,
    /// A pipe, a socket, a device.
    Special(&'static str),
    /// A name that is not UTF-8, which a manifest cannot hold (OMS 1.0, section 6.1.2).
    NotUtf8,
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Link => "is a symbolic link",
            Self::LinkToFolder => "is a symbolic link to a folder",
            Self::BrokenLink => "is a symbolic link to nothing",
            Self::Special(kind) => return write!(f, "is {kind}"),
            Self::NotUtf8 => "has a name that is not UTF-8",
        })
    }
}
