use std::io::Read as _;

use super::end::{END_BYTES, END_LENGTH, EndRecords, OLD_RECORD_BYTES, OLD_SIGNATURE};
use super::name::MANIFEST;
use super::sequence::Sequence;
use super::source::{Window, read_exact_at};
use super::{Content, Entry, EntryKind, PackageError, PackageManifest, Source, central, local};

/// What is in a package and where, without its content; every rule of the format but the checksums of contents holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    entries: Vec<Entry>,
    directory_offset: u64,
    file_size: u64,
}

impl Index {
    /// Reads the index of a package.
    ///
    /// 1. The file begins with an entry, and ends with the end records and nothing else.
    /// 2. The directory fills the place before them. Each of its records is in the profile, lies behind the one before
    ///    it, and may stand there; the last one ends where the directory begins.
    /// 3. The header of each entry says the same as its record.
    /// 4. The first entry says that the file is a package, and the manifest is there.
    ///
    /// No number in the file is trusted with memory: what it announces is read piece by piece. 100,000 entries take
    /// some 20 MiB.
    ///
    /// # Errors
    /// [`PackageError`], whose [`rule`](PackageError::rule) says which one is broken.
    pub fn read(source: &dyn Source) -> Result<Self, PackageError> {
        let file_size = source.size().map_err(PackageError::Read)?;
        // 1.
        check_beginning(source, file_size)?;
        let ends = read_ends(source, file_size)?;
        // 2.
        let entries = read_directory(source, &ends)?;
        // 3.
        check_headers(source, &entries, ends.directory_offset)?;
        // 4.
        let index = Self { entries, directory_offset: ends.directory_offset, file_size };
        let mimetype = index.entries.first().ok_or(PackageError::Mimetype)?;
        if index.read_content(source, mimetype)? != Sequence::MIMETYPE_CONTENT {
            return Err(PackageError::Mimetype);
        }
        Ok(index)
    }

    /// What is known to be in a package by other means.
    pub(super) const fn from_parts(entries: Vec<Entry>, directory_offset: u64, file_size: u64) -> Self {
        Self { entries, directory_offset, file_size }
    }

    /// The entries alone.
    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// The entries, in the order in which they stand in the file.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The files of the model, sorted by the bytes of their names.
    #[must_use]
    pub fn model(&self) -> &[Entry] {
        let is_model = |entry: &Entry| entry.name.kind() == EntryKind::Model;
        let start = self.entries.iter().position(is_model).unwrap_or(self.entries.len());
        let rest = self.entries.get(start..).unwrap_or_default();
        rest.get(..rest.partition_point(is_model)).unwrap_or_default()
    }

    /// The entries of one kind, in the order in which they stand in the file.
    pub fn of_kind(&self, kind: EntryKind) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.name.kind() == kind)
    }

    /// The entry of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        let model = self.model();
        match model.binary_search_by(|entry| entry.name.as_str().cmp(name)) {
            Ok(place) => model.get(place),
            Err(_) => self.entries.iter().find(|entry| entry.name.as_str() == name),
        }
    }

    /// The number that the next further signature gets; none after the last that two digits can write.
    #[must_use]
    pub fn next_signature_number(&self) -> Option<u8> {
        let last = self.entries.iter().filter_map(|entry| entry.name.signature_number()).max();
        Some(last.map_or(1, |last| last + 1)).filter(|number| *number < 100)
    }

    /// Where the directory begins.
    #[must_use]
    pub const fn directory_offset(&self) -> u64 {
        self.directory_offset
    }

    /// The size of the whole package, in bytes.
    #[must_use]
    pub const fn file_size(&self) -> u64 {
        self.file_size
    }

    /// Reads the manifest, and holds the package to it; whether anybody signed it remains to be seen.
    ///
    /// # Errors
    /// [`PackageError`] where it cannot be read, is not acceptable, or lists other files than the package.
    pub fn read_manifest(&self, source: &dyn Source) -> Result<PackageManifest, PackageError> {
        let entry = self.get(MANIFEST).ok_or(PackageError::Missing { name: MANIFEST })?;
        let manifest = PackageManifest::from_bytes(&self.read_content(source, entry)?)?;
        manifest.check(self)?;
        Ok(manifest)
    }

    /// Reads the whole content of an entry into memory; meant for all but the model's files, whose sizes are bounded.
    ///
    /// # Errors
    /// [`PackageError`] where it cannot be read, or does not have its checksum.
    pub fn read_content(&self, source: &dyn Source, entry: &Entry) -> Result<Vec<u8>, PackageError> {
        let mut content = Vec::new();
        Content::new(source, entry)?.read_to_end(&mut content)?;
        Ok(content)
    }
}

/// Refuses what does not even begin as a package does.
fn check_beginning(source: &dyn Source, file_size: u64) -> Result<(), PackageError> {
    let mut first = [0; local::SIGNATURE.len()];
    read_exact_at(source, &mut first, 0)?;
    if first != local::SIGNATURE {
        return Err(PackageError::Prefix);
    }
    if file_size < END_LENGTH {
        return Err(PackageError::Truncated { missing: "its end" });
    }
    Ok(())
}

/// Reads the records at the very end.
fn read_ends(source: &dyn Source, file_size: u64) -> Result<EndRecords, PackageError> {
    let mut records = [0; END_BYTES];
    read_exact_at(source, &mut records, file_size.saturating_sub(END_LENGTH))?;
    let old = records.last_chunk::<OLD_RECORD_BYTES>();
    if old.is_some_and(|old| old.starts_with(&OLD_SIGNATURE)) {
        return EndRecords::decode(&records, file_size);
    }
    // What is wrong is told from where the last record stands instead.
    let length = file_size.min(LONGEST_COMMENT);
    let mut tail = vec![0; usize::try_from(length).unwrap_or_default()];
    read_exact_at(source, &mut tail, file_size - length)?;
    let found = tail.windows(OLD_SIGNATURE.len()).rposition(|window| window == OLD_SIGNATURE);
    let record = found.and_then(|place| tail.get(place..)).unwrap_or_default();
    if record.len() < OLD_RECORD_BYTES {
        return Err(PackageError::Truncated { missing: "its end" });
    }
    let comment = record.get(OLD_RECORD_BYTES - 2..).and_then(|rest| rest.split_first_chunk());
    match comment {
        Some((length, comment)) if usize::from(u16::from_le_bytes(*length)) == comment.len() => {
            Err(PackageError::EndRecords { problem: "there is a comment" })
        }
        _ => Err(PackageError::Trailer),
    }
}

/// Reads the directory, to its last byte.
fn read_directory(source: &dyn Source, ends: &EndRecords) -> Result<Vec<Entry>, PackageError> {
    let mut window = Window::new(source, ends.directory_end());
    let mut sequence = Sequence::default();
    let mut offset = ends.directory_offset;
    for _ in 0..ends.entries {
        let missing = PackageError::EndRecords { problem: "the directory has fewer entries than they say" };
        if ends.directory_end().saturating_sub(offset) < CENTRAL_LENGTH {
            return Err(missing);
        }
        let fixed = window.get(offset, central::FIXED_BYTES)?;
        let total = central::total_bytes(fixed).ok_or(missing)?;
        let entry = central::decode(window.get(offset, total)?)?;
        sequence.admit(entry)?;
        offset = offset.saturating_add(u64::try_from(total).unwrap_or(u64::MAX));
    }
    if offset != ends.directory_end() {
        return Err(PackageError::EndRecords { problem: "the directory has more than the entries that they count" });
    }
    sequence.check_next(ends.directory_offset, "the directory")?;
    sequence.check_complete()?;
    Ok(sequence.into_entries())
}

/// Holds the header of each entry to what the directory says.
fn check_headers(source: &dyn Source, entries: &[Entry], end: u64) -> Result<(), PackageError> {
    let mut window = Window::new(source, end);
    for entry in entries {
        let missing = || PackageError::Header { name: entry.name.to_string(), field: "there is no header" };
        let fixed = window.get(entry.header_offset, local::FIXED_BYTES)?;
        let total = local::total_bytes(fixed).ok_or_else(missing)?;
        let header = window.get(entry.header_offset, total)?;
        local::decode(header, entry.header_offset)?.check_same(entry)?;
    }
    Ok(())
}

/// The last record and the longest comment behind it: how far others look for it.
const LONGEST_COMMENT: u64 = 22 + 0xffff;
/// [`central::FIXED_BYTES`], where places in the file are reckoned with.
const CENTRAL_LENGTH: u64 = 46;

#[cfg(test)]
mod mutations;
#[cfg(test)]
pub(super) mod sample;
#[cfg(test)]
mod tests;
