//! The three records at the end: the ZIP64 end record, its locator and the old end record (APPNOTE, sections 4.3.14 to
//! 4.3.16).

use super::PackageError;
use super::central;
use super::record::{Fields, VERSION_ZIP64, narrow};

/// Where the directory is and how much there is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EndRecords {
    /// How many entries it lists.
    pub(super) entries: u64,
    /// Its size, in bytes.
    pub(super) directory_bytes: u64,
    /// Where it begins.
    pub(super) directory_offset: u64,
}

/// How long the three are together: always the same, as there are no comments.
pub(super) const END_BYTES: usize = RECORD_BYTES + LOCATOR_BYTES + OLD_RECORD_BYTES;
/// [`END_BYTES`], where places in the file are reckoned with.
pub(super) const END_LENGTH: u64 = 98;
/// What the first of the three begins with.
pub(super) const RECORD_SIGNATURE: [u8; 4] = *b"PK\x06\x06";
/// What the last of the three begins with.
pub(super) const OLD_SIGNATURE: [u8; 4] = *b"PK\x05\x06";
/// How long the last of the three is.
pub(super) const OLD_RECORD_BYTES: usize = 22;

impl EndRecords {
    /// Writes the three records.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(END_BYTES);
        out.extend(RECORD_SIGNATURE);
        out.extend(RECORD_REST.to_le_bytes());
        out.extend(MADE_BY.to_le_bytes());
        out.extend(VERSION_ZIP64.to_le_bytes());
        // This disk and the directory's are the first.
        out.extend([0; 8]);
        for field in [self.entries, self.entries, self.directory_bytes, self.directory_offset] {
            out.extend(field.to_le_bytes());
        }
        out.extend(LOCATOR_SIGNATURE);
        out.extend(0_u32.to_le_bytes());
        out.extend(self.directory_end().to_le_bytes());
        out.extend(1_u32.to_le_bytes());
        out.extend(OLD_SIGNATURE);
        out.extend([0; 4]);
        let entries = u16::try_from(self.entries).unwrap_or(u16::MAX);
        out.extend(entries.to_le_bytes());
        out.extend(entries.to_le_bytes());
        out.extend(narrow(self.directory_bytes).to_le_bytes());
        out.extend(narrow(self.directory_offset).to_le_bytes());
        out.extend([0; 2]);
        out
    }

    /// Reads the three records, which end where a file of this size does.
    pub(super) fn decode(records: &[u8], file_size: u64) -> Result<Self, PackageError> {
        let refused = |problem| PackageError::EndRecords { problem };
        let truncated = || PackageError::Truncated { missing: "the end" };
        let (record, rest) = records.split_at_checked(RECORD_BYTES).ok_or_else(truncated)?;
        let (locator, old) = rest.split_at_checked(LOCATOR_BYTES).ok_or_else(truncated)?;
        let starts_at = file_size.checked_sub(END_LENGTH).ok_or_else(truncated)?;
        // Two old records in a row: a reader that looks for the last one and one that looks for the first would differ.
        let before = END_BYTES - 2 * OLD_RECORD_BYTES;
        if records.get(before..).is_some_and(|rest| rest.starts_with(&OLD_SIGNATURE)) {
            return Err(refused("there are two of them"));
        }
        if !locator.starts_with(&LOCATOR_SIGNATURE) {
            return Err(refused("there is no ZIP64 locator"));
        }
        if !record.starts_with(&RECORD_SIGNATURE) {
            return Err(refused("there is no ZIP64 record"));
        }
        let found = Self::fields(record).ok_or_else(truncated)?;
        let locator_place = Fields(locator.get(8..).unwrap_or_default()).u64();
        if locator_place != Some(starts_at) {
            return Err(refused("the ZIP64 locator points elsewhere"));
        }
        if found.directory_offset.checked_add(found.directory_bytes) != Some(starts_at) {
            return Err(refused("the directory does not end where they begin"));
        }
        let expected = found.encode();
        if expected.get(..RECORD_BYTES) != Some(record) {
            return Err(refused("the ZIP64 record has other versions, disks, counts or fields"));
        }
        if !expected.get(RECORD_BYTES..).is_some_and(|rest| rest.starts_with(locator)) {
            return Err(refused("the ZIP64 locator names other disks"));
        }
        if !expected.ends_with(old) {
            return Err(refused("the old record contradicts the ZIP64 record"));
        }
        found.check_limits()?;
        Ok(found)
    }

    /// Where the directory ends, which is where these records begin.
    pub(super) const fn directory_end(&self) -> u64 {
        self.directory_offset.saturating_add(self.directory_bytes)
    }

    /// Refuses more than a package may have, and more entries than the directory has place for.
    fn check_limits(&self) -> Result<(), PackageError> {
        if self.entries > MAX_ENTRIES {
            return Err(PackageError::Limit { what: "entries", limit: MAX_ENTRIES });
        }
        if self.directory_bytes > MAX_DIRECTORY_BYTES {
            return Err(PackageError::Limit { what: "bytes of directory", limit: MAX_DIRECTORY_BYTES });
        }
        let smallest = u64::try_from(central::FIXED_BYTES).unwrap_or(u64::MAX);
        if self.entries.saturating_mul(smallest) > self.directory_bytes {
            return Err(PackageError::EndRecords {
                problem: "there are more entries than the directory has place for",
            });
        }
        Ok(())
    }

    fn fields(record: &[u8]) -> Option<Self> {
        let mut fields = Fields(record);
        fields.bytes(24)?;
        fields.u64()?;
        Some(Self { entries: fields.u64()?, directory_bytes: fields.u64()?, directory_offset: fields.u64()? })
    }
}

/// How many entries a package may have.
pub(super) const MAX_ENTRIES: u64 = 1_000_000;
/// How large the directory of a package may be.
pub(super) const MAX_DIRECTORY_BYTES: u64 = 256 << 20;
const RECORD_BYTES: usize = 56;
const LOCATOR_BYTES: usize = 20;
const LOCATOR_SIGNATURE: [u8; 4] = *b"PK\x06\x07";
/// How long the ZIP64 record is behind the field that says so.
const RECORD_REST: u64 = 44;
const MADE_BY: u16 = 0x0300 | VERSION_ZIP64;
