use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::attested::Subjects;
use super::error::CreateError;
use super::statement::{FINGERPRINT, MANIFEST, MODEL_SIGNATURE, PACKAGE_SIGNATURE, PACKAGE_TYPE, sha256, statement};
use super::target::{Existing, open_target};
use super::write::{ModelFile, Small, SmallContent, Target, write};
use crate::digest::{Algorithm, Digest};
use crate::finding::Finding;
use crate::fingerprint::{FilePrint, Fingerprint};
use crate::io::{ReadError, read_to_limit};
use crate::manifest::{HashError, Hashed, Manifest, UnsignedFiles, diff};
use crate::model::{ModelPath, ModelTree};
use crate::oms::{Bundle, BundleError, Format, MAX_BUNDLE_BYTES, Payload, Statement, StatementError};
use crate::ops::compare::{Rules, for_this_kind, settings};
use crate::ops::describe::{ChunkSize, Described, FingerprintOptions, Versions, describe};
use crate::ops::explain::explain;
use crate::ops::seal::{authentic, seal};
use crate::ops::set::{leave_out, set_folder, signatures, signer_id};
use crate::ops::{HashAllError, Links, Selection, SignModelError, SingleFileName};
use crate::package::{EntryName, FileRecord, MetadataRecord, ModelRecord, PackageManifest};
use crate::progress::Progress;
use crate::sign::Signer;
use crate::verify::Authentic;

/// What goes into a package.
#[derive(Debug, Clone)]
pub struct PackageRequest<'a> {
    /// The model.
    pub model: &'a Path,
    /// Its OMS signature; those in the folder beside it go along.
    pub signature: &'a Path,
    /// Where the package is written.
    pub output: &'a Path,
    /// What becomes of a package that is there already.
    pub existing: Existing,
    /// The model's version, for people.
    pub version: Option<String>,
    /// When the package is said to be made; `None` says nothing, and lets two builds give the same bytes.
    pub created: Option<Timestamp>,
    /// A fingerprint to take, and to put in.
    pub fingerprint: Option<&'a FingerprintOptions>,
    /// Reports, each under its own file name.
    pub reports: &'a [PathBuf],
    /// Reports that are no files yet: name and content.
    pub made_reports: &'a [(String, Vec<u8>)],
    /// Signed statements about the model, each a Sigstore bundle; the root digest, a file or the signature of the model is
    /// among the subjects of each.
    pub attestations: &'a [PathBuf],
    /// A text for whoever opens the package with another program.
    pub readme: Option<&'a Path>,
    /// Old files that a migration keeps: name below `secureml/imported/`, and content.
    pub imported: &'a [(String, Vec<u8>)],
}

/// Who signs the package statement.
#[derive(Clone, Copy)]
pub enum PackageSigner<'a> {
    /// A signer, now.
    Signer(&'a dyn Signer),
    /// Somebody who signed the very same statement before: the bundle at this path.
    Signature(&'a Path),
}

/// A package that was made.
#[derive(Debug)]
pub struct Created {
    /// Its manifest.
    pub manifest: PackageManifest,
    /// The list of files that the model signature holds.
    pub model: Manifest,
    /// The fingerprint in it.
    pub fingerprint: Option<Fingerprint>,
    /// Who signed, where the bundle says it and was checked.
    pub authentic: Option<Authentic>,
    /// What is worth knowing.
    pub warnings: Vec<Finding>,
    /// How many bytes the package has.
    pub bytes: u64,
}

/// Makes a package of a model and its signature.
///
/// 1. The model is read once, and held against what its signature lists. Whether that signature is by somebody to trust
///    is not asked: the package's signer vouches for it.
/// 2. Manifest and statement are made, and the statement signed.
/// 3. The package is written beside its place, and appears whole or not at all.
///
/// # Errors
/// [`CreateError`]; nothing was written then.
pub fn create_package(
    request: &PackageRequest<'_>,
    signer: PackageSigner<'_>,
    progress: &dyn Progress,
) -> Result<Created, CreateError> {
    let file = open_target(request.output, request.model, request.existing)?;
    if let PackageSigner::Signer(signer) = signer {
        signer.prepare().map_err(SignModelError::from)?;
    }
    let signed = SignedModel::read(request.signature)?;
    // 1.
    let tree = ModelTree::open(request.model, signed.statement.manifest.serialization().symlinks)
        .map_err(HashError::from)
        .map_err(HashAllError::from)?;
    let found = signed.describe(request, &tree, progress)?;
    let name = tree.name().map_err(HashError::from).map_err(HashAllError::from)?;
    // A model that is a single file has its name in the package.
    let print = match tree.is_file() {
        true => found.fingerprint.with_single_file_as(&ModelPath::new(&*name).map_err(HashAllError::from)?),
        false => found.fingerprint,
    };
    // 2.
    let further = signed.further()?;
    let subjects = Subjects::new(
        signed.statement.manifest.root_digest(),
        sha256(&signed.content),
        print.files().iter().map(sha256_of),
    );
    let metadata = metadata(request, request.fingerprint.map(|_| &print), &subjects)?;
    let manifest = manifest(request, &signed.statement.manifest, name, (&print, &metadata))?;
    let listed = small(EntryName::new(MANIFEST)?, SmallContent::Manifest(&manifest))?;
    let model_signature = small(EntryName::new(MODEL_SIGNATURE)?, SmallContent::Bytes(signed.content))?;
    let payload = statement(&manifest, listed.sha256, model_signature.sha256)?;
    let (bundle, authentic) = sign(payload, signer)?;
    // 3.
    let package_signature = small(EntryName::new(PACKAGE_SIGNATURE)?, SmallContent::Bytes(bundle))?;
    let mut entries = vec![listed, model_signature, package_signature];
    entries.extend(further.entries);
    entries.extend(metadata);
    let files = model_files(&tree, &print, (&found.crc32, &found.versions));
    let target = Target { file, path: request.output, existing: request.existing };
    let bytes = write(target, &entries, (&tree, files), progress)?;
    drop(entries);
    let mut warnings = further.warnings;
    warnings.extend(found.warnings);
    let fingerprint = request.fingerprint.map(|_| print);
    Ok(Created { manifest, model: signed.statement.manifest, fingerprint, authentic, warnings, bytes })
}

fn small(name: EntryName, content: SmallContent<'_>) -> Result<Small<'_>, CreateError> {
    Ok(Small::new(name, content).map_err(serde_json::Error::io)?)
}

/// The files of the model as they go into the package, one by one.
fn model_files<'a>(
    tree: &'a ModelTree,
    print: &'a Fingerprint,
    (crc32, versions): (&'a [u32], &'a Versions),
) -> impl Iterator<Item = Result<ModelFile<'a>, CreateError>> {
    let prints = print.files().iter().zip(crc32);
    prints.map(move |(print, crc32)| {
        let path = if tree.is_file() { ModelPath::root() } else { print.path.clone() };
        let unstable = || HashAllError::from(HashError::Unstable { path: path.clone() });
        let version = *versions.get(&path).ok_or_else(unstable)?;
        Ok(ModelFile { print, name: EntryName::of_model(&print.path)?, path, crc32: *crc32, version })
    })
}

/// The manifest of the package.
fn manifest(
    request: &PackageRequest<'_>,
    signed: &Manifest,
    name: String,
    (print, metadata): (&Fingerprint, &[Small<'_>]),
) -> Result<PackageManifest, CreateError> {
    let model = ModelRecord { name, version: request.version.clone(), oms_root: signed.root_digest() };
    // Told as what it is, not as a fault of the manifest.
    print.files().iter().try_for_each(|file| EntryName::of_model(&file.path).map(drop))?;
    let records = print.files().iter().map(|file| record(file, request.fingerprint.is_some()));
    let listed = metadata.iter().map(|Small { name, size, sha256, .. }| MetadataRecord {
        path: name.clone(),
        size: *size,
        sha256: *sha256,
    });
    Ok(PackageManifest::new(request.created, model, records.collect(), listed.collect())?)
}

/// A model signature as it was found; nobody has checked who made it.
struct SignedModel<'a> {
    path: &'a Path,
    content: Vec<u8>,
    /// What it signs, where further signatures have to be over the same.
    payload: Option<Payload>,
    statement: Statement,
    /// Those in the folder beside it.
    further: Vec<PathBuf>,
}

/// A model that is what its signature lists.
struct Found {
    fingerprint: Fingerprint,
    /// In the order of the fingerprint's files.
    crc32: Vec<u32>,
    versions: Versions,
    warnings: Vec<Finding>,
}

/// The further signatures that go along.
struct Further {
    entries: Vec<Small<'static>>,
    warnings: Vec<Finding>,
}

impl<'a> SignedModel<'a> {
    fn read(path: &'a Path) -> Result<Self, CreateError> {
        let content = read_to_limit(path, MAX_BUNDLE_BYTES)?;
        let unusable = |source: BundleError| CreateError::Signature { path: path.to_owned(), source };
        let bundle = Bundle::from_json(&content).map_err(unusable)?;
        let read = |format| Statement::from_payload(&bundle.envelope.payload, format);
        // A payload of the one generation is none of the other; the fault that is told is that of today's.
        let statement = read(Format::V1).or_else(|fault| read(Format::Legacy).map_err(|_| fault));
        let statement =
            statement.map_err(|source: StatementError| CreateError::Statement { path: path.to_owned(), source })?;
        let unreadable = |source| ReadError::Io { path: set_folder(path), source };
        let further = signatures(path).map_err(unreadable)?.split_off(1);
        let payload = (!further.is_empty()).then_some(bundle.envelope.payload);
        Ok(Self { path, content, payload, statement, further })
    }

    /// Reads the model once, and holds it against the statement.
    fn describe(
        &self,
        request: &PackageRequest<'_>,
        tree: &ModelTree,
        progress: &dyn Progress,
    ) -> Result<Found, CreateError> {
        let own = [self.path, request.output];
        let (mut ignore, _) = Selection::default().rules(request.model, &own).map_err(HashAllError::from)?;
        leave_out(&self.further, request.model, &mut ignore);
        let rules = Rules {
            ignore: &ignore,
            ignore_git_paths: true,
            unsigned_files: UnsignedFiles::Refuse,
            links: Links::AsSigned,
        };
        let listed = &self.statement.manifest;
        let paths = listed.resources().iter().map(|resource| &resource.path);
        let serialization = settings(listed.serialization(), paths, &rules);
        let plain = FingerprintOptions { algorithms: [].into(), chunks: ChunkSize::None };
        let options = request.fingerprint.unwrap_or(&plain);
        let described = describe(tree, serialization.clone(), options, SingleFileName::Dot, true, progress)?;
        let differs = |findings| CreateError::Differs { path: self.path.to_owned(), findings };
        let Some(listed) = for_this_kind(listed, tree) else {
            let finding = Finding::error("model-kind", "a folder was signed and a file given, or the other way round");
            return Err(differs(vec![finding]));
        };
        let Described { fingerprint, manifest, crc32, versions, warnings } = described;
        let found = Hashed { resources: manifest.into_resources(), ..Hashed::default() };
        let changes = diff(&listed, &found, UnsignedFiles::Refuse);
        if changes.is_empty() {
            return Ok(Found { fingerprint, crc32, versions, warnings });
        }
        Err(differs(explain(&changes, &listed, request.model, &serialization.ignore)))
    }

    /// The signatures in the folder beside the first one, as far as they are over the same statement.
    fn further(&self) -> Result<Further, CreateError> {
        let mut further = Further { entries: Vec::new(), warnings: Vec::new() };
        for (path, number) in self.further.iter().zip(1..=MAX_FURTHER) {
            let content = read_to_limit(path, MAX_BUNDLE_BYTES)?;
            match Bundle::from_json(&content) {
                Ok(bundle) if Some(&bundle.envelope.payload) == self.payload.as_ref() => {
                    let name = EntryName::of_signature(number, &signer_id(&bundle.material))?;
                    further.entries.push(small(name, SmallContent::Bytes(content))?);
                }
                _ => {
                    let text = "is not a signature over the same statement, and was left out";
                    let place = path.display().to_string();
                    further.warnings.push(Finding::warning("signature-left-out", text).at(place));
                }
            }
        }
        Ok(further)
    }
}

/// Everything that the manifest lists besides the model, in the order of the package.
fn metadata<'a>(
    request: &PackageRequest<'_>,
    fingerprint: Option<&'a Fingerprint>,
    subjects: &Subjects<impl Iterator<Item = Digest> + Clone>,
) -> Result<Vec<Small<'a>>, CreateError> {
    let mut entries = Vec::new();
    if let Some(fingerprint) = fingerprint {
        entries.push(small(EntryName::new(FINGERPRINT)?, SmallContent::Fingerprint(fingerprint))?);
    }
    let mut files = Vec::new();
    for path in request.attestations {
        let content = read_to_limit(path, MAX_REPORT_BYTES)?;
        subjects.check(path, &content)?;
        let name = file_name(path);
        let name = name.strip_suffix(BUNDLE_ENDING).or(name.strip_suffix(".json")).unwrap_or(&name).to_owned();
        files.push((format!("secureml/attestations/{name}{BUNDLE_ENDING}"), content));
    }
    for path in request.reports {
        files.push((format!("secureml/reports/{}", file_name(path)), read_to_limit(path, MAX_REPORT_BYTES)?));
    }
    for (name, content) in request.made_reports {
        files.push((format!("secureml/reports/{name}"), content.clone()));
    }
    for (name, content) in request.imported {
        files.push((format!("secureml/imported/{name}"), content.clone()));
    }
    if let Some(path) = request.readme {
        files.push(("README".to_owned(), read_to_limit(path, MAX_REPORT_BYTES)?));
    }
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut pairs = files.iter().zip(files.iter().skip(1));
    if let Some(((name, _), _)) = pairs.find(|(first, second)| first.0 == second.0) {
        return Err(CreateError::SameName { name: name.clone() });
    }
    for (name, content) in files {
        entries.push(small(EntryName::new(&name)?, SmallContent::Bytes(content))?);
    }
    let kind = |small: &Small<'_>| small.name.kind();
    entries.sort_by(|a, b| (kind(a), a.name.as_str()).cmp(&(kind(b), b.name.as_str())));
    Ok(entries)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The SHA-256 of a file; a fingerprint always has it.
fn sha256_of(print: &FilePrint) -> Digest {
    let found = print.digests.iter().find(|digest| digest.algorithm() == Algorithm::Sha256);
    found.copied().unwrap_or_else(|| sha256(b""))
}

/// What the manifest says of a file.
fn record(print: &FilePrint, with_all: bool) -> FileRecord {
    let digest = |algorithm: Algorithm| {
        let found = print.digests.iter().find(|digest| digest.algorithm() == algorithm);
        found.filter(|_| with_all || algorithm == Algorithm::Sha256)
    };
    FileRecord {
        path: print.path.clone(),
        size: print.size,
        sha256: sha256_of(print),
        sha512: digest(Algorithm::Sha512).copied(),
        blake2b: digest(Algorithm::Blake2b).copied(),
        merkle_root: (with_all && (!print.leaves.is_empty())).then(|| print.merkle_root()),
    }
}

/// Gets the statement signed, or takes the signature that somebody made over it before.
fn sign(payload: Payload, signer: PackageSigner<'_>) -> Result<(Vec<u8>, Option<Authentic>), CreateError> {
    match signer {
        PackageSigner::Signer(signer) => {
            let (bundle, authentic) =
                seal(signer, payload, |verifier, bundle| authentic(verifier, bundle, PACKAGE_TYPE))?;
            let mut json = Vec::new();
            bundle.write_json(&mut json).map_err(serde_json::Error::io)?;
            Ok((json, authentic))
        }
        PackageSigner::Signature(path) => {
            let content = read_to_limit(path, MAX_BUNDLE_BYTES)?;
            let unusable = |source| CreateError::Signature { path: path.to_owned(), source };
            let bundle = Bundle::from_json(&content).map_err(unusable)?;
            if bundle.envelope.payload != payload {
                return Err(CreateError::OtherStatement { path: path.to_owned() });
            }
            Ok((content, None))
        }
    }
}

/// Where the file name of a bundle ends.
const BUNDLE_ENDING: &str = ".sigstore.json";
/// How many further signatures a package can have.
const MAX_FURTHER: u8 = 99;
const MAX_REPORT_BYTES: u64 = 64 << 20;
