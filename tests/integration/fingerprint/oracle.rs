//! Merkle trees by the letter of RFC 6962, section 2.1, without the library under test.

use sha2::{Digest as _, Sha256};

/// The root over these leaves' contents, each given whole.
pub(super) fn root(leaves: &[&[u8]]) -> Vec<u8> {
    match leaves {
        [] => Sha256::digest([]).to_vec(),
        [leaf] => Sha256::new().chain_update([0]).chain_update(leaf).finalize().to_vec(),
        _ => {
            // The largest power of two below their number.
            let left = leaves.len().next_power_of_two() / 2;
            let halves = Sha256::new().chain_update([1]).chain_update(root(&leaves[..left]));
            halves.chain_update(root(&leaves[left..])).finalize().to_vec()
        }
    }
}

/// The root of a file cut into chunks of this size.
pub(super) fn file_root(content: &[u8], chunk_bytes: usize) -> Vec<u8> {
    root(&content.chunks(chunk_bytes).collect::<Vec<_>>())
}

/// The root of a model: files in the order of their names, each with its name's length, its name, its size and its root.
pub(super) fn model_root(files: &[(&str, &[u8])], chunk_bytes: usize) -> String {
    let number = |length: usize| u64::try_from(length).unwrap().to_be_bytes();
    let mut files = files.to_vec();
    files.sort_unstable();
    let leaf = |(name, content): &(&str, &[u8])| {
        let root = file_root(content, chunk_bytes);
        [&number(name.len())[..], name.as_bytes(), &number(content.len()), &root].concat()
    };
    let leaves: Vec<Vec<u8>> = files.iter().map(leaf).collect();
    hex::encode(root(&leaves.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}
