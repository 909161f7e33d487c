//! Content digests: the algorithms OMS registers, their values, and the hashers behind them.

mod algorithm;
mod blake3_tree;
mod chunks;
mod hasher;
mod merkle;
mod value;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use blake3_tree::{Blake3Subtree, SUBTREE_BYTES};
pub use chunks::ChunkHasher;
pub use hasher::Hasher;
pub use merkle::{Leaf, MerkleTree, RangeProof};
pub use value::{Digest, DigestError};
