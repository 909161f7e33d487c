//! The use cases: sign a model, verify a model, take a model's digest. Every face of the program calls these.

mod digest;
mod explain;
mod selection;
mod sign;
mod verify;

pub use digest::{DigestRequest, Digested, digest};
pub use selection::{HashAllError, Selection, SingleFileName};
pub use sign::{SignModelError, SignRequest, Signed, sign};
pub use verify::{Links, Refused, Verdict, VerifyModelError, VerifyRequest, verify};
