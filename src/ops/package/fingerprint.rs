use std::borrow::Cow;

use super::authentic::PackageRefused;
use super::carried::parse;
use super::contents::EntryContent;
use super::error::OpenError;
use super::open::OpenPackage;
use super::statement::FINGERPRINT;
use crate::finding::Finding;
use crate::fingerprint::{Content as _, FilePrint, Fingerprint, Wanted, hash_contents};
use crate::manifest::HashError;
use crate::model::IgnoreRules;
use crate::ops::fingerprint_diff::{NOWHERE, Side, differences, too_many_chunks};
use crate::package::Source;
use crate::progress::Progress;

/// The fingerprint that a package carries. It is the one that the manifest lists; whether somebody to trust signed that
/// is for the caller to know.
///
/// # Errors
/// [`OpenError`] where it cannot be read; a package without one, or with one that is none, is refused.
pub fn package_fingerprint(
    open: &OpenPackage,
    source: &dyn Source,
) -> Result<Result<Fingerprint, PackageRefused>, OpenError> {
    if !open.findings.is_empty() {
        return Ok(Err(PackageRefused { authentic: None, findings: open.findings.clone(), fault: None }));
    }
    let Some(entry) = open.index().get(FINGERPRINT) else {
        return Ok(Err(PackageRefused::one("fingerprint-missing", "the package carries no fingerprint")));
    };
    let content = open.index().read_content(source, entry)?;
    Ok(parse(&content).map_err(|message| PackageRefused::one("fingerprint-malformed", message)))
}

/// Reads the model's files in a package once, and compares all that a fingerprint holds; no error among the findings means
/// that it is the same model.
///
/// # Errors
/// [`OpenError`] where the package cannot be read.
pub fn compare_package_with_fingerprint(
    open: &OpenPackage,
    source: &(dyn Source + Sync),
    fingerprint: &Fingerprint,
    progress: &dyn Progress,
) -> Result<Vec<Finding>, OpenError> {
    let sizes: Vec<u64> = open.index().model().iter().map(|entry| entry.size).collect();
    if let Some(finding) = too_many_chunks(&sizes, fingerprint.chunk_bytes()) {
        return Ok(vec![finding]);
    }
    let wanted = Wanted {
        algorithms: fingerprint.algorithms().iter().copied().collect(),
        chunk_bytes: fingerprint.chunk_bytes(),
        ..Wanted::default()
    };
    let contents = open.index().model().iter().filter_map(|entry| EntryContent::new(source, entry));
    let contents = contents.inspect(|content| progress.expect(1, content.size()));
    let sums = hash_contents(&wanted, contents.map(Ok::<_, HashError>), progress)?;
    let files: Vec<FilePrint> = sums.into_iter().map(FilePrint::of).collect();
    let expected = match files.as_slice() {
        // A model that is a single file has a name in a package, whatever it is called elsewhere.
        [only] => Cow::Owned(fingerprint.clone().with_single_file_as(&only.path)),
        _ => Cow::Borrowed(fingerprint),
    };
    let was = Side { files: expected.files(), chunk_bytes: expected.chunk_bytes() };
    let is = Side { files: &files, chunk_bytes: expected.chunk_bytes() };
    Ok(differences(was, is, Vec::new(), (NOWHERE.as_ref(), &IgnoreRules::default())))
}
