//! Files: bounded reads, atomic writes, and directories opened one step at a time.

mod atomic;
mod bounded;
mod copy;
mod directory;
mod path;
mod read;

pub use atomic::{AtomicFile, WriteError};
pub use bounded::{ReadError, read_to_limit};
pub use copy::copy_range;
pub use directory::{Directory, FileKind, FileStat, Links, is_broken_link};
pub use path::normalize;
pub use read::{hint_sequential, read_at};
