//! Why a file is not what was signed, in words.

use std::collections::BTreeMap;
use std::path::Path;

use crate::digest::{Algorithm, Digest, Hasher};
use crate::finding::Finding;
use crate::io::read_to_limit;
use crate::manifest::{Change, Manifest, Method};
use crate::model::{IgnoreRules, ModelPath, Oddity};

/// Puts changes into words; the first hundred changed files are looked into for a reason.
pub(super) fn explain(changes: &[Change], signed: &Manifest, model: &Path, ignored: &IgnoreRules) -> Vec<Finding> {
    let whole_files = signed.serialization().method == Method::Files;
    let digests: BTreeMap<&ModelPath, &Digest> = if whole_files {
        signed.resources().iter().map(|resource| (&resource.path, &resource.digest)).collect()
    } else {
        BTreeMap::new()
    };
    let mut looks_left = LOOKS;
    changes
        .iter()
        .map(|change| {
            let reason = match change {
                Change::Changed { path, shards } if shards.is_empty() && looks_left > 0 => {
                    looks_left -= 1;
                    let place = if path.is_root() { model.to_owned() } else { model.join(path.as_str()) };
                    digests.get(path).and_then(|digest| look_into(&place, digest))
                }
                _ => None,
            };
            reason.map_or_else(|| in_words(change, ignored), |finding| finding.at(change.name()))
        })
        .collect()
}

fn in_words(change: &Change, ignored: &IgnoreRules) -> Finding {
    match change {
        Change::Changed { shards, .. } if shards.is_empty() => Finding::error("file-changed", "changed"),
        Change::Changed { shards, .. } => {
            let ranges: Vec<String> =
                shards.iter().take(RANGES).map(|shard| format!("{}-{}", shard.start, shard.end)).collect();
            let more = if shards.len() > RANGES { " and more" } else { "" };
            Finding::error("file-changed", format!("changed in bytes {}{more}", ranges.join(", ")))
        }
        Change::Missing { path } => match ignored.rule_for(path) {
            Some(rule) => Finding::error("file-ignored", format!("signed, but left out by the ignore path {rule:?}")),
            None => Finding::error("file-missing", "missing"),
        },
        Change::Extra { .. } => Finding::error("file-unsigned", "not signed"),
        Change::Renamed { to, .. } => Finding::error("file-renamed", format!("renamed to {to:?}")),
        Change::Odd { entry, signed } => {
            let rule = match entry.kind {
                Oddity::Link | Oddity::LinkToFolder | Oddity::BrokenLink => "file-link",
                Oddity::NotUtf8 => "file-name-not-utf8",
                _ => "file-special",
            };
            let was = if *signed { ", signed as a file" } else { ", not signed" };
            Finding::error(rule, format!("{}{was}", entry.kind))
        }
    }
    .at(change.name())
}

/// Looks for the harmless accidents that happen to files in Git.
fn look_into(path: &Path, signed: &Digest) -> Option<Finding> {
    let content = read_to_limit(path, LOOK_BYTES).ok()?;
    if let Some(oid) = lfs_oid(&content) {
        let same = signed.algorithm() == Algorithm::Sha256 && signed.to_hex() == oid;
        let text = if same {
            "a Git LFS pointer to the signed content, which is not here: run `git lfs pull`"
        } else {
            "a Git LFS pointer where content was signed"
        };
        return Some(Finding::error("file-lfs-pointer", text));
    }
    let is_signed = |content: &[u8]| {
        let mut hasher = Hasher::new(signed.algorithm());
        hasher.update(content);
        hasher.finish() == *signed
    };
    let lf = without_carriage_returns(&content);
    let finding = |text| Some(Finding::error("file-line-endings", text));
    if lf != content && is_signed(&lf) {
        return finding("the signed content with its line endings turned from LF to CRLF");
    }
    let crlf = with_carriage_returns(&content);
    if lf == content && crlf != content && is_signed(&crlf) {
        return finding("the signed content with its line endings turned from CRLF to LF");
    }
    None
}

/// The SHA-256 that a Git LFS pointer names
/// ([specification](https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)).
fn lfs_oid(content: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(content).ok().filter(|text| text.len() < LFS_POINTER_BYTES)?;
    let rest = text.strip_prefix("version https://git-lfs.github.com/spec/v1\n")?;
    rest.lines().find_map(|line| line.strip_prefix("oid sha256:"))
}

fn without_carriage_returns(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    for (at, &byte) in content.iter().enumerate() {
        if byte != b'\r' || content.get(at + 1) != Some(&b'\n') {
            out.push(byte);
        }
    }
    out
}

fn with_carriage_returns(content: &[u8]) -> Vec<u8> {
    content.iter().flat_map(|&byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] }).collect()
}

/// How many changed files are read again for a reason.
const LOOKS: usize = 100;
/// How large such a file may be: text files that Git converts are far smaller.
const LOOK_BYTES: u64 = 4 << 20;
/// A pointer is always shorter, by its specification.
const LFS_POINTER_BYTES: usize = 1024;
/// How many changed ranges are named.
const RANGES: usize = 5;
