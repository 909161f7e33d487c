//! A model on disk: the names of its files, what is left out, the walk that finds them, and what
//! kind of file each is.

mod archive;
mod contents;
mod entry;
mod format;
mod ignore;
mod path;
mod pickle;
mod tree;

pub use entry::{Entry, FileEntry, OddEntry, Oddity};
pub use format::{ModelFormat, UnknownFormat};
pub use ignore::{GIT_PATHS, IgnoreRules};
pub use path::{ModelPath, PathError};
pub use tree::{ModelTree, SymlinkRule, TreeError, Walk};
