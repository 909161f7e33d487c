//! Reading a file on one core while it is hashed on another.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::io::read_at;

/// The reader's side: which bytes, and where they go.
pub(super) struct ReadAhead {
    file: Arc<File>,
    start: u64,
    end: u64,
    blocks: SyncSender<io::Result<Vec<u8>>>,
    spare: Receiver<Vec<u8>>,
}

/// The hasher's side.
pub(super) struct Blocks {
    blocks: Receiver<io::Result<Vec<u8>>>,
    spare: SyncSender<Vec<u8>>,
}

impl ReadAhead {
    /// A reader for these bytes, and the blocks that come from it.
    pub(super) fn new(file: Arc<File>, start: u64, end: u64) -> (Self, Blocks) {
        let (block_sender, blocks) = sync_channel(BLOCKS);
        let (spare_sender, spare) = sync_channel(BLOCKS);
        for _ in 0..BLOCKS {
            // There is room for all of them, and the receiver is right here.
            if spare_sender.try_send(Vec::new()).is_err() {
                break;
            }
        }
        (Self { file, start, end, blocks: block_sender, spare }, Blocks { blocks, spare: spare_sender })
    }

    /// Reads until the end, an error, or until it is needed elsewhere; the hasher goes on by itself from there.
    pub(super) fn run(mut self, needed_elsewhere: impl Fn() -> bool) {
        while self.start < self.end && !needed_elsewhere() {
            let Ok(mut block) = self.spare.recv() else { return };
            let want = usize::try_from(self.end - self.start).map_or(BLOCK_BYTES, |rest| rest.min(BLOCK_BYTES));
            block.resize(want, 0);
            let result = read_at(&self.file, &mut block, self.start).map(|read| {
                block.truncate(read);
                block
            });
            let read = result.as_ref().map_or(0, Vec::len);
            self.start += u64::try_from(read).unwrap_or(u64::MAX);
            if self.blocks.send(result).is_err() || read == 0 {
                return;
            }
        }
    }
}

impl Blocks {
    /// The next block; `None` when the reader has stopped.
    pub(super) fn next(&self) -> Option<io::Result<Vec<u8>>> {
        self.blocks.recv().ok()
    }

    /// Gives a block back to be filled again.
    pub(super) fn give_back(&self, block: Vec<u8>) {
        // A reader that has stopped needs no more blocks.
        drop(self.spare.try_send(block));
    }
}

/// How many blocks there are: one is read while another is hashed.
const BLOCKS: usize = 2;
/// How large a block is: handing one over wakes a sleeping core, which costs more the oftener it happens.
const BLOCK_BYTES: usize = 2 << 20;
