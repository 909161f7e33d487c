use std::collections::BTreeSet;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use super::HashError;
use super::file::LargeFile;
use super::part::Cut;
use super::queue::Queue;
use super::worker::Worker;
use crate::manifest::{Method, Resource, Serialization};
use crate::model::{Entry, FileEntry, ModelPath, ModelTree, OddEntry};
use crate::progress::Progress;

/// What was found on disk, with the digests of all that can be hashed.
#[derive(Debug, Default)]
pub struct Hashed {
    /// The files or shards, in the order of OMS 1.0, section 6.4.
    pub resources: Vec<Resource>,
    /// Files without bytes, of which shards leave no trace.
    pub without_bytes: BTreeSet<ModelPath>,
    /// What a model cannot hold.
    pub odd: Vec<OddEntry>,
    /// Links that were followed out of the model.
    pub leading_outside: Vec<ModelPath>,
}

/// Hashes a model as the serialization says; where `only` is given, nothing but these files is looked at.
///
/// # Errors
/// [`HashError`] where something cannot be read, or changes meanwhile. Links, pipes and other oddities are no error
/// here: they are in the result.
pub fn hash_tree(
    tree: &ModelTree,
    serialization: &Serialization,
    only: Option<&BTreeSet<ModelPath>>,
    progress: &dyn Progress,
) -> Result<Hashed, HashError> {
    let queue = Queue::new();
    let hashing = Hashing { tree, serialization, only, progress, queue: &queue };
    let mut hashed = Hashed::default();
    let result = hashing.run(&mut hashed);
    progress.finish();
    result?;
    Resource::sort(&mut hashed.resources, serialization.method);
    hashed.odd.sort_by(|a, b| a.path.cmp(&b.path));
    hashed.leading_outside.sort();
    Ok(hashed)
}

/// One model being hashed.
#[derive(Clone, Copy)]
struct Hashing<'a> {
    tree: &'a ModelTree,
    serialization: &'a Serialization,
    only: Option<&'a BTreeSet<ModelPath>>,
    progress: &'a dyn Progress,
    queue: &'a Queue,
}

impl Hashing<'_> {
    /// Walks on this thread, hashes on one thread a core; a model of one batch is hashed right here, before other
    /// threads would have begun.
    fn run(self, hashed: &mut Hashed) -> Result<(), HashError> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get).min(MAX_WORKERS);
        let work = || Worker::new(self.queue, self.serialization, self.progress).run();
        thread::scope(|scope| {
            let mut workers = Vec::new();
            let mut start_workers = || {
                if workers.is_empty() {
                    workers.extend((0..cores).map(|_| scope.spawn(work)));
                }
            };
            let closing = self.queue.close_at_end();
            let mut first = self.walk(hashed, &mut start_workers);
            if first.is_err() {
                self.queue.stop();
            }
            drop(closing);
            let here = workers.is_empty().then(work);
            let joined = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
            for result in here.into_iter().chain(joined) {
                match result {
                    Ok((resources, without_bytes)) => {
                        hashed.resources.extend(resources);
                        hashed.without_bytes.extend(without_bytes);
                    }
                    Err(error) => first = first.and(Err(error)),
                }
            }
            first
        })
    }

    fn walk(self, hashed: &mut Hashed, start_workers: &mut dyn FnMut()) -> Result<(), HashError> {
        let Self { tree, serialization, only, progress, queue } = self;
        let mut batch = Batch::default();
        let mut shards = 0;
        for entry in tree.walk(&serialization.ignore, only) {
            let file = match entry? {
                Entry::Odd(odd) => {
                    hashed.odd.push(odd);
                    continue;
                }
                Entry::File(file) => file,
            };
            progress.expect(1, file.size());
            if file.leads_outside {
                hashed.leading_outside.push(file.path.clone());
            }
            if let Method::Shards { shard_bytes } = serialization.method {
                shards += file.size().div_ceil(shard_bytes.get());
                if shards > MAX_SHARDS {
                    return Err(HashError::TooMany { limit: MAX_SHARDS });
                }
            }
            let goes_on = if file.size() > LARGE_BYTES {
                start_workers();
                let cut = Cut::new(serialization.method, serialization.algorithm, file.size());
                queue.push_file(LargeFile::new(file, cut))
            } else {
                batch.add(file);
                !batch.is_full() || {
                    start_workers();
                    queue.push_batch(batch.take())
                }
            };
            if !goes_on {
                // A worker failed; it reports why.
                return Ok(());
            }
        }
        queue.push_batch(batch.take());
        Ok(())
    }
}

/// Small files that go to one worker together.
#[derive(Default)]
struct Batch {
    files: Vec<FileEntry>,
    bytes: u64,
}

impl Batch {
    fn add(&mut self, file: FileEntry) {
        self.bytes += file.size();
        self.files.push(file);
    }

    fn is_full(&self) -> bool {
        self.files.len() >= BATCH_FILES || self.bytes >= LARGE_BYTES
    }

    fn take(&mut self) -> Vec<FileEntry> {
        self.bytes = 0;
        std::mem::take(&mut self.files)
    }
}

/// How many workers there are at most: more would wait for memory, not for cores.
const MAX_WORKERS: usize = 64;
/// From how many bytes on a file is a job of its own.
const LARGE_BYTES: u64 = 1 << 20;
/// How many small files make a batch.
const BATCH_FILES: usize = 64;
/// How many shards a model may have: as many as fit a bundle of the size that is read back.
pub const MAX_SHARDS: u64 = 1_000_000;
