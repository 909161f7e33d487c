//! Saying aloud what a test leaves out.

use std::fs::File;
use std::io::{self, Write as _};
use std::thread;

/// Says that the test under way is skipped, and why.
///
/// Test runners keep what a passing test prints to themselves, so this goes to standard error itself and, where
/// `SECUREML_SKIPPED` names a file, as a line into that, which `tests/run` shows in the end.
pub(crate) fn skip(why: &str) {
    let line = format!("skipped {}: {why}\n", thread::current().name().unwrap_or("a test"));
    io::stderr().write_all(line.as_bytes()).expect("standard error");
    if let Some(path) = std::env::var_os("SECUREML_SKIPPED") {
        let mut list = File::options().create(true).append(true).open(path).expect("the list of what is skipped");
        list.write_all(line.as_bytes()).expect("the list of what is skipped");
    }
}
