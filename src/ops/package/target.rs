use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use super::error::CreateError;
use crate::io::AtomicFile;
use crate::ops::seal::{is_inside, target_file};

/// What becomes of a package that is already where a new one goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and none is made: it may carry signatures that are nowhere else.
    #[default]
    Keep,
    /// The new one takes its place. A file that is no package stays all the same.
    Replace,
}

/// Opens the place of a new package, before the model is read: a missing folder, or one that is closed to us, is told at
/// once. What appears there later is seen when the package is put in place.
pub(crate) fn open_target(output: &Path, model: &Path, existing: Existing) -> Result<AtomicFile, CreateError> {
    check(output, model, existing)?;
    let file = target_file(output, model)?;
    match file.regular() {
        Some(_) => Ok(file),
        None => Err(CreateError::NotAFile { path: output.to_owned() }),
    }
}

/// Makes sure that nothing is lost but an older package, and that one only where this is wanted.
fn check(output: &Path, model: &Path, existing: Existing) -> Result<(), CreateError> {
    let path = || output.to_owned();
    if output.is_dir() {
        return Err(CreateError::NotAFile { path: path() });
    }
    if is_inside(output, model) {
        return Err(CreateError::InModel { path: path() });
    }
    let Ok(found) = fs::symlink_metadata(output) else { return Ok(()) };
    let is_file = fs::metadata(output).is_ok_and(|found| found.is_file() && found.len() > 0);
    let mut start = Vec::new();
    // What cannot be read is not told from a package.
    let read = File::open(output).and_then(|file| file.take(LOOK_AT_BYTES).read_to_end(&mut start));
    let is_package = start.windows(MIMETYPE.len()).any(|window| window == MIMETYPE);
    if is_file && read.is_ok() && !is_package {
        return Err(CreateError::OverOtherFile { path: path() });
    }
    if existing == Existing::Keep && (found.is_file() || found.is_symlink()) {
        return Err(CreateError::Exists { path: path() });
    }
    Ok(())
}

/// What stands in the first entry of every package.
const MIMETYPE: &[u8] = b"mimetypeapplication/vnd.secureml.package+zip";
const LOOK_AT_BYTES: u64 = 256;
