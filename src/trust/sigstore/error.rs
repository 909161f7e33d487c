use std::io;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::http::HttpError;
use crate::io::ReadError;

/// Why there is no trust root.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigstoreError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The network, or the repository's server.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What was read is no trust root.
    #[error("{place} is not a Sigstore trust root: {reason}")]
    Malformed {
        /// Where it was read.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The repository's metadata does not hold.
    #[error("the trust root of {url} is not to be believed: {reason}")]
    Repository {
        /// Its URL.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The repository's server stopped answering half-way.
    #[error("the trust root of {url} could not be fetched: {reason}")]
    Interrupted {
        /// Its URL.
        url: String,
        /// What happened.
        reason: String,
    },
    /// What is kept on this machine does not hold, or is not complete.
    #[error("the trust root of {url} that is kept in {} is damaged: {reason}", place.display())]
    Kept {
        /// Its repository.
        url: String,
        /// Where it is kept.
        place: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There is no folder to work in.
    #[error("cannot make a temporary folder to verify the trust root in")]
    Workspace(#[source] io::Error),
    /// It is too old to be believed.
    #[error("{what} expired on {expires:.0}")]
    Expired {
        /// Which.
        what: String,
        /// When.
        expires: Timestamp,
    },
    /// Offline, and there is neither cache nor copy.
    #[error("there is no trust root of {url} on this machine yet")]
    NeverAsked {
        /// Its repository.
        url: String,
    },
}
