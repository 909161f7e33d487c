//! The fingerprint that a package carries, held against the manifest without reading the model.

use super::statement::FINGERPRINT;
use crate::digest::{Algorithm, Digest};
use crate::finding::Finding;
use crate::fingerprint::{FilePrint, Fingerprint};
use crate::oms::fingerprint_from_json;
use crate::ops::verify::in_words;
use crate::package::{FileRecord, PackageManifest};

/// What is wrong with a fingerprint beside this manifest: it must be one, of the same files, with the same digests
/// wherever both have one. Whether the digests are those of the files is not said here.
pub(super) fn contradictions(content: &[u8], manifest: &PackageManifest) -> Vec<Finding> {
    let fingerprint = match parse(content) {
        Ok(fingerprint) => fingerprint,
        Err(message) => return vec![Finding::error("fingerprint-malformed", message).at(FINGERPRINT)],
    };
    let (prints, records) = (fingerprint.files(), manifest.files());
    if !prints.iter().map(|print| &print.path).eq(records.iter().map(|record| &record.path)) {
        return vec![Finding::error(RULE, "is about other files than the manifest").at(FINGERPRINT)];
    }
    let pairs = prints.iter().zip(records);
    pairs
        .filter_map(|(print, record)| {
            let what = contradiction(&fingerprint, print, record)?;
            let text = format!("manifest and fingerprint have another {what}");
            Some(Finding::error(RULE, text).at(record.path.as_str()))
        })
        .collect()
}

/// A fingerprint from its bytes, or what is wrong with them.
pub(super) fn parse(content: &[u8]) -> Result<Fingerprint, String> {
    let text = std::str::from_utf8(content).map_err(|error| in_words(&error))?;
    fingerprint_from_json(text).map_err(|error| in_words(&error))
}

/// The first thing that the two say differently of one file.
fn contradiction(fingerprint: &Fingerprint, print: &FilePrint, record: &FileRecord) -> Option<&'static str> {
    if print.size != record.size {
        return Some("size");
    }
    let of_print = |algorithm: Algorithm| print.digests.iter().find(|digest| digest.algorithm() == algorithm);
    let differs = |listed: &Digest| of_print(listed.algorithm()).is_some_and(|digest| digest != listed);
    let listed = [Some(&record.sha256), record.sha512.as_ref(), record.blake2b.as_ref()];
    if let Some(digest) = listed.into_iter().flatten().find(|digest| differs(digest)) {
        return Some(digest.algorithm().name());
    }
    let has_tree = fingerprint.chunk_bytes().is_some();
    let differs = |root: &Digest| has_tree && *root != print.merkle_root();
    record.merkle_root.as_ref().is_some_and(differs).then_some("Merkle root")
}

const RULE: &str = "package-fingerprint";
