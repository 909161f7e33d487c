//! Archives as far as one has to know them to look into them: directories of ZIP files, headers of tar.

use std::io::{self, Read, Seek, SeekFrom};

/// A member of a ZIP archive, by the archive's directory.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) method: u16,
    pub(super) is_encrypted: bool,
    pub(super) packed_bytes: u64,
    header: u64,
}

/// What a ZIP archive lists.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) members: Vec<Member>,
    /// There is more than is looked at, or it contradicts itself.
    pub(super) is_unclear: bool,
}

/// Finds the directory from the end, as loaders do (APPNOTE 6.3.10, section 4.3); `None` where the file has none.
///
/// Bytes may stand in front of an archive, and loaders differ in where its directory is then: each place counts.
pub(super) fn zip_directory<R: Read + Seek>(file: &mut R) -> io::Result<Option<Directory>> {
    let length = file.seek(SeekFrom::End(0))?;
    let tail_start = length.saturating_sub(MAX_END_BYTES);
    let tail = read_at(file, tail_start, MAX_END_BYTES)?;
    // A record without a comment is the last thing in a file, whatever stands in it.
    let last = tail.len().checked_sub(END_BYTES).filter(|at| tail.get(*at..).is_some_and(|rest| rest.starts_with(END)));
    let found = last.or_else(|| tail.windows(END.len()).rposition(|window| window == END));
    let Some(end) = found else { return Ok(None) };
    let record = tail.get(end..).unwrap_or_default();
    let (Some(size), Some(offset)) = (number(record, 12, 4), number(record, 16, 4)) else { return Ok(None) };
    let end_at = tail_start.saturating_add(to_u64(end));
    let mut places = vec![(end_at.checked_sub(size), size, end_at), (Some(offset), size, end_at)];
    let locator = end.checked_sub(LOCATOR_BYTES).and_then(|at| tail.get(at..)).unwrap_or_default();
    if locator.starts_with(LOCATOR) {
        let said = number(locator, 8, 8).unwrap_or(u64::MAX);
        for at in [said, end_at.saturating_sub(76)] {
            let record = read_at(file, at, 56)?;
            if let (true, Some(size), Some(offset)) =
                (record.starts_with(END_64), number(&record, 40, 8), number(&record, 48, 8))
            {
                places.extend([(at.checked_sub(size), size, at), (Some(offset), size, at)]);
            }
        }
    }
    places.sort_unstable();
    places.dedup();
    let mut found = Directory::default();
    let mut is_archive = false;
    for (start, size, end_at) in places.into_iter().filter_map(|(start, size, end)| Some((start?, size, end))) {
        let listed = read_at(file, start, size.min(MAX_DIRECTORY_BYTES))?;
        if listed.starts_with(CENTRAL) {
            is_archive = true;
            found.is_unclear |= size > MAX_DIRECTORY_BYTES;
            let in_front = end_at.saturating_sub(size).saturating_sub(offset);
            found.read(&listed, in_front);
        }
    }
    Ok(is_archive.then_some(found))
}

impl Directory {
    fn read(&mut self, listed: &[u8], in_front: u64) {
        let mut rest = listed;
        while rest.starts_with(CENTRAL) {
            let lengths = [28, 30, 32].map(|at| number(rest, at, 2).map(to_usize));
            let [Some(name), Some(extra), Some(comment)] = lengths else { return self.is_unclear = true };
            let fields = [8, 10].map(|at| number(rest, at, 2).and_then(|field| u16::try_from(field).ok()));
            let ([Some(flags), Some(method)], Some(name_bytes)) = (fields, rest.get(46..46_usize.saturating_add(name)))
            else {
                return self.is_unclear = true;
            };
            let extra_start = 46_usize.saturating_add(name);
            let extra_end = extra_start.saturating_add(extra);
            let large = rest.get(extra_start..extra_end).map(|extra| zip64(rest, extra));
            let Some(Some((packed_bytes, header))) = large else { return self.is_unclear = true };
            let name = String::from_utf8_lossy(name_bytes).into_owned();
            for header in [Some(header), header.checked_add(in_front).filter(|_| in_front > 0)].into_iter().flatten() {
                let is_encrypted = flags & 1 != 0;
                self.members.push(Member { name: name.clone(), method, is_encrypted, packed_bytes, header });
            }
            if self.members.len() > MAX_MEMBERS {
                return self.is_unclear = true;
            }
            rest = rest.get(extra_end.saturating_add(comment)..).unwrap_or_default();
        }
    }
}

impl Member {
    /// Goes to the member's bytes; `false` where there are none.
    pub(super) fn find<R: Read + Seek>(&self, file: &mut R) -> io::Result<bool> {
        let header = read_at(file, self.header, 30)?;
        let lengths = (number(&header, 26, 2), number(&header, 28, 2));
        let (true, (Some(name), Some(extra))) = (header.starts_with(b"PK\x03\x04"), lengths) else { return Ok(false) };
        file.seek(SeekFrom::Start(self.header.saturating_add(30).saturating_add(name).saturating_add(extra)))?;
        Ok(true)
    }
}

/// The packed size and the place of a member, from the record or, where that has no room, its extra field.
fn zip64(record: &[u8], mut extra: &[u8]) -> Option<(u64, u64)> {
    let (packed, unpacked) = (number(record, 20, 4)?, number(record, 24, 4)?);
    let header = number(record, 42, 4)?;
    const FULL: u64 = 0xffff_ffff;
    if packed != FULL && header != FULL {
        return Some((packed, header));
    }
    while let (Some(id), Some(size)) = (number(extra, 0, 2), number(extra, 2, 2)) {
        let field = extra.get(4..4_usize.saturating_add(to_usize(size)))?;
        if id == 1 {
            let mut values = field.chunks_exact(8).map(|value| number(value, 0, 8));
            if unpacked == FULL {
                values.next()??;
            }
            let packed = if packed == FULL { values.next()?? } else { packed };
            let header = if header == FULL { values.next()?? } else { header };
            return Some((packed, header));
        }
        extra = extra.get(4_usize.saturating_add(to_usize(size))..)?;
    }
    None
}

/// What a header of tar says (POSIX ustar, GNU and the older form).
#[derive(Debug)]
pub(super) struct TarHeader {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) kind: u8,
}

impl TarHeader {
    /// Reads a header; `None` where its checksum does not say that it is one.
    pub(super) fn read(block: &[u8]) -> Option<Self> {
        let sums = block.get(..TAR_BLOCK)?;
        let (before, rest) = sums.split_at_checked(148)?;
        let (stored, after) = rest.split_at_checked(8)?;
        let sum = before.iter().chain(after).map(|byte| u64::from(*byte)).sum::<u64>().checked_add(8 * 32)?;
        if octal(stored)? != sum {
            return None;
        }
        let name = sums.get(..100)?.split(|byte| *byte == 0).next().unwrap_or_default();
        let size = match sums.get(124..136)? {
            [0x80, rest @ ..] => {
                rest.iter().try_fold(0_u64, |sum, byte| sum.checked_mul(256)?.checked_add((*byte).into()))?
            }
            text => octal(text)?,
        };
        Some(Self { name: String::from_utf8_lossy(name).into_owned(), size, kind: *sums.get(156)? })
    }
}

/// The size in records of a pax header, which counts in place of the next header's; `Err` where they are malformed.
pub(super) fn pax_size(mut records: &[u8]) -> Result<Option<u64>, ()> {
    let mut size = None;
    while !records.is_empty() && records.first() != Some(&0) {
        let space = records.iter().position(|byte| *byte == b' ').ok_or(())?;
        let length = decimal(records.get(..space).ok_or(())?).ok_or(())?;
        let record = records.get(space..to_usize(length)).ok_or(())?;
        if let Some(value) = record.strip_prefix(b" size=") {
            size = Some(decimal(value.trim_ascii_end()).ok_or(())?);
        } else if record.starts_with(b" GNU.sparse") {
            return Err(());
        }
        records = records.get(to_usize(length).max(1)..).ok_or(())?;
    }
    Ok(size)
}

fn decimal(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

fn octal(text: &[u8]) -> Option<u64> {
    let text = str::from_utf8(text).ok()?.trim_matches(|c: char| c == ' ' || c == '\0');
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

/// A number in little-endian order.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(width)?)?;
    Some(field.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
}

fn read_at<R: Read + Seek>(file: &mut R, at: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if i64::try_from(at).is_ok() {
        file.seek(SeekFrom::Start(at))?;
        file.take(count).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// How many bytes a block of tar has.
pub(super) const TAR_BLOCK: usize = 512;
/// How many members of an archive are looked at.
pub(super) const MAX_MEMBERS: usize = 100_000;
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_BYTES: usize = 20;
const CENTRAL: &[u8] = b"PK\x01\x02";
/// How long the record at the end is without a comment.
const END_BYTES: usize = 22;
/// The same with the longest comment, and the ZIP64 locator before it.
const MAX_END_BYTES: u64 = 22 + 65_535 + 20;
const MAX_DIRECTORY_BYTES: u64 = 64 << 20;
