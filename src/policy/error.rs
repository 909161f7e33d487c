use std::fmt;
use std::path::PathBuf;

use super::place::Place;
use crate::io::ReadError;

/// Why there is no policy to go by.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file cannot be read, or is larger than any policy.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file can be read, but not be followed.
    #[error("{}", lines(path, faults))]
    Faults {
        /// The policy file.
        path: PathBuf,
        /// What is wrong with it, in the order of the file; at least one.
        faults: Vec<Fault>,
    },
}

/// One thing that is wrong with a policy, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// The character in the line, from 1.
    pub column: u64,
    /// What is wrong, without a full stop.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// Faults as they are found.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, place: Place, message: impl fmt::Display) {
        self.0.push(Fault::new(place, message));
    }

    /// The value, or the fault that there is instead.
    pub(super) fn take<T, E: fmt::Display>(&mut self, place: Place, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(place, error)).ok()
    }

    /// All of them, in the order of the file.
    pub(super) fn into_sorted(mut self) -> Vec<Fault> {
        self.0.sort();
        self.0
    }
}

impl Fault {
    /// A fault; what the file brought into its message cannot break the line.
    pub(super) fn new(place: Place, message: impl fmt::Display) -> Self {
        let mut safe = String::new();
        for character in message.to_string().chars() {
            if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
                safe.extend(character.escape_debug());
            } else {
                safe.push(character);
            }
        }
        Self { line: place.line, column: place.column, message: safe }
    }
}

fn lines(path: &std::path::Path, faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("{}:{fault}", path.display())).collect::<Vec<_>>().join("\n")
}
