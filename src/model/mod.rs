//! A model on disk: the names of its files, what is left out, and the walk that finds them.

mod entry;
mod ignore;
mod path;
mod tree;

pub use entry::{Entry, FileEntry, OddEntry, Oddity};
pub use ignore::{GIT_PATHS, IgnoreRules};
pub use path::{ModelPath, PathError};
pub use tree::{ModelTree, SymlinkRule, TreeError, Walk};
