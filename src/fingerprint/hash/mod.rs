//! One read of a model, all digests side by side.
//!
//! A reader fills blocks; every digest has a thread of its own that takes all blocks in order ([`lane`]). A block goes
//! back to the reader when the last thread is done with it, so that memory does not grow with the model. Where there are
//! more cores than digests, several such pipelines share the files ([`pipeline`]).

mod block;
mod lane;
mod pipeline;

pub use lane::{Sums, Wanted};
pub use pipeline::{hash_contents, hash_in_order};
