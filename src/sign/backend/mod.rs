//! Where private keys are kept.

mod file;

pub use file::{FileKey, FileKeyError};
