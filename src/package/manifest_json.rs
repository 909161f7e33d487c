//! The JSON of a package's manifest. Fields stand in the order of their JSON names, which are plain ASCII, and numbers
//! are whole and small, so that what `serde_json` writes is canonical.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::EntryName;
use super::end::MAX_ENTRIES;
use super::entry::MAX_MANIFEST_BYTES;
use super::manifest::{FileRecord, MetadataRecord, ModelRecord, PackageManifest, PackageManifestError};
use crate::digest::{Algorithm, Digest};
use crate::model::ModelPath;

/// Reads canonical JSON; names, lists and numbers remain to be checked.
pub(super) fn read_json(json: &[u8]) -> Result<PackageManifest, PackageManifestError> {
    if u64::try_from(json.len()).map_or(true, |length| length > MAX_MANIFEST_BYTES) {
        return Err(PackageManifestError::TooLarge { limit: MAX_MANIFEST_BYTES });
    }
    // A later version may have fields that are unknown here; its number says more than their names.
    let Probe { format_version } = serde_json::from_slice(json)?;
    if format_version != PackageManifest::FORMAT_VERSION {
        return Err(PackageManifestError::Version { found: format_version });
    }
    let wire: WireManifest<'_> = serde_json::from_slice(json)?;
    let created = wire.created.as_deref().map(str::parse::<Timestamp>).transpose();
    let manifest = PackageManifest {
        created: created.map_err(|_| PackageManifestError::Created)?,
        model: wire.model.into_owned(),
        files: wire.files.into_owned(),
        metadata: wire.metadata.into_owned(),
    };
    let mut rest = Expected(json);
    if write_json(&manifest, &mut rest).is_err() || !rest.0.is_empty() {
        return Err(PackageManifestError::NotCanonical);
    }
    Ok(manifest)
}

/// Writes canonical JSON.
pub(super) fn write_json(manifest: &PackageManifest, out: &mut dyn Write) -> Result<(), serde_json::Error> {
    let wire = WireManifest {
        created: manifest.created.map(|created| created.to_string().into()),
        files: Cow::Borrowed(&manifest.files),
        format_version: PackageManifest::FORMAT_VERSION,
        metadata: Cow::Borrowed(&manifest.metadata),
        model: Cow::Borrowed(&manifest.model),
    };
    serde_json::to_writer(out, &wire)
}

/// Takes only the bytes that it expects.
struct Expected<'a>(&'a [u8]);

impl Write for Expected<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Deserialize)]
struct Probe {
    #[serde(rename = "formatVersion")]
    format_version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireManifest<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "bounded")]
    files: Cow<'a, [FileRecord]>,
    #[serde(rename = "formatVersion")]
    format_version: u64,
    #[serde(deserialize_with = "bounded")]
    metadata: Cow<'a, [MetadataRecord]>,
    model: Cow<'a, ModelRecord>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireModel<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, rename = "omsRoot")]
    oms_root: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    version: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireFile<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    blake2b: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "merkleRoot", skip_serializing_if = "Option::is_none")]
    merkle_root: Option<Cow<'a, str>>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(borrow)]
    sha256: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    sha512: Option<Cow<'a, str>>,
    size: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireMetadata<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(borrow)]
    sha256: Cow<'a, str>,
    size: u64,
}

// Records are read and written one by one: all of them as text would take several times the memory.

impl Serialize for ModelRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, oms_root) = (Cow::Borrowed(self.name.as_str()), self.oms_root.to_hex().into());
        WireModel { name, oms_root, version: self.version.as_deref().map(Cow::Borrowed) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ModelRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireModel::deserialize(deserializer)?;
        let oms_root = Digest::from_hex(Algorithm::Sha256, &wire.oms_root).map_err(D::Error::custom)?;
        Ok(Self { name: wire.name.into_owned(), version: wire.version.map(Cow::into_owned), oms_root })
    }
}

impl Serialize for FileRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WireFile {
            blake2b: self.blake2b.map(|digest| digest.to_hex().into()),
            merkle_root: self.merkle_root.map(|digest| digest.to_hex().into()),
            path: self.path.as_str().into(),
            sha256: self.sha256.to_hex().into(),
            sha512: self.sha512.map(|digest| digest.to_hex().into()),
            size: self.size,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FileRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireFile::deserialize(deserializer)?;
        let digest = |algorithm, text: &str| Digest::from_hex(algorithm, text).map_err(D::Error::custom);
        let optional =
            |algorithm, text: &Option<Cow<'_, str>>| text.as_deref().map(|text| digest(algorithm, text)).transpose();
        Ok(Self {
            size: wire.size,
            sha256: digest(Algorithm::Sha256, &wire.sha256)?,
            sha512: optional(Algorithm::Sha512, &wire.sha512)?,
            blake2b: optional(Algorithm::Blake2b, &wire.blake2b)?,
            merkle_root: optional(Algorithm::Sha256, &wire.merkle_root)?,
            path: ModelPath::new(wire.path.into_owned()).map_err(D::Error::custom)?,
        })
    }
}

impl Serialize for MetadataRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (path, sha256) = (self.path.as_str().into(), self.sha256.to_hex().into());
        WireMetadata { path, sha256, size: self.size }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MetadataRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireMetadata::deserialize(deserializer)?;
        let sha256 = Digest::from_hex(Algorithm::Sha256, &wire.sha256).map_err(D::Error::custom)?;
        Ok(Self { path: EntryName::new(&wire.path).map_err(D::Error::custom)?, size: wire.size, sha256 })
    }
}

/// A list of no more records than a package may have entries: a longer one is refused before it takes memory.
fn bounded<'de, D: Deserializer<'de>, T: Deserialize<'de> + Clone>(list: D) -> Result<Cow<'static, [T]>, D::Error> {
    list.deserialize_seq(Records(PhantomData)).map(Cow::Owned)
}

struct Records<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Records<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX_ENTRIES} records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut records = Vec::new();
        let mut left = MAX_ENTRIES;
        while let Some(record) = list.next_element()? {
            left = left.checked_sub(1).ok_or_else(|| A::Error::custom(format!("more than {MAX_ENTRIES} records")))?;
            records.push(record);
        }
        Ok(records)
    }
}
