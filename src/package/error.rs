use std::io;

use super::{EntryName, NameError, PackageManifestError, TwinError};

/// Why a file is not an acceptable package, or could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// The package could not be read; says nothing about it.
    #[error("cannot read the package")]
    Read(#[source] io::Error),
    /// The package could not be written; says nothing about it.
    #[error("cannot write the package")]
    Write(#[source] io::Error),
    /// The content of an entry could not be read while the package was written.
    #[error("cannot read what {name} is to hold")]
    Content {
        /// The entry.
        name: EntryName,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file ends before the package does.
    #[error("the package is cut short: {missing} is missing or incomplete")]
    Truncated {
        /// What should have been there.
        missing: &'static str,
    },
    /// Bytes follow the package.
    #[error("something stands behind the end of the package")]
    Trailer,
    /// The file does not begin as a package does.
    #[error("the file does not begin with the first entry of a package")]
    Prefix,
    /// The records at the end contradict themselves, each other or the file.
    #[error("the end records of the package are not acceptable: {problem}")]
    EndRecords {
        /// What is wrong with them.
        problem: &'static str,
    },
    /// The first entry says that the file is something else.
    #[error("the first entry does not say that the file is a package")]
    Mimetype,
    /// A name that no entry may have.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two names for one file.
    #[error(transparent)]
    Twin(#[from] TwinError),
    /// An entry stands where it must not.
    #[error("{name} stands in the wrong place: {problem}")]
    Order {
        /// The entry.
        name: EntryName,
        /// What it should be.
        problem: &'static str,
    },
    /// An entry that every package has is not there.
    #[error("the package has no {name}")]
    Missing {
        /// The entry.
        name: &'static str,
    },
    /// An entry's own header and the directory contradict each other.
    #[error("the header of {name:?} and the directory disagree: {field}")]
    Header {
        /// The entry, as the directory or, where that ends too early, its header names it.
        name: String,
        /// What differs.
        field: &'static str,
    },
    /// An entry is recorded in a way that the format leaves out.
    #[error("{name:?} is not recorded as entries of a package are: {problem}")]
    Profile {
        /// The entry, as far as its name can be read.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// An entry begins before the one before it ends.
    #[error("{name} overlaps what stands before it")]
    Overlap {
        /// The entry, or the directory.
        name: String,
    },
    /// Bytes that belong to no entry.
    #[error("unlisted bytes stand before {name}")]
    Gap {
        /// The entry, or the directory.
        name: String,
    },
    /// More than any package may have.
    #[error("the package has more than {limit} {what}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The ceiling.
        limit: u64,
    },
    /// An entry is larger than its kind may be.
    #[error("{name} has {size} bytes, more than {limit}")]
    TooLarge {
        /// The entry.
        name: EntryName,
        /// Its size, in bytes.
        size: u64,
        /// The ceiling, in bytes.
        limit: u64,
    },
    /// The content of an entry does not have the checksum that its header says.
    #[error("the content of {name} does not have the recorded checksum")]
    Crc {
        /// The entry.
        name: EntryName,
    },
    /// The content that came for an entry does not have the size that was announced.
    #[error("what came for {name} is not {size} bytes long")]
    Size {
        /// The entry.
        name: EntryName,
        /// The announced size, in bytes.
        size: u64,
    },
    /// Something was to be written after an entry that never became complete.
    #[error("{name} was not written to its end")]
    Unfinished {
        /// The entry.
        name: EntryName,
    },
    /// The manifest is not acceptable, or does not fit the package.
    #[error(transparent)]
    Manifest(#[from] PackageManifestError),
}

impl PackageError {
    /// The stable name of the rule that the package breaks, in kebab case; [`PackageError::is_refusal`] tells whether it
    /// breaks one at all.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Read(_) | Self::Content { .. } => "package-read",
            Self::Write(_) | Self::Unfinished { .. } => "package-write",
            Self::Truncated { .. } => "package-truncated",
            Self::Trailer => "package-trailer",
            Self::Prefix => "package-prefix",
            Self::EndRecords { .. } => "package-end",
            Self::Mimetype => "package-mimetype",
            Self::Name(_) => "package-name",
            Self::Twin(_) => "package-twin",
            Self::Order { .. } => "package-order",
            Self::Missing { .. } => "package-missing",
            Self::Header { .. } => "package-header",
            Self::Profile { .. } => "package-profile",
            Self::Overlap { .. } => "package-overlap",
            Self::Gap { .. } => "package-gap",
            Self::Limit { .. } | Self::TooLarge { .. } => "package-limit",
            Self::Crc { .. } => "package-crc",
            Self::Size { .. } => "package-size",
            Self::Manifest(error) => error.rule(),
        }
    }

    /// Whether the package breaks a rule; otherwise nothing could be decided about it.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        !matches!(self, Self::Read(_) | Self::Write(_) | Self::Content { .. } | Self::Unfinished { .. })
    }
}

/// Reading content goes through [`io::Read`], whose errors carry ours inside.
impl From<io::Error> for PackageError {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(inner) => inner,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Self::Truncated { missing: "its rest" },
            Err(error) => Self::Read(error),
        }
    }
}

impl From<PackageError> for io::Error {
    fn from(error: PackageError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
