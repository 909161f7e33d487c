//! `secureml package`: one file a group of subcommands.

mod args;
mod create;
mod open;
mod show;
mod source;
mod verify;

pub(crate) use args::{PackageArgs, run};
