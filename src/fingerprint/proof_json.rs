//! Proofs as JSON documents.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::{ChunkProof, MAX_CHUNKS, chunk_count};
use crate::digest::{Leaf, RangeProof};
use crate::model::{ModelPath, PathError};

impl ChunkProof {
    /// Writes the proof as JSON.
    ///
    /// # Errors
    /// [`serde_json::Error`] never comes from a proof.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let nodes = |proof: &RangeProof| proof.nodes.iter().map(hex::encode).collect();
        serde_json::to_string_pretty(&Wire {
            format_version: FORMAT_VERSION,
            path: self.path.to_string(),
            file_bytes: self.size,
            chunk_bytes: self.chunk_bytes,
            start: self.range.start,
            end: self.range.end,
            in_file: nodes(&self.in_file),
            file_index: self.file_index,
            file_count: self.files,
            in_model: nodes(&self.in_model),
        })
    }

    /// Reads what [`ChunkProof::to_json`] writes. Nothing is proved by that.
    ///
    /// # Errors
    /// [`ProofJsonError`] where it is no such document.
    pub fn from_json(json: &str) -> Result<Self, ProofJsonError> {
        let wire: Wire = serde_json::from_str(json)?;
        if wire.format_version != FORMAT_VERSION {
            return Err(ProofJsonError::Version { found: wire.format_version });
        }
        let node = |text: &String| {
            let mut leaf: Leaf = Leaf::default();
            hex::decode_to_slice(text, &mut leaf).map(|()| leaf).map_err(|_| ProofJsonError::Node)
        };
        let nodes =
            |texts: &[String]| texts.iter().map(node).collect::<Result<_, _>>().map(|nodes| RangeProof { nodes });
        let path = if wire.path == "." { ModelPath::root() } else { ModelPath::new(wire.path)? };
        if chunk_count(wire.end.saturating_sub(wire.start), wire.chunk_bytes) > MAX_CHUNKS {
            return Err(ProofJsonError::Chunks);
        }
        Ok(Self {
            path,
            size: wire.file_bytes,
            chunk_bytes: wire.chunk_bytes,
            range: wire.start..wire.end,
            in_file: nodes(&wire.in_file)?,
            file_index: wire.file_index,
            files: wire.file_count,
            in_model: nodes(&wire.in_model)?,
        })
    }
}

/// Why something is not a proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofJsonError {
    /// It is not JSON of the right shape.
    #[error("it does not have the form of a proof")]
    Json(#[from] serde_json::Error),
    /// Another version of the format.
    #[error("the proof has the format version {found}, this program knows {FORMAT_VERSION}")]
    Version {
        /// What it says.
        found: u32,
    },
    /// A node is not 32 bytes in hexadecimal.
    #[error("a node of the proof is not a SHA-256 in hexadecimal")]
    Node,
    /// More chunks than a file of a fingerprint has: whoever hashed them would run out of memory.
    #[error("the proof is about more than {MAX_CHUNKS} chunks")]
    Chunks,
    /// A name that leads out of the model.
    #[error(transparent)]
    Path(#[from] PathError),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    format_version: u32,
    path: String,
    file_bytes: u64,
    chunk_bytes: NonZeroU64,
    start: u64,
    end: u64,
    in_file: Vec<String>,
    file_index: usize,
    file_count: usize,
    in_model: Vec<String>,
}

const FORMAT_VERSION: u32 = 1;
