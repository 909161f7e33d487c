use std::ffi::OsString;
use std::io;
use std::iter;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use secureml::render::{Failure as WrittenFailure, Report};

use crate::args::{Arguments, Command};
use crate::argv;
use crate::command::{completions, demo, digest, fingerprint, inspect, migrate, package, policy, sign, trust, verify};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;

/// Understands the command line, runs it, and says how it ended.
pub(crate) fn run(words: &[OsString], host: &Host) -> io::Result<Exit> {
    let arguments = match Arguments::try_parse_from(argv::normalize(words)) {
        Ok(arguments) => arguments,
        Err(error) => return misuse(&error, host),
    };
    host.set_output(&arguments.global);
    dispatch(&arguments.command, host)
}

/// Runs the words of another command with the output of this one.
fn execute(words: Vec<OsString>, host: &Host) -> io::Result<Exit> {
    match Arguments::try_parse_from(iter::once("secureml".into()).chain(words)) {
        Ok(arguments) => dispatch(&arguments.command, host),
        Err(error) => misuse(&error, host),
    }
}

fn dispatch(command: &Command, host: &Host) -> io::Result<Exit> {
    let result = match command {
        Command::Sign(args) => sign::run(args, host),
        Command::Verify(args) => verify::run(args, host),
        Command::Digest(args) => digest::run(args, host),
        Command::Fingerprint(args) => fingerprint::run(args, host),
        Command::Package(args) => package::run(args, host),
        Command::Migrate(args) => migrate::run(args, host),
        Command::Policy(args) => policy::run(args, host),
        Command::Inspect(args) => inspect::run(args, host),
        Command::Trust(args) => trust::run(args, host),
        Command::Demo(args) => demo::run(args, &|words| execute(words, host), host),
        Command::Completions(args) => completions::run(args, Arguments::command(), host),
    };
    match result {
        Ok(exit) => Ok(exit),
        Err(failure) => failed(name(command), &failure, host),
    }
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Sign(_) => "sign",
        Command::Verify(_) => "verify",
        Command::Digest(_) => "digest",
        Command::Fingerprint(_) => "fingerprint",
        Command::Package(_) => "package",
        Command::Migrate(_) => "migrate",
        Command::Policy(_) => "policy",
        Command::Inspect(_) => "inspect",
        Command::Trust(_) => "trust",
        Command::Demo(_) => "demo",
        Command::Completions(_) => "completions",
    }
}

/// Help and version are no errors; everything else that clap says is misuse.
fn misuse(error: &clap::Error, host: &Host) -> io::Result<Exit> {
    let wanted = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if wanted {
        error.print()?;
        return Ok(Exit::Accepted);
    }
    let message = error.to_string();
    let message = message.trim().trim_start_matches("error: ");
    let failure = WrittenFailure { message, causes: &[], help: None };
    host.printer().report(&Report::new("secureml", Exit::Misuse.outcome()).with_error(failure))?;
    host.printer().misuse(&error.render().ansi().to_string());
    Ok(Exit::Misuse)
}

fn failed(command: &str, failure: &Failure, host: &Host) -> io::Result<Exit> {
    let printer = host.printer();
    let written = WrittenFailure { message: &failure.message, causes: &failure.causes, help: failure.help.as_deref() };
    let report = Report::new(command, failure.exit.outcome()).with_findings(&failure.findings).with_error(written);
    // Standard error comes first: standard output may be what is broken.
    printer.failure(failure);
    printer.report(&report)?;
    Ok(failure.exit)
}
