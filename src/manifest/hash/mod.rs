//! Hashing a model: one read of each file, every core busy, memory that does not grow with the files' size.
//!
//! One thread walks the model and queues what it finds; one worker a core takes from the queue ([`queue`]). Small files
//! come in batches, so that queueing costs less than hashing. Large files whose digest can be made from independent
//! parts (shards, BLAKE3 subtrees) come as one job a part ([`part`]); those that must be hashed from front to back
//! (SHA-256, BLAKE2b) are one job, and a core that has nothing else to do reads ahead for it ([`read_ahead`]).

mod error;
mod file;
mod part;
mod queue;
mod read_ahead;
mod run;
mod worker;

pub use error::HashError;
pub use run::{Hashed, MAX_SHARDS, hash_tree};
