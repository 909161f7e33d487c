use jiff::Timestamp;
use serde::Serialize;

use crate::package::{Index, PackageManifest};

/// What is in a package, as it says itself.
#[derive(Debug, Serialize)]
pub(super) struct PackageContent<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    entries: Vec<PackageEntry<'a>>,
}

#[derive(Debug, Serialize)]
struct PackageEntry<'a> {
    name: &'a str,
    bytes: u64,
}

impl<'a> PackageContent<'a> {
    pub(super) fn new(index: &'a Index, manifest: &'a PackageManifest) -> Self {
        let model = manifest.model();
        let entry = |entry: &'a crate::package::Entry| PackageEntry { name: entry.name.as_str(), bytes: entry.size };
        Self {
            name: &model.name,
            version: model.version.as_deref(),
            digest: model.oms_root.to_string(),
            created: manifest.created(),
            entries: index.entries().iter().map(entry).collect(),
        }
    }
}
