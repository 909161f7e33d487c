use std::io;

use crate::model::{ModelPath, TreeError};

/// Why a model could not be hashed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The model could not be walked.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A file could not be opened or read.
    #[error("cannot read {path} in the model")]
    Read {
        /// The file.
        path: ModelPath,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file was replaced or written to while it was read, so its digest would mean nothing.
    #[error("{path} changed while it was being read")]
    Unstable {
        /// The file.
        path: ModelPath,
    },
    /// Somebody wanted the work to end: [`Progress::is_stopped`](crate::progress::Progress::is_stopped).
    #[error("it was interrupted")]
    Stopped,
    /// The shards are so small that there would be too many.
    #[error("the model has more than {limit} shards, choose larger ones")]
    TooMany {
        /// The ceiling.
        limit: u64,
    },
}
