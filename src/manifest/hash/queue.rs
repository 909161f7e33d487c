//! What is to be done, and who waits for it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::file::LargeFile;
use super::read_ahead::ReadAhead;
use crate::model::FileEntry;

/// One piece of work for one worker.
pub(super) enum Job {
    /// Small files, each hashed whole.
    Batch(Vec<FileEntry>),
    /// One part of a large file.
    Part { file: Arc<LargeFile>, part: u64 },
    /// Reading for another worker.
    ReadAhead(ReadAhead),
}

/// The queue between the walk and the workers.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    /// The walk waits here while the queue is full.
    room: Condvar,
    /// Batches and parts in the queue, to be read without the lock.
    backlog: AtomicUsize,
    /// Workers that wait, to be read without the lock.
    waiting: AtomicUsize,
    /// The state's `stopped`, to be read without the lock.
    stopped: AtomicBool,
}

struct State {
    batches: VecDeque<Vec<FileEntry>>,
    /// Largest first: what takes longest must not start last.
    parts: BinaryHeap<QueuedPart>,
    read_aheads: VecDeque<ReadAhead>,
    /// How many of them are queued or under way.
    readers: usize,
    /// Files in the queue; each keeps its folder open.
    files: usize,
    next_number: u64,
    waiting: usize,
    busy: usize,
    closed: bool,
    stopped: bool,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                batches: VecDeque::new(),
                parts: BinaryHeap::new(),
                read_aheads: VecDeque::new(),
                readers: 0,
                files: 0,
                next_number: 0,
                waiting: 0,
                busy: 0,
                closed: false,
                stopped: false,
            }),
            changed: Condvar::new(),
            room: Condvar::new(),
            backlog: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// Queues small files; waits while the queue is full. `false` once the work was stopped.
    pub(super) fn push_batch(&self, batch: Vec<FileEntry>) -> bool {
        let mut state = self.wait_for_room();
        state.files += batch.len();
        state.batches.push_back(batch);
        self.pushed(state, 1)
    }

    /// Queues every part of a large file; waits while the queue is full. `false` once the work was stopped.
    pub(super) fn push_file(&self, file: LargeFile) -> bool {
        let mut state = self.wait_for_room();
        let size = file.entry.size();
        let count = file.cut.parts(size);
        let file = Arc::new(file);
        for part in 0..count {
            let range = file.cut.range(part, size);
            let number = Reverse(state.next_number);
            state.next_number += 1;
            let bytes = range.end - range.start;
            state.parts.push(QueuedPart { bytes, number, file: Arc::clone(&file), part });
        }
        state.files += 1;
        self.pushed(state, usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Offers reading to a worker that has nothing to do; `false` where there is none, and then nothing was queued.
    pub(super) fn offer(&self, read_ahead: ReadAhead) -> bool {
        let mut state = self.lock();
        if state.stopped || state.read_aheads.len() >= state.waiting || state.readers >= MAX_READERS {
            return false;
        }
        state.readers += 1;
        state.read_aheads.push_back(read_ahead);
        self.changed.notify_all();
        true
    }

    /// Whether a worker waits and there is nothing for it to do; may be out of date at once.
    pub(super) fn has_idle_worker(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0 && !self.has_backlog()
    }

    /// Whether there is work in the queue; may be out of date at once.
    pub(super) fn has_backlog(&self) -> bool {
        self.backlog.load(Ordering::Relaxed) > 0
    }

    /// The next job; waits for one, and returns `None` when there will be no more. Reading for others comes first: the
    /// one who offered it waits for the answer.
    pub(super) fn take(&self) -> Option<(Job, Busy<'_>)> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(job) = state.pop() {
                state.busy += 1;
                let is_reader = matches!(job, Job::ReadAhead(_));
                if !is_reader {
                    self.backlog.fetch_sub(1, Ordering::Relaxed);
                }
                if state.files < FULL {
                    self.room.notify_one();
                }
                return Some((job, Busy { queue: self, is_reader }));
            }
            if state.closed && state.busy == 0 {
                return None;
            }
            state.waiting += 1;
            self.waiting.store(state.waiting, Ordering::Relaxed);
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
            self.waiting.store(state.waiting, Ordering::Relaxed);
        }
    }

    /// Says, when it is dropped, that nothing more will be pushed; also if the walk ends in a panic.
    pub(super) const fn close_at_end(&self) -> Closing<'_> {
        Closing(self)
    }

    /// Nothing more will be done: whoever waits for a job, room or a reader stops waiting.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        let mut state = self.lock();
        state.stopped = true;
        state.read_aheads.clear();
        self.changed.notify_all();
        self.room.notify_one();
    }

    /// Whether the work was stopped, so that long jobs end soon.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_room(&self) -> MutexGuard<'_, State> {
        let full = |state: &mut State| state.files >= FULL && !state.stopped;
        self.room.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner)
    }

    fn pushed(&self, state: MutexGuard<'_, State>, jobs: usize) -> bool {
        self.backlog.fetch_add(jobs, Ordering::Relaxed);
        if state.waiting > 0 {
            self.changed.notify_all();
        }
        !state.stopped
    }
}

/// Says that a job is under way; when it is dropped, that it is done.
pub(super) struct Busy<'a> {
    queue: &'a Queue,
    is_reader: bool,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.queue.stop();
        }
        let mut state = self.queue.lock();
        state.busy -= 1;
        state.readers -= usize::from(self.is_reader);
        if state.busy == 0 {
            self.queue.changed.notify_all();
        }
    }
}

/// See [`Queue::close_at_end`].
pub(super) struct Closing<'a>(&'a Queue);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

impl State {
    fn pop(&mut self) -> Option<Job> {
        if let Some(read_ahead) = self.read_aheads.pop_front() {
            return Some(Job::ReadAhead(read_ahead));
        }
        if let Some(QueuedPart { file, part, .. }) = self.parts.pop() {
            if part + 1 == file.cut.parts(file.entry.size()) {
                self.files -= 1;
            }
            return Some(Job::Part { file, part });
        }
        let batch = self.batches.pop_front()?;
        self.files -= batch.len();
        Some(Job::Batch(batch))
    }
}

struct QueuedPart {
    bytes: u64,
    number: Reverse<u64>,
    file: Arc<LargeFile>,
    part: u64,
}

impl Ord for QueuedPart {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.bytes, self.number).cmp(&(other.bytes, other.number))
    }
}

impl PartialOrd for QueuedPart {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for QueuedPart {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for QueuedPart {}

/// How many workers may read for others at once; each holds blocks of its own, and memory must not grow with the cores.
const MAX_READERS: usize = 3;
/// How many files may wait in the queue: enough to keep every worker fed, few enough that the folders they keep open
/// stay far below the usual limit of 1,024 open files.
const FULL: usize = 512;
