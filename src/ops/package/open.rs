use std::collections::HashMap;
use std::io::Read;

use super::carried::contradictions;
use super::error::OpenError;
use super::statement::{FINGERPRINT, MANIFEST, MODEL_SIGNATURE, sha256};
use crate::digest::{Algorithm, Digest, Hasher};
use crate::finding::Finding;
use crate::oms::{Bundle, BundleError, Format, Statement};
use crate::ops::verify::in_words;
use crate::package::{Content, Entry, EntryKind, Index, PackageError, PackageManifest, Source};

/// A package whose form holds: index, manifest, and all that is small. Nothing in it is verified.
#[derive(Debug)]
pub struct OpenPackage {
    pub(super) index: Index,
    pub(super) manifest: PackageManifest,
    pub(super) manifest_digest: Digest,
    /// The model signature, with its digest.
    pub(super) model_signature: Option<(Digest, Result<Bundle, BundleError>)>,
    /// The signatures of the package statement and further ones, by name.
    pub(super) signatures: Vec<(String, Result<Bundle, BundleError>)>,
    /// What is wrong with files that the manifest lists and that are not of the model.
    pub(super) findings: Vec<Finding>,
}

impl OpenPackage {
    /// Reads a package's index and all of it that is not the model.
    ///
    /// 1. The index holds to the format.
    /// 2. The manifest is canonical, and lists what is there, with its size.
    /// 3. Everything but the model and signatures has the digest that the manifest says, and a fingerprint does not
    ///    contradict the manifest.
    /// 4. Signatures are read last: they and the text of a fingerprint need not be in memory together.
    ///
    /// # Errors
    /// [`OpenError`] where it cannot be read, or one of the first two does not hold.
    pub fn read(source: &dyn Source) -> Result<Self, OpenError> {
        // 1.
        let index = Index::read(source)?;
        let bytes = |entry: &Entry| index.read_content(source, entry);
        // 2.
        let entry = index.get(MANIFEST).ok_or(PackageError::Missing { name: MANIFEST })?;
        let mut gathered = Gathered::default();
        gathered.take_manifest(&bytes(entry)?);
        // 3.
        for entry in index.entries().iter().filter(|entry| Gathered::is_metadata(entry.name.kind())) {
            if entry.name.kind() == EntryKind::Fingerprint {
                gathered.take_fingerprint(&bytes(entry)?);
                continue;
            }
            gathered.metadata.push((entry.name.to_string(), digest(&mut Content::new(source, entry)?)?));
        }
        // 4.
        if let Some(entry) = index.get(MODEL_SIGNATURE) {
            gathered.take_model_signature(bytes(entry)?);
        }
        check_signatures(index.of_kind(EntryKind::Signature).map(|entry| entry.size))?;
        for entry in index.of_kind(EntryKind::PackageSignature).chain(index.of_kind(EntryKind::Signature)) {
            gathered.signatures.push((entry.name.to_string(), bytes(entry)?));
        }
        gathered.open(index)
    }

    /// Reads an entry that is not of the model once more; one that the manifest lists must still have its digest.
    pub(super) fn read_small(&self, source: &dyn Source, entry: &Entry) -> Result<Vec<u8>, OpenError> {
        let content = self.index.read_content(source, entry)?;
        let metadata = self.manifest.metadata();
        let place = metadata.binary_search_by(|record| record.path.cmp(&entry.name)).ok();
        let record = place.and_then(|place| metadata.get(place));
        let is_manifest = entry.name.as_str() == MANIFEST;
        let expected = record.map(|record| record.sha256).or(is_manifest.then_some(self.manifest_digest));
        match expected {
            Some(expected) if expected != sha256(&content) => Err(OpenError::Changed { name: entry.name.to_string() }),
            _ => Ok(content),
        }
    }

    /// What is in the package, and where.
    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// The manifest. Nobody vouches for it before the package is verified.
    #[must_use]
    pub const fn manifest(&self) -> &PackageManifest {
        &self.manifest
    }

    /// The signatures by name, as far as they are bundles. Nobody vouches for them either.
    pub fn bundles(&self) -> impl Iterator<Item = (&str, &Bundle)> {
        let model = self.model_signature.iter().map(|(_, bundle)| (MODEL_SIGNATURE, bundle));
        let others = self.signatures.iter().map(|(name, bundle)| (name.as_str(), bundle));
        model.chain(others).filter_map(|(name, bundle)| Some((name, bundle.as_ref().ok()?)))
    }

    /// Whether a signature in the package is over what the model signature signs, or the first signature of the package;
    /// whoever made it.
    pub(super) fn signs_this(&self, name: &str) -> bool {
        let payload = |bundle: &Result<Bundle, BundleError>| Some(bundle.as_ref().ok()?.envelope.payload.clone());
        let own = self.signatures.iter().find(|(found, _)| found == name).and_then(|(_, bundle)| payload(bundle));
        let model = self.model_signature.as_ref().and_then(|(_, bundle)| payload(bundle));
        let package = self.signatures.first().and_then(|(_, bundle)| payload(bundle));
        own.is_some() && (own == model || own == package)
    }

    /// The statement of the model signature, whoever signed it, if it is about the model that the manifest names.
    pub(super) fn signed_model(&self) -> Result<Statement, Finding> {
        let wrong = |rule, text: &str| Finding::error(rule, text).at(MODEL_SIGNATURE);
        match &self.model_signature {
            None => return Err(Finding::error("package-no-signature", "there is no model signature in the package")),
            Some((_, Err(error))) => return Err(wrong("signature-malformed", &in_words(error))),
            Some((_, Ok(_))) => {}
        }
        let statement = self.model_statement();
        let statement =
            statement.ok_or_else(|| wrong("statement-invalid", "does not hold a statement about a model"))?;
        if statement.manifest.root_digest() == self.manifest.model().oms_root {
            return Ok(statement);
        }
        Err(Finding::error("package-model", "the manifest names another model than the model signature"))
    }

    /// The statement of the model signature, whoever signed it.
    pub(super) fn model_statement(&self) -> Option<Statement> {
        model_statement(self.model_signature.as_ref())
    }
}

/// All of a package that is not the model, as it was read.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    manifest: Option<Result<(PackageManifest, Digest), PackageError>>,
    model_signature: Option<(Digest, Result<Bundle, BundleError>)>,
    pub(super) signatures: Vec<(String, Vec<u8>)>,
    pub(super) metadata: Vec<(String, Digest)>,
    /// What the fingerprint says otherwise than the manifest.
    contradictions: Vec<Finding>,
}

impl Gathered {
    /// Whether the manifest lists entries of this kind with their digest.
    pub(super) const fn is_metadata(kind: EntryKind) -> bool {
        matches!(
            kind,
            EntryKind::Fingerprint
                | EntryKind::Attestation
                | EntryKind::Report
                | EntryKind::Imported
                | EntryKind::Readme
        )
    }

    /// Takes the manifest; its text, several times as long as what it says, is not held. What is wrong with it is told
    /// when the container is known to hold.
    pub(super) fn take_manifest(&mut self, json: &[u8]) {
        let manifest = PackageManifest::from_bytes(json).map_err(PackageError::from);
        self.manifest = Some(manifest.map(|manifest| (manifest, sha256(json))));
    }

    /// Takes the fingerprint, which comes after the manifest, and is not held either.
    pub(super) fn take_fingerprint(&mut self, json: &[u8]) {
        self.metadata.push((FINGERPRINT.to_owned(), sha256(json)));
        if let Some(Ok((manifest, _))) = &self.manifest {
            self.contradictions = contradictions(json, manifest);
        }
    }

    /// Takes the model signature; whether a log entry is needed is for the verifier to say.
    pub(super) fn take_model_signature(&mut self, content: Vec<u8>) {
        self.model_signature = Some((sha256(&content), Bundle::from_json_unlogged(content)));
    }

    /// The statement of the model signature, whoever signed it.
    pub(super) fn model_statement(&self) -> Option<Statement> {
        model_statement(self.model_signature.as_ref())
    }

    /// Checks that all of it belongs together.
    pub(super) fn open(self, index: Index) -> Result<OpenPackage, OpenError> {
        let (manifest, manifest_digest) = self.manifest.ok_or(PackageError::Missing { name: MANIFEST })??;
        manifest.check(&index).map_err(PackageError::from)?;
        // There can be a million of them, and nobody has vouched for any.
        let found: HashMap<&str, &Digest> =
            self.metadata.iter().map(|(name, digest)| (name.as_str(), digest)).collect();
        let listed = manifest.metadata().iter();
        let mut findings: Vec<Finding> = listed
            .filter(|record| found.get(record.path.as_str()).is_none_or(|digest| **digest != record.sha256))
            .map(|record| {
                Finding::error("package-metadata-changed", "is not what the manifest lists").at(record.path.as_str())
            })
            .collect();
        if findings.is_empty() {
            findings = self.contradictions;
        }
        let parse = |content: Vec<u8>| Bundle::from_json_unlogged(content);
        Ok(OpenPackage {
            manifest_digest,
            model_signature: self.model_signature,
            signatures: self.signatures.into_iter().map(|(name, content)| (name, parse(content))).collect(),
            index,
            manifest,
            findings,
        })
    }
}

fn model_statement(signature: Option<&(Digest, Result<Bundle, BundleError>)>) -> Option<Statement> {
    let payload = &signature?.1.as_ref().ok()?.envelope.payload;
    let read = |format| Statement::from_payload(payload, format).ok();
    read(Format::V1).or_else(|| read(Format::Legacy))
}

/// Further signatures are held in memory, and anybody can add some: together they may not be larger than the largest one.
pub(super) fn check_signatures(sizes: impl IntoIterator<Item = u64>) -> Result<(), PackageError> {
    let bytes = sizes.into_iter().fold(0_u64, u64::saturating_add);
    if bytes > MAX_SIGNATURES_BYTES {
        return Err(PackageError::Limit { what: "bytes of further signatures", limit: MAX_SIGNATURES_BYTES });
    }
    Ok(())
}

/// The SHA-256 of a content.
pub(super) fn digest(content: &mut dyn Read) -> Result<Digest, PackageError> {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// Those of ten signers of a model of a hundred thousand files.
const MAX_SIGNATURES_BYTES: u64 = 128 << 20;
const BUFFER_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_signatures_have_a_ceiling_together() {
        let half = MAX_SIGNATURES_BYTES / 2;
        assert!(check_signatures([half, half]).is_ok());
        for sizes in [vec![half, half, 1], vec![u64::MAX, u64::MAX]] {
            assert_eq!(check_signatures(sizes).unwrap_err().rule(), "package-limit");
        }
    }
}
