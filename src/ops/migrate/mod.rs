//! Taking over what was signed with something else: OMS signatures of any version, bundles of cosign, folders of `secureaiml`.

mod blobs;
mod from_cosign;
mod from_oms;
mod from_secureaiml;
mod imports;
mod report;
mod run;
mod steps;

pub use blobs::CosignError;
pub use report::{MigratedItem, MigrationReport};
pub use run::migrate;
pub use steps::{MigrateError, MigrateRequest, Migrated, Migration, MigrationSource};
