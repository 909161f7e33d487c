//! The header that stands before an entry's content (APPNOTE, section 4.3.7).

use super::entry::{ALIGNMENT, Entry};
use super::record::{Common, Fields, Zip64, length, write_zip64};
use super::{EntryKind, EntryName, PackageError};

/// What every header begins with.
pub(super) const SIGNATURE: [u8; 4] = *b"PK\x03\x04";
/// How long a header is without name and extra field.
pub(super) const FIXED_BYTES: usize = 4 + Common::BYTES;

/// How long the header of an entry is that begins at a place.
pub(super) fn header_bytes(name: &EntryName, size: u64, header_offset: u64) -> u64 {
    let bytes = unpadded_bytes(name, size);
    if name.kind() == EntryKind::Model { bytes + padding(header_offset + bytes) } else { bytes }
}

/// How long the header of an entry is without padding.
pub(super) fn unpadded_bytes(name: &EntryName, size: u64) -> u64 {
    let mut extra = Vec::new();
    write_zip64(&mut extra, &[size, size]);
    length(FIXED_BYTES + name.as_str().len() + extra.len())
}

/// Writes the header of an entry.
pub(super) fn encode(entry: &Entry) -> Vec<u8> {
    let name = entry.name.as_str();
    let mut extra = Vec::new();
    write_zip64(&mut extra, &[entry.size, entry.size]);
    let before = length(FIXED_BYTES + name.len() + extra.len());
    let padding = entry.data_offset.saturating_sub(entry.header_offset).saturating_sub(before);
    if let Some(content) = usize::try_from(padding).ok().and_then(|padding| padding.checked_sub(FIELD_HEAD_BYTES)) {
        extra.extend(PADDING_FIELD.to_le_bytes());
        extra.extend(u16::try_from(content).unwrap_or(u16::MAX).to_le_bytes());
        let start = extra.len();
        extra.extend(u16::try_from(ALIGNMENT).unwrap_or(u16::MAX).to_le_bytes());
        extra.resize(start + content, 0);
    }
    let mut out = Vec::with_capacity(FIXED_BYTES + name.len() + extra.len());
    out.extend(SIGNATURE);
    Common::write(&mut out, entry.crc32, entry.size, name, &extra);
    out.extend(name.as_bytes());
    out.extend(extra);
    out
}

/// How long a header is in all, told from its fixed part; `None` where it is no header.
pub(super) fn total_bytes(fixed: &[u8]) -> Option<usize> {
    let mut fields = Fields(fixed);
    if fields.bytes(4)? != SIGNATURE {
        return None;
    }
    let common = Common::read(&mut fields)?;
    Some(FIXED_BYTES + common.name_bytes + common.extra_bytes)
}

/// Reads a whole header that begins at a place in the file.
pub(super) fn decode(header: &[u8], header_offset: u64) -> Result<Entry, PackageError> {
    let truncated = || PackageError::Truncated { missing: "the header of an entry" };
    let mut fields = Fields(header);
    fields.bytes(4).ok_or_else(truncated)?;
    let common = Common::read(&mut fields).ok_or_else(truncated)?;
    let name = EntryName::from_bytes(fields.bytes(common.name_bytes).ok_or_else(truncated)?)?;
    let extra = fields.0;
    common.check(name.as_str(), extra)?;
    let refused = |name: &EntryName, problem| PackageError::Profile { name: name.to_string(), problem };
    let mut wide = Zip64::of(extra);
    let size = match (wide.widen(common.size), wide.widen(common.size)) {
        (Some(size), Some(compressed)) if size == compressed => size,
        (Some(_), Some(_)) => return Err(refused(&name, "it has two sizes")),
        _ => return Err(refused(&name, "its size stands nowhere")),
    };
    let entry = Entry::place(name, size, common.crc32, header_offset)?;
    // All else that there is to check: which extra fields there are, and that the padding is what it must be.
    if encode(&entry) != header {
        return Err(refused(&entry.name, "the extra fields of its header are not those that it needs"));
    }
    Ok(entry)
}

/// How many bytes of padding bring a place to a multiple of [`ALIGNMENT`]: none, or enough for a field of its own.
const fn padding(offset: u64) -> u64 {
    let needed = offset.next_multiple_of(ALIGNMENT) - offset;
    if needed == 0 || needed >= SMALLEST_PADDING { needed } else { needed + ALIGNMENT }
}

/// The field that Android's tools use for alignment: the alignment in two bytes, then zeros.
const PADDING_FIELD: u16 = 0xd935;
/// Identifier and length before the content of an extra field.
const FIELD_HEAD_BYTES: usize = 4;
/// The head, and the alignment.
const SMALLEST_PADDING: u64 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, size: u64, offset: u64) -> Entry {
        Entry::place(EntryName::new(name).unwrap(), size, 0x1234_5678, offset).unwrap()
    }

    #[test]
    fn pads_the_files_of_a_model_alone() {
        for before in 0..2 * ALIGNMENT {
            let model = entry("model/a", 3, before);
            assert_eq!(model.data_offset % ALIGNMENT, 0);
            assert!(model.data_offset - before < 2 * ALIGNMENT);
            let header = encode(&model);
            assert_eq!(u64::try_from(header.len()).unwrap(), model.data_offset - before);
            assert_eq!(total_bytes(&header[..FIXED_BYTES]), Some(header.len()));
            assert_eq!(decode(&header, before).unwrap(), model);
        }
        assert_eq!(entry("README", 3, 100).data_offset, 136);
    }

    #[test]
    fn uses_zip64_from_the_first_size_that_needs_it() {
        let largest = u64::from(u32::MAX) - 1;
        for (size, wide) in [(0, false), (largest, false), (largest + 1, true), (largest + 2, true)] {
            let header = encode(&entry("model/a", size, 0));
            assert_eq!(header[FIXED_BYTES + 7..][..4] == [1, 0, 16, 0], wide, "{size}");
            assert_eq!(header[4], if wide { 45 } else { 10 });
            assert_eq!(decode(&header, 0).unwrap().size, size);
        }
    }

    #[test]
    fn follows_the_format_document_byte_for_byte() {
        let header = encode(&entry("README", 5, 0));
        let expected = b"PK\x03\x04\x0a\0\0\x08\0\0\0\0\x21\0\x78\x56\x34\x12\x05\0\0\0\x05\0\0\0\x06\0\0\0README";
        assert_eq!(header, expected);
        let padded = encode(&entry("model/a", 5, 4096));
        assert_eq!(padded[26..30], [7, 0, 0xdb, 0x0f]);
        assert_eq!(padded[37..43], [0x35, 0xd9, 0xd7, 0x0f, 0, 0x10]);
        assert!(padded[43..].iter().all(|byte| *byte == 0));
    }
}
