use std::num::NonZeroU64;

use crate::digest::Algorithm;
use crate::model::{IgnoreRules, SymlinkRule};

/// How files become resources (OMS 1.0, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// One digest for each file.
    #[default]
    Files,
    /// One digest for each range of so many bytes; files without bytes have none.
    Shards {
        /// How many bytes a shard has; the last one of a file may be shorter.
        shard_bytes: NonZeroU64,
    },
}

/// The shard size that OMS 1.0, section 6.3.2, suggests: 1,000,000,000 bytes.
pub const DEFAULT_SHARD_BYTES: NonZeroU64 = NonZeroU64::new(1_000_000_000).unwrap();

/// All that decides which bytes of a model are hashed, and how (OMS 1.0, section 5.2.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Serialization {
    /// Whole files or shards.
    pub method: Method,
    /// The hash of the content. The root digest is always SHA-256.
    pub algorithm: Algorithm,
    /// Whether links to files count as files.
    pub symlinks: SymlinkRule,
    /// What is left out.
    pub ignore: IgnoreRules,
}
