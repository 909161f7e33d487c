//! Machine formats: pure functions from results to text.

mod json;
mod model;
mod package;

pub use json::{Failure, Report, Step, write_json};
pub use model::ModelReport;
