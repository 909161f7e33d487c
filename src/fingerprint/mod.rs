//! A second, stronger description of a model's bytes: several digests of each file, and Merkle trees over its chunks.
//!
//! # The Merkle tree
//!
//! Each file is cut into chunks of one size; the last may be shorter. Over the chunks stands a tree with the hashing of
//! [RFC 6962, section 2.1](https://www.rfc-editor.org/rfc/rfc6962#section-2.1) and SHA-256; its root is the file's. A file
//! without bytes has the root of the empty tree, the SHA-256 of nothing.
//!
//! Over the files, in the order of their names' UTF-8 bytes, stands a second tree of the same kind, whose root is the
//! model's. The content of a file's leaf is: the length of its name in bytes, as 8 bytes big-endian; the name; its size
//! in bytes, as 8 bytes big-endian; its root, 32 bytes. So a range of bytes can be proved to belong to a model without
//! the rest of it.

mod content;
mod document;
mod hash;
mod proof;
mod proof_json;

pub use content::{Content, TreeContent};
pub use document::{ChunkSizeError, FilePrint, Fingerprint, FingerprintError, MAX_CHUNKS, chunk_count};
pub use hash::{Sums, Wanted, hash_contents, hash_in_order};
pub use proof::{ChunkProof, ProofError};
pub use proof_json::ProofJsonError;
