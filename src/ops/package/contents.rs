//! The model's files in a package, held against its manifest and its model signature.

use std::borrow::Cow;
use std::io::{self, Read};
use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};

use super::open::OpenPackage;
use crate::digest::Algorithm;
use crate::finding::Finding;
use crate::fingerprint::{Content, Sums, Wanted};
use crate::manifest::{Change, Hashed, MAX_SHARDS, Manifest, Method, Resource, Serialization, UnsignedFiles, diff};
use crate::model::ModelPath;
use crate::ops::describe::resources;
use crate::package::{Entry, FileRecord, PackageError, Source, StreamReader};

/// A file of the model in a package that can be read at any place.
pub(super) struct EntryContent<'a> {
    source: &'a (dyn Source + Sync),
    path: ModelPath,
    offset: u64,
    size: u64,
}

impl<'a> EntryContent<'a> {
    /// `None` for what is no file of the model.
    pub(super) fn new(source: &'a (dyn Source + Sync), entry: &Entry) -> Option<Self> {
        Some(Self { source, path: entry.name.model_path()?, offset: entry.data_offset, size: entry.size })
    }

    /// The same of a file that was put aside.
    pub(super) const fn put_aside(source: &'a (dyn Source + Sync), path: ModelPath, size: u64) -> Self {
        Self { source, path, offset: 0, size }
    }
}

impl Content for EntryContent<'_> {
    fn path(&self) -> &ModelPath {
        &self.path
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn read(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.source.read_at(buffer, self.offset + offset)
    }

    fn is_unchanged(&self) -> io::Result<bool> {
        Ok(true)
    }
}

/// A file of the model in a package that comes as a stream; whoever holds the stream has gone on to it.
pub(super) struct StreamedContent<'a, R> {
    pub(super) stream: &'a Mutex<StreamReader<R>>,
    pub(super) path: ModelPath,
    pub(super) size: u64,
}

impl<R: Read> Content for StreamedContent<'_, R> {
    fn path(&self) -> &ModelPath {
        &self.path
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn read(&mut self, buffer: &mut [u8], _offset: u64) -> io::Result<usize> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).content().read(buffer)
    }

    fn is_unchanged(&self) -> io::Result<bool> {
        Ok(true)
    }
}

/// What has to be computed over the model's files to hold them against manifest and model signature.
pub(super) fn wanted(signed: Option<&Serialization>) -> Wanted {
    let mut wanted = Wanted { algorithms: [Algorithm::Sha256].into(), crc32: true, ..Wanted::default() };
    match signed {
        None => {}
        Some(Serialization { method: Method::Files, algorithm, .. }) => {
            wanted.algorithms.insert(*algorithm);
        }
        Some(Serialization { method: Method::Shards { shard_bytes }, algorithm, .. }) => {
            wanted.shards = Some((*algorithm, *shard_bytes));
        }
    }
    wanted
}

/// Counts the shards of files as they come: nobody may have signed the shard size, and the list of their digests could fill
/// the memory.
#[derive(Debug)]
pub(super) struct ShardCount {
    shard_bytes: Option<NonZeroU64>,
    shards: u64,
}

impl ShardCount {
    pub(super) fn new(wanted: &Wanted) -> Self {
        Self { shard_bytes: wanted.shards.map(|(_, bytes)| bytes), shards: 0 }
    }

    /// # Errors
    /// [`PackageError::Limit`] beyond what any signature lists.
    pub(super) fn add(&mut self, size: u64) -> Result<(), PackageError> {
        let more = self.shard_bytes.map_or(0, |bytes| size.div_ceil(bytes.get()));
        self.shards = self.shards.saturating_add(more);
        if self.shards > MAX_SHARDS {
            return Err(PackageError::Limit { what: "shards", limit: MAX_SHARDS });
        }
        Ok(())
    }
}

/// What in the package is not as manifest and model signature have it.
pub(super) fn differences(open: &OpenPackage, signed: &Manifest, sums: &[Sums]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if sums.len() != open.manifest.files().len() {
        findings.push(Finding::error("package-manifest", "does not list the model's files"));
    }
    for (sum, (file, entry)) in sums.iter().zip(open.manifest.files().iter().zip(open.index.model())) {
        let path = file.path.as_str();
        if sum.path != file.path || sum.digest(Algorithm::Sha256) != Some(&file.sha256) {
            findings.push(Finding::error("file-changed", "changed").at(path));
        } else if let Some(algorithm) = lied_about(sum, file) {
            let text = format!("does not have the {algorithm} digest that the manifest lists");
            findings.push(Finding::error("package-digest", text).at(path));
        } else if sum.crc32 != entry.crc32 {
            findings.push(Finding::error("package-crc", "does not have the recorded checksum").at(path));
        }
    }
    if findings.is_empty() {
        findings.extend(against_signature(open, signed, sums));
    }
    findings
}

/// A digest that was computed for the model signature, and is another one in the manifest.
fn lied_about(sum: &Sums, file: &FileRecord) -> Option<Algorithm> {
    let listed = [&file.sha512, &file.blake2b].into_iter().flatten().map(|digest| (digest.algorithm(), digest));
    let mut other = listed.filter(|(algorithm, listed)| sum.digest(*algorithm).is_some_and(|found| found != *listed));
    other.next().map(|(algorithm, _)| algorithm)
}

fn against_signature(open: &OpenPackage, signed: &Manifest, sums: &[Sums]) -> Vec<Finding> {
    if open.manifest.model().oms_root != signed.root_digest() {
        let text = "the manifest names another model than the model signature";
        return vec![Finding::error("package-model", text)];
    }
    let signed = match (signed.file_count(), sums) {
        (1, [only]) => Cow::Owned(signed.clone().with_single_file_as(&only.path)),
        _ => Cow::Borrowed(signed),
    };
    // As nearly always; the list of what was found would take as much memory as the one that was signed.
    if are_same(&signed, sums) {
        return Vec::new();
    }
    let mut found = Hashed { resources: resources(sums, signed.serialization()), ..Hashed::default() };
    found.without_bytes = sums.iter().filter(|sum| sum.size == 0).map(|sum| sum.path.clone()).collect();
    diff(&signed, &found, UnsignedFiles::Refuse).iter().map(in_words).collect()
}

/// Whether the files are, one after the other, those that were signed whole.
fn are_same(signed: &Manifest, sums: &[Sums]) -> bool {
    let algorithm = signed.serialization().algorithm;
    let is_same = |resource: &Resource, sum: &Sums| {
        resource.shard.is_none() && resource.path == sum.path && sum.digest(algorithm) == Some(&resource.digest)
    };
    signed.resources().len() == sums.len() && signed.resources().iter().zip(sums).all(|(a, b)| is_same(a, b))
}

/// The files are those of the manifest; if they are not those of the model signature, the two contradict each other.
fn in_words(change: &Change) -> Finding {
    let text = match change {
        Change::Missing { .. } => "in the model signature, and not in the package",
        Change::Extra { .. } => "in the package, and not in the model signature",
        _ => "not what the model signature lists",
    };
    Finding::error("package-model", text).at(change.name())
}
