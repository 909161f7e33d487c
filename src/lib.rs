//! SecureML
pub mod crypto;
pub mod digest;
pub mod env;
pub mod finding;
pub mod io;
pub mod manifest;
pub mod model;
pub mod oms;
pub mod ops;
pub mod progress;
pub mod prompt;
pub mod render;
pub mod sign;
pub mod trust;
pub mod verify;
