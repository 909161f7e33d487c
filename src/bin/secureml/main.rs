//! The program `secureml`.

mod args;
mod argv;
mod command;
mod exit;
mod failure;
mod flags;
mod hint;
mod host;
mod options;
mod printer;
mod run;
mod terminal;

use std::process::ExitCode;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let host = match Host::of_process(&words) {
        Ok(host) => host,
        Err(exit) => return exit.into(),
    };
    let exit = run::run(&words, &host).unwrap_or_else(|error| {
        host.printer().failure(&Failure::from(error));
        Exit::Undecided
    });
    exit.into()
}
