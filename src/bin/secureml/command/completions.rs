use clap::{Args, Command};
use clap_complete::Shell;
use secureml::render::Report;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;

/// Prints a completion script, such as for `secureml completions bash > ~/.local/share/bash-completion/completions/secureml`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs, mut program: Command, host: &Host) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "secureml", &mut script);
    let script = String::from_utf8_lossy(&script);
    host.printer().result(script.trim_end())?;
    host.printer().report(&Report::new("completions", Exit::Accepted.outcome()).with_text(&script))?;
    Ok(Exit::Accepted)
}
