//! One read of a model, all digests side by side.
//!
//! A reader fills blocks; every digest is a [`lane`] that takes all blocks in order, and each lane has a thread while there
//! are cores for it. With fewer cores, whoever is free serves the lane that lies furthest behind ([`queue`]). A block goes
//! back to the reader when the last lane is done with it, so that memory does not grow with the model. Where there are
//! more cores than digests, several such pipelines share the files ([`pipeline`]).

mod block;
mod lane;
mod pipeline;
mod queue;

pub use lane::{Sums, Wanted};
pub use pipeline::{hash_contents, hash_in_order};
