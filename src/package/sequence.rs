use super::end::{MAX_DIRECTORY_BYTES, MAX_ENTRIES};
use super::entry::max_bytes;
use super::name::{MANIFEST, MIMETYPE};
use super::record::length;
use super::{Entry, EntryKind, EntryName, Names, PackageError, central};

/// The entries of a package so far, each taken only where it may follow the ones before it. Writer and readers share it.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    entries: Vec<Entry>,
    names: Names,
    place: Place,
    /// The last further signature: their numbers rise, wherever they stand.
    last_signature: Option<EntryName>,
    directory_bytes: u64,
}

impl Sequence {
    /// What a package begins with.
    pub(super) const MIMETYPE_CONTENT: &'static [u8] = b"application/vnd.secureml.package+zip";

    /// Goes on from entries that stand in a package already.
    pub(super) fn resume(entries: Vec<Entry>) -> Result<Self, PackageError> {
        let mut sequence = Self::default();
        for entry in entries {
            sequence.admit(entry)?;
        }
        Ok(sequence)
    }

    /// Takes the next entry.
    ///
    /// 1. It lies directly behind the one before it.
    /// 2. Its name is not that of another.
    /// 3. It stands where its kind belongs.
    /// 4. Neither it nor the package becomes too large.
    pub(super) fn admit(&mut self, entry: Entry) -> Result<(), PackageError> {
        // 1.
        self.check_next(entry.header_offset, entry.name.as_str())?;
        // 2.
        self.names.insert(&entry.name)?;
        // 3.
        let place = self.place_of(&entry)?;
        // 4.
        let limit = max_bytes(entry.name.kind());
        if entry.size > limit {
            return Err(PackageError::TooLarge { name: entry.name, size: entry.size, limit });
        }
        self.directory_bytes += central::record_bytes(&entry);
        if length(self.entries.len()) == MAX_ENTRIES {
            return Err(PackageError::Limit { what: "entries", limit: MAX_ENTRIES });
        }
        if self.directory_bytes > MAX_DIRECTORY_BYTES {
            return Err(PackageError::Limit { what: "bytes of directory", limit: MAX_DIRECTORY_BYTES });
        }
        if entry.name.kind() == EntryKind::Signature {
            self.last_signature = Some(entry.name.clone());
        }
        self.place = place;
        self.entries.push(entry);
        Ok(())
    }

    /// Says that nothing follows: what every package has must be there.
    pub(super) fn check_complete(&self) -> Result<(), PackageError> {
        match self.entries.len() {
            0 => Err(PackageError::Missing { name: MIMETYPE }),
            1 => Err(PackageError::Missing { name: MANIFEST }),
            _ => Ok(()),
        }
    }

    /// Where the last entry ends, which is where the next one, or the directory, begins.
    pub(super) fn end(&self) -> u64 {
        self.entries.last().map_or(0, Entry::end)
    }

    /// Refuses what does not begin where the last entry ends; one that ends where it would without its padding is not
    /// aligned, rather than overlapped.
    pub(super) fn check_next(&self, found: u64, what: &str) -> Result<(), PackageError> {
        match self.entries.last() {
            Some(last) if found < last.end() && found == last.end_unaligned() => Err(PackageError::Profile {
                name: last.name.to_string(),
                problem: "its content does not begin at a multiple of 4096",
            }),
            _ => check_place(self.end(), found, what),
        }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn into_entries(mut self) -> Vec<Entry> {
        self.entries.shrink_to_fit();
        self.entries
    }

    pub(super) const fn directory_bytes(&self) -> u64 {
        self.directory_bytes
    }

    /// Where an entry stands, if it may stand there.
    fn place_of(&self, entry: &Entry) -> Result<Place, PackageError> {
        let refused = |problem| PackageError::Order { name: entry.name.clone(), problem };
        let kind = entry.name.kind();
        match self.entries.len() {
            0 if kind != EntryKind::Mimetype => return Err(refused("the first entry must be mimetype")),
            1 if kind != EntryKind::Manifest => return Err(refused("the second entry must be the manifest")),
            _ => {}
        }
        if kind == EntryKind::Signature && self.last_signature.as_ref().is_some_and(|last| *last > entry.name) {
            return Err(refused("the numbers of signatures must rise"));
        }
        let place = match Place::of(kind) {
            // A signature that was added later.
            Place::Signatures if self.place > Place::Signatures => Place::AddedSignatures,
            place => place,
        };
        if place < self.place {
            return Err(refused("an entry of a kind that comes later stands before it"));
        }
        if place == self.place && self.entries.last().is_some_and(|last| last.name > entry.name) {
            return Err(refused("names of one kind must be sorted by their bytes"));
        }
        Ok(place)
    }
}

/// The groups of entries, in the order in which they stand in a package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    #[default]
    Mimetype,
    Manifest,
    ModelSignature,
    PackageSignature,
    Signatures,
    Fingerprint,
    Attestations,
    Reports,
    Imported,
    Readme,
    Model,
    AddedSignatures,
}

impl Place {
    const fn of(kind: EntryKind) -> Self {
        match kind {
            EntryKind::Mimetype => Self::Mimetype,
            EntryKind::Manifest => Self::Manifest,
            EntryKind::ModelSignature => Self::ModelSignature,
            EntryKind::PackageSignature => Self::PackageSignature,
            EntryKind::Signature => Self::Signatures,
            EntryKind::Fingerprint => Self::Fingerprint,
            EntryKind::Attestation => Self::Attestations,
            EntryKind::Report => Self::Reports,
            EntryKind::Imported => Self::Imported,
            EntryKind::Readme => Self::Readme,
            EntryKind::Model => Self::Model,
        }
    }
}

/// Refuses a gap before something that should begin where the last entry ends, and an overlap with it.
fn check_place(expected: u64, found: u64, what: &str) -> Result<(), PackageError> {
    if found < expected {
        return Err(PackageError::Overlap { name: what.to_owned() });
    }
    if found > expected {
        return Err(PackageError::Gap { name: what.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_is_not_aligned_from_what_overlaps() {
        let mut sequence = Sequence::default();
        for (name, size) in [("mimetype", 36), ("secureml/manifest.json", 2), ("model/a", 3)] {
            let entry = Entry::place(EntryName::new(name).unwrap(), size, 0, sequence.end()).unwrap();
            sequence.admit(entry).unwrap();
        }
        let end = sequence.end();
        let unaligned = sequence.entries().last().unwrap().end_unaligned();
        assert!(unaligned < end);
        for (found, rule) in [
            (end - 1, "package-overlap"),
            (unaligned - 1, "package-overlap"),
            (unaligned, "package-profile"),
            (end + 1, "package-gap"),
        ] {
            assert_eq!(sequence.check_next(found, "the directory").unwrap_err().rule(), rule, "{found}");
        }
        assert!(sequence.check_next(end, "the directory").is_ok());
    }
}
