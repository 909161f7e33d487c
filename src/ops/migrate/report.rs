use serde::Serialize;

use super::blobs::BlobSignature;
use super::imports::Imports;
use crate::model::ModelPath;

/// What was carried over, what not and why; it lies in the package as `secureml/reports/migration.json`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MigrationReport {
    /// The version of this document's form: 1.
    pub format_version: u32,
    /// What was migrated: `oms`, `cosign` or `secureaiml`.
    pub source: &'static str,
    /// What is in the package now, and what is known of it.
    pub carried_over: Vec<MigratedItem>,
    /// What is not, or not believed.
    pub not_carried_over: Vec<MigratedItem>,
}

/// One thing, and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct MigratedItem {
    /// What it is, by its name in the source.
    pub what: String,
    /// Where it is now, or why it is nowhere.
    pub how: String,
}

impl MigrationReport {
    pub(super) const fn new(source: &'static str) -> Self {
        Self { format_version: 1, source, carried_over: Vec::new(), not_carried_over: Vec::new() }
    }

    pub(super) fn carried(&mut self, what: &str, how: impl Into<String>) {
        self.carried_over.push(MigratedItem { what: what.to_owned(), how: how.into() });
    }

    /// Takes bundles over single files along, as they are; one that is given twice once.
    pub(super) fn carry_blobs(&mut self, blobs: Vec<BlobSignature>, imports: &mut Imports) {
        for BlobSignature { path, content, files, by } in blobs {
            let known = imports.find(&content);
            let place = known.unwrap_or_else(|| imports.add("cosign/", &path, content));
            let names = files.iter().map(ModelPath::as_str).collect::<Vec<_>>().join(", ");
            self.carried(&path.display().to_string(), format!("{place}, as it is; it holds for {names}, by {by}"));
        }
    }

    pub(super) fn left(&mut self, what: &str, why: impl Into<String>) {
        self.not_carried_over.push(MigratedItem { what: what.to_owned(), how: why.into() });
    }
}
