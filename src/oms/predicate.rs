//! The predicate `https://model_signing/signature/v1.0`: a manifest in JSON (OMS 1.0, section 5.2).

use std::borrow::Cow;
use std::num::NonZeroU64;

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::object::Object;
use crate::digest::{Algorithm, Digest, DigestError};
use crate::manifest::{Manifest, ManifestError, Method, Resource, Serialization};
use crate::model::{IgnoreRules, ModelPath, PathError, SymlinkRule};

/// The predicate type; no other is written or, version 0.1 apart, read.
pub(super) const TYPE: &str = "https://model_signing/signature/v1.0";

/// Reads a predicate. The schema closes it: unknown fields are refused, save in resources, where they are passed over.
pub(super) fn read(json: &str) -> Result<Manifest, PredicateError> {
    let Object(wire): Object<WirePredicate<'_>> = serde_json::from_str(json)?;
    let (serialization, sharded_name) = wire.serialization.read()?;
    let resources: Result<Vec<Resource>, PredicateError> =
        wire.resources.iter().map(|resource| resource.read(&serialization, sharded_name.as_deref())).collect();
    Ok(Manifest::new(serialization, resources?)?)
}

/// Why a predicate is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredicateError {
    /// It does not follow the schema.
    #[error("the predicate does not follow the OMS schema")]
    Schema(#[from] serde_json::Error),
    /// The method is neither files nor shards.
    #[error("the serialization method {method:?} is unknown, OMS knows files and shards")]
    Method {
        /// What it says.
        method: String,
    },
    /// A shard size is missing, or stands where it must not.
    #[error("the shard size {problem}")]
    ShardSize {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The hash is not registered.
    #[error(transparent)]
    Algorithm(#[from] crate::digest::UnknownAlgorithm),
    /// A file is said to be hashed otherwise than all files.
    #[error("{name:?} is said to be hashed with {algorithm:?}, the manifest says {expected}")]
    ResourceAlgorithm {
        /// The file.
        name: String,
        /// What it says.
        algorithm: String,
        /// What the serialization says.
        expected: Algorithm,
    },
    /// A name that leads out of the model.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A path to be left out that names no place inside the model.
    #[error("the manifest may not leave out what it says")]
    IgnorePath(#[source] PathError),
    /// The name of a shard has no range of bytes at its end.
    #[error("{name:?} is not the name of a shard, which ends in :start:end")]
    ShardName {
        /// The name.
        name: String,
    },
    /// A digest cannot be one.
    #[error("the digest of {name:?} is not acceptable")]
    Digest {
        /// The file.
        name: String,
        /// Why.
        #[source]
        source: DigestError,
    },
    /// The list contradicts itself.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WirePredicate<'a> {
    #[serde(borrow)]
    resources: Vec<Object<WireResource<'a>>>,
    #[serde(borrow)]
    serialization: Object<WireSerialization<'a>>,
}

#[derive(Deserialize)]
struct WireResource<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    algorithm: Cow<'a, str>,
    #[serde(borrow)]
    digest: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireSerialization<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    hash_type: Cow<'a, str>,
    #[serde(default, deserialize_with = "present")]
    shard_size: Option<serde_json::Number>,
    allow_symlinks: bool,
    #[serde(borrow, default)]
    ignore_paths: Vec<Cow<'a, str>>,
}

/// A field that may be absent, but not null.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

impl WireSerialization<'_> {
    /// The serialization, and the name that the reference tool gives the algorithm of its shards.
    pub(super) fn read(&self) -> Result<(Serialization, Option<String>), PredicateError> {
        let algorithm: Algorithm = Algorithm::of_oms(&self.hash_type)?;
        let method = match (&*self.method, &self.shard_size) {
            ("files", None) => Method::Files,
            ("files", Some(_)) => {
                return Err(PredicateError::ShardSize { problem: "stands where whole files are hashed" });
            }
            ("shards", None) => return Err(PredicateError::ShardSize { problem: "is missing" }),
            ("shards", Some(size)) => Method::Shards { shard_bytes: shard_bytes(size)? },
            _ => return Err(PredicateError::Method { method: self.method.to_string() }),
        };
        let sharded_name = match method {
            Method::Files => None,
            Method::Shards { shard_bytes } => Some(format!("{algorithm}-sharded-{shard_bytes}")),
        };
        let ignore: Result<IgnoreRules, PathError> =
            self.ignore_paths.iter().map(|path| ModelPath::new(&**path)).collect();
        let symlinks = if self.allow_symlinks { SymlinkRule::Follow } else { SymlinkRule::Refuse };
        let ignore = ignore.map_err(PredicateError::IgnorePath)?;
        Ok((Serialization { method, algorithm, symlinks, ignore }, sharded_name))
    }
}

/// The reference tool writes the shard size as a decimal fraction (`1000000000.0`), OMS 1.0 asks for an integer.
fn shard_bytes(size: &serde_json::Number) -> Result<NonZeroU64, PredicateError> {
    let text = size.to_string();
    let digits = text.strip_suffix(".0").unwrap_or(&text);
    digits.parse().map_err(|_| PredicateError::ShardSize { problem: "is not a positive integer" })
}

impl WireResource<'_> {
    fn read(&self, serialization: &Serialization, sharded_name: Option<&str>) -> Result<Resource, PredicateError> {
        let expected = serialization.algorithm;
        if self.algorithm != expected.name() && Some(&*self.algorithm) != sharded_name {
            return Err(PredicateError::ResourceAlgorithm {
                name: self.name.to_string(),
                algorithm: self.algorithm.to_string(),
                expected,
            });
        }
        let (path, shard) = match serialization.method {
            Method::Files => (&*self.name, None),
            Method::Shards { .. } => {
                let (path, shard) = split_shard_name(&self.name)
                    .ok_or_else(|| PredicateError::ShardName { name: self.name.to_string() })?;
                (path, Some(shard))
            }
        };
        let path = if path == "." { ModelPath::root() } else { ModelPath::new(path)? };
        let digest = Digest::from_hex(expected, &self.digest)
            .map_err(|source| PredicateError::Digest { name: self.name.to_string(), source })?;
        Ok(Resource { path, shard, digest })
    }
}

/// Takes the last two numbers off a name: file names may contain colons themselves.
fn split_shard_name(name: &str) -> Option<(&str, std::ops::Range<u64>)> {
    let mut parts = name.rsplitn(3, ':');
    let mut number = || {
        let text = parts.next()?;
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        if plain { text.parse::<u64>().ok() } else { None }
    };
    let (end, start) = (number()?, number()?);
    Some((parts.next()?, start..end))
}

/// Writes a manifest as a predicate, in a fixed order of keys.
pub(super) struct Predicate<'a>(pub(super) &'a Manifest);

impl Serialize for Predicate<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("serialization", &Settings(self.0.serialization()))?;
        map.serialize_entry("resources", &Resources(self.0.resources()))?;
        map.end()
    }
}

pub(super) struct Settings<'a>(pub(super) &'a Serialization);

impl Serialize for Settings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let settings = self.0;
        let mut map = serializer.serialize_map(None)?;
        match settings.method {
            Method::Files => map.serialize_entry("method", "files")?,
            Method::Shards { .. } => map.serialize_entry("method", "shards")?,
        }
        map.serialize_entry("hash_type", settings.algorithm.name())?;
        if let Method::Shards { shard_bytes } = settings.method {
            map.serialize_entry("shard_size", &shard_bytes)?;
        }
        map.serialize_entry("allow_symlinks", &(settings.symlinks == SymlinkRule::Follow))?;
        if !settings.ignore.is_empty() {
            let paths: Vec<&str> = settings.ignore.iter().map(ModelPath::as_str).collect();
            map.serialize_entry("ignore_paths", &paths)?;
        }
        map.end()
    }
}

struct Resources<'a>(&'a [Resource]);

impl Serialize for Resources<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Item))
    }
}

struct Item<'a>(&'a Resource);

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("name", &self.0.name())?;
        map.serialize_entry("algorithm", self.0.digest.algorithm().name())?;
        map.serialize_entry("digest", &self.0.digest.to_hex())?;
        map.end()
    }
}
