use std::num::NonZeroU64;

use super::{Digest, Hasher};

/// Cuts a stream into chunks of one size, and takes the digest of each; the last chunk may be shorter.
pub struct ChunkHasher {
    start: Hasher,
    chunk_bytes: u64,
    done: Vec<Digest>,
    current: Hasher,
    filled: u64,
}

impl ChunkHasher {
    /// A hasher for chunks of so many bytes, each digest begun with what `start` has taken already.
    #[must_use]
    pub fn new(start: Hasher, chunk_bytes: NonZeroU64) -> Self {
        Self { current: start.clone(), start, chunk_bytes: chunk_bytes.get(), done: Vec::new(), filled: 0 }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(self.chunk_bytes - self.filled).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.current.update(now);
            self.filled += u64::try_from(now.len()).unwrap_or(u64::MAX);
            bytes = later;
            if self.filled == self.chunk_bytes {
                self.end_chunk();
            }
        }
    }

    /// The digests of all chunks in order; none for a stream without bytes.
    #[must_use]
    pub fn finish(mut self) -> Vec<Digest> {
        if self.filled > 0 {
            self.end_chunk();
        }
        // Most files have one chunk, and a list grows to four digests at once.
        self.done.shrink_to_fit();
        self.done
    }

    fn end_chunk(&mut self) {
        let full = std::mem::replace(&mut self.current, self.start.clone());
        self.done.push(full.finish());
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;

    #[test]
    fn cuts_wherever_the_reads_end() {
        let data: Vec<u8> = (0..25).collect();
        let mut start = Hasher::new(Algorithm::Sha256);
        start.update(b"prefix");
        let expected: Vec<Digest> = data
            .chunks(10)
            .map(|chunk| {
                let mut hasher = Hasher::new(Algorithm::Sha256);
                hasher.update(&[b"prefix", chunk].concat());
                hasher.finish()
            })
            .collect();
        let chunks = || ChunkHasher::new(start.clone(), NonZeroU64::new(10).unwrap());
        for read in [1, 3, 10, 11, 25] {
            let mut hasher = chunks();
            data.chunks(read).for_each(|bytes| hasher.update(bytes));
            assert_eq!(hasher.finish(), expected, "{read}");
        }
        assert_eq!(chunks().finish(), vec![]);
    }
}
