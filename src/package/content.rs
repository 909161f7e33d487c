use std::io::{self, Read, Seek, SeekFrom};

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

/// The content of one entry, to move about in; its checksum is not looked at.
pub struct Section<'a> {
    place: Place<'a>,
    start: u64,
    size: u64,
}

impl<'a> Section<'a> {
    /// Starts at the beginning of an entry.
    #[must_use]
    pub fn new(source: &'a dyn Source, entry: &Entry) -> Self {
        let start = entry.data_offset;
        Self { place: Place { source, offset: start }, start, size: entry.size }
    }

    const fn at(&self) -> u64 {
        self.place.offset.saturating_sub(self.start)
    }
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.at());
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        read_some(&mut self.place, buffer.get_mut(..most).unwrap_or_default())
    }
}

impl Seek for Section<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at().checked_add_signed(by),
        };
        let place = at.and_then(|at| Some((at, self.start.checked_add(at)?)));
        let (at, offset) = place.ok_or(io::ErrorKind::InvalidInput)?;
        self.place.offset = offset;
        Ok(at)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_with_its_entry() {
        let source: &[u8] = b"before|content|after";
        let mut section = Section { place: Place { source: &source, offset: 7 }, start: 7, size: 7 };
        let read = |section: &mut Section<'_>| {
            let mut text = String::new();
            section.read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!(read(&mut section), "content");
        for (to, at, rest) in [
            (SeekFrom::Start(3), 3, "tent"),
            (SeekFrom::End(-2), 5, "nt"),
            (SeekFrom::Current(-1), 6, "t"),
            (SeekFrom::End(9), 16, ""),
        ] {
            assert_eq!((section.seek(to).unwrap(), &*read(&mut section)), (at, rest));
        }
        for to in [SeekFrom::End(-8), SeekFrom::Start(u64::MAX)] {
            assert_eq!(section.seek(to).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
    }
}
