use std::collections::BTreeSet;
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::authentic::{ModelSignature, PackageRefused, Signers, signers};
use super::contents::{EntryContent, ShardCount, StreamedContent, differences, wanted};
use super::error::OpenError;
use super::open::{Gathered, OpenPackage, check_signatures, digest};
use super::statement::{FINGERPRINT, MANIFEST, MODEL_SIGNATURE};
use crate::digest::Algorithm;
use crate::finding::Finding;
use crate::fingerprint::{Content as _, Sums, hash_contents, hash_in_order};
use crate::manifest::{HashError, Manifest, Method};
use crate::model::ModelPath;
use crate::oms::Statement;
use crate::ops::verify::in_words;
use crate::package::{EntryKind, PackageError, PackageManifest, Source, StreamReader};
use crate::progress::Progress;
use crate::trust::TrustRoot;
use crate::verify::{Authentic, Verifier};

/// The end of a package's verification.
#[derive(Debug)]
pub enum PackageVerdict {
    /// Everything in the package is what its signer signed.
    Accepted(Box<AcceptedPackage>),
    /// It is not, or the signature is not acceptable.
    Refused(Box<PackageRefused>),
}

/// Proof that a package was verified to its last byte; made here alone.
#[derive(Debug)]
pub struct AcceptedPackage {
    signers: Signers,
    manifest: PackageManifest,
    model: Manifest,
}

impl AcceptedPackage {
    /// Who signed the package.
    #[must_use]
    pub const fn authentic(&self) -> &Authentic {
        &self.signers.authentic
    }

    /// What is known of the model signature inside.
    #[must_use]
    pub const fn model_signature(&self) -> &ModelSignature {
        &self.signers.model_signature
    }

    /// What is worth knowing.
    #[must_use]
    pub fn warnings(&self) -> &[Finding] {
        &self.signers.warnings
    }

    /// The manifest of the package.
    #[must_use]
    pub const fn manifest(&self) -> &PackageManifest {
        &self.manifest
    }

    /// The digests that were computed from the files' bytes. Others that the manifest lists were held against the
    /// fingerprint at most: they are what the signer says.
    #[must_use]
    pub fn checked(&self) -> Vec<Algorithm> {
        let signed = self.model.serialization();
        let whole = (signed.method == Method::Files).then_some(signed.algorithm);
        let checked: BTreeSet<Algorithm> = [Algorithm::Sha256].into_iter().chain(whole).collect();
        checked.into_iter().collect()
    }

    /// What the manifest lists of files and nobody computed; `secureml fingerprint verify` does.
    #[must_use]
    pub fn unchecked(&self) -> Vec<&'static str> {
        let files = self.manifest.files();
        let checked = self.checked();
        let is_listed = |algorithm: Algorithm| {
            files.iter().any(|file| [file.sha512, file.blake2b].iter().flatten().any(|it| it.algorithm() == algorithm))
        };
        let listed = [Algorithm::Sha512, Algorithm::Blake2b].into_iter().filter(|algorithm| is_listed(*algorithm));
        let digests = listed.filter(|algorithm| !checked.contains(algorithm)).map(Algorithm::name);
        digests.chain(files.iter().any(|file| file.merkle_root.is_some()).then_some("merkle roots")).collect()
    }

    /// The manifest of the model signature.
    #[must_use]
    pub const fn model(&self) -> &Manifest {
        &self.model
    }
}

/// Verifies a package that can be read at any place, without extracting it.
///
/// 1. The container holds to its format, everything but the model has the digest that the manifest says, and the
///    fingerprint does not contradict the manifest.
/// 2. The trusted signer signed a statement about this manifest and this model signature.
/// 3. Every file of the model has the digest of the manifest, and is what the model signature lists. Computed are SHA-256
///    and what the model signature needs: [`AcceptedPackage::checked`].
///
/// # Errors
/// [`OpenError`] where no verdict is possible; nothing in the package must then be used.
pub fn verify_package(
    source: &(dyn Source + Sync),
    trust: &TrustRoot,
    now: Duration,
    progress: &dyn Progress,
) -> Result<PackageVerdict, OpenError> {
    // 1.
    let open = match OpenPackage::read(source) {
        Ok(open) => open,
        Err(error) => return refusal(error).map(|refused| PackageVerdict::Refused(Box::new(refused))),
    };
    // 2.
    let signers = match signers(&open, &Verifier::new(trust, now))? {
        Ok(signers) => signers,
        Err(refused) => return Ok(PackageVerdict::Refused(Box::new(refused))),
    };
    // 3.
    hash_and_judge(open, source, signers, progress)
}

/// Reads the model's files, and holds them against what was signed.
pub(super) fn hash_and_judge(
    mut open: OpenPackage,
    source: &(dyn Source + Sync),
    signers: Signers,
    progress: &dyn Progress,
) -> Result<PackageVerdict, OpenError> {
    let statement = open.model_statement();
    // Judged, and as long as the lists of files that are still needed.
    (open.model_signature, open.signatures) = (None, Vec::new());
    let contents = open.index().model().iter().filter_map(|entry| EntryContent::new(source, entry));
    let contents = contents.inspect(|content| progress.expect(1, content.size()));
    let wanted = wanted(statement.as_ref().map(|statement| statement.manifest.serialization()));
    let mut shards = ShardCount::new(&wanted);
    open.index().model().iter().try_for_each(|entry| shards.add(entry.size))?;
    let sums = hash_contents(&wanted, contents.map(Ok::<_, HashError>), progress)?;
    Ok(judge_package(open, signers, statement, &sums))
}

/// Verifies a package that comes once, from front to back. Nothing counts before its last byte was seen.
///
/// # Errors
/// As [`verify_package`].
pub fn verify_package_stream(
    input: impl Read + Send,
    trust: &TrustRoot,
    now: Duration,
    progress: &dyn Progress,
) -> Result<PackageVerdict, OpenError> {
    let (mut open, sums) = match read_stream(input, progress) {
        Ok(read) => read,
        Err(error) => return refusal(error).map(|refused| PackageVerdict::Refused(Box::new(refused))),
    };
    let signers = match signers(&open, &Verifier::new(trust, now))? {
        Ok(signers) => signers,
        Err(refused) => return Ok(PackageVerdict::Refused(Box::new(refused))),
    };
    let statement = open.model_statement();
    // Judged, and as long as the lists of files that are still needed.
    (open.model_signature, open.signatures) = (None, Vec::new());
    Ok(judge_package(open, signers, statement, &sums))
}

/// Reads a stream to its end, and hashes the model's files as they come.
fn read_stream(input: impl Read + Send, progress: &dyn Progress) -> Result<(OpenPackage, Vec<Sums>), OpenError> {
    let mut reader = StreamReader::new(input)?;
    let mut gathered = Gathered::default();
    // What comes before the model.
    let mut first = next(&mut reader, &mut gathered)?;
    let statement = gathered.model_statement();
    let wanted = wanted(statement.as_ref().map(|statement| statement.manifest.serialization()));
    drop(statement);
    let mut shards = ShardCount::new(&wanted);
    let stream = Mutex::new(reader);
    let mut failed = None;
    let contents = std::iter::from_fn(|| {
        let entry = match first.take() {
            Some(entry) => Some(entry),
            None => match next(&mut *stream.lock().unwrap_or_else(PoisonError::into_inner), &mut gathered) {
                Ok(entry) => entry,
                Err(error) => {
                    failed = Some(error);
                    None
                }
            },
        };
        let (path, size) = entry?;
        if let Err(error) = shards.add(size) {
            failed = Some(error.into());
            return None;
        }
        progress.expect(1, size);
        Some(Ok::<_, HashError>(StreamedContent { stream: &stream, path, size }))
    });
    let hashed = hash_in_order(&wanted, contents, progress);
    if let Some(error) = failed {
        return Err(error);
    }
    // A checksum that does not fit comes as an error of reading, with the reason inside.
    let sums = match hashed {
        Ok(sums) => sums,
        Err(HashError::Read { source, .. }) => return Err(PackageError::from(source).into()),
        Err(error) => return Err(error.into()),
    };
    let index = stream.into_inner().unwrap_or_else(PoisonError::into_inner).finish()?;
    Ok((gathered.open(index)?, sums))
}

/// Goes on to the next file of the model, and keeps what stands before it.
fn next<R: Read>(reader: &mut StreamReader<R>, gathered: &mut Gathered) -> Result<Option<(ModelPath, u64)>, OpenError> {
    while let Some((entry, mut content)) = reader.next_entry()? {
        let kind = entry.name.kind();
        let name = entry.name.to_string();
        if kind == EntryKind::Model {
            return Ok(entry.name.model_path().map(|path| (path, entry.size)));
        }
        if Gathered::is_metadata(kind) && kind != EntryKind::Fingerprint {
            gathered.metadata.push((name, digest(&mut content)?));
            continue;
        }
        if kind == EntryKind::Signature {
            let held = gathered.signatures.iter().map(|(_, held)| u64::try_from(held.len()).unwrap_or(u64::MAX));
            check_signatures(held.chain([entry.size]))?;
        }
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).map_err(PackageError::from)?;
        match name.as_str() {
            MANIFEST => gathered.take_manifest(&bytes),
            MODEL_SIGNATURE => gathered.take_model_signature(bytes),
            FINGERPRINT => gathered.take_fingerprint(&bytes),
            _ => gathered.signatures.push((name, bytes)),
        }
    }
    Ok(None)
}

/// Holds the digests that were computed against what was signed.
pub(super) fn judge_package(
    open: OpenPackage,
    signers: Signers,
    statement: Option<Statement>,
    sums: &[Sums],
) -> PackageVerdict {
    let refused = |signers: Signers, mut findings: Vec<Finding>| {
        findings.extend(signers.warnings);
        PackageVerdict::Refused(Box::new(PackageRefused { authentic: Some(signers.authentic), findings, fault: None }))
    };
    let Some(Statement { manifest: model, .. }) = statement else {
        let text = "does not hold a statement about a model";
        return refused(signers, vec![Finding::error("statement-invalid", text).at(MODEL_SIGNATURE)]);
    };
    let findings = differences(&open, &model, sums);
    if !findings.is_empty() {
        return refused(signers, findings);
    }
    PackageVerdict::Accepted(Box::new(AcceptedPackage { signers, manifest: open.manifest, model }))
}

/// What is wrong with the container is a refusal; what cannot be read is none.
pub(super) fn refusal(error: OpenError) -> Result<PackageRefused, OpenError> {
    match error {
        OpenError::Package(error) if error.is_refusal() => Ok(PackageRefused::one(error.rule(), in_words(&error))),
        error => Err(error),
    }
}
