use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Entry, FileEntry, IgnoreRules, ModelPath, OddEntry, Oddity};
use crate::io::{Directory, FileKind, FileStat, Links, is_broken_link, normalize};

/// What becomes of symbolic links (OMS 1.0, section 6.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SymlinkRule {
    /// A link is an error.
    #[default]
    Refuse,
    /// A link to a file stands for that file, under the link's own name; a link to a folder is an error.
    Follow,
}

/// A model on disk: a folder with all below it, or a single file.
#[derive(Debug)]
pub struct ModelTree {
    path: PathBuf,
    symlinks: SymlinkRule,
    root: Root,
}

#[derive(Debug)]
enum Root {
    Folder(Arc<Directory>),
    File { folder: Arc<Directory>, name: OsString, links: Links, stat: FileStat },
}

impl ModelTree {
    /// Opens a model.
    ///
    /// # Errors
    /// [`TreeError`] where there is none, it cannot be read, or it is neither a file nor a folder. A link counts as what
    /// it points to only under [`SymlinkRule::Follow`].
    pub fn open(path: &Path, symlinks: SymlinkRule) -> Result<Self, TreeError> {
        let path = normalize(path);
        let failed = |source| TreeError::Read { path: path.clone(), source };
        if symlinks == SymlinkRule::Refuse && fs::symlink_metadata(&path).map_err(failed)?.is_symlink() {
            return Err(TreeError::Root { path, kind: Oddity::Link });
        }
        let found = fs::metadata(&path).map_err(failed)?;
        if found.is_dir() {
            let root = Root::Folder(Arc::new(Directory::open(&path).map_err(failed)?));
            return Ok(Self { path, symlinks, root });
        }
        let Some(name) = path.file_name().map(OsStr::to_owned) else {
            return Err(failed(io::ErrorKind::InvalidInput.into()));
        };
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = Arc::new(Directory::open_to_look_up(parent).map_err(failed)?);
        let links = symlinks.into();
        let stat = folder.stat(&name, links).map_err(failed)?;
        match stat.kind {
            FileKind::Regular => Ok(Self { path, symlinks, root: Root::File { folder, name, links, stat } }),
            FileKind::Special(kind) => Err(TreeError::Root { path, kind: Oddity::Special(kind) }),
            FileKind::Link | FileKind::Directory => Err(failed(io::ErrorKind::InvalidInput.into())),
        }
    }

    /// Whether the model is a single file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self.root, Root::File { .. })
    }

    /// The model's own name: the last part of its path; for `.` and `..`, that of the folder they stand for.
    ///
    /// # Errors
    /// [`TreeError`] where that folder cannot be found, or the name is not UTF-8.
    pub fn name(&self) -> Result<String, TreeError> {
        let resolved;
        let path = if self.path.file_name().is_some() {
            &self.path
        } else {
            resolved =
                fs::canonicalize(&self.path).map_err(|source| TreeError::Read { path: self.path.clone(), source })?;
            &resolved
        };
        match path.file_name().map(OsStr::to_str) {
            Some(Some(name)) => Ok(name.to_owned()),
            // The root of the file system has no name.
            None => Ok("/".to_owned()),
            Some(None) => Err(TreeError::Root { path: path.clone(), kind: Oddity::NotUtf8 }),
        }
    }

    /// Finds one file by its name, each folder opened from the one above it.
    ///
    /// # Errors
    /// [`TreeError`] where there is no such file, or links lead to it that are not followed.
    pub fn find(&self, path: &ModelPath) -> Result<FileEntry, TreeError> {
        let failed = |source| TreeError::Read { path: self.path.join(path.as_str()), source };
        match &self.root {
            Root::File { folder, name, links, stat } if path.is_root() => Ok(FileEntry {
                path: path.clone(),
                leads_outside: false,
                folder: Arc::clone(folder),
                name: name.clone(),
                links: *links,
                stat: *stat,
            }),
            Root::File { .. } => Err(failed(io::ErrorKind::NotFound.into())),
            Root::Folder(root) => {
                let mut folder = Arc::clone(root);
                let mut parts = path.as_str().split('/').peekable();
                while let Some(part) = parts.next() {
                    if parts.peek().is_some() {
                        folder = Arc::new(folder.child(OsStr::new(part)).map_err(failed)?);
                        continue;
                    }
                    let links = self.symlinks.into();
                    let name = OsString::from(part);
                    let stat = folder.stat(&name, links).map_err(failed)?;
                    if stat.kind != FileKind::Regular {
                        break;
                    }
                    return Ok(FileEntry { path: path.clone(), leads_outside: false, folder, name, links, stat });
                }
                Err(failed(io::ErrorKind::InvalidInput.into()))
            }
        }
    }

    /// Walks the model, folder by folder; the order is the file system's.
    #[must_use]
    pub fn walk<'a>(&'a self, ignore: &'a IgnoreRules, only: Option<&'a BTreeSet<ModelPath>>) -> Walk<'a> {
        let start = match &self.root {
            Root::Folder(folder) => Pending::Names { folder: Arc::clone(folder), path: ModelPath::root(), names: None },
            Root::File { folder, name, links, stat } => Pending::Root(FileEntry {
                path: ModelPath::root(),
                leads_outside: false,
                folder: Arc::clone(folder),
                name: name.clone(),
                links: *links,
                stat: *stat,
            }),
        };
        Walk { tree: self, ignore, only, pending: vec![start] }
    }
}

/// The entries of a model, found while the iterator is asked for them.
///
/// Each folder is opened from the one above it, so that neither the length of a path nor a folder swapped for a link
/// during the walk leads elsewhere.
#[derive(Debug)]
pub struct Walk<'a> {
    tree: &'a ModelTree,
    ignore: &'a IgnoreRules,
    /// Where given, nothing but these files is of interest.
    only: Option<&'a BTreeSet<ModelPath>>,
    pending: Vec<Pending>,
}

#[derive(Debug)]
enum Pending {
    /// The model is this one file.
    Root(FileEntry),
    /// A folder known by its name in an open one.
    Folder { parent: Arc<Directory>, name: OsString, path: ModelPath },
    /// An open folder, and its names that are still to be looked at.
    Names { folder: Arc<Directory>, path: ModelPath, names: Option<Vec<OsString>> },
}

impl Iterator for Walk<'_> {
    type Item = Result<Entry, TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.pending.pop()? {
                Pending::Root(file) => return Some(Ok(Entry::File(file))),
                Pending::Folder { parent, name, path } => match parent.child(&name) {
                    Ok(folder) => self.pending.push(Pending::Names { folder: Arc::new(folder), path, names: None }),
                    Err(source) => return Some(Err(self.unreadable(&path, source))),
                },
                Pending::Names { folder, path, names: None } => match folder.names() {
                    Ok(names) => self.pending.push(Pending::Names { folder, path, names: Some(names) }),
                    Err(source) => return Some(Err(self.unreadable(&path, source))),
                },
                Pending::Names { folder, path, names: Some(mut names) } => {
                    let Some(name) = names.pop() else { continue };
                    let found = self.look_at(&folder, &path, name);
                    // Folders found on the way are entered after this one: it is closed first, and a deep
                    // tree does not run out of open files.
                    let rest = Pending::Names { folder, path, names: Some(names) };
                    match found {
                        Ok(Found::Entry(entry)) => {
                            self.pending.push(rest);
                            return Some(Ok(entry));
                        }
                        Ok(Found::Folder(below)) => {
                            self.pending.push(below);
                            self.pending.push(rest);
                        }
                        Ok(Found::Nothing) => self.pending.push(rest),
                        Err(error) => return Some(Err(error)),
                    }
                }
            }
        }
    }
}

enum Found {
    Nothing,
    Entry(Entry),
    Folder(Pending),
}

impl Walk<'_> {
    fn look_at(&self, folder: &Arc<Directory>, parent: &ModelPath, name: OsString) -> Result<Found, TreeError> {
        let Some(text) = name.to_str() else {
            let odd = OddEntry { path: written(parent, &name.to_string_lossy()), kind: Oddity::NotUtf8 };
            // No manifest can list such a name, so it is never one of the wanted files.
            return Ok(if self.only.is_some() { Found::Nothing } else { Found::Entry(Entry::Odd(odd)) });
        };
        let Ok(path) = parent.join(text) else {
            let odd = OddEntry { path: written(parent, text), kind: Oddity::Special("not nameable in a manifest") };
            return Ok(Found::Entry(Entry::Odd(odd)));
        };
        if self.ignore.contains(&path) || !self.is_wanted(&path) {
            return Ok(Found::Nothing);
        }
        let stat = folder.stat(&name, Links::Refuse).map_err(|source| self.unreadable(&path, source))?;
        Ok(match stat.kind {
            FileKind::Directory => Found::Folder(Pending::Folder { parent: Arc::clone(folder), name, path }),
            FileKind::Regular => Found::Entry(Entry::File(FileEntry {
                path,
                leads_outside: false,
                folder: Arc::clone(folder),
                name,
                links: Links::Refuse,
                stat,
            })),
            FileKind::Link => Found::Entry(self.look_through(folder, path, name)?),
            FileKind::Special(kind) => Found::Entry(odd(&path, Oddity::Special(kind))),
        })
    }

    fn look_through(&self, folder: &Arc<Directory>, path: ModelPath, name: OsString) -> Result<Entry, TreeError> {
        if self.tree.symlinks == SymlinkRule::Refuse {
            return Ok(odd(&path, Oddity::Link));
        }
        let stat = match folder.stat(&name, Links::Follow) {
            Ok(stat) => stat,
            Err(error) if is_broken_link(&error) => return Ok(odd(&path, Oddity::BrokenLink)),
            Err(source) => return Err(self.unreadable(&path, source)),
        };
        Ok(match stat.kind {
            FileKind::Regular => Entry::File(FileEntry {
                leads_outside: self.leads_outside(&path),
                path,
                folder: Arc::clone(folder),
                name,
                links: Links::Follow,
                stat,
            }),
            FileKind::Directory => odd(&path, Oddity::LinkToFolder),
            FileKind::Special(kind) => odd(&path, Oddity::Special(kind)),
            FileKind::Link => odd(&path, Oddity::BrokenLink),
        })
    }

    /// Whether the link's target lies outside the model; where that cannot be told, it is said to.
    fn leads_outside(&self, path: &ModelPath) -> bool {
        match (fs::canonicalize(&self.tree.path), fs::canonicalize(self.tree.path.join(path.as_str()))) {
            (Ok(root), Ok(target)) => !target.starts_with(root),
            _ => true,
        }
    }

    /// Whether this is a wanted file or a folder above one.
    fn is_wanted(&self, path: &ModelPath) -> bool {
        let Some(only) = self.only else { return true };
        let inside = format!("{path}/");
        let below = (Bound::Excluded(inside.as_str()), Bound::Unbounded);
        only.contains(path) || only.range::<str, _>(below).next().is_some_and(|next| next.is_within(path))
    }

    fn unreadable(&self, path: &ModelPath, source: io::Error) -> TreeError {
        let path = if path.is_root() { self.tree.path.clone() } else { self.tree.path.join(path.as_str()) };
        TreeError::Read { path, source }
    }
}

impl From<SymlinkRule> for Links {
    fn from(rule: SymlinkRule) -> Self {
        match rule {
            SymlinkRule::Refuse => Self::Refuse,
            SymlinkRule::Follow => Self::Follow,
        }
    }
}

/// Why a model cannot be walked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The system refused.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The model itself is something that cannot be signed.
    #[error("the model {} {kind}", path.display())]
    Root {
        /// The model.
        path: PathBuf,
        /// What it is.
        kind: Oddity,
    },
}

fn odd(path: &ModelPath, kind: Oddity) -> Entry {
    Entry::Odd(OddEntry { path: path.to_string(), kind })
}

fn written(parent: &ModelPath, name: &str) -> String {
    if parent.is_root() { name.to_owned() } else { format!("{parent}/{name}") }
}
