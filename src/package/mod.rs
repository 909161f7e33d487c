//! The `.sml` package.

mod append;
mod central;
mod content;
mod end;
mod entry;
mod error;
mod index;
mod local;
mod manifest;
mod manifest_json;
mod name;
mod names;
mod record;
mod sequence;
mod source;
mod stream;
mod tail;
mod writer;

pub use append::{AppendError, Appender, Recovered, is_interrupted, recover};
pub use content::Content;
pub use entry::{ALIGNMENT, Entry};
pub use error::PackageError;
pub use index::Index;
pub use manifest::{FileRecord, MetadataRecord, ModelRecord, PackageManifest, PackageManifestError, Sha512Hex};
pub use name::{EntryKind, EntryName, NameError};
pub use names::{Names, TwinError};
pub use source::{Source, read_exact_at};
pub use stream::{StreamContent, StreamReader};
pub use writer::{Hole, Writer};
