//! The predicate `https://github.com/secureml/sign/fingerprint/v1`, which is also the document `fingerprint.json`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::num::NonZeroU64;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer as _, Serialize, Serializer};
use serde_json::value::RawValue;

use super::Payload;
use super::attestation::{Attestation, Subject};
use super::base64::Base64;
use super::object::{Object, Texts};
use super::predicate::{PredicateError, Settings, WireSerialization};
use crate::digest::{Algorithm, Digest, DigestError, Leaf, UnknownAlgorithm};
use crate::fingerprint::{FilePrint, Fingerprint, FingerprintError, MAX_CHUNKS};
use crate::model::{ModelPath, PathError};

/// The predicate type of signed fingerprints.
pub const FINGERPRINT_TYPE: &str = "https://github.com/secureml/sign/fingerprint/v1";

/// Writes a fingerprint as compact JSON, in a fixed order of keys.
///
/// # Errors
/// What the sink says.
pub fn write_fingerprint(fingerprint: &Fingerprint, sink: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(sink, &Document::of(fingerprint)).map_err(io::Error::from)
}

/// Writes the statement that is signed: about the same subject as the model signature.
///
/// # Errors
/// [`serde_json::Error`] never comes from a fingerprint.
pub fn fingerprint_payload(subject: &Subject, fingerprint: &Fingerprint) -> Result<Payload, serde_json::Error> {
    Attestation::payload(std::slice::from_ref(subject), FINGERPRINT_TYPE, &Document::of(fingerprint))
}

/// Reads what [`write_fingerprint`] writes; unknown fields are refused, and what can be computed must be right.
///
/// # Errors
/// [`FingerprintJsonError`] where it is not such a document, or contradicts itself.
pub fn fingerprint_from_json(json: &str) -> Result<Fingerprint, FingerprintJsonError> {
    let Object(wire): Object<Wire<'_>> = serde_json::from_str(json)?;
    if wire.format_version != FORMAT_VERSION {
        return Err(FingerprintJsonError::Version { found: wire.format_version });
    }
    let algorithms = wire.algorithms.iter().map(|name| name.parse()).collect::<Result<Vec<Algorithm>, _>>()?;
    let (serialization, _) = wire.serialization.read()?;
    if wire.merkle.as_ref().is_some_and(|merkle| merkle.algorithm != MERKLE_ALGORITHM) {
        return Err(FingerprintJsonError::MerkleAlgorithm);
    }
    let chunk_bytes = wire.merkle.as_ref().map(|merkle| merkle.chunk_bytes);
    let files = read_files(wire.files.get(), &algorithms, chunk_bytes)?;
    let fingerprint = Fingerprint::new(serialization, algorithms, chunk_bytes, files)?;
    let computed = (fingerprint.files().len(), fingerprint.total_bytes());
    if computed != (wire.file_count, wire.total_bytes) {
        return Err(FingerprintJsonError::Totals);
    }
    let root = fingerprint.merkle_root().map(|root| root.to_hex());
    if root.as_deref() != wire.merkle.as_ref().map(|merkle| &*merkle.root) {
        return Err(FingerprintJsonError::Root { name: "the model".to_owned() });
    }
    Ok(fingerprint)
}

/// Why something is not a fingerprint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FingerprintJsonError {
    /// It is not JSON of the right shape.
    #[error("it does not have the form of a fingerprint")]
    Json(#[from] serde_json::Error),
    /// Another version of the format.
    #[error("the fingerprint has the format version {found}, this program knows {FORMAT_VERSION}")]
    Version {
        /// What it says.
        found: u32,
    },
    /// An algorithm that is not known.
    #[error(transparent)]
    Algorithm(#[from] UnknownAlgorithm),
    /// The serialization is not one of OMS.
    #[error("the fingerprint's serialization is not acceptable")]
    Serialization(#[from] PredicateError),
    /// The Merkle trees are made with another hash.
    #[error("the fingerprint's Merkle trees are not made with {MERKLE_ALGORITHM}")]
    MerkleAlgorithm,
    /// A name that leads out of the model.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A digest cannot be one.
    #[error("a digest of {name:?} is not acceptable")]
    Digest {
        /// The file.
        name: String,
        /// Why.
        #[source]
        source: DigestError,
    },
    /// Digests are missing, or there are some of algorithms that are not announced.
    #[error("{name:?} does not have a digest for each algorithm of the fingerprint")]
    Digests {
        /// The file.
        name: String,
    },
    /// The chunks of a file cannot be read, or are not as many as its size asks for.
    #[error("the chunks of {name:?} are not the Merkle leaves of a file of its size")]
    Chunks {
        /// The file.
        name: String,
    },
    /// A Merkle root is not that of what stands below it.
    #[error("the Merkle root of {name:?} is not that of its parts")]
    Root {
        /// The file, or the model.
        name: String,
    },
    /// Number of files or sum of bytes are not those of the list.
    #[error("the fingerprint's totals are not those of its files")]
    Totals,
    /// The files contradict each other.
    #[error(transparent)]
    Fingerprint(#[from] FingerprintError),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    format_version: u32,
    algorithms: Vec<&'a str>,
    file_count: usize,
    total_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    merkle: Option<WireMerkle<'a>>,
    serialization: Settings<'a>,
    files: Files<'a>,
}

impl<'a> Document<'a> {
    fn of(fingerprint: &'a Fingerprint) -> Self {
        let merkle = fingerprint.chunk_bytes().zip(fingerprint.merkle_root()).map(|(chunk_bytes, root)| WireMerkle {
            algorithm: MERKLE_ALGORITHM.into(),
            chunk_bytes,
            root: root.to_hex().into(),
        });
        Self {
            format_version: FORMAT_VERSION,
            algorithms: fingerprint.algorithms().iter().map(|algorithm| algorithm.name()).collect(),
            file_count: fingerprint.files().len(),
            total_bytes: fingerprint.total_bytes(),
            merkle,
            serialization: Settings(fingerprint.serialization()),
            files: Files(fingerprint),
        }
    }
}

struct Files<'a>(&'a Fingerprint);

impl Serialize for Files<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let with_trees = self.0.chunk_bytes().is_some();
        serializer.collect_seq(self.0.files().iter().map(|file| WrittenFile { file, with_trees }))
    }
}

struct WrittenFile<'a> {
    file: &'a FilePrint,
    with_trees: bool,
}

impl Serialize for WrittenFile<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let file = self.file;
        let digests: BTreeMap<&str, String> =
            file.digests.iter().map(|digest| (digest.algorithm().name(), digest.to_hex())).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("path", file.path.as_str())?;
        map.serialize_entry("bytes", &file.size)?;
        map.serialize_entry("digest", &digests)?;
        if self.with_trees {
            map.serialize_entry("merkleRoot", &file.merkle_root().to_hex())?;
            if file.leaves.len() > 1 {
                map.serialize_entry("chunks", &Base64(file.leaves.as_flattened()))?;
            }
        }
        map.end()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire<'a> {
    format_version: u32,
    #[serde(borrow)]
    algorithms: Vec<Cow<'a, str>>,
    file_count: usize,
    total_bytes: u64,
    #[serde(borrow)]
    merkle: Option<Object<WireMerkle<'a>>>,
    #[serde(borrow)]
    serialization: Object<WireSerialization<'a>>,
    #[serde(borrow)]
    files: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireMerkle<'a> {
    #[serde(borrow)]
    algorithm: Cow<'a, str>,
    chunk_bytes: NonZeroU64,
    #[serde(borrow)]
    root: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireFile<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
    bytes: u64,
    #[serde(borrow)]
    digest: Texts<'a>,
    #[serde(borrow)]
    merkle_root: Option<Cow<'a, str>>,
    #[serde(borrow)]
    chunks: Option<Cow<'a, str>>,
}

/// Reads the files one by one: all of them as text would take several times the memory.
fn read_files(
    json: &str,
    algorithms: &[Algorithm],
    chunk_bytes: Option<NonZeroU64>,
) -> Result<Vec<FilePrint>, FingerprintJsonError> {
    let mut fault = None;
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let visitor = FilesVisitor { algorithms, chunk_bytes, fault: &mut fault };
    let read = deserializer.deserialize_seq(visitor);
    match (read, fault) {
        (_, Some(fault)) => Err(fault),
        (read, None) => Ok(read?),
    }
}

struct FilesVisitor<'a> {
    algorithms: &'a [Algorithm],
    chunk_bytes: Option<NonZeroU64>,
    /// Why a file is not acceptable, in more than the words that JSON has for it.
    fault: &'a mut Option<FingerprintJsonError>,
}

impl<'de> Visitor<'de> for FilesVisitor<'_> {
    type Value = Vec<FilePrint>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<FilePrint>, A::Error> {
        let mut files = Vec::new();
        while let Some(Object(wire)) = list.next_element::<Object<WireFile<'de>>>()? {
            match wire.read(self.algorithms, self.chunk_bytes) {
                Ok(file) => files.push(file),
                Err(fault) => {
                    *self.fault = Some(fault);
                    return Err(A::Error::custom("a file is not acceptable"));
                }
            }
        }
        Ok(files)
    }
}

impl WireFile<'_> {
    fn read(
        &self,
        algorithms: &[Algorithm],
        chunk_bytes: Option<NonZeroU64>,
    ) -> Result<FilePrint, FingerprintJsonError> {
        let name = || self.path.to_string();
        if self.digest.0.len() != algorithms.len() {
            return Err(FingerprintJsonError::Digests { name: name() });
        }
        let digest = |algorithm: &Algorithm| {
            let text =
                self.digest.0.get(algorithm.name()).ok_or_else(|| FingerprintJsonError::Digests { name: name() })?;
            hex(*algorithm, text, &self.path)
        };
        let mut digests = Vec::with_capacity(algorithms.len());
        for algorithm in algorithms {
            digests.push(digest(algorithm)?);
        }
        let path = if self.path == "." { ModelPath::root() } else { ModelPath::new(&*self.path)? };
        let leaves = match (chunk_bytes, &self.merkle_root) {
            (None, None) if self.chunks.is_none() => Vec::new(),
            (Some(_), Some(root)) => self.leaves(root)?,
            _ => return Err(FingerprintJsonError::Chunks { name: name() }),
        };
        let file = FilePrint { path, size: self.bytes, digests, leaves };
        if self.merkle_root.as_ref().is_some_and(|root| file.merkle_root().to_hex() != **root) {
            return Err(FingerprintJsonError::Root { name: name() });
        }
        Ok(file)
    }

    /// The leaves: where there is just one, it is the root, and is not written twice.
    fn leaves(&self, root: &str) -> Result<Vec<Leaf>, FingerprintJsonError> {
        let wrong = || FingerprintJsonError::Chunks { name: self.path.to_string() };
        let bytes = match &self.chunks {
            None if self.bytes == 0 => Vec::new(),
            None => hex(Algorithm::Sha256, root, &self.path)?.as_bytes().to_vec(),
            Some(chunks) => STANDARD.decode(&**chunks).map_err(|_| wrong())?,
        };
        let (leaves, rest) = bytes.as_chunks();
        let fits = rest.is_empty() && (leaves.len() > 1 || self.chunks.is_none());
        let many = u64::try_from(leaves.len()).is_ok_and(|count| count > MAX_CHUNKS);
        if fits && !many { Ok(leaves.to_vec()) } else { Err(wrong()) }
    }
}

fn hex(algorithm: Algorithm, text: &str, name: &str) -> Result<Digest, FingerprintJsonError> {
    Digest::from_hex(algorithm, text).map_err(|source| FingerprintJsonError::Digest { name: name.to_owned(), source })
}

const FORMAT_VERSION: u32 = 1;
const MERKLE_ALGORITHM: &str = "sha256";
