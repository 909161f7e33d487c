//! The record of an entry in the directory (APPNOTE, section 4.3.12).

use super::entry::Entry;
use super::record::{Common, Fields, VERSION_ZIP64, Zip64, length, narrow, write_zip64};
use super::{EntryName, PackageError};

/// What every record begins with.
pub(super) const SIGNATURE: [u8; 4] = *b"PK\x01\x02";
/// How long a record is without name and extra field.
pub(super) const FIXED_BYTES: usize = 46;

/// How long the record of an entry is.
pub(super) fn record_bytes(entry: &Entry) -> u64 {
    let mut extra = Vec::new();
    write_zip64(&mut extra, &[entry.size, entry.size, entry.header_offset]);
    length(FIXED_BYTES + entry.name.as_str().len() + extra.len())
}

/// Writes the record of an entry.
pub(super) fn encode(entry: &Entry) -> Vec<u8> {
    let name = entry.name.as_str();
    let mut extra = Vec::new();
    write_zip64(&mut extra, &[entry.size, entry.size, entry.header_offset]);
    let mut out = Vec::with_capacity(FIXED_BYTES + name.len() + extra.len());
    out.extend(SIGNATURE);
    out.extend(MADE_BY.to_le_bytes());
    Common::write(&mut out, entry.crc32, entry.size, name, &extra);
    // No comment, the first disk, no internal attributes.
    out.extend([0; 6]);
    out.extend(ATTRIBUTES.to_le_bytes());
    out.extend(narrow(entry.header_offset).to_le_bytes());
    out.extend(name.as_bytes());
    out.extend(extra);
    out
}

/// How long a record is in all, told from its fixed part; `None` where it is no record.
pub(super) fn total_bytes(fixed: &[u8]) -> Option<usize> {
    let mut fields = Fields(fixed);
    if fields.bytes(4)? != SIGNATURE {
        return None;
    }
    fields.u16()?;
    let common = Common::read(&mut fields)?;
    let comment = usize::from(fields.u16()?);
    Some(FIXED_BYTES + common.name_bytes + common.extra_bytes + comment)
}

/// Reads a whole record.
pub(super) fn decode(record: &[u8]) -> Result<Entry, PackageError> {
    let truncated = || PackageError::Truncated { missing: "a record of the directory" };
    let mut fields = Fields(record);
    fields.bytes(4).ok_or_else(truncated)?;
    let made_by = fields.u16().ok_or_else(truncated)?;
    let common = Common::read(&mut fields).ok_or_else(truncated)?;
    let comment = fields.u16().ok_or_else(truncated)?;
    let disk_and_internal = fields.u32().ok_or_else(truncated)?;
    let attributes = fields.u32().ok_or_else(truncated)?;
    let offset = fields.u32().ok_or_else(truncated)?;
    let name = EntryName::from_bytes(fields.bytes(common.name_bytes).ok_or_else(truncated)?)?;
    let extra = fields.bytes(common.extra_bytes).ok_or_else(truncated)?;
    let refused = |name: &EntryName, problem| PackageError::Profile { name: name.to_string(), problem };
    common.check(name.as_str(), extra)?;
    if made_by != MADE_BY {
        return Err(refused(&name, "it was made for another system than Unix, or by another version"));
    }
    if comment != 0 {
        return Err(refused(&name, "it has a comment"));
    }
    if disk_and_internal != 0 {
        return Err(refused(&name, "it lies on another disk, or has internal attributes"));
    }
    if attributes != ATTRIBUTES {
        return Err(refused(&name, "it is not a regular file of mode 644"));
    }
    let mut wide = Zip64::of(extra);
    let (size, compressed) = (wide.widen(common.size), wide.widen(common.size));
    let (Some(size), Some(compressed), Some(header_offset)) = (size, compressed, wide.widen(offset)) else {
        return Err(refused(&name, "its size or place stands nowhere"));
    };
    if size != compressed {
        return Err(refused(&name, "it has two sizes"));
    }
    let entry = Entry::place(name, size, common.crc32, header_offset)?;
    // All else that there is to check: which extra fields there are.
    if encode(&entry) != record {
        return Err(refused(&entry.name, "the extra fields of its record are not those that it needs"));
    }
    Ok(entry)
}

/// Unix, by version 4.5 of the format.
const MADE_BY: u16 = 0x0300 | VERSION_ZIP64;
/// The upper half is the mode: a regular file that its owner may write and everybody may read.
const ATTRIBUTES: u32 = 0o100_644 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_does_not_fit_in_a_zip64_field_and_nothing_else() {
        let large = u64::from(u32::MAX);
        let cases = [(1, 1, 0), (large - 1, large - 1, 0), (large, 1, 20), (1, large, 12), (large, large, 28)];
        for (size, offset, extra) in cases {
            let entry = Entry::place(EntryName::new("model/a").unwrap(), size, 7, offset).unwrap();
            let record = encode(&entry);
            assert_eq!(record.len(), FIXED_BYTES + 7 + extra, "{size} at {offset}");
            assert_eq!(total_bytes(&record[..FIXED_BYTES]), Some(record.len()));
            assert_eq!(record_bytes(&entry), length(record.len()));
            assert_eq!(record[6], if extra == 0 { 10 } else { 45 });
            assert_eq!(decode(&record).unwrap(), entry);
        }
    }
}
