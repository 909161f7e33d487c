use std::io::{self, Read, Seek, SeekFrom, Write};

use super::content::read_some;
use super::end::EndRecords;
use super::record::length;
use super::sequence::Sequence;
use super::{Entry, EntryName, PackageError, central, local, name};

/// Writes a package from front to back, and never goes back: the same entries give the same bytes.
///
/// Sizes and checksums come before contents, so whoever writes a package must have read everything once. Whatever a
/// reader would refuse is refused here, by the same code.
pub struct Writer<W> {
    out: W,
    sequence: Sequence,
    /// The entry that was begun and is not complete; nothing can follow it.
    unfinished: Option<EntryName>,
}

impl<W: Write> Writer<W> {
    /// Starts a package at the place where the output stands, which must be the beginning of the file; the first entry,
    /// which says what the file is, is written at once.
    ///
    /// # Errors
    /// [`PackageError::Write`] with what the system says.
    pub fn new(out: W) -> Result<Self, PackageError> {
        let mut writer = Self { out, sequence: Sequence::default(), unfinished: None };
        let mut content = Sequence::MIMETYPE_CONTENT;
        let crc32 = crc32fast::hash(content);
        writer.add(&EntryName::new(name::MIMETYPE)?, length(content.len()), crc32, &mut content)?;
        Ok(writer)
    }

    /// Adds an entry: exactly `size` bytes that have this checksum must come.
    ///
    /// # Errors
    /// [`PackageError`] where the entry may not stand here, its content cannot be read or is another one, or the output
    /// cannot be written; after the latter three nothing can be added any more.
    pub fn add(&mut self, name: &EntryName, size: u64, crc32: u32, content: &mut dyn Read) -> Result<(), PackageError> {
        self.write_header(name, size, crc32)?;
        let unreadable = |source| PackageError::Content { name: name.clone(), source };
        let wrong_size = || PackageError::Size { name: name.clone(), size };
        let mut buffer = vec![0; COPY_BYTES.min(usize::try_from(size).unwrap_or(COPY_BYTES)).max(1)];
        let mut hasher = crc32fast::Hasher::new();
        let mut left = size;
        loop {
            // Once all has come, one more byte would be one too many.
            let count = read_some(content, &mut buffer).map_err(unreadable)?;
            if count == 0 {
                break;
            }
            let read = buffer.get(..count).unwrap_or_default();
            left = left.checked_sub(length(count)).ok_or_else(wrong_size)?;
            hasher.update(read);
            self.out.write_all(read).map_err(PackageError::Write)?;
        }
        if left != 0 {
            return Err(wrong_size());
        }
        if hasher.finalize() != crc32 {
            return Err(PackageError::Crc { name: name.clone() });
        }
        self.unfinished = None;
        Ok(())
    }

    /// Adds an entry whose content is written piece by piece: exactly `size` bytes with this checksum must be written.
    ///
    /// # Errors
    /// As [`Writer::add`].
    pub fn add_written(
        &mut self,
        name: &EntryName,
        size: u64,
        crc32: u32,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), PackageError> {
        self.write_header(name, size, crc32)?;
        let mut sink = Counted { out: &mut self.out, written: 0, hasher: crc32fast::Hasher::new() };
        write(&mut sink).map_err(PackageError::Write)?;
        let Counted { written, hasher, .. } = sink;
        if written != size {
            return Err(PackageError::Size { name: name.clone(), size });
        }
        if hasher.finalize() != crc32 {
            return Err(PackageError::Crc { name: name.clone() });
        }
        self.unfinished = None;
        Ok(())
    }

    /// Writes the directory and the end records, and hands the output back, flushed.
    ///
    /// # Errors
    /// [`PackageError`] where an entry is not complete, the manifest is missing, or the output cannot be written.
    pub fn finish(mut self) -> Result<W, PackageError> {
        self.check_finished()?;
        self.sequence.check_complete()?;
        write_directory(&self.sequence, &mut self.out)?;
        self.out.flush().map_err(PackageError::Write)?;
        Ok(self.out)
    }

    /// The entries so far, and where they lie.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.sequence.entries()
    }

    /// Takes an entry and writes its header; says where its content begins.
    fn write_header(&mut self, name: &EntryName, size: u64, crc32: u32) -> Result<u64, PackageError> {
        self.check_finished()?;
        let entry = Entry::place(name.clone(), size, crc32, self.sequence.end())?;
        let (header, data_offset) = (local::encode(&entry), entry.data_offset);
        self.sequence.admit(entry)?;
        self.unfinished = Some(name.clone());
        self.out.write_all(&header).map_err(PackageError::Write)?;
        Ok(data_offset)
    }

    fn check_finished(&self) -> Result<(), PackageError> {
        match &self.unfinished {
            Some(name) => Err(PackageError::Unfinished { name: name.clone() }),
            None => Ok(()),
        }
    }
}

impl<W: Write + Seek> Writer<W> {
    /// Adds an entry whose content is put into the file by other means, as by sharing its blocks.
    ///
    /// # Errors
    /// [`PackageError`] where the entry may not stand here, or the output cannot be written.
    pub fn begin(&mut self, name: &EntryName, size: u64, crc32: u32) -> Result<Hole<'_, W>, PackageError> {
        let offset = self.write_header(name, size, crc32)?;
        // Who writes to the file past this writer must not be overtaken.
        self.out.flush().map_err(PackageError::Write)?;
        Ok(Hole { writer: self, offset, size })
    }
}

/// The place of an entry's content, to be filled from outside; dropped without [`Hole::filled`], the package stays
/// unfinished.
pub struct Hole<'a, W> {
    writer: &'a mut Writer<W>,
    offset: u64,
    size: u64,
}

impl<W: Write + Seek> Hole<'_, W> {
    /// Where the content begins in the file.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes it has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The file, to put the content into; its cursor may be left anywhere.
    pub const fn file(&mut self) -> &mut W {
        &mut self.writer.out
    }

    /// Says that all bytes are in place. Neither their number nor their checksum is looked at: a wrong content shows
    /// when the package is verified.
    ///
    /// # Errors
    /// [`PackageError::Write`] with what the system says.
    pub fn filled(self) -> Result<(), PackageError> {
        let end = self.offset.saturating_add(self.size);
        self.writer.out.seek(SeekFrom::Start(end)).map_err(PackageError::Write)?;
        self.writer.unfinished = None;
        Ok(())
    }
}

/// Counts what is written, and takes its checksum.
struct Counted<'a, W> {
    out: &'a mut W,
    written: u64,
    hasher: crc32fast::Hasher,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or_default());
        self.written = self.written.saturating_add(length(count));
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes the directory and the end records behind the last entry.
pub(super) fn write_directory(sequence: &Sequence, out: &mut dyn Write) -> Result<(), PackageError> {
    let mut buffer = Vec::with_capacity(COPY_BYTES);
    for entry in sequence.entries() {
        buffer.extend(central::encode(entry));
        if buffer.len() >= COPY_BYTES / 2 {
            out.write_all(&buffer).map_err(PackageError::Write)?;
            buffer.clear();
        }
    }
    let ends = EndRecords {
        entries: length(sequence.entries().len()),
        directory_bytes: sequence.directory_bytes(),
        directory_offset: sequence.end(),
    };
    buffer.extend(ends.encode());
    out.write_all(&buffer).map_err(PackageError::Write)
}

/// How much is copied at once.
const COPY_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests;
