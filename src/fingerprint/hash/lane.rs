use std::collections::BTreeSet;
use std::num::NonZeroU64;

use super::block::Block;
use crate::digest::{Algorithm, ChunkHasher, Digest, Hasher, MerkleTree};
use crate::model::ModelPath;

/// What is to be computed over every file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Digests of the whole file.
    pub algorithms: BTreeSet<Algorithm>,
    /// Merkle leaves over chunks of so many bytes.
    pub chunk_bytes: Option<NonZeroU64>,
    /// Digests of shards of so many bytes.
    pub shards: Option<(Algorithm, NonZeroU64)>,
    /// The checksum of ZIP.
    pub crc32: bool,
}

impl Wanted {
    /// A hasher for each thing that is wanted, the slowest first.
    pub(super) fn lanes(&self) -> Vec<LaneHasher> {
        let mut algorithms: Vec<Algorithm> = self.algorithms.iter().copied().collect();
        algorithms.sort_by_key(|algorithm| match algorithm {
            Algorithm::Sha512 => 0,
            Algorithm::Blake2b => 1,
            Algorithm::Sha256 => 2,
            Algorithm::Blake3 => 3,
        });
        let mut lanes: Vec<LaneHasher> = algorithms.into_iter().map(LaneHasher::Whole).collect();
        lanes.extend(self.shards.map(|(algorithm, bytes)| LaneHasher::Shards(algorithm, bytes)));
        lanes.extend(self.chunk_bytes.map(LaneHasher::Leaves));
        lanes.extend(self.crc32.then_some(LaneHasher::Crc32));
        lanes
    }
}

/// What was computed over one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// The file.
    pub path: ModelPath,
    /// How many bytes it has.
    pub size: u64,
    /// Its digests, one for each wanted algorithm, in the order of [`Algorithm`].
    pub digests: Vec<Digest>,
    /// The Merkle leaves of its chunks, SHA-256.
    pub leaves: Vec<Digest>,
    /// The digests of its shards.
    pub shards: Vec<Digest>,
    /// The checksum of ZIP, or 0.
    pub crc32: u32,
}

impl Sums {
    pub(super) const fn new(path: ModelPath, size: u64) -> Self {
        Self { path, size, digests: Vec::new(), leaves: Vec::new(), shards: Vec::new(), crc32: 0 }
    }

    /// The digest with this algorithm, if it was wanted.
    #[must_use]
    pub fn digest(&self, algorithm: Algorithm) -> Option<&Digest> {
        self.digests.iter().find(|digest| digest.algorithm() == algorithm)
    }

    pub(super) fn take(&mut self, sum: LaneSum) {
        match sum {
            LaneSum::Whole(digest) => {
                // There are as many of these lists as files.
                self.digests.reserve_exact(1);
                self.digests.push(digest);
                self.digests.sort_by_key(Digest::algorithm);
            }
            LaneSum::Leaves(leaves) => self.leaves = leaves,
            LaneSum::Shards(shards) => self.shards = shards,
            LaneSum::Crc32(crc32) => self.crc32 = crc32,
        }
    }
}

/// One computation, over one file after the other.
#[derive(Debug, Clone, Copy)]
pub(super) enum LaneHasher {
    Whole(Algorithm),
    Leaves(NonZeroU64),
    Shards(Algorithm, NonZeroU64),
    Crc32,
}

/// What it comes to for one file.
pub(super) enum LaneSum {
    Whole(Digest),
    Leaves(Vec<Digest>),
    Shards(Vec<Digest>),
    Crc32(u32),
}

/// The computation over one file.
enum State {
    Whole(Hasher),
    Leaves(Box<ChunkHasher>),
    Shards(Box<ChunkHasher>),
    Crc32(crc32fast::Hasher),
}

/// A computation on its way through the files.
pub(super) struct Lane {
    hasher: LaneHasher,
    state: State,
    sums: Vec<LaneSum>,
}

impl Lane {
    pub(super) fn new(hasher: LaneHasher) -> Self {
        Self { hasher, state: hasher.start(), sums: Vec::new() }
    }

    pub(super) fn take(&mut self, block: &Block) {
        for (bytes, is_last) in block.pieces() {
            self.state.update(bytes);
            if is_last {
                self.sums.push(std::mem::replace(&mut self.state, self.hasher.start()).finish());
            }
        }
    }

    /// The sum of each file that has ended, in order.
    pub(super) fn finish(self) -> Vec<LaneSum> {
        self.sums
    }
}

impl LaneHasher {
    fn start(self) -> State {
        match self {
            Self::Whole(algorithm) => State::Whole(Hasher::new(algorithm)),
            Self::Leaves(bytes) => State::Leaves(Box::new(ChunkHasher::new(MerkleTree::leaf_hasher(), bytes))),
            Self::Shards(algorithm, bytes) => State::Shards(Box::new(ChunkHasher::new(Hasher::new(algorithm), bytes))),
            Self::Crc32 => State::Crc32(crc32fast::Hasher::new()),
        }
    }
}

impl State {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Whole(hasher) => hasher.update(bytes),
            Self::Leaves(chunks) | Self::Shards(chunks) => chunks.update(bytes),
            Self::Crc32(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> LaneSum {
        match self {
            Self::Whole(hasher) => LaneSum::Whole(hasher.finish()),
            Self::Leaves(chunks) => LaneSum::Leaves(chunks.finish()),
            Self::Shards(chunks) => LaneSum::Shards(chunks.finish()),
            Self::Crc32(hasher) => LaneSum::Crc32(hasher.finalize()),
        }
    }
}
