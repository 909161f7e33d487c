//! Content digests: the algorithms OMS registers, their values, and the hashers behind them.

mod algorithm;
mod blake3_tree;
mod hasher;
mod value;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use blake3_tree::{Blake3Subtree, SUBTREE_BYTES};
pub use hasher::Hasher;
pub use value::{Digest, DigestError};
