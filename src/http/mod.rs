//! Requests to services: one client, bounded in time, size and number of attempts.

mod client;
mod error;
mod redact;
mod request;
mod runtime;

pub use client::{Http, shown};
pub use error::HttpError;
pub use redact::without_secrets;
pub use request::{Repeat, Request, Response};
pub use runtime::block_on;
