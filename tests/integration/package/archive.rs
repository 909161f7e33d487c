//! Packages put together byte for byte, by the format's document and without the library under test: what its writer
//! writes, and everything that it would not.

use std::ops::Range;

/// A package in the making, and where its records lie.
#[derive(Clone)]
pub(super) struct Archive {
    pub(super) bytes: Vec<u8>,
    places: Vec<Place>,
    directory: usize,
}

/// Where an entry lies.
#[derive(Clone)]
pub(super) struct Place {
    name: Vec<u8>,
    pub(super) header: usize,
    pub(super) content: Range<usize>,
    pub(super) record: usize,
}

/// The three records at the end, which say how many entries there are, and where the directory is.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) entries: u64,
    pub(super) directory_bytes: u64,
    pub(super) directory_offset: u64,
}

/// How long the three records are.
pub(super) const END_BYTES: usize = 98;
const ALIGNMENT: usize = 4096;

impl Archive {
    /// Lays out these entries: name and content.
    pub(super) fn of<N: AsRef<[u8]>, C: AsRef<[u8]>>(entries: &[(N, C)]) -> Self {
        let mut archive = Self { bytes: Vec::new(), places: Vec::new(), directory: 0 };
        for (name, content) in entries {
            let (name, content) = (name.as_ref(), content.as_ref());
            let header = archive.bytes.len();
            let padding = padding(name, header + 30 + name.len());
            archive.bytes.extend(b"PK\x03\x04");
            archive.bytes.extend(common(content, name, padding.len()));
            archive.bytes.extend(name);
            archive.bytes.extend(padding);
            let start = archive.bytes.len();
            archive.bytes.extend(content);
            let content = start..archive.bytes.len();
            archive.places.push(Place { name: name.to_vec(), header, content, record: 0 });
        }
        archive.directory = archive.bytes.len();
        for place in &mut archive.places {
            place.record = archive.bytes.len();
            archive.bytes.extend(b"PK\x01\x02\x2d\x03");
            let content = archive.bytes[place.content.clone()].to_vec();
            archive.bytes.extend(common(&content, &place.name, 0));
            // No comment, the first disk, no internal attributes; a regular file of mode 644.
            archive.bytes.extend([0; 6]);
            archive.bytes.extend((0o100_644_u32 << 16).to_le_bytes());
            archive.bytes.extend(u32::try_from(place.header).unwrap().to_le_bytes());
            archive.bytes.extend(&place.name);
        }
        let ends = archive.ends();
        archive.bytes.extend(ends.encode());
        archive
    }

    /// The end records that fit where nothing stands behind the directory yet.
    fn ends(&self) -> Ends {
        Ends {
            entries: self.places.len().try_into().unwrap(),
            directory_bytes: (self.bytes.len() - self.directory).try_into().unwrap(),
            directory_offset: self.directory.try_into().unwrap(),
        }
    }

    /// Where an entry lies.
    pub(super) fn place(&self, name: &str) -> &Place {
        let found = self.places.iter().find(|place| place.name == name.as_bytes());
        found.unwrap_or_else(|| panic!("no entry {name}"))
    }

    /// Where the directory begins.
    pub(super) const fn directory(&self) -> usize {
        self.directory
    }

    /// Writes over what is at a place.
    pub(super) fn patched(mut self, at: usize, bytes: &[u8]) -> Self {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Writes over a field of an entry's header.
    pub(super) fn in_header(self, name: &str, at: usize, bytes: &[u8]) -> Self {
        let header = self.place(name).header;
        self.patched(header + at, bytes)
    }

    /// Writes over a field of an entry's record in the directory.
    pub(super) fn in_record(self, name: &str, at: usize, bytes: &[u8]) -> Self {
        let record = self.place(name).record;
        self.patched(record + at, bytes)
    }

    /// Writes over a field that header and record have in common, by its place in the header.
    pub(super) fn in_both(self, name: &str, at: usize, bytes: &[u8]) -> Self {
        self.in_header(name, at, bytes).in_record(name, at + 2, bytes)
    }

    /// Writes other end records.
    pub(super) fn with_ends(mut self, change: impl FnOnce(&mut Ends)) -> Self {
        self.bytes.truncate(self.bytes.len() - END_BYTES);
        let mut ends = self.ends();
        change(&mut ends);
        self.bytes.extend(ends.encode());
        self
    }

    /// Writes over what stands so many bytes before the end.
    pub(super) fn before_end(self, distance: usize, bytes: &[u8]) -> Self {
        let at = self.bytes.len() - distance;
        self.patched(at, bytes)
    }

    /// Puts bytes between, and has all that the directory and the end records say go on to fit.
    pub(super) fn inserted(mut self, at: usize, bytes: &[u8]) -> Self {
        let moved = |place: usize| if place >= at { place + bytes.len() } else { place };
        self.bytes.truncate(self.bytes.len() - END_BYTES);
        self.bytes.splice(at..at, bytes.iter().copied());
        for place in &mut self.places {
            place.record = moved(place.record);
            place.header = moved(place.header);
            let header = u32::try_from(place.header).unwrap().to_le_bytes();
            self.bytes[place.record + 42..place.record + 46].copy_from_slice(&header);
        }
        if at <= self.directory {
            self.directory += bytes.len();
        }
        let ends = self.ends();
        self.bytes.extend(ends.encode());
        self
    }
}

impl Ends {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut out = b"PK\x06\x06".to_vec();
        out.extend(44_u64.to_le_bytes());
        out.extend([0x2d, 0x03, 45, 0]);
        out.extend([0; 8]);
        for field in [self.entries, self.entries, self.directory_bytes, self.directory_offset] {
            out.extend(field.to_le_bytes());
        }
        out.extend(b"PK\x06\x07\0\0\0\0");
        out.extend(self.directory_offset.wrapping_add(self.directory_bytes).to_le_bytes());
        out.extend([1, 0, 0, 0]);
        out.extend(b"PK\x05\x06\0\0\0\0");
        let entries = u16::try_from(self.entries).unwrap_or(u16::MAX).to_le_bytes();
        out.extend([entries, entries].concat());
        for field in [self.directory_bytes, self.directory_offset] {
            out.extend(u32::try_from(field).unwrap_or(u32::MAX).to_le_bytes());
        }
        out.extend([0; 2]);
        out
    }
}

/// The fields that header and record have in common, for contents below 4 GiB.
fn common(content: &[u8], name: &[u8], extra: usize) -> Vec<u8> {
    let mut out = vec![10, 0, 0, 8, 0, 0, 0, 0, 0x21, 0];
    out.extend(crc32(content).to_le_bytes());
    let size = u32::try_from(content.len()).unwrap().to_le_bytes();
    out.extend([size, size].concat());
    out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    out.extend(u16::try_from(extra).unwrap().to_le_bytes());
    out
}

/// The extra field that aligns the content of a model's file.
fn padding(name: &[u8], end: usize) -> Vec<u8> {
    let needed = end.next_multiple_of(ALIGNMENT) - end;
    if !name.starts_with(b"model/") || needed == 0 {
        return Vec::new();
    }
    let whole = if needed < 6 { needed + ALIGNMENT } else { needed };
    let mut extra = vec![0x35, 0xd9];
    extra.extend(u16::try_from(whole - 4).unwrap().to_le_bytes());
    extra.extend(u16::try_from(ALIGNMENT).unwrap().to_le_bytes());
    extra.resize(whole, 0);
    extra
}

/// CRC-32 as ZIP has it, bit by bit.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
