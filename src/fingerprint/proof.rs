use std::num::NonZeroU64;
use std::ops::Range;

use super::document::model_leaf;
use super::{Fingerprint, chunk_count};
use crate::digest::{ChunkHasher, Digest, Leaf, MerkleTree, RangeProof};
use crate::model::ModelPath;

/// Proof that a range of bytes belongs to a file of a model, for those who know the model's Merkle root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkProof {
    /// The file.
    pub path: ModelPath,
    /// How many bytes the file has.
    pub size: u64,
    /// How many bytes a chunk has.
    pub chunk_bytes: NonZeroU64,
    /// The range: whole chunks, the last of the file may be shorter.
    pub range: Range<u64>,
    /// From the chunks to the file's root.
    pub in_file: RangeProof,
    /// The file's place among all files.
    pub file_index: usize,
    /// How many files the model has.
    pub files: usize,
    /// From the file to the model's root.
    pub in_model: RangeProof,
}

impl ChunkProof {
    /// Makes the proof for the chunks that hold this range.
    ///
    /// # Errors
    /// [`ProofError`] where the fingerprint has no trees or no such file, or the range is empty or beyond the file's end.
    pub fn new(fingerprint: &Fingerprint, path: &ModelPath, range: Range<u64>) -> Result<Self, ProofError> {
        let (Some(chunk_bytes), Some(tree)) = (fingerprint.chunk_bytes(), fingerprint.merkle_tree()) else {
            return Err(ProofError::NoTrees);
        };
        let unknown = || ProofError::UnknownFile { path: path.clone() };
        let file_index = fingerprint.files().binary_search_by(|file| file.path.cmp(path)).map_err(|_| unknown())?;
        let file = fingerprint.files().get(file_index).ok_or_else(unknown)?;
        let outside = || ProofError::Range { range: range.clone(), size: file.size };
        if range.is_empty() || range.end > file.size {
            return Err(outside());
        }
        let first = range.start / chunk_bytes;
        let end = range.end.div_ceil(chunk_bytes.get());
        let indices = index(first).ok_or_else(outside)?..index(end).ok_or_else(outside)?;
        let in_file = MerkleTree::of_leaves(&file.leaves).prove(indices).ok_or_else(outside)?;
        let in_model = tree.prove(file_index..file_index + 1).ok_or_else(unknown)?;
        let range = first * chunk_bytes.get()..file.size.min(end.saturating_mul(chunk_bytes.get()));
        let files = fingerprint.files().len();
        Ok(Self { path: path.clone(), size: file.size, chunk_bytes, range, in_file, file_index, files, in_model })
    }

    /// A hasher for the bytes of the range.
    #[must_use]
    pub fn hasher(&self) -> ChunkHasher {
        ChunkHasher::new(MerkleTree::leaf_hasher(), self.chunk_bytes)
    }

    /// The model's root as these chunks and the proof give it; what it is worth is said by comparing it with a root that is
    /// trusted. `None` where the parts of the proof do not fit each other or the chunks.
    #[must_use]
    pub fn root(&self, chunks: &[Digest]) -> Option<Digest> {
        let chunk = self.chunk_bytes.get();
        let whole = self.range.start.is_multiple_of(chunk)
            && (self.range.end == self.size || self.range.end.is_multiple_of(chunk));
        if !whole || self.range.is_empty() || self.range.end > self.size {
            return None;
        }
        let leaves: Vec<Leaf> = chunks.iter().filter_map(|digest| digest.as_bytes().try_into().ok()).collect();
        if u64::try_from(leaves.len()).ok()? != chunk_count(self.range.end - self.range.start, self.chunk_bytes) {
            return None;
        }
        let total = index(chunk_count(self.size, self.chunk_bytes))?;
        let file_root = self.in_file.root(index(self.range.start / chunk)?, &leaves, total)?;
        let leaf = model_leaf(&self.path, self.size, &file_root);
        self.in_model.root(self.file_index, &[leaf], self.files)
    }
}

fn index(number: u64) -> Option<usize> {
    usize::try_from(number).ok()
}

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The fingerprint was made without trees.
    #[error("the fingerprint has no Merkle trees")]
    NoTrees,
    /// The file is not in the model.
    #[error("the fingerprint does not list {path:?}")]
    UnknownFile {
        /// The file.
        path: ModelPath,
    },
    /// The range is not in the file.
    #[error("the range {}-{} is empty or not within the file's {size} bytes", range.start, range.end)]
    Range {
        /// The range.
        range: Range<u64>,
        /// How many bytes the file has.
        size: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Algorithm, Hasher};
    use crate::fingerprint::FilePrint;
    use crate::manifest::Serialization;

    const CHUNK: NonZeroU64 = NonZeroU64::new(10).unwrap();

    fn bytes(number: u8, length: usize) -> Vec<u8> {
        (0..length).map(|at| u8::try_from(at % 200).unwrap() + number).collect()
    }

    fn leaves(bytes: &[u8]) -> Vec<Digest> {
        let mut hasher = ChunkHasher::new(MerkleTree::leaf_hasher(), CHUNK);
        hasher.update(bytes);
        hasher.finish()
    }

    fn fingerprint(sizes: &[usize]) -> Fingerprint {
        let files = sizes
            .iter()
            .zip(0..)
            .map(|(length, number)| {
                let content = bytes(number, *length);
                let mut hasher = Hasher::new(Algorithm::Sha256);
                hasher.update(&content);
                FilePrint {
                    path: ModelPath::new(format!("f{number}")).unwrap(),
                    size: u64::try_from(*length).unwrap(),
                    digests: vec![hasher.finish()],
                    leaves: leaves(&content).iter().map(|leaf| leaf.as_bytes().try_into().unwrap()).collect(),
                }
            })
            .collect();
        Fingerprint::new(Serialization::default(), vec![Algorithm::Sha256], Some(CHUNK), files).unwrap()
    }

    #[test]
    fn every_range_leads_to_the_models_root_and_other_bytes_do_not() {
        let sizes = [35, 0, 10, 1, 100];
        let print = fingerprint(&sizes);
        let root = print.merkle_tree().unwrap().root();
        for (file, (number, length)) in print.files().iter().zip((0..).zip(sizes)) {
            let content = bytes(number, length);
            for range in [0..1, 9..11, 0..35, 30..35, 95..100, 20..30] {
                let proof = ChunkProof::new(&print, &file.path, range.clone());
                if range.end > file.size {
                    assert!(matches!(proof, Err(ProofError::Range { .. })));
                    continue;
                }
                let proof = proof.unwrap();
                assert!(proof.range.start <= range.start && proof.range.end >= range.end);
                let (start, end) = (index(proof.range.start).unwrap(), index(proof.range.end).unwrap());
                let mut part = content[start..end].to_vec();
                assert_eq!(proof.root(&leaves(&part)), Some(root));
                part[0] ^= 1;
                assert_ne!(proof.root(&leaves(&part)), Some(root));
                assert_eq!(proof.root(&leaves(&[&part[..], &[0; 10]].concat())), None);
                let mut other = proof.clone();
                other.path = ModelPath::new("other").unwrap();
                part[0] ^= 1;
                assert_ne!(other.root(&leaves(&part)), Some(root));
                let mut longer = proof.clone();
                longer.size += 1;
                assert_ne!(longer.root(&leaves(&part)), Some(root));
            }
        }
    }

    #[test]
    fn names_the_bytes_that_differ() {
        let one = fingerprint(&[35]);
        let mut changed = bytes(0, 45);
        changed[12] ^= 1;
        let other = FilePrint {
            size: 45,
            leaves: leaves(&changed).iter().map(|leaf| leaf.as_bytes().try_into().unwrap()).collect(),
            ..one.files()[0].clone()
        };
        assert_eq!(one.files()[0].differing(&other, CHUNK), [10..20, 30..45]);
        assert_eq!(other.differing(&other, CHUNK), []);
    }
}
