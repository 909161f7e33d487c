//! The use cases: sign a model, verify a model, by a policy or without, take a model's digest. Every face of the program
//! calls these.

mod add;
mod compare;
mod describe;
mod digest;
mod explain;
mod fingerprint;
mod fingerprint_diff;
mod fingerprint_file;
mod formats;
mod migrate;
mod observe;
pub mod package;
mod policy;
mod seal;
mod selection;
mod set;
mod sign;
mod verify;

pub use add::add_signature;
pub use describe::{ChunkSize, FingerprintOptions};
pub use digest::{DigestRequest, Digested, digest};
pub use fingerprint::{
    CompareError, CompareRequest, Fingerprinted, compare_with_fingerprint, fingerprint, sign_fingerprint,
};
pub use fingerprint_diff::diff_fingerprints;
pub use fingerprint_file::{DocumentError, FingerprintFileError, ReadFingerprint, SignedState, read_fingerprint};
pub use migrate::{
    CosignError, MigrateError, MigrateRequest, Migrated, MigratedItem, Migration, MigrationReport, MigrationSource,
    migrate,
};
pub use observe::{ObserveError, ObserveRequest, Observed, ObservedSigner, observe_signers};
pub use policy::{PolicyRefused, PolicyRequest, PolicyVerdict, PolicyVerifyError, verify_with_policy};
pub use selection::{HashAllError, Selection, SingleFileName};
pub use set::{set_folder, signatures};
pub use sign::{FingerprintTarget, SignModelError, SignRequest, Signed, sign};
pub use verify::{Links, Refused, Verdict, VerifyModelError, VerifyRequest, verify};
