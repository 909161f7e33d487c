//! `secureml package`: one file a group of subcommands.

mod args;
mod create;
mod fingerprint;
mod open;
mod show;
mod source;
mod verify;

pub(crate) use args::{PackageArgs, run};
pub(crate) use fingerprint::{carried_fingerprint, compare};
pub(crate) use show::signatures;
pub(crate) use source::is_package;
