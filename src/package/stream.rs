use std::io::{self, BufReader, ErrorKind, Read};

use super::content::{Checked, read_some};
use super::end::{END_BYTES, END_LENGTH, EndRecords, RECORD_SIGNATURE};
use super::record::length;
use super::sequence::Sequence;
use super::{Entry, Index, PackageError, central, local};

/// A package that comes once, from front to back, as on standard input.
///
/// Nothing is passed over: content that the caller leaves is read and checked all the same, and what was accepted on the
/// way counts only once [`StreamReader::finish`] has seen the directory, the end records and the end of the stream.
pub struct StreamReader<R> {
    input: BufReader<R>,
    sequence: Sequence,
    /// The content under way.
    content: Option<Checked>,
    /// Whether the directory has begun; its first signature is then taken.
    ended: bool,
    /// Set by the first refusal: nothing comes after it.
    failed: bool,
}

impl<R: Read> StreamReader<R> {
    /// Starts to read; the first entry, which says what the file is, is read and checked at once.
    ///
    /// # Errors
    /// [`PackageError`] where the stream does not begin as a package does.
    pub fn new(input: R) -> Result<Self, PackageError> {
        let input = BufReader::with_capacity(BUFFER_BYTES, input);
        let mut reader = Self { input, sequence: Sequence::default(), content: None, ended: false, failed: false };
        let Some((_, mut content)) = reader.next_entry()? else { return Err(PackageError::Mimetype) };
        let mut found = Vec::new();
        content.read_to_end(&mut found)?;
        if found == Sequence::MIMETYPE_CONTENT { Ok(reader) } else { Err(PackageError::Mimetype) }
    }

    /// Goes on to the next entry, from the manifest on; `None` where the directory begins. What is left of the last
    /// content is read and checked first.
    ///
    /// # Errors
    /// [`PackageError`] where the last content or this entry is not acceptable; nothing comes after that.
    pub fn next_entry(&mut self) -> Result<Option<(Entry, StreamContent<'_, R>)>, PackageError> {
        let entry = self.guarded(Self::advance)?;
        Ok(entry.map(|entry| (entry, StreamContent { reader: self })))
    }

    /// What is left of the content under way; nothing before the first entry and behind the last.
    pub const fn content(&mut self) -> StreamContent<'_, R> {
        StreamContent { reader: self }
    }

    /// Reads to the end, and checks that the directory and the end records say what was seen, and that nothing follows.
    ///
    /// # Errors
    /// [`PackageError`] where anything in the package is not acceptable.
    pub fn finish(mut self) -> Result<Index, PackageError> {
        while self.next_entry()?.is_some() {}
        self.check_end()
    }

    /// The entries so far; none of them is sure before [`StreamReader::finish`].
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.sequence.entries()
    }

    fn advance(&mut self) -> Result<Option<Entry>, PackageError> {
        let mut rest = [0; 4096];
        while let Some(content) = &mut self.content {
            if content.read(&mut self.input, &mut rest)? == 0 {
                self.content = None;
            }
        }
        if self.ended {
            return Ok(None);
        }
        let mut header = vec![0; local::SIGNATURE.len()];
        self.fill(&mut header, "the next entry")?;
        if header != local::SIGNATURE {
            return self.begin_directory(&header).map(|()| None);
        }
        header.resize(local::FIXED_BYTES, 0);
        self.fill(header.get_mut(local::SIGNATURE.len()..).unwrap_or_default(), "the header of an entry")?;
        let total = local::total_bytes(&header).unwrap_or(local::FIXED_BYTES);
        header.resize(total, 0);
        self.fill(header.get_mut(local::FIXED_BYTES..).unwrap_or_default(), "the header of an entry")?;
        let entry = local::decode(&header, self.sequence.end())?;
        self.sequence.admit(entry.clone())?;
        self.content = Some(Checked::new(&entry)?);
        Ok(Some(entry))
    }

    /// What is no entry must be the directory.
    fn begin_directory(&mut self, signature: &[u8]) -> Result<(), PackageError> {
        if self.sequence.entries().is_empty() {
            return Err(PackageError::Prefix);
        }
        if signature != central::SIGNATURE {
            return Err(PackageError::Gap { name: "the directory".into() });
        }
        self.sequence.check_complete()?;
        self.ended = true;
        Ok(())
    }

    /// Reads the directory, whose first signature is taken, and the end records.
    fn check_end(mut self) -> Result<Index, PackageError> {
        let sequence = std::mem::take(&mut self.sequence);
        let mut signature = central::SIGNATURE.to_vec();
        for seen in sequence.entries() {
            if signature != central::SIGNATURE {
                let field = "the directory does not list it";
                return Err(PackageError::Header { name: seen.name.to_string(), field });
            }
            seen.check_same(&self.read_record(signature)?)?;
            signature = vec![0; central::SIGNATURE.len()];
            self.fill(&mut signature, "the end of the directory")?;
        }
        if signature == central::SIGNATURE {
            let name = self.read_record(signature)?.name.to_string();
            return Err(PackageError::Header { name, field: "only the directory has it" });
        }
        if signature != RECORD_SIGNATURE {
            return Err(PackageError::EndRecords { problem: "they do not follow the directory" });
        }
        let mut records = signature;
        records.resize(END_BYTES, 0);
        self.fill(records.get_mut(RECORD_SIGNATURE.len()..).unwrap_or_default(), "the end")?;
        let directory_end = sequence.end().saturating_add(sequence.directory_bytes());
        let file_size = directory_end.saturating_add(END_LENGTH);
        let expected = EndRecords {
            entries: length(sequence.entries().len()),
            directory_bytes: sequence.directory_bytes(),
            directory_offset: sequence.end(),
        };
        if EndRecords::decode(&records, file_size)? != expected {
            return Err(PackageError::EndRecords { problem: "they do not describe the directory before them" });
        }
        if read_some(&mut self.input, &mut [0]).map_err(PackageError::Read)? != 0 {
            return Err(PackageError::Trailer);
        }
        Ok(Index::from_parts(sequence.into_entries(), expected.directory_offset, file_size))
    }

    /// Reads a record of the directory, of which the signature is read.
    fn read_record(&mut self, signature: Vec<u8>) -> Result<Entry, PackageError> {
        let (mut record, taken) = (signature, central::SIGNATURE.len());
        record.resize(central::FIXED_BYTES, 0);
        self.fill(record.get_mut(taken..).unwrap_or_default(), "a record of the directory")?;
        let total = central::total_bytes(&record).unwrap_or(central::FIXED_BYTES);
        record.resize(total, 0);
        self.fill(record.get_mut(central::FIXED_BYTES..).unwrap_or_default(), "a record of the directory")?;
        central::decode(&record)
    }

    /// Fills a buffer, or says what is missing.
    fn fill(&mut self, mut buffer: &mut [u8], missing: &'static str) -> Result<(), PackageError> {
        while !buffer.is_empty() {
            let count = read_some(&mut self.input, buffer).map_err(PackageError::Read)?;
            if count == 0 {
                return Err(PackageError::Truncated { missing });
            }
            buffer = buffer.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Runs a step, unless one failed before: what stands behind a refusal has no meaning.
    fn guarded<T, E: From<PackageError>>(&mut self, step: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        if self.failed {
            let error = io::Error::new(ErrorKind::InvalidInput, "the stream was not acceptable before");
            return Err(PackageError::Read(error).into());
        }
        let done = step(self);
        self.failed = done.is_err();
        done
    }
}

/// The content of the entry that a stream stands at; what is not read of it is read by the stream itself.
///
/// At its last bytes the checksum is compared. Errors carry a [`PackageError`] inside, which `PackageError::from` takes
/// out.
pub struct StreamContent<'a, R> {
    reader: &'a mut StreamReader<R>,
}

impl<R: Read> Read for StreamContent<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.guarded(|reader| match &mut reader.content {
            Some(content) => content.read(&mut reader.input, buffer),
            None => Ok(0),
        })
    }
}

/// How much is read at once where the caller asks for little.
const BUFFER_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::index::sample::{ENTRIES, places, read, sample, with_manifest};

    /// Gives out one to three bytes at a time, and is interrupted between.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(5) {
                return Err(ErrorKind::Interrupted.into());
            }
            let count = buffer.len().min(self.1 % 3 + 1);
            self.0.read(&mut buffer[..count])
        }
    }

    #[test]
    fn gives_every_entry_in_order_and_ends_with_the_index() {
        let package = sample();
        let mut reader = StreamReader::new(Slow(&package, 0)).unwrap();
        for (name, expected) in with_manifest(ENTRIES) {
            let (entry, mut content) = reader.next_entry().unwrap().unwrap();
            let mut found = Vec::new();
            content.read_to_end(&mut found).unwrap();
            assert_eq!((entry.name.as_str(), found), (name.as_str(), expected));
        }
        assert!(reader.next_entry().unwrap().is_none());
        assert!(reader.next_entry().unwrap().is_none());
        assert_eq!(reader.finish().unwrap(), read(&package).unwrap());
    }

    #[test]
    fn reads_and_checks_what_the_caller_leaves() {
        let package = sample();
        let mut reader = StreamReader::new(&package[..]).unwrap();
        while let Some((_, mut content)) = reader.next_entry().unwrap() {
            assert!(content.read(&mut [0; 3]).unwrap() <= 3);
        }
        reader.finish().unwrap();
        let mut changed = package.clone();
        let last = places(&package, "model/a.bin").content.end - 1;
        changed[last] ^= 1;
        let mut reader = StreamReader::new(&changed[..]).unwrap();
        while reader.next_entry().unwrap().unwrap().0.name.as_str() != "model/a.bin" {}
        let refused = reader.next_entry().map(drop).unwrap_err();
        assert_eq!((refused.rule(), refused.is_refusal()), ("package-crc", true));
        assert!(!reader.finish().unwrap_err().is_refusal(), "nothing is read behind a refusal");
    }

    #[test]
    fn withholds_the_last_bytes_of_a_content_that_changed() {
        let mut package = sample();
        let place = places(&package, "model/a.bin").content.start;
        package[place] ^= 1;
        let mut reader = StreamReader::new(&package[..]).unwrap();
        loop {
            let (entry, mut content) = reader.next_entry().unwrap().unwrap();
            if entry.name.as_str() != "model/a.bin" {
                continue;
            }
            let (mut found, mut byte) = (0, [0]);
            let error = loop {
                match content.read(&mut byte) {
                    Ok(count) => found += count,
                    Err(error) => break PackageError::from(error),
                }
            };
            assert_eq!((found, error.rule()), ("weights".len() - 1, "package-crc"));
            break;
        }
    }
}
