use std::num::NonZeroU64;
use std::ops::Range;

use blake3::hazmat::ChainingValue;

use crate::digest::{Algorithm, Blake3Subtree, ChunkHasher, Digest, Hasher, SUBTREE_BYTES};
use crate::manifest::Method;

/// How a file of a certain size is cut into parts that can be hashed by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Not at all: one digest from front to back.
    Whole(Algorithm),
    /// Into subtrees of BLAKE3.
    Subtrees,
    /// Into shards; a part is a run of them.
    Shards { algorithm: Algorithm, shard_bytes: NonZeroU64 },
}

impl Cut {
    pub(super) fn new(method: Method, algorithm: Algorithm, size: u64) -> Self {
        match (method, algorithm) {
            (Method::Shards { shard_bytes }, _) => Self::Shards { algorithm, shard_bytes },
            (Method::Files, Algorithm::Blake3) if size > SUBTREE_BYTES && size <= MAX_SUBTREES * SUBTREE_BYTES => {
                Self::Subtrees
            }
            (Method::Files, _) => Self::Whole(algorithm),
        }
    }

    /// How many bytes each part has, the last one excepted.
    pub(super) fn part_bytes(self) -> u64 {
        match self {
            Self::Whole(_) => u64::MAX,
            Self::Subtrees => SUBTREE_BYTES,
            Self::Shards { shard_bytes, .. } => {
                let shard = shard_bytes.get();
                shard.saturating_mul((SUBTREE_BYTES / shard).max(1))
            }
        }
    }

    /// The bytes of the part with this index, of a file with this size.
    pub(super) fn range(self, index: u64, size: u64) -> Range<u64> {
        let start = index.saturating_mul(self.part_bytes()).min(size);
        start..start.saturating_add(self.part_bytes()).min(size)
    }

    /// How many parts a file of this size has: at least one.
    pub(super) fn parts(self, size: u64) -> u64 {
        size.div_ceil(self.part_bytes()).max(1)
    }

    pub(super) fn hasher(self, index: u64) -> PartHasher {
        match self {
            Self::Whole(algorithm) => PartHasher::Whole(Hasher::new(algorithm)),
            Self::Subtrees => PartHasher::Subtree(Blake3Subtree::new(index)),
            Self::Shards { algorithm, shard_bytes } => {
                PartHasher::Shards(Box::new(ChunkHasher::new(Hasher::new(algorithm), shard_bytes)))
            }
        }
    }
}

/// Takes the bytes of one part in order.
pub(super) enum PartHasher {
    Whole(Hasher),
    Subtree(Blake3Subtree),
    Shards(Box<ChunkHasher>),
}

/// What a part comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PartDigest {
    Whole(Digest),
    Subtree(ChainingValue),
    Shards(Vec<Digest>),
}

impl PartHasher {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Whole(hasher) => hasher.update(bytes),
            Self::Subtree(subtree) => subtree.update(bytes),
            Self::Shards(shards) => shards.update(bytes),
        }
    }

    pub(super) fn finish(self) -> PartDigest {
        match self {
            Self::Whole(hasher) => PartDigest::Whole(hasher.finish()),
            Self::Subtree(subtree) => PartDigest::Subtree(subtree.finish()),
            Self::Shards(shards) => PartDigest::Shards(shards.finish()),
        }
    }
}

/// A length in memory as a length in a file.
pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// How many subtrees a file is cut into at most, which makes 4 TiB: a sparse file can claim a size whose list of parts
/// fills the memory, and is hashed from front to back instead.
const MAX_SUBTREES: u64 = 1 << 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_size_makes_no_endless_list() {
        let cut = |size| Cut::new(Method::Files, Algorithm::Blake3, size);
        assert_eq!(cut(MAX_SUBTREES * SUBTREE_BYTES).parts(MAX_SUBTREES * SUBTREE_BYTES), MAX_SUBTREES);
        for size in [MAX_SUBTREES * SUBTREE_BYTES + 1, 1 << 62, u64::MAX] {
            assert_eq!(cut(size).parts(size), 1);
        }
    }

    #[test]
    fn parts_cover_a_file_once() {
        let shards = |bytes| Method::Shards { shard_bytes: NonZeroU64::new(bytes).unwrap() };
        for method in [Method::Files, shards(1000), shards(SUBTREE_BYTES + 1)] {
            for size in [0, 1, SUBTREE_BYTES, SUBTREE_BYTES + 1, 3 * SUBTREE_BYTES] {
                let cut = Cut::new(method, Algorithm::Blake3, size);
                let mut end = 0;
                for index in 0..cut.parts(size) {
                    let range = cut.range(index, size);
                    assert_eq!(range.start, end);
                    end = range.end;
                }
                assert_eq!(end, size, "{method:?}");
            }
        }
    }
}
