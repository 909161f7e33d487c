use super::from_cosign::from_cosign;
use super::from_oms::from_oms;
use super::from_secureaiml::secureaiml;
use super::steps::{MigrateError, MigrateRequest, Migration, MigrationSource};
use crate::ops::package::open_target;
use crate::progress::Progress;
use crate::sign::Signer;
use crate::verify::Verifier;

/// Takes a model and its old signature over into a package.
///
/// 1. The old signature is verified as ever, model and all. What it does not hold is not carried over at all.
/// 2. If wanted, the model is signed anew.
/// 3. Package, fingerprint and report are made and signed; the old signature stays byte for byte.
///
/// # Errors
/// [`MigrateError`]; no package was written then.
pub fn migrate(
    request: &MigrateRequest<'_>,
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<Migration, MigrateError> {
    drop(open_target(request.output, &request.source.model(), request.existing)?);
    match request.source {
        MigrationSource::Oms { model, signature, trust, now } => {
            from_oms(request, (model, signature), (trust, now), signer, progress)
        }
        MigrationSource::Cosign { model, trust, now } => {
            from_cosign(request, model, &Verifier::new(trust, now), signer, progress)
        }
        MigrationSource::SecureAiml { folder } => secureaiml(request, folder, signer, progress),
    }
}
