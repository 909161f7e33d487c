use std::num::NonZeroU64;
use std::ops::Range;

use super::Sums;
use crate::digest::{Algorithm, Digest, Leaf, MerkleTree};
use crate::manifest::{Manifest, ManifestError, Method, Resource, Serialization};
use crate::model::ModelPath;

/// Several digests of every file of a model, and Merkle trees over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    serialization: Serialization,
    algorithms: Vec<Algorithm>,
    chunk_bytes: Option<NonZeroU64>,
    files: Vec<FilePrint>,
}

/// What a fingerprint says of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePrint {
    /// The file.
    pub path: ModelPath,
    /// How many bytes it has.
    pub size: u64,
    /// Its digests, one for each algorithm of the fingerprint, in the same order.
    pub digests: Vec<Digest>,
    /// The leaves of its Merkle tree, one a chunk; empty in a fingerprint without trees.
    pub leaves: Vec<Leaf>,
}

impl Fingerprint {
    /// Takes what is known of each file.
    ///
    /// `serialization` is that of the model signature which goes with it: what was left out, and how links were taken.
    ///
    /// # Errors
    /// [`FingerprintError`] where the files contradict each other or the other arguments: see its variants.
    pub fn new(
        serialization: Serialization,
        algorithms: Vec<Algorithm>,
        chunk_bytes: Option<NonZeroU64>,
        files: Vec<FilePrint>,
    ) -> Result<Self, FingerprintError> {
        let needed = [Algorithm::Sha256, serialization.algorithm];
        if !algorithms.is_sorted_by(|a, b| a < b) || needed.iter().any(|needed| !algorithms.contains(needed)) {
            return Err(FingerprintError::Algorithms);
        }
        if files.is_empty() {
            return Err(FingerprintError::Empty);
        }
        let mut pairs = files.iter().zip(files.iter().skip(1));
        if let Some((_, second)) = pairs.find(|(first, second)| first.path >= second.path) {
            return Err(FingerprintError::Order { path: second.path.clone() });
        }
        for file in &files {
            let same = file.digests.iter().map(Digest::algorithm).eq(algorithms.iter().copied());
            let chunks = chunk_bytes.map_or(0, |bytes| chunk_count(file.size, bytes));
            if !same || u64::try_from(file.leaves.len()) != Ok(chunks) {
                return Err(FingerprintError::File { path: file.path.clone() });
            }
        }
        Ok(Self { serialization, algorithms, chunk_bytes, files })
    }

    /// The serialization of the model signature that goes with it.
    #[must_use]
    pub const fn serialization(&self) -> &Serialization {
        &self.serialization
    }

    /// The algorithms, in the order of [`Algorithm`]; SHA-256 is always among them.
    #[must_use]
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// How many bytes a chunk has; `None` in a fingerprint without Merkle trees.
    #[must_use]
    pub const fn chunk_bytes(&self) -> Option<NonZeroU64> {
        self.chunk_bytes
    }

    /// The files, sorted by name.
    #[must_use]
    pub fn files(&self) -> &[FilePrint] {
        &self.files
    }

    /// What is known of one file.
    #[must_use]
    pub fn file(&self, path: &ModelPath) -> Option<&FilePrint> {
        let at = self.files.binary_search_by(|file| file.path.cmp(path)).ok()?;
        self.files.get(at)
    }

    /// How many bytes all files have together.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size))
    }

    /// The tree over all files; `None` in a fingerprint without trees.
    #[must_use]
    pub fn merkle_tree(&self) -> Option<MerkleTree> {
        Some(MerkleTree::of_leaves(&self.model_leaves()?))
    }

    /// The root of the tree over all files; `None` in a fingerprint without trees.
    #[must_use]
    pub fn merkle_root(&self) -> Option<Digest> {
        Some(MerkleTree::root_of(&self.model_leaves()?))
    }

    fn model_leaves(&self) -> Option<Vec<Leaf>> {
        self.chunk_bytes?;
        Some(self.files.iter().map(|file| file.model_leaf(&file.merkle_root())).collect())
    }

    /// The manifest of a model signature over the same files, where its method is whole files.
    ///
    /// # Errors
    /// [`ManifestError`] where the files cannot be listed together.
    pub fn manifest(&self) -> Option<Result<Manifest, ManifestError>> {
        let algorithm = self.serialization.algorithm;
        let of_files = self.serialization.method == Method::Files && self.algorithms.contains(&algorithm);
        of_files.then(|| {
            let resource = |file: &FilePrint| {
                let digest = file.digests.iter().find(|digest| digest.algorithm() == algorithm);
                digest.map(|digest| Resource { path: file.path.clone(), shard: None, digest: *digest })
            };
            Manifest::sorted(self.serialization.clone(), self.files.iter().filter_map(resource).collect())
        })
    }

    /// The same files with a model's one file renamed: between `.` and a file's own name, which both stand for a model
    /// that is a single file.
    #[must_use]
    pub fn with_single_file_as(mut self, path: &ModelPath) -> Self {
        if let [file] = self.files.as_mut_slice() {
            file.path = path.clone();
        }
        self
    }
}

impl FilePrint {
    /// What was computed over a file, as a fingerprint holds it.
    #[must_use]
    pub fn of(mut sums: Sums) -> Self {
        sums.digests.shrink_to_fit();
        let mut leaves = Vec::with_capacity(sums.leaves.len());
        leaves.extend(sums.leaves.iter().filter_map(|leaf| Leaf::try_from(leaf.as_bytes()).ok()));
        Self { path: sums.path, size: sums.size, digests: sums.digests, leaves }
    }

    /// The root of the tree over its chunks.
    #[must_use]
    pub fn merkle_root(&self) -> Digest {
        MerkleTree::root_of(&self.leaves)
    }

    /// Its leaf in the tree over all files, where its own root is this one.
    #[must_use]
    pub fn model_leaf(&self, root: &Digest) -> Leaf {
        model_leaf(&self.path, self.size, root)
    }

    /// The ranges of bytes in which another file differs, by chunks of this size; neighbours are joined. What one of the
    /// two has beyond the other's end differs.
    #[must_use]
    pub fn differing(&self, other: &Self, chunk_bytes: NonZeroU64) -> Vec<Range<u64>> {
        let chunks = self.leaves.len().max(other.leaves.len());
        let end = self.size.max(other.size);
        let mut ranges: Vec<Range<u64>> = Vec::new();
        let mut start = 0;
        for at in 0..chunks {
            let next = start + chunk_bytes.get().min(end - start);
            if self.leaves.get(at) != other.leaves.get(at) {
                match ranges.last_mut() {
                    Some(last) if last.end == start => last.end = next,
                    _ => ranges.push(start..next),
                }
            }
            start = next;
        }
        ranges
    }
}

/// The leaf of a file in the tree over all files: see the module's documentation.
pub(super) fn model_leaf(path: &ModelPath, size: u64, root: &Digest) -> Leaf {
    let name = path.as_str().as_bytes();
    let length = u64::try_from(name.len()).unwrap_or(u64::MAX);
    MerkleTree::leaf(&[&length.to_be_bytes(), name, &size.to_be_bytes(), root.as_bytes()].concat())
}

/// How many chunks a file of this size has.
#[must_use]
pub const fn chunk_count(size: u64, chunk_bytes: NonZeroU64) -> u64 {
    size.div_ceil(chunk_bytes.get())
}

/// A fingerprint that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FingerprintError {
    /// There is no file.
    #[error("the fingerprint lists no file")]
    Empty,
    /// SHA-256 or the hash of the model signature is missing, or the algorithms are not in order.
    #[error(
        "the fingerprint's algorithms are not in order, one is there twice, or sha256 or the model's own is missing"
    )]
    Algorithms,
    /// Files are not sorted, or one is there twice.
    #[error("the fingerprint lists {path:?} out of order or twice")]
    Order {
        /// The second of the two.
        path: ModelPath,
    },
    /// Digests or chunks of a file do not fit the others.
    #[error("the fingerprint has not the digests and chunks of {path:?} that it should have")]
    File {
        /// The file.
        path: ModelPath,
    },
}

/// Chunks that are too many.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the model has more than {MAX_CHUNKS} chunks of {chunk_bytes} bytes")]
pub struct ChunkSizeError {
    /// The size that is too small.
    pub chunk_bytes: u64,
}

/// How many chunks all files together may have: with 1 MiB each, 256 GiB.
pub const MAX_CHUNKS: u64 = 1 << 18;
