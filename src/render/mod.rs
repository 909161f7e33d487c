//! Machine formats: pure functions from results to text.

mod json;
mod package;

pub use json::{Failure, Report, Step, write_json};
