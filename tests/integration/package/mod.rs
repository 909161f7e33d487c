//! Packages through the program: made, verified, taken apart, added to, and tampered with.

mod archive;
mod methods;
mod mutations;
mod parts;
mod scene;

pub(crate) use scene::{create, package};
