//! A model's fingerprint and manifest from one read.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use super::SingleFileName;
use super::selection::{HashAllError, manifest_of, not_signable, outside_warnings};
use crate::digest::Algorithm;
use crate::finding::Finding;
use crate::fingerprint::{
    ChunkSizeError, FilePrint, Fingerprint, MAX_CHUNKS, Sums, TreeContent, Wanted, chunk_count, hash_contents,
};
use crate::io::FileStat;
use crate::manifest::{HashError, MAX_SHARDS, Manifest, Method, Resource, Serialization};
use crate::model::{Entry, FileEntry, ModelPath, ModelTree, OddEntry};
use crate::progress::Progress;

/// What a fingerprint holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FingerprintOptions {
    /// The digests of each file. SHA-256 and the hash of the model signature are always added.
    pub algorithms: BTreeSet<Algorithm>,
    /// Whether there are Merkle trees, and over chunks of which size.
    pub chunks: ChunkSize,
}

/// How files are cut into the chunks of a Merkle tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChunkSize {
    /// Not at all: there are no trees.
    None,
    /// Into 1 MiB each; for models with more than 2^18 such chunks (256 GiB), the next power of two with fewer.
    #[default]
    Fitting,
    /// Into so many bytes each.
    Bytes(NonZeroU64),
}

impl Default for FingerprintOptions {
    fn default() -> Self {
        Self {
            algorithms: [Algorithm::Sha256, Algorithm::Sha512, Algorithm::Blake2b].into(),
            chunks: ChunkSize::default(),
        }
    }
}

/// A model as it was found in one read.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) fingerprint: Fingerprint,
    pub(super) manifest: Manifest,
    /// The checksums of ZIP, in the order of the fingerprint's files; all 0 where they were not asked for.
    pub(super) crc32: Vec<u32>,
    /// What each file was when it was read.
    pub(super) versions: Versions,
    pub(super) warnings: Vec<Finding>,
}

/// Hashes a model with all that is wanted; whatever a manifest cannot hold is an error.
pub(super) fn describe(
    tree: &ModelTree,
    serialization: Serialization,
    options: &FingerprintOptions,
    single_file: SingleFileName,
    crc32: bool,
    progress: &dyn Progress,
) -> Result<Described, HashAllError> {
    let chunk_bytes = chunk_bytes(tree, &serialization, options.chunks)?;
    let found = read(tree, &wanted(&serialization, options, chunk_bytes, crc32), &serialization, progress)?;
    if !found.odd.is_empty() {
        return Err(not_signable(found.odd));
    }
    let algorithms = algorithms(&serialization, options).into_iter().collect();
    let resources = resources(&found.sums, &serialization);
    let crc32 = found.sums.iter().map(|sums| sums.crc32).collect();
    let files = found.sums.into_iter().map(FilePrint::of).collect();
    let (manifest, name) = manifest_of(tree, serialization.clone(), resources, single_file)?;
    let mut fingerprint = Fingerprint::new(serialization, algorithms, chunk_bytes, files)?;
    if let Some(name) = name {
        fingerprint = fingerprint.with_single_file_as(&name);
    }
    let warnings = outside_warnings(&found.leading_outside);
    Ok(Described { fingerprint, manifest, crc32, versions: found.versions, warnings })
}

/// A model's files with their sums, and what else the walk came upon.
pub(super) struct Found {
    pub(super) sums: Vec<Sums>,
    pub(super) odd: Vec<OddEntry>,
    pub(super) leading_outside: Vec<ModelPath>,
    pub(super) versions: Versions,
}

/// What each file was when it was read, by name.
#[derive(Debug, Default)]
pub(super) struct Versions(Vec<(ModelPath, FileStat)>);

impl Versions {
    pub(super) fn get(&self, path: &ModelPath) -> Option<&FileStat> {
        let at = self.0.binary_search_by(|(known, _)| known.cmp(path)).ok()?;
        self.0.get(at).map(|(_, version)| version)
    }
}

/// Reads every file of a model once.
pub(super) fn read(
    tree: &ModelTree,
    wanted: &Wanted,
    serialization: &Serialization,
    progress: &dyn Progress,
) -> Result<Found, HashError> {
    let (mut odd, mut leading_outside, mut versions) = (Vec::new(), Vec::new(), Vec::new());
    let mut shards = 0_u64;
    let contents = files(tree, serialization, &mut odd).map(|entry| {
        let entry = entry?;
        shards = shards.saturating_add(wanted.shards.map_or(0, |(_, bytes)| entry.size().div_ceil(bytes.get())));
        if shards > MAX_SHARDS {
            return Err(HashError::TooMany { limit: MAX_SHARDS });
        }
        progress.expect(1, entry.size());
        if entry.leads_outside {
            leading_outside.push(entry.path.clone());
        }
        // Asked for where the files are read once more, to be packaged.
        if wanted.crc32 {
            versions.push((entry.path.clone(), entry.version()));
        }
        TreeContent::open(entry)
    });
    let sums = hash_contents(wanted, contents, progress)?;
    odd.sort_by(|a, b| a.path.cmp(&b.path));
    leading_outside.sort();
    versions.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(Found { sums, odd, leading_outside, versions: Versions(versions) })
}

/// The files of a model, as the walk comes upon them; what is none goes to `odd`.
fn files<'a>(
    tree: &'a ModelTree,
    serialization: &'a Serialization,
    odd: &'a mut Vec<OddEntry>,
) -> impl Iterator<Item = Result<FileEntry, HashError>> {
    tree.walk(&serialization.ignore, None).filter_map(|entry| match entry {
        Ok(Entry::File(file)) => Some(Ok(file)),
        Ok(Entry::Odd(entry)) => {
            odd.push(entry);
            None
        }
        Err(error) => Some(Err(error.into())),
    })
}

/// All that has to be computed for a fingerprint, and for the manifest beside it.
pub(super) fn wanted(
    serialization: &Serialization,
    options: &FingerprintOptions,
    chunk_bytes: Option<NonZeroU64>,
    crc32: bool,
) -> Wanted {
    let shards = match serialization.method {
        Method::Files => None,
        Method::Shards { shard_bytes } => Some((serialization.algorithm, shard_bytes)),
    };
    Wanted { algorithms: algorithms(serialization, options), chunk_bytes, shards, crc32 }
}

fn algorithms(serialization: &Serialization, options: &FingerprintOptions) -> BTreeSet<Algorithm> {
    options.algorithms.iter().copied().chain([Algorithm::Sha256, serialization.algorithm]).collect()
}

/// The resources of a manifest with this serialization.
pub(super) fn resources(sums: &[Sums], serialization: &Serialization) -> Vec<Resource> {
    let resource = |sums: &Sums, shard, digest| Resource { path: sums.path.clone(), shard, digest };
    match serialization.method {
        Method::Files => {
            sums.iter().filter_map(|sums| Some(resource(sums, None, *sums.digest(serialization.algorithm)?))).collect()
        }
        Method::Shards { shard_bytes } => sums
            .iter()
            .flat_map(|sums| {
                let starts = (0..).map(|number: u64| number.saturating_mul(shard_bytes.get()));
                starts.zip(&sums.shards).map(move |(start, digest)| {
                    let end = sums.size.min(start.saturating_add(shard_bytes.get()));
                    resource(sums, Some(start..end), *digest)
                })
            })
            .collect(),
    }
}

/// How many bytes a chunk has; the sizes are looked up before anything is read, so that the leaves fit in memory.
fn chunk_bytes(
    tree: &ModelTree,
    serialization: &Serialization,
    wish: ChunkSize,
) -> Result<Option<NonZeroU64>, HashAllError> {
    if wish == ChunkSize::None {
        return Ok(None);
    }
    let sizes = sizes(tree, serialization)?;
    let bytes = match wish {
        ChunkSize::Bytes(bytes) => Some(bytes).filter(|bytes| fit(&sizes, *bytes)),
        _ => {
            let powers = (DEFAULT_CHUNK_BITS..u64::BITS).filter_map(|bits| NonZeroU64::new(1 << bits));
            powers.into_iter().find(|bytes| fit(&sizes, *bytes))
        }
    };
    let refused = if let ChunkSize::Bytes(bytes) = wish { bytes.get() } else { u64::MAX };
    bytes.map(Some).ok_or(HashAllError::Chunks(ChunkSizeError { chunk_bytes: refused }))
}

/// The sizes of a model's files.
pub(super) fn sizes(tree: &ModelTree, serialization: &Serialization) -> Result<Vec<u64>, HashError> {
    let mut odd = Vec::new();
    files(tree, serialization, &mut odd).map(|entry| entry.map(|entry| entry.size())).collect()
}

/// Whether the chunks of files of these sizes are few enough for a fingerprint.
pub(super) fn fit(sizes: &[u64], chunk_bytes: NonZeroU64) -> bool {
    let chunks = sizes.iter().fold(0_u64, |sum, size| sum.saturating_add(chunk_count(*size, chunk_bytes)));
    // Each file has a chunk or none; no size makes fewer of them.
    chunks <= MAX_CHUNKS.max(u64::try_from(sizes.len()).unwrap_or(u64::MAX))
}

/// 1 MiB.
const DEFAULT_CHUNK_BITS: u32 = 20;
