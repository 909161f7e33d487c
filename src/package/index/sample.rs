//! Packages for tests.

use std::ops::Range;

use crate::digest::{Algorithm, Digest, Hasher};
use crate::package::{
    EntryKind, EntryName, FileRecord, Index, MetadataRecord, ModelRecord, PackageError, PackageManifest, Writer,
};

/// One entry of every kind; three files of a model, one of them empty.
pub(in crate::package) const ENTRIES: &[(&str, &str)] = &[
    ("model.sig", "a signature"),
    ("secureml/package.sigstore.json", "{}"),
    ("secureml/signatures/01-alice.sigstore.json", "{}"),
    ("secureml/fingerprint.json", "{}"),
    ("secureml/attestations/scan.sigstore.json", "{}"),
    ("secureml/reports/a.txt", "no findings"),
    ("secureml/reports/b.txt", "nor here"),
    ("secureml/imported/old/metadata.json", "{}"),
    ("README", "A model."),
    ("model/a.bin", "weights"),
    ("model/config.json", "{\"layers\": 2}"),
    ("model/empty", ""),
];

/// A package of the entries above, with the manifest that belongs to it.
pub(in crate::package) fn sample() -> Vec<u8> {
    build(&with_manifest(ENTRIES)).unwrap()
}

/// The same entries, and the manifest before them.
pub(in crate::package) fn with_manifest(entries: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let owned = |(name, content): &(&str, &str)| (String::from(*name), content.as_bytes().to_vec());
    let mut all = vec![("secureml/manifest.json".to_owned(), manifest(entries).to_bytes().unwrap())];
    all.extend(entries.iter().map(owned));
    all
}

pub(in crate::package) fn manifest(entries: &[(&str, &str)]) -> PackageManifest {
    let (mut files, mut metadata) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let name = EntryName::new(name).unwrap();
        let (size, sha256) = (u64::try_from(content.len()).unwrap(), sha256(content));
        match name.kind() {
            EntryKind::Model => {
                let path = name.model_path().unwrap();
                files.push(FileRecord { path, size, sha256, sha512: None, blake2b: None, merkle_root: None });
            }
            EntryKind::ModelSignature | EntryKind::PackageSignature | EntryKind::Signature => {}
            _ => metadata.push(MetadataRecord { path: name, size, sha256 }),
        }
    }
    let model = ModelRecord { name: "sample".into(), version: None, oms_root: sha256("root") };
    PackageManifest::new(None, model, files, metadata).unwrap()
}

pub(in crate::package) fn sha256(content: &str) -> Digest {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    hasher.update(content.as_bytes());
    hasher.finish()
}

/// Writes these entries behind the first.
pub(in crate::package) fn build<N: AsRef<str>, C: AsRef<[u8]>>(entries: &[(N, C)]) -> Result<Vec<u8>, PackageError> {
    let mut writer = Writer::new(Vec::new())?;
    for (name, content) in entries {
        let mut content = content.as_ref();
        let size = u64::try_from(content.len()).unwrap();
        writer.add(&EntryName::new(name.as_ref())?, size, crc32fast::hash(content), &mut content)?;
    }
    writer.finish()
}

pub(in crate::package) fn read(package: &[u8]) -> Result<Index, PackageError> {
    Index::read(&package)
}

/// Where the header and the content of an entry are, and its record in the directory.
pub(in crate::package) struct Places {
    pub(in crate::package) header: usize,
    pub(in crate::package) content: Range<usize>,
    pub(in crate::package) record: usize,
}

/// Finds an entry of a good package.
pub(in crate::package) fn places(package: &[u8], name: &str) -> Places {
    let index = read(package).unwrap();
    let entry = index.get(name).unwrap();
    let place = |offset: u64| usize::try_from(offset).unwrap();
    let directory = place(index.directory_offset());
    let found = package[directory..].windows(name.len()).position(|window| window == name.as_bytes()).unwrap();
    Places {
        header: place(entry.header_offset),
        content: place(entry.data_offset)..place(entry.end()),
        record: directory + found - 46,
    }
}
