use std::cmp::Ordering;
use std::io::{self, Write};

use jiff::Timestamp;

use super::manifest_json::{read_json, write_json};
use super::name::MODEL_FOLDER;
use super::{EntryKind, EntryName, Index, NameError};
use crate::digest::{Algorithm, Digest};
use crate::model::ModelPath;

/// The manifest of a package: size and digest of everything in it but signatures.
///
/// Valid by construction: lists are sorted by the bytes of their names and hold none twice, and every name is one that a
/// package can hold. Its bytes are canonical JSON ([RFC 8785](https://www.rfc-editor.org/rfc/rfc8785)), so that one
/// manifest has one digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageManifest {
    pub(super) created: Option<Timestamp>,
    pub(super) model: ModelRecord,
    pub(super) files: Vec<FileRecord>,
    pub(super) metadata: Vec<MetadataRecord>,
}

/// Which model a package holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRecord {
    /// What it is called: up to 255 bytes, no control characters.
    pub name: String,
    /// Which version of it, by the same rules.
    pub version: Option<String>,
    /// The SHA-256 digest in the subject of its OMS statement.
    pub oms_root: Digest,
}

/// A file of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Its name in the model.
    pub path: ModelPath,
    /// Its size, in bytes, up to 2⁵³.
    pub size: u64,
    /// The SHA-256 digest of its content.
    pub sha256: Digest,
    /// The SHA-512 digest, where it was made.
    pub sha512: Option<Digest>,
    /// The BLAKE2b-512 digest, where it was made.
    pub blake2b: Option<Digest>,
    /// The root of its Merkle tree (SHA-256), where it was made.
    pub merkle_root: Option<Digest>,
}

/// An entry that is neither a signature nor part of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataRecord {
    /// Its name in the package.
    pub path: EntryName,
    /// Its size, in bytes.
    pub size: u64,
    /// The SHA-256 digest of its content.
    pub sha256: Digest,
}

impl PackageManifest {
    /// The version of the format that this is of.
    pub const FORMAT_VERSION: u64 = 1;

    /// Makes a manifest; the lists may come in any order. `created` has whole seconds, and is left out where two builds
    /// are to give the same bytes.
    ///
    /// # Errors
    /// [`PackageManifestError`] where something cannot stand in a package, or twice.
    pub fn new(
        created: Option<Timestamp>,
        model: ModelRecord,
        mut files: Vec<FileRecord>,
        mut metadata: Vec<MetadataRecord>,
    ) -> Result<Self, PackageManifestError> {
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        metadata.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let manifest = Self { created, model, files, metadata };
        manifest.validate()?;
        Ok(manifest)
    }

    /// Reads a manifest, which must be canonical to the byte.
    ///
    /// # Errors
    /// [`PackageManifestError`] where it is of another version, does not follow the format, or could be spelled otherwise.
    pub fn from_bytes(json: &[u8]) -> Result<Self, PackageManifestError> {
        let manifest = read_json(json)?;
        manifest.validate()?;
        Ok(manifest)
    }

    /// Writes canonical JSON.
    ///
    /// # Errors
    /// [`PackageManifestError::Json`] never comes from a manifest, whose keys are all text.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PackageManifestError> {
        let mut json = Vec::new();
        write_json(self, &mut json)?;
        Ok(json)
    }

    /// Writes what [`PackageManifest::to_bytes`] gives, without holding it.
    ///
    /// # Errors
    /// What the sink says.
    pub fn write(&self, sink: &mut dyn Write) -> io::Result<()> {
        write_json(self, sink).map_err(io::Error::from)
    }

    /// When the package was made, as its maker says.
    #[must_use]
    pub const fn created(&self) -> Option<Timestamp> {
        self.created
    }

    /// Which model it holds.
    #[must_use]
    pub const fn model(&self) -> &ModelRecord {
        &self.model
    }

    /// The files of the model, sorted.
    #[must_use]
    pub fn files(&self) -> &[FileRecord] {
        &self.files
    }

    /// Everything else but signatures, sorted.
    #[must_use]
    pub fn metadata(&self) -> &[MetadataRecord] {
        &self.metadata
    }

    /// Holds the package to the manifest: what is in one is in the other, with the same size. Digests are not compared,
    /// for which contents must be read.
    ///
    /// # Errors
    /// [`PackageManifestError`] with the first name that differs.
    pub fn check(&self, index: &Index) -> Result<(), PackageManifestError> {
        let listed = self.files.iter().map(|file| (file.path.as_str(), file.size));
        let found = index.model().iter().map(|entry| (below_model(&entry.name), entry.size));
        compare(MODEL_FOLDER, listed, found)?;
        let listed = self.metadata.iter().map(|record| (record.path.as_str(), record.size));
        let metadata = index.entries().iter().filter(|entry| is_metadata(entry.name.kind()));
        let mut found: Vec<(&str, u64)> = metadata.map(|entry| (entry.name.as_str(), entry.size)).collect();
        found.sort_unstable();
        compare("", listed, found.into_iter())
    }

    fn validate(&self) -> Result<(), PackageManifestError> {
        let whole = |created: &Timestamp| created.subsec_nanosecond() == 0 && created.as_second() >= 0;
        if !self.created.as_ref().is_none_or(whole) {
            return Err(PackageManifestError::Created);
        }
        check_label("name", &self.model.name)?;
        if let Some(version) = &self.model.version {
            check_label("version", version)?;
        }
        check_algorithm("the model", Algorithm::Sha256, self.model.oms_root)?;
        for file in &self.files {
            let name = EntryName::of_model(&file.path)?;
            check_size(name.as_str(), file.size)?;
            for digest in [Some(file.sha256), file.merkle_root].into_iter().flatten() {
                check_algorithm(name.as_str(), Algorithm::Sha256, digest)?;
            }
            for (algorithm, digest) in [(Algorithm::Blake2b, file.blake2b), (Algorithm::Sha512, file.sha512)] {
                if let Some(digest) = digest {
                    check_algorithm(name.as_str(), algorithm, digest)?;
                }
            }
        }
        for record in &self.metadata {
            if !is_metadata(record.path.kind()) {
                return Err(PackageManifestError::NotMetadata { name: record.path.clone() });
            }
            check_size(record.path.as_str(), record.size)?;
            check_algorithm(record.path.as_str(), Algorithm::Sha256, record.sha256)?;
        }
        check_order(self.files.iter().map(|file| file.path.as_str()))?;
        check_order(self.metadata.iter().map(|record| record.path.as_str()))
    }
}

/// Why something is not the manifest of a package, or not of this one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageManifestError {
    /// It is not JSON of the right shape.
    #[error("the package manifest does not follow its format")]
    Json(#[from] serde_json::Error),
    /// It is of a later version, or none at all.
    #[error("the package is of format version {found}, known is {}", PackageManifest::FORMAT_VERSION)]
    Version {
        /// What it says.
        found: u64,
    },
    /// It could be spelled otherwise.
    #[error("the package manifest is not canonical JSON (RFC 8785)")]
    NotCanonical,
    /// It is larger than that of any package.
    #[error("the package manifest has more than {limit} bytes")]
    TooLarge {
        /// The ceiling, in bytes.
        limit: u64,
    },
    /// The time is not a whole second since 1970, or not spelled as the format has it.
    #[error("the package manifest was made at a time that is not a second in UTC")]
    Created,
    /// Name or version of the model.
    #[error(
        "the {field} of the model in the package manifest is empty, longer than 255 bytes or has control characters"
    )]
    Label {
        /// Which of the two.
        field: &'static str,
    },
    /// A name that no package can hold.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A digest of another algorithm.
    #[error("the package manifest has a digest of {name} that is not {expected}")]
    Algorithm {
        /// What it is about.
        name: String,
        /// Which algorithm it must be of.
        expected: Algorithm,
    },
    /// A size that not every reader takes for the same number.
    #[error("the package manifest says that {name} has more than 2^53 bytes")]
    Size {
        /// The entry.
        name: String,
    },
    /// A list is not sorted, or names something twice.
    #[error("{name} does not stand in its place in the package manifest, or stands there twice")]
    Order {
        /// The later of the two.
        name: String,
    },
    /// Something that the manifest does not cover.
    #[error("{name} is listed as metadata, which it is not")]
    NotMetadata {
        /// The entry.
        name: EntryName,
    },
    /// The package holds more than the manifest lists.
    #[error("{name} is in the package and not in its manifest")]
    Unlisted {
        /// The entry.
        name: String,
    },
    /// The package holds less than the manifest lists.
    #[error("{name} is in the package's manifest and not in the package")]
    Absent {
        /// The entry.
        name: String,
    },
    /// Package and manifest name different sizes.
    #[error("{name} has {found} bytes, the package's manifest says {listed}")]
    SizeDiffers {
        /// The entry.
        name: String,
        /// The size in the manifest.
        listed: u64,
        /// The size in the package.
        found: u64,
    },
}

impl PackageManifestError {
    /// The stable name of the rule that is broken.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Version { .. } => "package-version",
            Self::Unlisted { .. } | Self::Absent { .. } | Self::SizeDiffers { .. } => "package-content",
            _ => "package-manifest",
        }
    }
}

/// Whether the manifest lists an entry as metadata: all but itself, what stands before it, signatures and the model.
const fn is_metadata(kind: EntryKind) -> bool {
    match kind {
        EntryKind::Mimetype
        | EntryKind::Manifest
        | EntryKind::ModelSignature
        | EntryKind::PackageSignature
        | EntryKind::Signature
        | EntryKind::Model => false,
        EntryKind::Fingerprint
        | EntryKind::Attestation
        | EntryKind::Report
        | EntryKind::Imported
        | EntryKind::Readme => true,
    }
}

/// Walks through two sorted lists side by side.
fn compare<'a>(
    folder: &str,
    mut listed: impl Iterator<Item = (&'a str, u64)>,
    mut found: impl Iterator<Item = (&'a str, u64)>,
) -> Result<(), PackageManifestError> {
    let full = |name: &str| format!("{folder}{name}");
    loop {
        let (in_manifest, in_package) = (listed.next(), found.next());
        let order = match (in_manifest, in_package) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((listed, _)), Some((found, _))) => listed.cmp(found),
        };
        let ((name, listed), (other, found)) = (in_manifest.unwrap_or_default(), in_package.unwrap_or_default());
        match order {
            Ordering::Less => return Err(PackageManifestError::Absent { name: full(name) }),
            Ordering::Greater => return Err(PackageManifestError::Unlisted { name: full(other) }),
            Ordering::Equal if listed != found => {
                return Err(PackageManifestError::SizeDiffers { name: full(name), listed, found });
            }
            Ordering::Equal => {}
        }
    }
}

/// The name of a model's file in the model.
fn below_model(name: &EntryName) -> &str {
    name.as_str().strip_prefix(MODEL_FOLDER).unwrap_or_default()
}

fn check_label(field: &'static str, text: &str) -> Result<(), PackageManifestError> {
    if text.is_empty() || text.len() > MAX_LABEL_BYTES || text.chars().any(char::is_control) {
        return Err(PackageManifestError::Label { field });
    }
    Ok(())
}

fn check_algorithm(name: &str, expected: Algorithm, digest: Digest) -> Result<(), PackageManifestError> {
    if digest.algorithm() != expected {
        return Err(PackageManifestError::Algorithm { name: name.to_owned(), expected });
    }
    Ok(())
}

fn check_size(name: &str, size: u64) -> Result<(), PackageManifestError> {
    if size > super::entry::MAX_ENTRY_BYTES {
        return Err(PackageManifestError::Size { name: name.to_owned() });
    }
    Ok(())
}

fn check_order<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), PackageManifestError> {
    let mut last = "";
    for name in names {
        if name <= last {
            return Err(PackageManifestError::Order { name: name.to_owned() });
        }
        last = name;
    }
    Ok(())
}

/// The longest name or version of a model.
const MAX_LABEL_BYTES: usize = 255;

#[cfg(test)]
mod tests;
