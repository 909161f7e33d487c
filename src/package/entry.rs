use super::{EntryKind, EntryName, PackageError, local};

/// One entry of a package, and where it lies in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: EntryName,
    /// The size of its content, in bytes.
    pub size: u64,
    /// The CRC-32 of its content: against accidents, not against people.
    pub crc32: u32,
    /// Where its content begins, in bytes from the start of the file; a multiple of [`ALIGNMENT`] for a model's file.
    pub data_offset: u64,
    /// Where its header begins.
    pub header_offset: u64,
}

impl Entry {
    /// Lays out an entry whose header begins at a place; everything else follows from that.
    ///
    /// # Errors
    /// [`PackageError::TooLarge`], [`PackageError::Limit`] where sizes or places become absurd.
    pub(super) fn place(name: EntryName, size: u64, crc32: u32, header_offset: u64) -> Result<Self, PackageError> {
        if size > MAX_ENTRY_BYTES {
            return Err(PackageError::TooLarge { name, size, limit: MAX_ENTRY_BYTES });
        }
        if header_offset > MAX_PACKAGE_BYTES {
            return Err(PackageError::Limit { what: "bytes", limit: MAX_PACKAGE_BYTES });
        }
        let header = local::header_bytes(&name, size, header_offset);
        Ok(Self { name, size, crc32, data_offset: header_offset + header, header_offset })
    }

    /// Where its content ends, which is where the next entry begins.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.data_offset.saturating_add(self.size)
    }

    /// Where its content would end if nothing aligned it.
    pub(super) fn end_unaligned(&self) -> u64 {
        let header = local::unpadded_bytes(&self.name, self.size);
        self.header_offset.saturating_add(header).saturating_add(self.size)
    }

    /// Holds what an entry's header says to what the directory says of it.
    pub(super) fn check_same(&self, directory: &Self) -> Result<(), PackageError> {
        let field = match () {
            () if self.name != directory.name => "the name",
            () if self.size != directory.size => "the size",
            () if self.crc32 != directory.crc32 => "the checksum",
            () if self.header_offset != directory.header_offset => "where it begins",
            () => return Ok(()),
        };
        Err(PackageError::Header { name: directory.name.to_string(), field })
    }
}

/// How many bytes an entry of a kind may have: what is not part of the model is read into memory.
pub(super) const fn max_bytes(kind: EntryKind) -> u64 {
    match kind {
        EntryKind::Mimetype => 64,
        EntryKind::Manifest => MAX_MANIFEST_BYTES,
        EntryKind::ModelSignature | EntryKind::PackageSignature | EntryKind::Signature => crate::oms::MAX_BUNDLE_BYTES,
        // It lists every file of the model, as the manifest does.
        EntryKind::Fingerprint => MAX_MANIFEST_BYTES,
        EntryKind::Attestation | EntryKind::Report | EntryKind::Imported | EntryKind::Readme => MAX_REPORT_BYTES,
        EntryKind::Model => MAX_ENTRY_BYTES,
    }
}

/// Where the content of a model's file begins is a multiple of this: it can then be mapped into memory, and shared
/// with another file by file systems that share blocks.
pub const ALIGNMENT: u64 = 4096;

/// The largest entry: the largest size that every JSON reader takes for the same number.
pub(super) const MAX_ENTRY_BYTES: u64 = 1 << 53;
/// The largest package: beyond this no file system goes, and no sum of places overflows below.
const MAX_PACKAGE_BYTES: u64 = 1 << 62;
/// The largest manifest: that of a million files with long names.
pub(super) const MAX_MANIFEST_BYTES: u64 = 256 << 20;
/// The largest report, attestation, imported file or README.
const MAX_REPORT_BYTES: u64 = 64 << 20;
