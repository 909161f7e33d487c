//! Packages: make one, verify it without extracting it, take files out of it, add a signature to it.

mod add;
mod attested;
mod authentic;
mod carried;
mod contents;
mod copied;
mod create;
mod error;
mod extract;
mod fingerprint;
mod open;
mod policy;
mod read;
mod remote;
mod statement;
mod target;
mod verify;
mod write;

pub use add::{AddedToPackage, add_package_signature};
pub use authentic::{ModelSignature, PackageRefused};
pub use create::{Created, PackageRequest, PackageSigner, create_package};
pub use error::{AttestationFileError, CreateError, OpenError};
pub use extract::{ExtractRequest, Extracted, extract_package};
pub use fingerprint::{compare_package_with_fingerprint, package_fingerprint};
pub use open::OpenPackage;
pub use policy::{PackagePolicyError, verify_package_with_policy};
pub use read::{check_signers, read_file, read_unverified_file};
pub use remote::RemotePackage;
pub use statement::PACKAGE_TYPE;
pub use target::Existing;
pub(crate) use target::open_target;
pub use verify::{AcceptedPackage, PackageVerdict, verify_package, verify_package_stream};
