use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Some bytes on their way through all lanes; they go back to the reader when the last lane lets go of them.
pub(super) struct Block {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    home: SyncSender<Vec<u8>>,
}

/// A part of a block that belongs to one file.
pub(super) struct Piece {
    range: Range<usize>,
    /// Whether the file ends here.
    pub(super) is_last: bool,
}

impl Block {
    pub(super) fn pieces(&self) -> impl Iterator<Item = (&[u8], bool)> {
        self.pieces.iter().map(|piece| (self.bytes.get(piece.range.clone()).unwrap_or_default(), piece.is_last))
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // A reader that has ended needs no more bytes.
        drop(self.home.try_send(std::mem::take(&mut self.bytes)));
    }
}

/// The reader's supply of blocks: as many as there are, and no more.
pub(super) struct Supply {
    spare: Receiver<Vec<u8>>,
    home: SyncSender<Vec<u8>>,
}

impl Supply {
    pub(super) fn new() -> Self {
        let (home, spare) = sync_channel(BLOCKS);
        for _ in 0..BLOCKS {
            // There is room for all of them.
            drop(home.try_send(Vec::new()));
        }
        Self { spare, home }
    }

    /// The next block to fill; waits until a lane has let go of one.
    pub(super) fn next(&self) -> Filling {
        let mut bytes = self.spare.recv().unwrap_or_default();
        bytes.resize(BLOCK_BYTES, 0);
        Filling { block: Block { bytes, pieces: Vec::new(), home: self.home.clone() }, filled: 0 }
    }
}

/// A block that is being filled.
pub(super) struct Filling {
    block: Block,
    filled: usize,
}

impl Filling {
    /// The room that is left.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.block.bytes.get_mut(self.filled..).unwrap_or_default()
    }

    /// Says that so many bytes of the room belong to the current file, and whether it ends with them.
    pub(super) fn add(&mut self, bytes: usize, is_last: bool) {
        let end = self.filled.saturating_add(bytes);
        self.block.pieces.push(Piece { range: self.filled..end, is_last });
        self.filled = end;
    }

    pub(super) fn is_full(&self) -> bool {
        self.filled >= BLOCK_BYTES || self.block.pieces.len() >= PIECES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.block.pieces.is_empty()
    }

    pub(super) fn done(self) -> Block {
        self.block
    }
}

/// How large a block is: handing one over costs microseconds, hashing it some hundred.
const BLOCK_BYTES: usize = 256 << 10;
/// How many there are: what the slowest digest may lie behind the quickest.
const BLOCKS: usize = 32;
/// How many files share a block.
const PIECES: usize = 1024;
