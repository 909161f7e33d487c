//! What the integration tests share: the program in a clean environment, models to sign, keys, certificates.

mod authority;
pub(crate) mod der;
#[cfg(unix)]
mod disk;
mod fixture;
mod program;
mod shared;
mod skip;

pub(crate) use authority::{Authority, Draft, certificates_pem, now};
#[cfg(unix)]
pub(crate) use disk::SmallDisk;
pub(crate) use fixture::{Fixture, KeyFiles, MODEL, copy_tree, write_tree};
pub(crate) use program::{assert_accepted, assert_refused, findings, json, run, secureml};
pub(crate) use shared::shared;
pub(crate) use skip::skip;
