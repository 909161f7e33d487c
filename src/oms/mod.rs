//! The signed document of OpenSSF Model Signing: statement, envelope and bundle, as bytes and as values.
//!
//! [OMS 1.0](https://github.com/ossf/model-signing-spec/blob/main/spec/v1.0.md) composes a Sigstore bundle, a DSSE
//! envelope and an in-toto statement. Nothing here says whether a signature holds.

mod attestation;
mod base64;
mod bounded;
mod bundle;
mod bundle_json;
mod compat;
mod envelope;
mod fingerprint_json;
mod inspection;
mod log_entry;
mod object;
mod predicate;
mod statement;
mod timestamp;

pub use attestation::{Attestation, AttestationError, Subject};
pub use bundle::{Bundle, BundleError, KeyIdentifier, MAX_BUNDLE_BYTES, Material};
pub use compat::{legacy_pae, may_be_legacy};
pub use envelope::{Envelope, PAYLOAD_TYPE, Payload};
pub use fingerprint_json::{
    FINGERPRINT_TYPE, FingerprintJsonError, fingerprint_from_json, fingerprint_payload, write_fingerprint,
};
pub use inspection::{InspectedCertificate, InspectedClaim, InspectedEntry, Inspection};
pub use log_entry::{InclusionProof, LogEntry};
pub use predicate::PredicateError;
pub use statement::{Format, Statement, StatementError};
pub use timestamp::TimestampToken;
