use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::block::{Filling, Supply};
use super::lane::{LaneHasher, Sums, Wanted};
use super::queue::Queue;
use crate::fingerprint::Content;
use crate::manifest::HashError;
use crate::progress::Progress;

/// Reads every content once, and computes all that is wanted over each. The result is sorted by path.
///
/// # Errors
/// What the iterator says, or [`HashError`] where a content cannot be read or changes meanwhile.
pub fn hash_contents<C, E>(
    wanted: &Wanted,
    contents: impl Iterator<Item = Result<C, E>> + Send,
    progress: &dyn Progress,
) -> Result<Vec<Sums>, E>
where
    C: Content + Send,
    E: From<HashError> + Send,
{
    let lanes = wanted.lanes();
    let pipelines = cores().checked_div(lanes.len()).unwrap_or(1).clamp(1, MAX_PIPELINES);
    hash_with(pipelines, &lanes, contents, progress)
}

/// As [`hash_contents`], with one content after the other, for those that come from one stream.
///
/// # Errors
/// As [`hash_contents`].
pub fn hash_in_order<C, E>(
    wanted: &Wanted,
    contents: impl Iterator<Item = Result<C, E>> + Send,
    progress: &dyn Progress,
) -> Result<Vec<Sums>, E>
where
    C: Content + Send,
    E: From<HashError> + Send,
{
    hash_with(1, &wanted.lanes(), contents, progress)
}

fn hash_with<C, E>(
    pipelines: usize,
    lanes: &[LaneHasher],
    contents: impl Iterator<Item = Result<C, E>> + Send,
    progress: &dyn Progress,
) -> Result<Vec<Sums>, E>
where
    C: Content + Send,
    E: From<HashError> + Send,
{
    let source = Source { contents: Mutex::new(contents.fuse()), stopped: AtomicBool::new(false), progress };
    let results: Vec<Result<Vec<Sums>, E>> = thread::scope(|scope| {
        let run = || source.run(lanes, cores().min(lanes.len()));
        let others: Vec<_> = (1..pipelines).map(|_| scope.spawn(run)).collect();
        let first = run();
        let joined = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        [first].into_iter().chain(joined).collect()
    });
    progress.finish();
    let mut sums = Vec::new();
    for result in results {
        sums.extend(result?);
    }
    sums.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sums)
}

/// The files that are still to be read, shared by all pipelines.
struct Source<'a, I> {
    contents: Mutex<I>,
    /// Whether a pipeline met an error, so that the others end soon.
    stopped: AtomicBool,
    progress: &'a dyn Progress,
}

impl<C, E, I> Source<'_, I>
where
    C: Content + Send,
    E: From<HashError> + Send,
    I: Iterator<Item = Result<C, E>> + Send,
{
    /// One pipeline: reads on this thread, computes on others.
    fn run(&self, lanes: &[LaneHasher], workers: usize) -> Result<Vec<Sums>, E> {
        let queue = Queue::new(lanes);
        let read = thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| queue.serve());
            }
            let _ending = queue.ending();
            Reader { supply: Supply::new(), queue: &queue }.read_all(self)
        });
        let mut files = read.inspect_err(|_| self.stopped.store(true, Ordering::Relaxed))?;
        for lane in queue.finish() {
            for (file, sum) in files.iter_mut().zip(lane) {
                file.take(sum);
            }
        }
        Ok(files)
    }

    fn next(&self) -> Option<Result<C, E>> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}

/// Fills blocks and gives each to all lanes.
struct Reader<'a> {
    supply: Supply,
    queue: &'a Queue,
}

impl Reader<'_> {
    fn read_all<C, E, I>(self, source: &Source<'_, I>) -> Result<Vec<Sums>, E>
    where
        C: Content + Send,
        E: From<HashError> + Send,
        I: Iterator<Item = Result<C, E>> + Send,
    {
        let mut files = Vec::new();
        let mut filling = self.supply.next();
        while let Some(content) = source.next() {
            let mut content = content?;
            // Whoever stopped the work says why.
            let Some(goes_on) = self.read_one(&mut content, filling, source)? else { return Ok(files) };
            filling = goes_on;
            files.push(Sums::new(content.path().clone(), content.size()));
            source.progress.file_done();
        }
        self.send(filling);
        Ok(files)
    }

    /// Reads one file to its end; `None` if the work was stopped.
    fn read_one<C: Content, I>(
        &self,
        content: &mut C,
        mut filling: Filling,
        source: &Source<'_, I>,
    ) -> Result<Option<Filling>, HashError> {
        let path = content.path().clone();
        let failed = |error| HashError::Read { path: path.clone(), source: error };
        let unstable = || HashError::Unstable { path: path.clone() };
        let size = content.size();
        let mut at = 0;
        loop {
            let room = filling.room();
            let want = usize::try_from(size - at).map_or(room.len(), |rest| rest.min(room.len()));
            let read = content.read(room.get_mut(..want).unwrap_or_default(), at).map_err(failed)?;
            if read == 0 && want > 0 {
                return Err(unstable());
            }
            if source.stopped.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if source.progress.is_stopped() {
                return Err(HashError::Stopped);
            }
            at += u64::try_from(read).unwrap_or(u64::MAX);
            source.progress.advance(u64::try_from(read).unwrap_or(u64::MAX));
            filling.add(read, at == size);
            if filling.is_full() {
                self.send(filling);
                filling = self.supply.next();
            }
            if at == size {
                break;
            }
        }
        if content.is_unchanged().map_err(failed)? { Ok(Some(filling)) } else { Err(unstable()) }
    }

    fn send(&self, filling: Filling) {
        if filling.is_empty() {
            return;
        }
        self.queue.push(filling.done());
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// How many pipelines there are at most: each holds blocks of its own, and memory must not grow with the cores.
const MAX_PIPELINES: usize = 3;

#[cfg(test)]
mod tests {
    use std::io;
    use std::num::NonZeroU64;

    use super::*;
    use crate::digest::{Algorithm, ChunkHasher, Hasher, MerkleTree};
    use crate::model::ModelPath;
    use crate::progress::NoProgress;

    struct Bytes {
        path: ModelPath,
        bytes: Vec<u8>,
        /// What the file claims to have.
        size: usize,
        /// How much one read gives.
        step: usize,
    }

    impl Content for Bytes {
        fn path(&self) -> &ModelPath {
            &self.path
        }

        fn size(&self) -> u64 {
            u64::try_from(self.size).unwrap()
        }

        fn read(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            let start = usize::try_from(offset).unwrap();
            let end = (start + buffer.len().min(self.step)).min(self.bytes.len());
            buffer[..end - start].copy_from_slice(&self.bytes[start..end]);
            Ok(end - start)
        }

        fn is_unchanged(&self) -> io::Result<bool> {
            Ok(true)
        }
    }

    fn file(number: usize, length: usize, step: usize) -> Bytes {
        let bytes = (0..length).map(|at| u8::try_from((at * 7 + number) % 251).unwrap()).collect();
        Bytes { path: ModelPath::new(format!("f{number:05}")).unwrap(), bytes, size: length, step }
    }

    #[test]
    fn computes_all_sums_of_files_of_every_size() {
        let chunk = NonZeroU64::new(1000).unwrap();
        let wanted = Wanted {
            algorithms: Algorithm::ALL.into(),
            chunk_bytes: Some(chunk),
            shards: Some((Algorithm::Blake3, chunk)),
            crc32: true,
        };
        let sizes = [0, 1, 999, 1000, 1001, 262_143, 262_144, 262_145, 600_000, 0, 9_000_000, 0];
        for step in [usize::MAX, 100_000] {
            let files = || sizes.iter().enumerate().rev().map(move |(number, size)| file(number, *size, step));
            let sums = hash_contents(&wanted, files().map(Ok::<_, HashError>), &NoProgress).unwrap();
            assert_eq!(sums.len(), sizes.len());
            for (sum, file) in sums.iter().zip(files().collect::<Vec<_>>().iter().rev()) {
                assert_eq!((&sum.path, sum.size), (&file.path, file.size()));
                for algorithm in Algorithm::ALL {
                    let mut hasher = Hasher::new(algorithm);
                    hasher.update(&file.bytes);
                    assert_eq!(sum.digest(algorithm), Some(&hasher.finish()), "{algorithm} of {}", file.size);
                }
                let chunks = |start: Hasher| {
                    let mut chunks = ChunkHasher::new(start, chunk);
                    chunks.update(&file.bytes);
                    chunks.finish()
                };
                assert_eq!(sum.leaves, chunks(MerkleTree::leaf_hasher()));
                assert_eq!(sum.shards, chunks(Hasher::new(Algorithm::Blake3)));
                assert_eq!(sum.crc32, crc32fast::hash(&file.bytes));
            }
        }
    }

    #[test]
    fn many_small_files_share_blocks() {
        let wanted = Wanted { algorithms: [Algorithm::Sha256].into(), ..Wanted::default() };
        let files = (0..5000).map(|number| Ok::<_, HashError>(file(number, number % 3, usize::MAX)));
        let sums = hash_contents(&wanted, files, &NoProgress).unwrap();
        assert_eq!(sums.len(), 5000);
        for (number, sum) in sums.iter().enumerate() {
            let mut hasher = Hasher::new(Algorithm::Sha256);
            hasher.update(&file(number, number % 3, 1).bytes);
            assert_eq!(sum.digests, [hasher.finish()]);
        }
    }

    #[test]
    fn nothing_may_be_wanted() {
        let files = (0..3).map(|number| Ok::<_, HashError>(file(number, 9_000_000, usize::MAX)));
        let sums = hash_contents(&Wanted::default(), files, &NoProgress).unwrap();
        assert_eq!(sums.iter().map(|sum| sum.size).collect::<Vec<_>>(), [9_000_000; 3]);
    }

    #[test]
    #[should_panic(expected = "what a reader says")]
    fn a_panic_is_passed_on() {
        let files = (0..3).map(|number| {
            assert!(number < 2, "what a reader says");
            Ok::<_, HashError>(file(number, 9_000_000, usize::MAX))
        });
        drop(hash_contents(&Wanted { crc32: true, ..Wanted::default() }, files, &NoProgress));
    }

    #[test]
    fn a_file_that_ends_early_is_an_error() {
        let wanted = Wanted { algorithms: [Algorithm::Sha256].into(), ..Wanted::default() };
        let files = [file(0, 10, 5), Bytes { size: 11, ..file(1, 10, 5) }, file(2, 10, 5)];
        let error = hash_contents(&wanted, files.into_iter().map(Ok::<_, HashError>), &NoProgress).unwrap_err();
        assert!(matches!(error, HashError::Unstable { path } if path.as_str() == "f00001"));
    }
}
