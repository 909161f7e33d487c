//! BLAKE3 over one file by several threads: each hashes an aligned part to its chaining value, and the values are
//! merged as the BLAKE3 tree prescribes ([specification, section 2.1](https://github.com/BLAKE3-team/BLAKE3-specs)).

use blake3::hazmat::{ChainingValue, HasherExt as _, Mode, merge_subtrees_non_root, merge_subtrees_root};

use super::{Algorithm, Digest};

/// How many bytes one part has; all but the last have just so many.
///
/// A power of two, so that each part is a whole subtree; large enough that merging costs nothing.
pub const SUBTREE_BYTES: u64 = 16 << 20;

/// The hash of one part of a file that has more than one.
pub struct Blake3Subtree(Box<blake3::Hasher>);

impl Blake3Subtree {
    /// Starts the part with this index.
    #[must_use]
    pub fn new(index: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(index * SUBTREE_BYTES);
        Self(Box::new(hasher))
    }

    /// Takes the next bytes of the part.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The part's chaining value.
    #[must_use]
    pub fn finish(&self) -> ChainingValue {
        self.0.finalize_non_root()
    }

    /// The file's digest from the chaining values of its parts in order, or `None` if there are fewer than two.
    #[must_use]
    pub fn merge(parts: &[ChainingValue]) -> Option<Digest> {
        let (left, right) = split(parts)?;
        let root = merge_subtrees_root(&subtree(left)?, &subtree(right)?, Mode::Hash);
        Some(Digest::of_output(Algorithm::Blake3, root.as_bytes()))
    }
}

fn subtree(parts: &[ChainingValue]) -> Option<ChainingValue> {
    match parts {
        [] => None,
        [only] => Some(*only),
        _ => {
            let (left, right) = split(parts)?;
            Some(merge_subtrees_non_root(&subtree(left)?, &subtree(right)?, Mode::Hash))
        }
    }
}

/// The left subtree holds the largest power of two of parts that leaves at least one for the right.
fn split(parts: &[ChainingValue]) -> Option<(&[ChainingValue], &[ChainingValue])> {
    let last = parts.len().checked_sub(1)?;
    parts.split_at_checked(1 << last.checked_ilog2()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_plain_hash_for_every_shape_of_tree() {
        let part = usize::try_from(SUBTREE_BYTES).unwrap();
        let data: Vec<u8> = (0..5 * part).map(|i| u8::try_from(i * 31 % 251).unwrap()).collect();
        for length in [part + 1, 2 * part - 1, 2 * part, 2 * part + 1, 3 * part, 4 * part + 1024, 5 * part] {
            let parts: Vec<_> = data[..length]
                .chunks(part)
                .zip(0..)
                .map(|(bytes, index)| {
                    let mut subtree = Blake3Subtree::new(index);
                    subtree.update(bytes);
                    subtree.finish()
                })
                .collect();
            let expected = blake3::hash(&data[..length]);
            assert_eq!(Blake3Subtree::merge(&parts).unwrap().as_bytes(), expected.as_bytes(), "{length}");
        }
        assert!(Blake3Subtree::merge(&[]).is_none());
        assert!(Blake3Subtree::merge(&[[0; 32]]).is_none());
    }
}
