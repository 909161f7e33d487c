use std::path::PathBuf;

use clap::Args;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;

/// Demo
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The model to show it on; a small one comes with the program.
    #[arg(value_name = "MODEL")]
    model: Option<PathBuf>,
}

pub(crate) fn run(_args: &DemoArgs, _host: &Host) -> Result<Exit, Failure> {
    Ok(Exit::Accepted)
}
