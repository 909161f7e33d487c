use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write};
use std::time::Duration;

use super::authentic::{PackageRefused, signers};
use super::contents::{EntryContent, ShardCount, wanted};
use super::error::OpenError;
use super::open::OpenPackage;
use crate::digest::{Algorithm, Hasher};
use crate::finding::Finding;
use crate::fingerprint::hash_contents;
use crate::io::WriteError;
use crate::manifest::{HashError, Manifest};
use crate::ops::describe::resources;
use crate::package::{Content, Entry, FileRecord, PackageError, Source};
use crate::progress::NoProgress;
use crate::trust::TrustRoot;
use crate::verify::{Authentic, Verifier};

/// Checks who signed a package, and nothing of the model's files.
///
/// # Errors
/// [`OpenError`] where that cannot be judged.
pub fn check_signers(
    open: &OpenPackage,
    trust: &TrustRoot,
    now: Duration,
) -> Result<Result<Authentic, PackageRefused>, OpenError> {
    Ok(signers(open, &Verifier::new(trust, now))?.map(|signers| signers.authentic))
}

/// Copies one file of the model to a sink, if it is what manifest and model signature list; whether somebody to trust signed the manifest
/// is for the caller to know.
///
/// The file is put aside until its digest is known, so that nothing that is not verified comes out.
///
/// # Errors
/// [`OpenError`] where that is not possible; what is wrong with the content is the inner finding.
pub fn read_file(
    open: &OpenPackage,
    source: &dyn Source,
    path: &str,
    sink: &mut dyn Write,
) -> Result<Result<(), Finding>, OpenError> {
    let entry = find(open, path)?;
    let record = open.manifest().files().iter().find(|file| file.path.as_str() == path);
    let record = record.ok_or_else(|| OpenError::NoFile { name: path.to_owned() })?;
    let statement = match open.signed_model() {
        Ok(statement) => statement,
        Err(finding) => return Ok(Err(finding)),
    };
    let mut aside = tempfile::tempfile().map_err(OpenError::Aside)?;
    let mut content = Content::new(source, entry)?;
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = content.read(&mut buffer).map_err(PackageError::from)?;
        let bytes = buffer.get(..read).filter(|bytes| !bytes.is_empty());
        let Some(bytes) = bytes else { break };
        hasher.update(bytes);
        aside.write_all(bytes).map_err(OpenError::Aside)?;
    }
    if hasher.finish() != record.sha256 {
        return Ok(Err(Finding::error("file-changed", "changed").at(path)));
    }
    if !is_listed(open, &statement.manifest, &aside, record)? {
        return Ok(Err(Finding::error("package-model", "not what the model signature lists").at(path)));
    }
    aside.seek(SeekFrom::Start(0)).map_err(OpenError::Aside)?;
    let mut left = aside;
    loop {
        let read = left.read(&mut buffer).map_err(OpenError::Aside)?;
        let bytes = buffer.get(..read).filter(|bytes| !bytes.is_empty());
        let Some(bytes) = bytes else { return Ok(Ok(())) };
        sink.write_all(bytes).map_err(to_sink)?;
    }
}

/// Whether a file that was put aside is what the model signature lists under its name.
fn is_listed(open: &OpenPackage, signed: &Manifest, aside: &File, record: &FileRecord) -> Result<bool, OpenError> {
    let wanted = wanted(Some(signed.serialization()));
    ShardCount::new(&wanted).add(record.size)?;
    let content = EntryContent::put_aside(aside, record.path.clone(), record.size);
    let sums = hash_contents(&wanted, std::iter::once(Ok::<_, HashError>(content)), &NoProgress)?;
    let found = resources(&sums, signed.serialization());
    let signed = match (signed.file_count(), open.manifest().files()) {
        (1, [only]) => signed.clone().with_single_file_as(&only.path),
        _ => signed.clone(),
    };
    // Shards stand there in an order of their own. Those of an empty file are none, and nothing names it then.
    let listed = signed.resources().iter().filter(|resource| resource.path == record.path);
    let listed: HashSet<_> = listed.map(|resource| (resource.shard.clone(), resource.digest)).collect();
    Ok(listed == found.into_iter().map(|resource| (resource.shard, resource.digest)).collect())
}

/// Copies any entry to a sink as it is. Nothing but its checksum is looked at.
///
/// # Errors
/// [`OpenError`] where there is no such entry, or it cannot be read.
pub fn read_unverified_file(
    open: &OpenPackage,
    source: &dyn Source,
    path: &str,
    sink: &mut dyn Write,
) -> Result<(), OpenError> {
    let mut content = Content::new(source, find(open, path)?)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = content.read(&mut buffer).map_err(PackageError::from)?;
        let bytes = buffer.get(..read).filter(|bytes| !bytes.is_empty());
        let Some(bytes) = bytes else { return Ok(()) };
        sink.write_all(bytes).map_err(to_sink)?;
    }
}

/// The entry of a file of the model, or of any other name in the package.
fn find<'a>(open: &'a OpenPackage, path: &str) -> Result<&'a Entry, OpenError> {
    let entry = open.index().get(&format!("model/{path}")).or_else(|| open.index().get(path));
    entry.ok_or_else(|| OpenError::NoFile { name: path.to_owned() })
}

fn to_sink(source: std::io::Error) -> OpenError {
    OpenError::Write(WriteError { path: "standard output".into(), source })
}

const BUFFER_BYTES: usize = 256 << 10;
