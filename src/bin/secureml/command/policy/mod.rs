//! `secureml policy` and `secureml verify policy`: one file a subcommand.

mod args;
mod check;
mod exclusive;
mod hint;
mod load;
mod lock;
mod pinned;
mod show;
mod verify;

pub(crate) use args::{PolicyArgs, run};
pub(crate) use load::{idle_for_package, load};
pub(crate) use verify::{PolicyVerifyArgs, undecided, verify};
