//! Merkle trees with the hashing of [RFC 6962, section 2.1](https://www.rfc-editor.org/rfc/rfc6962#section-2.1): SHA-256
//! with the prefix 0x00 before a leaf and 0x01 before a node, so that neither passes for the other.

use std::borrow::Cow;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::{Algorithm, Digest, Hasher};

/// The hash of one leaf.
pub type Leaf = [u8; 32];

/// A tree over a list of leaves, with all its nodes: some 64 bytes a leaf.
pub struct MerkleTree(rs_merkle::MerkleTree<Rfc6962>);

impl MerkleTree {
    /// Builds the tree over these leaf hashes.
    #[must_use]
    pub fn of_leaves(leaves: &[Leaf]) -> Self {
        Self(rs_merkle::MerkleTree::from_leaves(leaves))
    }

    /// The root of the tree over these leaf hashes, layer by layer: half as much memory as the leaves take.
    #[must_use]
    pub fn root_of(leaves: &[Leaf]) -> Digest {
        let above = |layer: &[Leaf]| -> Vec<Leaf> {
            let pairs = layer.chunks(2).filter_map(|pair| pair.split_first());
            pairs.map(|(left, right)| <Rfc6962 as rs_merkle::Hasher>::concat_and_hash(left, right.first())).collect()
        };
        let mut layer = Cow::Borrowed(leaves);
        while layer.len() > 1 {
            layer = Cow::Owned(above(&layer));
        }
        layer.first().map_or_else(|| Hasher::new(Algorithm::Sha256).finish(), sha256)
    }

    /// A hasher that has taken the prefix of a leaf; the leaf's content comes next.
    #[must_use]
    pub fn leaf_hasher() -> Hasher {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(&[LEAF]);
        hasher
    }

    /// The hash of a leaf with this content.
    #[must_use]
    pub fn leaf(content: &[u8]) -> Leaf {
        <Rfc6962 as rs_merkle::Hasher>::hash(content)
    }

    /// The tree's root; without leaves, the SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.0.root().map_or_else(|| Hasher::new(Algorithm::Sha256).finish(), |root| sha256(&root))
    }

    /// The nodes by which whoever has these leaves can compute the root; `None` for a range that is empty or not in the
    /// tree.
    #[must_use]
    pub fn prove(&self, leaves: Range<usize>) -> Option<RangeProof> {
        let total = self.0.leaves_len();
        if leaves.is_empty() || leaves.end > total {
            return None;
        }
        // What stands beside the range stands beside its first leaf or its last: on the left of the one, or on the right
        // of the other.
        let beside = |leaf: usize| self.0.proof(&[leaf]).proof_hashes().to_vec().into_iter();
        let (mut start, mut last, mut width) = (leaves.start, leaves.end - 1, total);
        let (mut of_first, mut of_last) = (beside(start), beside(last));
        let mut nodes = Vec::new();
        while width > 1 {
            // The last node of a layer with an odd number of them has nobody beside it, and moves up as it is.
            let node_of = |at: usize, of: &mut std::vec::IntoIter<Leaf>| if at ^ 1 < width { of.next() } else { None };
            let (left, right) = (node_of(start, &mut of_first), node_of(last, &mut of_last));
            nodes.extend(left.filter(|_| start % 2 == 1));
            nodes.extend(right.filter(|_| last % 2 == 0));
            (start, last, width) = (start / 2, last / 2, width.div_ceil(2));
        }
        Some(RangeProof { nodes })
    }
}

/// The nodes beside a run of leaves, from the lowest layer up, left before right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeProof {
    /// The nodes.
    pub nodes: Vec<Leaf>,
}

impl RangeProof {
    /// The root of the tree with so many leaves in all, of which these stand in a row from `first` on. It takes time and
    /// memory by the leaves that are given, whatever `total` says.
    ///
    /// `None` where the leaves do not fit the tree, or the nodes are more or fewer than such a proof has.
    #[must_use]
    pub fn root(&self, first: usize, leaves: &[Leaf], total: usize) -> Option<Digest> {
        let is_inside = first.checked_add(leaves.len()).is_some_and(|end| end <= total);
        if leaves.is_empty() || !is_inside {
            return None;
        }
        let mut nodes = self.nodes.iter().copied();
        let (mut layer, mut start, mut width) = (leaves.to_vec(), first, total);
        while width > 1 {
            let end = start + layer.len();
            if start % 2 == 1 {
                layer.insert(0, nodes.next()?);
            }
            if end % 2 == 1 && end < width {
                layer.push(nodes.next()?);
            }
            let above = layer.chunks(2).filter_map(|pair| pair.first().map(|left| (left, pair.get(1))));
            layer = above.map(|(left, right)| <Rfc6962 as rs_merkle::Hasher>::concat_and_hash(left, right)).collect();
            (start, width) = (start / 2, width.div_ceil(2));
        }
        let root = layer.first().map(sha256)?;
        nodes.next().is_none().then_some(root)
    }
}

fn sha256(output: &Leaf) -> Digest {
    Digest::of_output(Algorithm::Sha256, output)
}

#[derive(Clone)]
struct Rfc6962;

impl rs_merkle::Hasher for Rfc6962 {
    type Hash = Leaf;

    fn hash(content: &[u8]) -> Leaf {
        Sha256::new().chain_update([LEAF]).chain_update(content).finalize().into()
    }

    fn concat_and_hash(left: &Leaf, right: Option<&Leaf>) -> Leaf {
        right.map_or(*left, |right| {
            Sha256::new().chain_update([NODE]).chain_update(left).chain_update(right).finalize().into()
        })
    }
}

const LEAF: u8 = 0;
const NODE: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves and roots of the Certificate Transparency project's own tests of RFC 6962.
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    /// Inclusion proofs of the same tests: leaf from 0, size of the tree, nodes.
    const PROOFS: [(usize, usize, &[&str]); 4] = [
        (0, 1, &[]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ];

    fn leaves() -> Vec<Leaf> {
        LEAVES.iter().map(|text| MerkleTree::leaf(&hex::decode(text).unwrap())).collect()
    }

    #[test]
    fn has_the_published_roots() {
        for (size, root) in ROOTS.iter().enumerate() {
            assert_eq!(MerkleTree::of_leaves(&leaves()[..size]).root().to_hex(), *root, "{size} leaves");
            assert_eq!(MerkleTree::root_of(&leaves()[..size]).to_hex(), *root, "{size} leaves, the root alone");
        }
    }

    #[test]
    fn has_the_published_proofs() {
        for (leaf, size, nodes) in PROOFS {
            let tree = MerkleTree::of_leaves(&leaves()[..size]);
            let proof = tree.prove(leaf..leaf + 1).unwrap();
            assert_eq!(proof.nodes.iter().map(hex::encode).collect::<Vec<_>>(), nodes, "leaf {leaf} of {size}");
        }
    }

    #[test]
    fn a_leaf_is_hashed_as_a_stream_or_at_once() {
        let mut hasher = MerkleTree::leaf_hasher();
        hasher.update(b"con");
        hasher.update(b"tent");
        assert_eq!(hasher.finish().as_bytes(), MerkleTree::leaf(b"content"));
    }

    #[test]
    fn proves_every_range_of_every_small_tree_and_nothing_else() {
        let leaves: Vec<Leaf> = (0..20_u8).map(|number| MerkleTree::leaf(&[number])).collect();
        for total in 1..=leaves.len() {
            let tree = MerkleTree::of_leaves(&leaves[..total]);
            assert_eq!(MerkleTree::root_of(&leaves[..total]), tree.root(), "{total} leaves");
            for start in 0..total {
                for end in start + 1..=total {
                    let proof = tree.prove(start..end).unwrap();
                    let root = |proof: &RangeProof, leaves: &[Leaf]| proof.root(start, leaves, total);
                    assert_eq!(root(&proof, &leaves[start..end]), Some(tree.root()), "{start}..{end} of {total}");
                    let mut other = leaves[start..end].to_vec();
                    other[0][0] ^= 1;
                    assert_ne!(root(&proof, &other), Some(tree.root()));
                    let longer = RangeProof { nodes: [&proof.nodes[..], &[leaves[0]]].concat() };
                    assert_eq!(root(&longer, &leaves[start..end]), None);
                    if let Some((_, fewer)) = proof.nodes.split_last() {
                        assert_eq!(root(&RangeProof { nodes: fewer.to_vec() }, &leaves[start..end]), None);
                    }
                }
            }
            assert_eq!(tree.prove(0..total + 1), None);
            assert_eq!(tree.prove(0..0), None);
        }
        let proof = RangeProof { nodes: Vec::new() };
        assert_eq!(proof.root(usize::MAX, &leaves[..1], 1), None);
        assert_eq!(proof.root(1, &leaves[..1], 1), None);
    }
}
