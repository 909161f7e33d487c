//! One file a command: its arguments, what it does, what it says.

pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod digest;
pub(crate) mod inspect;
mod instance;
mod keyless;
mod keys;
pub(crate) mod sign;
pub(crate) mod trust;
pub(crate) mod verify;
