//! What the records of a package have in common: numbers in little-endian order, and the profile's constants
//! ([APPNOTE 6.3.10](https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), section 4.3).

use super::PackageError;

/// The fields of a record, taken one after another; `None` where the record ends too early.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn u16(&mut self) -> Option<u16> {
        self.number().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.number().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.number().map(u64::from_le_bytes)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}

/// The fields that stand in the same order in an entry's header and in its record in the directory.
pub(super) struct Common {
    version: u16,
    flags: u16,
    method: u16,
    time: u16,
    date: u16,
    pub(super) crc32: u32,
    compressed: u32,
    pub(super) size: u32,
    pub(super) name_bytes: usize,
    pub(super) extra_bytes: usize,
}

impl Common {
    pub(super) const BYTES: usize = 26;

    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            version: fields.u16()?,
            flags: fields.u16()?,
            method: fields.u16()?,
            time: fields.u16()?,
            date: fields.u16()?,
            crc32: fields.u32()?,
            compressed: fields.u32()?,
            size: fields.u32()?,
            name_bytes: fields.u16()?.into(),
            extra_bytes: fields.u16()?.into(),
        })
    }

    /// Writes the fields of an entry.
    pub(super) fn write(out: &mut Vec<u8>, crc32: u32, size: u64, name: &str, extra: &[u8]) {
        let size = narrow(size);
        out.extend(version(extra).to_le_bytes());
        for field in [FLAGS, METHOD, TIME, DATE] {
            out.extend(field.to_le_bytes());
        }
        for field in [crc32, size, size] {
            out.extend(field.to_le_bytes());
        }
        for length in [name.len(), extra.len()] {
            // Names and padding are bounded far below 64 KiB; what did not fit would not be read back.
            out.extend(u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
        }
    }

    /// Holds the fields to the profile; `extra` is the record's own extra field.
    pub(super) fn check(&self, name: &str, extra: &[u8]) -> Result<(), PackageError> {
        let refused = |problem| Err(PackageError::Profile { name: name.to_owned(), problem });
        if self.flags & ENCRYPTED != 0 {
            return refused("it is encrypted");
        }
        if self.flags & DESCRIPTOR != 0 {
            return refused("its size and checksum come after its content");
        }
        if self.flags != FLAGS {
            return refused("its flags are not those of a name in UTF-8");
        }
        if self.method != METHOD {
            return refused("it is compressed");
        }
        if self.compressed != self.size {
            return refused("it has two sizes");
        }
        if (self.time, self.date) != (TIME, DATE) {
            return refused("it has a time other than the first of January 1980");
        }
        if self.version != version(extra) {
            return refused("the version it needs is not the one that its fields ask for");
        }
        Ok(())
    }
}

/// The values that an entry's ZIP64 field holds, because they do not fit their narrow fields.
pub(super) struct Zip64<'a>(Fields<'a>);

impl<'a> Zip64<'a> {
    /// Looks at the beginning of an extra field; where it is no ZIP64 field, there are no values.
    pub(super) fn of(extra: &'a [u8]) -> Self {
        let mut fields = Fields(extra);
        let values = match (fields.u16(), fields.u16()) {
            (Some(ZIP64_FIELD), Some(length)) => fields.bytes(length.into()),
            _ => None,
        };
        Self(Fields(values.unwrap_or_default()))
    }

    /// The value of a narrow field; `None` where it should stand here and does not.
    pub(super) fn widen(&mut self, field: u32) -> Option<u64> {
        if field == u32::MAX { self.0.u64() } else { Some(field.into()) }
    }
}

/// Writes a ZIP64 field of those values that do not fit a narrow field, and nothing where all fit.
pub(super) fn write_zip64(out: &mut Vec<u8>, values: &[u64]) {
    let wide: Vec<u64> = values.iter().copied().filter(|value| narrow(*value) == u32::MAX).collect();
    if wide.is_empty() {
        return;
    }
    out.extend(ZIP64_FIELD.to_le_bytes());
    out.extend(u16::try_from(wide.len() * 8).unwrap_or(u16::MAX).to_le_bytes());
    for value in wide {
        out.extend(value.to_le_bytes());
    }
}

/// A length in memory, for reckoning with places in the file.
pub(super) fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// A value for a narrow field, all ones where it does not fit.
pub(super) fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The version that a reader needs: 4.5 for ZIP64 fields, else 1.0.
fn version(extra: &[u8]) -> u16 {
    if extra.starts_with(&ZIP64_FIELD.to_le_bytes()) { VERSION_ZIP64 } else { VERSION_PLAIN }
}

/// The version for records with ZIP64 fields.
pub(super) const VERSION_ZIP64: u16 = 45;
const VERSION_PLAIN: u16 = 10;
/// The name is UTF-8, and nothing else.
const FLAGS: u16 = 0x0800;
const ENCRYPTED: u16 = 0x0001;
const DESCRIPTOR: u16 = 0x0008;
/// Stored.
const METHOD: u16 = 0;
/// The first second of 1980, the first that a ZIP file can name.
const TIME: u16 = 0;
const DATE: u16 = 0x0021;
const ZIP64_FIELD: u16 = 0x0001;
