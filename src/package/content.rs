use std::io::{self, Read};

use super::{Entry, EntryName, PackageError, Source};

/// How far the content of an entry was read; its last byte is given out only if the checksum fits.
pub(super) struct Checked {
    name: EntryName,
    left: u64,
    hasher: crc32fast::Hasher,
    crc32: u32,
}

impl Checked {
    pub(super) fn new(entry: &Entry) -> Result<Self, PackageError> {
        let hasher = crc32fast::Hasher::new();
        let checked = Self { name: entry.name.clone(), left: entry.size, hasher, crc32: entry.crc32 };
        checked.check()?;
        Ok(checked)
    }

    /// Takes up to a buffer's length of the content.
    pub(super) fn read(&mut self, from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(place) = buffer.get_mut(..most).filter(|place| !place.is_empty()) else { return Ok(0) };
        let count = read_some(from, place)?;
        if count == 0 {
            return Err(PackageError::Truncated { missing: "the content of an entry" }.into());
        }
        self.hasher.update(place.get(..count).unwrap_or_default());
        self.left = self.left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        self.check()?;
        Ok(count)
    }

    fn check(&self) -> Result<(), PackageError> {
        if self.left == 0 && self.hasher.clone().finalize() != self.crc32 {
            return Err(PackageError::Crc { name: self.name.clone() });
        }
        Ok(())
    }
}

/// The content of one entry of a package that can be read at any place.
///
/// Reading ends with the entry; at its last bytes the checksum is compared. Errors carry a [`PackageError`] inside,
/// which `PackageError::from` takes out.
pub struct Content<'a> {
    place: Place<'a>,
    checked: Checked,
}

impl<'a> Content<'a> {
    /// Starts at the beginning of an entry.
    ///
    /// # Errors
    /// [`PackageError::Crc`] where the entry is empty and its checksum is not that of nothing.
    pub fn new(source: &'a dyn Source, entry: &Entry) -> Result<Self, PackageError> {
        Ok(Self { place: Place { source, offset: entry.data_offset }, checked: Checked::new(entry)? })
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.checked.read(&mut self.place, buffer)
    }
}

/// A place in a source that moves on as it is read from.
struct Place<'a> {
    source: &'a dyn Source,
    offset: u64,
}

impl Read for Place<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(buffer, self.offset)?;
        self.offset = self.offset.saturating_add(u64::try_from(count).map_err(io::Error::other)?);
        Ok(count)
    }
}

/// Reads once, through interruptions.
pub(super) fn read_some(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}
