//! Packages through the program: made, verified, taken apart, added to, and tampered with.

mod adding;
mod archive;
mod builds;
mod existing;
mod extracting;
mod killed;
mod many;
mod methods;
mod mutations;
mod parts;
mod policies;
mod scene;
mod served;
mod sources;

pub(crate) use scene::{create, package};
