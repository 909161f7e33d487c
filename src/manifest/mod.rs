//! What a model consists of: its files' names and digests, how they are found on disk, and how two such lists differ.

mod diff;
mod document;
mod hash;
mod serialization;

pub use diff::{Change, UnsignedFiles, diff};
pub use document::{Manifest, ManifestError, Resource};
pub use hash::{HashError, Hashed, MAX_SHARDS, hash_tree};
pub use serialization::{DEFAULT_SHARD_BYTES, Method, Serialization};
