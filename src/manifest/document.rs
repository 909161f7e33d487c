use std::collections::BTreeSet;
use std::ops::Range;

use super::{Method, Serialization};
use crate::digest::{Algorithm, Digest, Hasher};
use crate::model::ModelPath;

/// A file of a model, or one shard of it, with its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The file.
    pub path: ModelPath,
    /// Which bytes of it, under [`Method::Shards`].
    pub shard: Option<Range<u64>>,
    /// The digest of those bytes.
    pub digest: Digest,
}

impl Resource {
    /// The name that a manifest gives it: the path, under shards followed by `:start:end` (OMS 1.0, section 6.3.2).
    #[must_use]
    pub fn name(&self) -> String {
        match &self.shard {
            None => self.path.to_string(),
            Some(shard) => format!("{}:{}:{}", self.path, shard.start, shard.end),
        }
    }

    /// Puts resources in the order of OMS 1.0, section 6.4: by whole names, in code points.
    pub(super) fn sort(resources: &mut [Self], method: Method) {
        match method {
            Method::Files => resources.sort_unstable_by(|a, b| a.path.cmp(&b.path)),
            Method::Shards { .. } => resources.sort_by_cached_key(Self::name),
        }
    }
}

/// The list of a model's files: at least one, none twice, in the order in which they were signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    serialization: Serialization,
    resources: Vec<Resource>,
    file_count: usize,
}

impl Manifest {
    /// Takes a list that is in order already, such as a signed one.
    ///
    /// # Errors
    /// [`ManifestError`] where the list contradicts itself: see its variants.
    pub fn new(serialization: Serialization, resources: Vec<Resource>) -> Result<Self, ManifestError> {
        if resources.is_empty() {
            return Err(ManifestError::Empty);
        }
        let mut single = false;
        for resource in &resources {
            let expected = serialization.algorithm;
            if resource.digest.algorithm() != expected {
                return Err(ManifestError::Algorithm { name: resource.name(), expected });
            }
            single |= resource.path.is_root();
        }
        let mut sorted: Vec<&Resource> = resources.iter().collect();
        sorted.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| start(a).cmp(&start(b))));
        let files = check_files(&sorted, serialization.method)?;
        if single && files > 1 {
            return Err(ManifestError::RootAmongOthers);
        }
        Ok(Self { serialization, resources, file_count: files })
    }

    /// Takes a list in any order and puts it in the order of OMS 1.0, section 6.4: by whole names, in code points.
    ///
    /// # Errors
    /// As [`Manifest::new`].
    pub fn sorted(serialization: Serialization, mut resources: Vec<Resource>) -> Result<Self, ManifestError> {
        Resource::sort(&mut resources, serialization.method);
        Self::new(serialization, resources)
    }

    /// How the files were found and hashed.
    #[must_use]
    pub fn serialization(&self) -> &Serialization {
        &self.serialization
    }

    /// The files or shards, in order.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The files or shards alone.
    #[must_use]
    pub fn into_resources(self) -> Vec<Resource> {
        self.resources
    }

    /// The names of the files, each once.
    #[must_use]
    pub fn files(&self) -> BTreeSet<ModelPath> {
        self.resources.iter().map(|resource| resource.path.clone()).collect()
    }

    /// How many files there are; shards of one file count once.
    #[must_use]
    pub const fn file_count(&self) -> usize {
        self.file_count
    }

    /// The SHA-256 over all raw digests in order, which stands for the model as a whole (OMS 1.0, section 6.5.1).
    #[must_use]
    pub fn root_digest(&self) -> Digest {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        for resource in &self.resources {
            hasher.update(resource.digest.as_bytes());
        }
        hasher.finish()
    }

    /// The same list with the one file renamed: between `.` and a file's own name, which both stand for a model that
    /// is a single file. Lists of several files stay as they are.
    #[must_use]
    pub fn with_single_file_as(mut self, path: &ModelPath) -> Self {
        for resource in &mut self.resources {
            resource.path = path.clone();
        }
        self
    }
}

/// A list that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Nothing is listed (OMS 1.0, section 5.2.1: at least one entry).
    #[error("the manifest lists no file")]
    Empty,
    /// One name stands twice.
    #[error("the manifest lists {name:?} twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A digest was made with another algorithm than the manifest says.
    #[error("{name:?} is not hashed with {expected}, as the manifest says of all its files")]
    Algorithm {
        /// The name.
        name: String,
        /// The algorithm of the manifest.
        expected: Algorithm,
    },
    /// `.`, the name of a model that is a single file, stands beside others.
    #[error("the manifest lists the model itself beside other files")]
    RootAmongOthers,
    /// The shards of a file do not follow each other from its first byte, all of the same size but the last.
    #[error("the shards of {path:?} have a gap, overlap or differ in size")]
    Shards {
        /// The file.
        path: ModelPath,
    },
}

fn start(resource: &Resource) -> u64 {
    resource.shard.as_ref().map_or(0, |shard| shard.start)
}

/// Checks resources that are sorted by file and place, and counts the files.
fn check_files(sorted: &[&Resource], method: Method) -> Result<usize, ManifestError> {
    let mut files = 0;
    for file in sorted.chunk_by(|a, b| a.path == b.path) {
        files += 1;
        let [first, ..] = file else { continue };
        match method {
            Method::Files if file.len() > 1 => return Err(ManifestError::Duplicate { name: first.name() }),
            Method::Files => {}
            Method::Shards { shard_bytes } => check_shards(file, shard_bytes.get())?,
        }
    }
    Ok(files)
}

fn check_shards(file: &[&Resource], shard_bytes: u64) -> Result<(), ManifestError> {
    let mut end = 0;
    for (resource, next) in file.iter().zip(file.iter().skip(1).map(Some).chain([None])) {
        if next.is_some_and(|next| next.shard == resource.shard) {
            return Err(ManifestError::Duplicate { name: resource.name() });
        }
        let fits = resource.shard.as_ref().is_some_and(|shard| {
            let length = shard.end.saturating_sub(shard.start);
            shard.start == end && (length == shard_bytes || next.is_none() && 0 < length && length < shard_bytes)
        });
        if !fits {
            return Err(ManifestError::Shards { path: resource.path.clone() });
        }
        end = resource.shard.as_ref().map_or(0, |shard| shard.end);
    }
    Ok(())
}
