use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use secureml::finding::Finding;
use secureml::ops::package::{OpenError, RemotePackage};
use secureml::package::{Source, is_interrupted};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint;

/// A package on this machine, or on a server that serves ranges of bytes.
pub(super) fn open(package: &str) -> Result<Box<dyn Source + Sync>, Failure> {
    if is_url(package) {
        let remote = RemotePackage::open(package).map_err(|error| Failure {
            help: hint::for_network(&error),
            ..Failure::new(Exit::Undecided, "cannot read the package", &error)
        })?;
        return Ok(Box::new(remote));
    }
    Ok(Box::new(local(Path::new(package))?))
}

fn is_url(package: &str) -> bool {
    package.starts_with("https://") || package.starts_with("http://")
}

/// A package on this machine.
pub(super) fn local(package: &Path) -> Result<File, Failure> {
    let name = package.to_string_lossy();
    if is_url(&name) || name == "-" {
        return Err(Failure::plain(Exit::Misuse, format!("{name} is no file, and a file is needed here"))
            .with_help("save the package first, and give its path"));
    }
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::Undecided, format!("cannot read {}", package.display()), &error).with_help("check the path")
    };
    // Asked before it is opened: a pipe would wait for somebody to write.
    if !std::fs::metadata(package).map_err(unreadable)?.is_file() {
        return Err(Failure::plain(Exit::Undecided, format!("{} is not a regular file", package.display()))
            .with_help("give the package's own path; `-` reads it from standard input, to verify it"));
    }
    let file = File::open(package).map_err(unreadable)?;
    if is_interrupted(package).map_err(unreadable)? {
        let message = format!("a signature is being added to {}, or that was interrupted", package.display());
        return Err(Failure::plain(Exit::Undecided, message).with_help(
            "wait until that is done; if nobody is at it, `secureml package add-signature` repairs the package first",
        ));
    }
    Ok(file)
}

/// Whether a file begins as packages do.
pub(crate) fn is_package(path: &Path) -> bool {
    if !path.is_file() {
        return false;
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LOOK_AT_BYTES).read_to_end(&mut start));
    read.is_ok() && start.windows(MIMETYPE.len()).any(|window| window == MIMETYPE)
}

/// What stands in the first entry of every package.
const MIMETYPE: &[u8] = b"mimetypeapplication/vnd.secureml.package+zip";
const LOOK_AT_BYTES: u64 = 256;

/// What goes wrong with a package that was opened.
pub(super) fn failure(package: &str, error: &OpenError) -> Failure {
    let (exit, help) = hint::for_package(error);
    let failure = Failure { help, ..Failure::new(exit, format!("cannot use the package {package}"), error) };
    match error {
        // As a finding it has a rule, as where a package is verified; it is not told twice.
        OpenError::Package(error) if error.is_refusal() => {
            let findings = vec![Finding::error(error.rule(), failure.causes.join(": "))];
            Failure { findings, causes: Vec::new(), ..failure }
        }
        _ => failure,
    }
}
