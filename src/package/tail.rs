//! The file beside a package that holds its old end while a new one is written.

use std::fs::File;
use std::io;

use super::record::{Fields, length};
use super::{Index, PackageError, Source};
use crate::digest::{Algorithm, Hasher};

/// The old directory and end records of a package, and where they belong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SavedTail {
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
}

/// What the file beside a package turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FoundTail {
    /// A saved end, whole.
    Whole(SavedTail),
    /// The beginning of one: whoever wrote it did not come to touch the package.
    Torn,
    /// Something else.
    Foreign,
}

impl SavedTail {
    /// Writes what goes into the file: a mark, place and length, the digest of all, the bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = MARK.to_vec();
        out.extend(self.offset.to_le_bytes());
        out.extend(length(self.bytes.len()).to_le_bytes());
        let digest = digest(&out, &self.bytes);
        out.extend(digest);
        out.extend(&self.bytes);
        out
    }

    /// Reads what is in the file.
    pub(super) fn decode(content: &[u8]) -> FoundTail {
        match Self::whole(content) {
            Some(tail) => FoundTail::Whole(tail),
            // After a power cut a file can have its length, and zeros for content.
            None if content.iter().all(|byte| *byte == 0) => FoundTail::Torn,
            None if content.starts_with(MARK) || MARK.starts_with(content) => FoundTail::Torn,
            None => FoundTail::Foreign,
        }
    }

    /// Whether the package whose other part is in the file would be acceptable with this end, and as its manifest has
    /// it: a saved end of another package or another time is not, nor one that would drop a file.
    pub(super) fn fits(&self, file: &File) -> Result<bool, PackageError> {
        let restored = Restored { file, tail: self };
        let read = || -> Result<bool, PackageError> {
            let index = Index::read(&restored)?;
            index.read_manifest(&restored)?;
            Ok(index.directory_offset() == self.offset)
        };
        match read() {
            Err(error) if error.is_refusal() => Ok(false),
            read => read,
        }
    }

    fn whole(content: &[u8]) -> Option<Self> {
        let mut fields = Fields(content);
        let mark = fields.bytes(MARK.len())?;
        let (offset, size) = (fields.u64()?, fields.u64()?);
        let (head, _) = content.split_at_checked(MARK.len() + 16)?;
        let (stated, bytes) = (fields.bytes(DIGEST_BYTES)?, fields.0);
        let is_whole = mark == MARK && size == length(bytes.len()) && stated == digest(head, bytes);
        is_whole.then(|| Self { offset, bytes: bytes.to_vec() })
    }
}

/// A package as it would be with its old end.
struct Restored<'a> {
    file: &'a File,
    tail: &'a SavedTail,
}

impl Source for Restored<'_> {
    fn size(&self) -> io::Result<u64> {
        self.tail.offset.checked_add(length(self.tail.bytes.len())).ok_or(io::ErrorKind::InvalidData.into())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if let Some(inside) = offset.checked_sub(self.tail.offset) {
            return self.tail.bytes.as_slice().read_at(buffer, inside);
        }
        let most = usize::try_from(self.tail.offset - offset).unwrap_or(usize::MAX).min(buffer.len());
        Source::read_at(self.file, buffer.get_mut(..most).unwrap_or_default(), offset)
    }
}

fn digest(head: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    hasher.update(head);
    hasher.update(bytes);
    hasher.finish().as_bytes().to_vec()
}

/// What the file begins with.
const MARK: &[u8] = b"secureml package tail 1\n";
const DIGEST_BYTES: usize = 32;
