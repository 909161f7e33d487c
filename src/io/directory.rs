//! Directories opened one step at a time, so that a path of any length can be walked and no link is followed unasked.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::Path;

/// What becomes of a symbolic link in the last place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// The link itself is meant; opening one fails.
    Refuse,
    /// What the link points to is meant.
    Follow,
}

/// What kind of thing a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Bytes on a disk.
    Regular,
    /// A folder.
    Directory,
    /// A symbolic link.
    Link,
    /// Anything else, in words: a pipe, a socket, a device.
    Special(&'static str),
}

/// A file's kind, size and identity, which changes with its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// What it is.
    pub kind: FileKind,
    /// How many bytes it has.
    pub size: u64,
    /// Device and inode, modification and change time: equal before and after means untouched, as far as the file
    /// system's clock can tell.
    version: [i128; 4],
}

#[cfg(unix)]
pub use unix::{Directory, is_broken_link};

#[cfg(unix)]
mod unix {
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

    use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat};

    use rustix::io::Errno;

    use super::{File, FileKind, FileStat, Links, OsStr, OsString, Path, io};

    /// An open directory.
    #[derive(Debug)]
    pub struct Directory(OwnedFd);

    impl Directory {
        /// Opens a directory by path, through links.
        ///
        /// # Errors
        /// What the system says.
        pub fn open(path: &Path) -> io::Result<Self> {
            Ok(Self(openat(CWD, path, DIRECTORY, Mode::empty())?))
        }

        /// Opens a directory by path, through links, to look up names in it; it need not be allowed to list them.
        ///
        /// # Errors
        /// What the system says.
        pub fn open_to_look_up(path: &Path) -> io::Result<Self> {
            #[cfg(target_os = "linux")]
            let flags = DIRECTORY | OFlags::PATH;
            #[cfg(not(target_os = "linux"))]
            let flags = DIRECTORY;
            Ok(Self(openat(CWD, path, flags, Mode::empty())?))
        }

        /// Opens a directory inside this one; never through a link.
        ///
        /// # Errors
        /// What the system says.
        pub fn child(&self, name: &OsStr) -> io::Result<Self> {
            Ok(Self(openat(&self.0, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?))
        }

        /// The names in this directory, in no particular order.
        ///
        /// # Errors
        /// What the system says.
        pub fn names(&self) -> io::Result<Vec<OsString>> {
            let mut names = Vec::new();
            for entry in Dir::read_from(&self.0)? {
                let entry = entry?;
                let name = entry.file_name().to_bytes();
                if name != b"." && name != b".." {
                    names.push(OsString::from_vec(name.to_vec()));
                }
            }
            Ok(names)
        }

        /// Looks at a name in this directory.
        ///
        /// # Errors
        /// What the system says.
        pub fn stat(&self, name: &OsStr, links: Links) -> io::Result<FileStat> {
            let flags = match links {
                Links::Refuse => AtFlags::SYMLINK_NOFOLLOW,
                Links::Follow => AtFlags::empty(),
            };
            Ok(statat(&self.0, name.as_bytes(), flags)?.into())
        }

        /// Opens a file in this directory for reading; a pipe in its place does not block.
        ///
        /// # Errors
        /// What the system says.
        pub fn open_file(&self, name: &OsStr, links: Links) -> io::Result<File> {
            let nofollow = match links {
                Links::Refuse => OFlags::NOFOLLOW,
                Links::Follow => OFlags::empty(),
            };
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | nofollow;
            Ok(openat(&self.0, name.as_bytes(), flags, Mode::empty())?.into())
        }
    }

    impl FileStat {
        /// Looks at an open file.
        ///
        /// # Errors
        /// What the system says.
        pub fn of(file: &File) -> io::Result<Self> {
            Ok(fstat(file)?.into())
        }
    }

    /// Whether an error says that a link leads nowhere, or back to itself.
    #[must_use]
    pub fn is_broken_link(error: &io::Error) -> bool {
        matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
            || error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
    }

    impl From<Stat> for FileStat {
        fn from(stat: Stat) -> Self {
            let kind = match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => FileKind::Regular,
                FileType::Directory => FileKind::Directory,
                FileType::Symlink => FileKind::Link,
                FileType::Fifo => FileKind::Special("a named pipe"),
                FileType::Socket => FileKind::Special("a socket"),
                FileType::CharacterDevice | FileType::BlockDevice => FileKind::Special("a device"),
                FileType::Unknown => FileKind::Special("of an unknown kind"),
            };
            let nanoseconds = |seconds: i128, rest: i128| seconds * 1_000_000_000 + rest;
            let version = [
                i128::from(stat.st_dev),
                i128::from(stat.st_ino),
                nanoseconds(stat.st_mtime.into(), stat.st_mtime_nsec.into()),
                nanoseconds(stat.st_ctime.into(), stat.st_ctime_nsec.into()),
            ];
            Self { kind, size: u64::try_from(stat.st_size).unwrap_or(0), version }
        }
    }

    const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
}

#[cfg(not(unix))]
pub use portable::{Directory, is_broken_link};

#[cfg(not(unix))]
mod portable {
    use std::fs::{self, Metadata};
    use std::path::PathBuf;
    use std::time::UNIX_EPOCH;

    use super::{File, FileKind, FileStat, Links, OsStr, OsString, Path, io};

    /// A directory, known by its path.
    #[derive(Debug)]
    pub struct Directory(PathBuf);

    impl Directory {
        /// Opens a directory by path, through links.
        ///
        /// # Errors
        /// What the system says.
        pub fn open(path: &Path) -> io::Result<Self> {
            fs::read_dir(path)?;
            Ok(Self(path.to_owned()))
        }

        /// Opens a directory by path, through links, to look up names in it.
        ///
        /// # Errors
        /// What the system says.
        pub fn open_to_look_up(path: &Path) -> io::Result<Self> {
            fs::metadata(path)?;
            Ok(Self(path.to_owned()))
        }

        /// Opens a directory inside this one; never through a link.
        ///
        /// # Errors
        /// What the system says.
        pub fn child(&self, name: &OsStr) -> io::Result<Self> {
            match self.stat(name, Links::Refuse)?.kind {
                FileKind::Directory => Self::open(&self.0.join(name)),
                _ => Err(io::ErrorKind::NotADirectory.into()),
            }
        }

        /// The names in this directory, in no particular order.
        ///
        /// # Errors
        /// What the system says.
        pub fn names(&self) -> io::Result<Vec<OsString>> {
            fs::read_dir(&self.0)?.map(|entry| Ok(entry?.file_name())).collect()
        }

        /// Looks at a name in this directory.
        ///
        /// # Errors
        /// What the system says.
        pub fn stat(&self, name: &OsStr, links: Links) -> io::Result<FileStat> {
            let path = self.0.join(name);
            match links {
                Links::Refuse => fs::symlink_metadata(path),
                Links::Follow => fs::metadata(path),
            }
            .map(FileStat::from)
        }

        /// Opens a file in this directory for reading.
        ///
        /// # Errors
        /// What the system says.
        pub fn open_file(&self, name: &OsStr, links: Links) -> io::Result<File> {
            if links == Links::Refuse && self.stat(name, links)?.kind == FileKind::Link {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            File::open(self.0.join(name))
        }
    }

    impl FileStat {
        /// Looks at an open file.
        ///
        /// # Errors
        /// What the system says.
        pub fn of(file: &File) -> io::Result<Self> {
            file.metadata().map(Self::from)
        }
    }

    /// Whether an error says that a link leads nowhere.
    #[must_use]
    pub fn is_broken_link(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::NotFound
    }

    impl From<Metadata> for FileStat {
        fn from(found: Metadata) -> Self {
            let kind = match found.file_type() {
                kind if kind.is_file() => FileKind::Regular,
                kind if kind.is_dir() => FileKind::Directory,
                kind if kind.is_symlink() => FileKind::Link,
                _ => FileKind::Special("not a regular file"),
            };
            let since = |time: io::Result<std::time::SystemTime>| {
                time.ok()
                    .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
                    .and_then(|since| i128::try_from(since.as_nanos()).ok())
                    .unwrap_or(0)
            };
            Self { kind, size: found.len(), version: [since(found.created()), since(found.modified()), 0, 0] }
        }
    }
}
