//! One file a command: its arguments, what it does, what it says.

pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod digest;
pub(crate) mod fingerprint;
pub(crate) mod inspect;
mod instance;
mod keyless;
mod keys;
pub(crate) mod migrate;
pub(crate) mod package;
pub(crate) mod policy;
mod proof;
mod read;
pub(crate) mod sign;
mod signer;
pub(crate) mod trust;
mod trusted;
pub(crate) mod verify;
