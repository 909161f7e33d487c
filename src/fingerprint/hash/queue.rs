use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::block::Block;
use super::lane::{Lane, LaneHasher, LaneSum};

/// The blocks on their way, and how far each lane has come. Whoever is free serves the lane that lies furthest behind,
/// so that with fewer cores than lanes the slowest one never waits, and a block is used while it is still in the cache.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// The blocks that some lane still needs, oldest first.
    blocks: VecDeque<Arc<Block>>,
    /// How many blocks came before them.
    gone: usize,
    places: Vec<Place>,
    /// Whether no more blocks come.
    ended: bool,
}

struct Place {
    /// The number of blocks that the lane has taken.
    taken: usize,
    /// `None` while somebody serves it.
    lane: Option<Lane>,
}

impl Queue {
    pub(super) fn new(lanes: &[LaneHasher]) -> Self {
        let places = lanes.iter().map(|lane| Place { taken: 0, lane: Some(Lane::new(*lane)) }).collect();
        let state = State { blocks: VecDeque::new(), gone: 0, places, ended: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Gives a block to all lanes.
    pub(super) fn push(&self, block: Block) {
        let mut state = self.lock();
        if !state.places.is_empty() {
            state.blocks.push_back(Arc::new(block));
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Says, when it is dropped, that no more blocks come.
    pub(super) const fn ending(&self) -> Ending<'_> {
        Ending(self)
    }

    /// Serves lanes until every one has taken every block.
    pub(super) fn serve(&self) {
        let _ending = self.ending();
        while let Some((number, mut lane, block)) = self.next() {
            lane.take(&block);
            drop(block);
            self.put_back(number, lane);
        }
    }

    /// What each lane came to, in their order.
    pub(super) fn finish(self) -> Vec<Vec<LaneSum>> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.places.into_iter().map(|place| place.lane.map(Lane::finish).unwrap_or_default()).collect()
    }

    /// The lane that lies furthest behind of those that nobody serves, and the block that it needs.
    fn next(&self) -> Option<(usize, Lane, Arc<Block>)> {
        let mut state = self.lock();
        loop {
            let State { blocks, gone, places, ended } = &mut *state;
            let waiting = places.iter_mut().enumerate().filter(|(_, place)| place.lane.is_some());
            if let Some((number, place)) = waiting.min_by_key(|(_, place)| place.taken)
                && let Some(block) = blocks.get(place.taken - *gone)
                && let Some(lane) = place.lane.take()
            {
                return Some((number, lane, Arc::clone(block)));
            }
            // Whoever serves a lane now also serves it to its end.
            if *ended {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn put_back(&self, number: usize, lane: Lane) {
        let mut state = self.lock();
        if let Some(place) = state.places.get_mut(number) {
            place.taken += 1;
            place.lane = Some(lane);
        }
        let slowest = state.places.iter().map(|place| place.taken).min().unwrap_or_default();
        let mut done = Vec::new();
        while state.gone < slowest {
            done.extend(state.blocks.pop_front());
            state.gone += 1;
        }
        drop(state);
        // The blocks go back to the reader here, when nobody waits for the lock.
        drop(done);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a queue when it is dropped; in a panic also what all others wait for.
pub(super) struct Ending<'a>(&'a Queue);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.ended = true;
        if thread::panicking() {
            state.places.clear();
            state.blocks.clear();
        }
        drop(state);
        self.0.changed.notify_all();
    }
}
