//! Policies: the file `.secureml.yaml`, which says who must have signed which models.
//!
//! A policy is read, checked and matched here, with the keys and certificates that it names. Nothing is fetched and no
//! signature is looked at: that is for whoever verifies, with the [`Rule`] that a model has. Whom a policy names never
//! comes from the model or its signature.

mod append;
mod check;
mod check_signer;
mod error;
mod file;
mod formats;
mod pattern;
mod place;
mod rule;
mod schema;
mod signer;
mod wire;
mod yaml;

pub use append::{AppendError, NewRequirement, NewRule, NewSigner, append, rule_text};
pub use error::{Fault, PolicyError};
pub use file::{Policy, RuleLook};
pub use formats::FormatRule;
pub use rule::{Rule, Timestamp, Transparency, UnsignedFiles};
pub use schema::schema;
pub use signer::{Requirement, RuleSigner};
