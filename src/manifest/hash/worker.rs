use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use super::HashError;
use super::file::{is_unchanged, resources};
use super::part::{Cut, PartHasher, length};
use super::queue::{Job, Queue};
use super::read_ahead::ReadAhead;
use crate::io::{hint_sequential, read_at};
use crate::manifest::{Resource, Serialization};
use crate::model::{FileEntry, ModelPath};
use crate::progress::Progress;

/// One worker: takes jobs until there are no more.
pub(super) struct Worker<'a> {
    queue: &'a Queue,
    serialization: &'a Serialization,
    progress: &'a dyn Progress,
    buffer: Vec<u8>,
    /// What it has made so far.
    hashed: Vec<Resource>,
    without_bytes: Vec<ModelPath>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(queue: &'a Queue, serialization: &'a Serialization, progress: &'a dyn Progress) -> Self {
        Self { queue, serialization, progress, buffer: Vec::new(), hashed: Vec::new(), without_bytes: Vec::new() }
    }

    /// Works until the queue is closed and empty; the first error stops everybody.
    pub(super) fn run(mut self) -> Result<(Vec<Resource>, Vec<ModelPath>), HashError> {
        while let Some((job, _busy)) = self.queue.take() {
            self.work(job).inspect_err(|_| self.queue.stop())?;
        }
        Ok((self.hashed, self.without_bytes))
    }

    fn work(&mut self, job: Job) -> Result<(), HashError> {
        match job {
            Job::ReadAhead(read_ahead) => {
                read_ahead.run(|| self.queue.has_backlog() || self.queue.is_stopped());
                Ok(())
            }
            Job::Batch(entries) => entries.iter().try_for_each(|entry| self.hash_small(entry)),
            Job::Part { file, part } => {
                let open = file.file()?;
                let range = file.range(part);
                let mut hasher = file.cut.hasher(part);
                hint_sequential(&open);
                if !self.feed_large(&mut hasher, &file.entry, &open, range)? {
                    return Ok(());
                }
                if let Some(resources) = file.part_done(part, hasher.finish())? {
                    self.hashed.extend(resources);
                    self.progress.file_done();
                }
                Ok(())
            }
        }
    }

    fn hash_small(&mut self, entry: &FileEntry) -> Result<(), HashError> {
        let file = entry.open().map_err(|source| HashError::Read { path: entry.path.clone(), source })?;
        let cut = Cut::new(self.serialization.method, self.serialization.algorithm, entry.size());
        let mut hasher = cut.hasher(0);
        let mut at = 0;
        while at < entry.size() {
            at += self.feed(&mut hasher, entry, &file, at, entry.size())?;
        }
        let unstable = || HashError::Unstable { path: entry.path.clone() };
        if !is_unchanged(entry, &file)? {
            return Err(unstable());
        }
        let resources = resources(entry, cut, vec![hasher.finish()]).ok_or_else(unstable)?;
        if resources.is_empty() {
            self.without_bytes.push(entry.path.clone());
        }
        self.hashed.extend(resources);
        self.progress.file_done();
        Ok(())
    }

    /// Feeds a long range, with the help of a worker that has nothing else to do; `false` if the work was stopped.
    fn feed_large(
        &mut self,
        hasher: &mut PartHasher,
        entry: &FileEntry,
        file: &Arc<File>,
        range: Range<u64>,
    ) -> Result<bool, HashError> {
        let Range { start: mut at, end } = range;
        while at < end {
            if self.queue.is_stopped() {
                return Ok(false);
            }
            if end - at >= WORTH_HELP && self.queue.has_idle_worker() {
                let (reader, blocks) = ReadAhead::new(Arc::clone(file), at, end);
                if self.queue.offer(reader) {
                    while let Some(block) = blocks.next() {
                        let block = block.map_err(|source| HashError::Read { path: entry.path.clone(), source })?;
                        if block.is_empty() {
                            return Err(HashError::Unstable { path: entry.path.clone() });
                        }
                        hasher.update(&block);
                        at += length(&block);
                        self.progress.advance(length(&block));
                        blocks.give_back(block);
                    }
                    continue;
                }
            }
            at += self.feed(hasher, entry, file, at, end)?;
        }
        Ok(true)
    }

    /// Reads once and hashes what came; a file that ends early has changed.
    fn feed(
        &mut self,
        hasher: &mut PartHasher,
        entry: &FileEntry,
        file: &File,
        at: u64,
        end: u64,
    ) -> Result<u64, HashError> {
        let want = usize::try_from(end - at).map_or(BUFFER_BYTES, |rest| rest.min(BUFFER_BYTES));
        if self.buffer.len() < want {
            self.buffer.resize(want, 0);
        }
        let buffer = self.buffer.get_mut(..want).unwrap_or_default();
        let read = read_at(file, buffer, at).map_err(|source| HashError::Read { path: entry.path.clone(), source })?;
        let bytes = self.buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return Err(HashError::Unstable { path: entry.path.clone() });
        }
        hasher.update(bytes);
        self.progress.advance(length(bytes));
        Ok(length(bytes))
    }
}

/// How much is read at once: stays in a core's own cache between reading and hashing.
const BUFFER_BYTES: usize = 128 << 10;
/// From how many bytes on another core's reading is worth the hand-over.
const WORTH_HELP: u64 = 4 << 20;
