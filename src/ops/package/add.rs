use std::path::Path;

use super::error::CreateError;
use super::open::OpenPackage;
use super::statement::{PACKAGE_TYPE, fault};
use crate::finding::Finding;
use crate::oms::{Attestation, Bundle};
use crate::ops::SignModelError;
use crate::ops::seal::{authentic, seal};
use crate::ops::set::signer_id;
use crate::package::{Appender, EntryName};
use crate::sign::Signer;
use crate::verify::Authentic;

/// A signature that was added to a package.
#[derive(Debug)]
pub struct AddedToPackage {
    /// Its name in the package.
    pub name: String,
    /// Who signed, where the bundle says it and was checked.
    pub authentic: Option<Authentic>,
}

/// Signs the statement of a package once more, and adds the signature behind everything else.
///
/// Manifest, statement and all that is small are checked to belong together; the model's files are not read again, so
/// that it takes no longer for a large package. Whoever signs should have verified the package before.
///
/// # Errors
/// [`CreateError`]; the package is then as it was.
pub fn add_package_signature(path: &Path, signer: &dyn Signer) -> Result<AddedToPackage, CreateError> {
    let appender = Appender::open(path)?;
    let open = OpenPackage::read(appender.file())?;
    let broken = |findings| CreateError::Broken { findings };
    if !open.findings.is_empty() {
        return Err(broken(open.findings));
    }
    open.signed_model().map_err(|finding| broken(vec![finding]))?;
    let fault_of = |text: &str| broken(vec![Finding::error("package-statement", text)]);
    let payload = statement_payload(&open).ok_or_else(|| fault_of("no signature in it is about this package"))?;
    let number = open.index().next_signature_number().ok_or(CreateError::Full)?;
    signer.prepare().map_err(SignModelError::from)?;
    let (bundle, authentic) = seal(signer, payload, |verifier, bundle| authentic(verifier, bundle, PACKAGE_TYPE))?;
    let name = EntryName::of_signature(number, &signer_id(&bundle.material))?;
    let mut json = Vec::new();
    bundle.write_json(&mut json).map_err(serde_json::Error::io)?;
    appender.append(&name, &json)?;
    Ok(AddedToPackage { name: name.to_string(), authentic })
}

/// The payload of the first signature that is about this very package.
fn statement_payload(open: &OpenPackage) -> Option<crate::oms::Payload> {
    let model_digest = open.model_signature.as_ref().map(|(digest, _)| *digest)?;
    let fits = |bundle: &&Bundle| {
        let attestation = Attestation::from_payload(&bundle.envelope.payload, PACKAGE_TYPE);
        attestation.is_ok_and(|attestation| {
            fault(&attestation, &open.manifest, open.manifest_digest, Some(model_digest)).is_none()
        })
    };
    let bundles = open.signatures.iter().filter_map(|(_, bundle)| bundle.as_ref().ok());
    bundles.into_iter().find(fits).map(|bundle| bundle.envelope.payload.clone())
}
