//! Sigstore instances: whom they make us trust, and where they are found.

mod cache;
mod error;
mod material;
mod repository;
mod services;
mod source;

pub use error::SigstoreError;
pub use material::{Authority, Log, Origin, SigstoreRoot, known_log};
pub use services::{RekorVersion, Services, ServicesError};
pub use source::{Access, Instance, Loaded, load, update};
