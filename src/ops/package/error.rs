use std::io;
use std::path::PathBuf;

use crate::digest::Digest;
use crate::finding::Finding;
use crate::io::{ReadError, WriteError};
use crate::manifest::HashError;
use crate::oms::{AttestationError, BundleError, StatementError};
use crate::ops::{HashAllError, SignModelError, VerifyModelError};
use crate::package::{AppendError, NameError, PackageError, PackageManifestError};

/// Why a package was not made, or not added to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The model could not be described.
    #[error(transparent)]
    Hash(#[from] HashAllError),
    /// The package statement was not signed.
    #[error(transparent)]
    Sign(#[from] SignModelError),
    /// The model signature is none.
    #[error("the signature {} cannot be packaged", path.display())]
    Signature {
        /// The signature.
        path: PathBuf,
        /// Why.
        #[source]
        source: BundleError,
    },
    /// The model signature's statement is not acceptable.
    #[error("what the signature {} signs is not acceptable", path.display())]
    Statement {
        /// The signature.
        path: PathBuf,
        /// Why.
        #[source]
        source: StatementError,
    },
    /// The model is not what the model signature is about.
    #[error("the model is not what {} signs", path.display())]
    Differs {
        /// The signature.
        path: PathBuf,
        /// What differs.
        findings: Vec<Finding>,
    },
    /// A file that is to go into the package cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file's name cannot stand in a package.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An attestation is no signed statement.
    #[error("{} is not a Sigstore bundle around an in-toto statement", path.display())]
    Attestation {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: AttestationFileError,
    },
    /// Two files would be at one place.
    #[error("two of the given files would both be {name} in the package")]
    SameName {
        /// The place.
        name: String,
    },
    /// A statement is about something that is not of this model.
    #[error("{} is about {name:?} ({digest}), not about this model ({model}) or one of its files", path.display())]
    OtherSubject {
        /// The file.
        path: PathBuf,
        /// Its first subject.
        name: String,
        /// The digest of that.
        digest: Box<Digest>,
        /// The root digest of the model.
        model: Box<Digest>,
    },
    /// The given package signature is about something else.
    #[error("the package signature {} is not about this package", path.display())]
    OtherStatement {
        /// The signature.
        path: PathBuf,
    },
    /// The container would break its own rules.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The manifest would break its own rules.
    #[error(transparent)]
    Manifest(#[from] PackageManifestError),
    /// The package could not be added to.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The package to add to is not acceptable, or cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The package to add to does not hold together.
    #[error("the package is not added to: it does not hold together")]
    Broken {
        /// Why.
        findings: Vec<Finding>,
    },
    /// There is no room for another signature.
    #[error("the package has 99 further signatures, and there cannot be more")]
    Full,
    /// A statement could not be written.
    #[error("cannot write the package statement")]
    Json(#[from] serde_json::Error),
    /// The package could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A package cannot be written to a folder, a pipe or a device.
    #[error("{} is no regular file, and a package needs one", path.display())]
    NotAFile {
        /// The target.
        path: PathBuf,
    },
    /// A package in the model would be a file of it that nobody signed.
    #[error("the package {} would lie in the model", path.display())]
    InModel {
        /// The target.
        path: PathBuf,
    },
    /// There is something where the package is to go.
    #[error("{} exists, it is not overwritten", path.display())]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// The package would take the place of a file that is none.
    #[error("{} exists and is not a package, it is not overwritten", path.display())]
    OverOtherFile {
        /// The file.
        path: PathBuf,
    },
}

/// Why a file is not an attestation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttestationFileError {
    /// It is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// There is no statement in it.
    #[error(transparent)]
    Statement(#[from] AttestationError),
}

/// Why there is no verdict about a package, or nothing comes out of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The package cannot be read.
    #[error("cannot read the package")]
    Read(#[source] io::Error),
    /// The container is not acceptable.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Its content could not be read.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// There is no verdict about a signature.
    #[error(transparent)]
    Verify(#[from] VerifyModelError),
    /// What was taken out could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file could not be put aside until it is verified.
    #[error("cannot keep the file aside in the folder for temporary files")]
    Aside(#[source] io::Error),
    /// There is something where the model is to go.
    #[error("{} exists, it is not overwritten", path.display())]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// An entry is not what it was when the package was checked.
    #[error("{name} in the package changed while it was read")]
    Changed {
        /// The entry.
        name: String,
    },
    /// The package has no such file.
    #[error("the package has no file {name:?}")]
    NoFile {
        /// Its name.
        name: String,
    },
}
