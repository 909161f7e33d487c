//! Looking into files: what is archived or compressed, and pickles beyond their first bytes.

use std::cell::Cell;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::rc::Rc;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::archive::{MAX_MEMBERS, Member, TAR_BLOCK, TarHeader, pax_size, zip_directory};
use super::format::{Hint, ZIP, zip_of};
use super::pickle::{self, Ending, Input};
use super::{ModelFormat, ModelPath};

impl ModelFormat {
    /// Tells the format of a file, and looks into what is archived or compressed in it: four levels deep, 100,000 members,
    /// 256 MiB unpacked. What is found in there and can run code, or cannot be looked into, is told in place of the archive.
    ///
    /// A pickle behind another file's bytes is found in a ZIP archive that ends the file, and nowhere else.
    ///
    /// # Errors
    /// What the system says.
    pub fn read<R: Read + Seek>(name: &ModelPath, file: R) -> io::Result<Self> {
        Look { left: Rc::new(Cell::new(MAX_UNPACKED_BYTES)), members: 0 }.file(name, &mut BufReader::new(file), 0)
    }

    /// Whether this is told in place of the archive that it was found in.
    const fn is_told(self) -> bool {
        self.executes_code() || matches!(self, Self::Compressed)
    }
}

/// How much may still be looked at.
struct Look {
    left: Rc<Cell<u64>>,
    members: usize,
}

impl Look {
    /// A file that one can move about in.
    fn file<R: Read + Seek>(
        &mut self,
        name: &ModelPath,
        file: &mut BufReader<R>,
        depth: u8,
    ) -> io::Result<ModelFormat> {
        let length = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let head = head(file)?;
        let found = ModelFormat::detect(name, &head);
        if found.is_a(ModelFormat::Pickle) {
            return Ok(found);
        }
        if let Some(zipped) = self.zip(name, file, depth)?
            && (zipped.is_told() || head.starts_with(ZIP))
        {
            return Ok(in_place_of(zipped, found));
        }
        file.rewind()?;
        let mut at = 0;
        // Text that is an archive's header as well.
        let found = if pickle::read(&head, false).ending == Ending::Cut {
            let reading = pickle::read_from(&mut Seeking { file, at, length });
            file.rewind()?;
            of_reading(name, reading, found)
        } else {
            found
        };
        if found.is_a(ModelFormat::Pickle) {
            return Ok(found);
        }
        if is_tar(&head) {
            let skip = &mut |file: &mut BufReader<R>, count: u64| skip(file, count, &mut at, length);
            return self.tar(file, skip, depth).map(|inner| in_place_of(found, inner));
        }
        self.packed(name, &head, file, found, depth)
    }

    /// What comes as a stream, such as a member of an archive.
    fn stream(&mut self, name: &ModelPath, input: &mut dyn Read, depth: u8) -> io::Result<ModelFormat> {
        let head = head(input)?;
        let found = ModelFormat::detect(name, &head);
        if found.is_a(ModelFormat::Pickle) {
            return Ok(found);
        }
        let mut whole = head.chain(input);
        if head.starts_with(ZIP) {
            let mut content = Vec::new();
            lenient(whole.take(MAX_INNER_ZIP_BYTES.saturating_add(1)).read_to_end(&mut content))?;
            if self.spend(content.len()) || u64::try_from(content.len()).is_ok_and(|size| size > MAX_INNER_ZIP_BYTES) {
                return Ok(ModelFormat::Compressed);
            }
            let zipped = self.zip(name, &mut BufReader::new(Cursor::new(content)), depth)?;
            return Ok(zipped.unwrap_or(found));
        }
        if is_tar(&head) {
            let mut limited = self.limited(&mut whole, 0);
            let mut content = Vec::new();
            lenient((&mut limited).take(MAX_INNER_TAR_BYTES.saturating_add(1)).read_to_end(&mut content))?;
            if self.left.get() == 0 || u64::try_from(content.len()).is_ok_and(|size| size > MAX_INNER_TAR_BYTES) {
                return Ok(ModelFormat::Compressed);
            }
            return self.file(name, &mut BufReader::new(Cursor::new(content)), depth);
        }
        if pickle::read(&head, false).ending == Ending::Cut {
            let mut limited = self.limited(&mut whole, 0);
            let reading = pickle::read_from(&mut Streaming(BufReader::new(&mut limited)));
            let found = of_reading(name, reading, found);
            return Ok(if self.left.get() == 0 { ModelFormat::Compressed } else { found });
        }
        self.packed(name, &head, &mut whole, found, depth)
    }

    /// What gzip or zlib packed; anything else is what was found.
    fn packed(
        &mut self,
        name: &ModelPath,
        head: &[u8],
        input: &mut dyn Read,
        found: ModelFormat,
        depth: u8,
    ) -> io::Result<ModelFormat> {
        let input = self.limited(input, FREE_PACKED_BYTES);
        let inner: &mut dyn Read = match head {
            [0x1f, 0x8b, 0x08, ..] => &mut MultiGzDecoder::new(input),
            [method, check, ..] if is_zlib(*method, *check) => &mut ZlibDecoder::new(input),
            _ => return Ok(found),
        };
        if depth >= MAX_DEPTH {
            return Ok(ModelFormat::Compressed);
        }
        let name = name.as_str().rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        let inner = self.stream(&member_path(name), &mut inner.take(MAX_UNPACKED_BYTES), depth.saturating_add(1))?;
        Ok(in_place_of(found, self.as_far_as_seen(inner)))
    }

    /// The members of a ZIP archive; `None` where the file is none.
    fn zip<R: Read + Seek>(
        &mut self,
        name: &ModelPath,
        file: &mut BufReader<R>,
        depth: u8,
    ) -> io::Result<Option<ModelFormat>> {
        let Some(directory) = zip_directory(file)? else { return Ok(None) };
        let names: Vec<String> = directory.members.iter().map(|member| member.name.to_lowercase()).collect();
        let mut told = zip_of(Hint::of(name), &names);
        if told.is_a(ModelFormat::Pickle) {
            return Ok(Some(told));
        }
        if directory.is_unclear || depth >= MAX_DEPTH {
            told = in_place_of(told, ModelFormat::Compressed);
        }
        for member in &directory.members {
            let inner = self.member(member, file, depth.saturating_add(1))?;
            if inner.is_a(ModelFormat::Pickle) {
                return Ok(Some(inner));
            }
            told = in_place_of(told, inner);
        }
        Ok(Some(told))
    }

    fn member<R: Read + Seek>(
        &mut self,
        member: &Member,
        file: &mut BufReader<R>,
        depth: u8,
    ) -> io::Result<ModelFormat> {
        if depth > MAX_DEPTH || self.count() || member.is_encrypted || !matches!(member.method, 0 | 8) {
            return Ok(ModelFormat::Compressed);
        }
        if !member.find(file)? {
            return Ok(ModelFormat::Other);
        }
        let name = member_path(&member.name);
        let mut packed = file.take(member.packed_bytes);
        if member.method == 0 {
            return self.stream(&name, &mut packed, depth);
        }
        let packed = self.limited(&mut packed, FREE_PACKED_BYTES);
        let inner = self.stream(&name, &mut DeflateDecoder::new(packed), depth)?;
        Ok(self.as_far_as_seen(inner))
    }

    /// The members of a tar archive.
    fn tar<R: Read>(
        &mut self,
        file: &mut R,
        skip: &mut dyn FnMut(&mut R, u64) -> io::Result<bool>,
        depth: u8,
    ) -> io::Result<ModelFormat> {
        let (mut told, mut size_of_next) = (ModelFormat::Other, None);
        loop {
            let mut block = Vec::new();
            file.take(512).read_to_end(&mut block)?;
            let Some(header) = TarHeader::read(&block) else { return Ok(told) };
            if depth >= MAX_DEPTH || self.count() {
                return Ok(ModelFormat::Compressed);
            }
            let size = if matches!(header.kind, b'x' | b'g') { None } else { size_of_next.take() };
            let size = size.unwrap_or(header.size);
            let mut content = file.take(size);
            match header.kind {
                b'x' | b'g' => {
                    let mut records = Vec::new();
                    (&mut content).take(MAX_PAX_BYTES).read_to_end(&mut records)?;
                    match pax_size(&records) {
                        Ok(found) if content.limit() == 0 => size_of_next = found.or(size_of_next),
                        _ => return Ok(ModelFormat::Compressed),
                    }
                }
                b'S' => return Ok(ModelFormat::Compressed),
                _ => {
                    let inner = self.stream(&member_path(&header.name), &mut content, depth.saturating_add(1))?;
                    if inner.is_a(ModelFormat::Pickle) {
                        return Ok(inner);
                    }
                    told = in_place_of(told, inner);
                }
            }
            let block = u64::try_from(TAR_BLOCK).unwrap_or(u64::MAX);
            let padding = size.next_multiple_of(block).saturating_sub(size);
            let left = content.limit().saturating_add(padding);
            if !skip(file, left)? {
                return Ok(told);
            }
        }
    }

    /// Whether one member more is too many.
    fn count(&mut self) -> bool {
        self.members = self.members.saturating_add(1);
        self.members > MAX_MEMBERS
    }

    /// Whether so many bytes are too many.
    fn spend(&mut self, bytes: usize) -> bool {
        self.left.set(self.left.get().saturating_sub(u64::try_from(bytes).unwrap_or(u64::MAX)));
        self.left.get() == 0
    }

    fn limited<'a>(&self, input: &'a mut dyn Read, free: u64) -> Limited<'a> {
        Limited { input, left: Rc::clone(&self.left), free }
    }

    /// What was found, unless reading ended because there was too much of it.
    fn as_far_as_seen(&self, found: ModelFormat) -> ModelFormat {
        if self.left.get() == 0 && !found.is_told() { ModelFormat::Compressed } else { found }
    }
}

/// Reading that has an end: what is left goes down with every byte that is not free.
struct Limited<'a> {
    input: &'a mut dyn Read,
    left: Rc<Cell<u64>>,
    free: u64,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        let room = usize::try_from(left.saturating_add(self.free)).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.input.read(buffer.get_mut(..room).unwrap_or_default())?;
        let read_bytes = u64::try_from(read).unwrap_or(u64::MAX);
        self.left.set(left.saturating_sub(read_bytes.saturating_sub(self.free)));
        self.free = self.free.saturating_sub(read_bytes);
        Ok(read)
    }
}

/// A file whose long strings are passed over.
struct Seeking<'a, R> {
    file: &'a mut BufReader<R>,
    at: u64,
    length: u64,
}

impl<R: Read + Seek> Input for Seeking<'_, R> {
    fn next_byte(&mut self) -> Option<u8> {
        self.at = self.at.saturating_add(1);
        one(self.file)
    }

    fn pass(&mut self, count: u64) -> bool {
        self.at = self.at.saturating_add(count);
        let fits = self.at <= self.length;
        fits && i64::try_from(count).is_ok_and(|count| self.file.seek_relative(count).is_ok())
    }
}

struct Streaming<R>(R);

impl<R: Read> Input for Streaming<R> {
    fn next_byte(&mut self) -> Option<u8> {
        one(&mut self.0)
    }

    fn pass(&mut self, count: u64) -> bool {
        io::copy(&mut (&mut self.0).take(count), &mut io::sink()).is_ok_and(|passed| passed == count)
    }
}

fn one(input: &mut dyn Read) -> Option<u8> {
    let mut byte = [0];
    input.read_exact(&mut byte).ok()?;
    let [byte] = byte;
    Some(byte)
}

/// The first bytes, as far as they can be unpacked.
fn head(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let limit = u64::try_from(ModelFormat::HEAD_BYTES).unwrap_or(u64::MAX);
    lenient(input.take(limit).read_to_end(&mut head))?;
    Ok(head)
}

/// Where unpacking fails, a loader has read all before it.
fn lenient(read: io::Result<usize>) -> io::Result<usize> {
    match read {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof
            ) =>
        {
            Ok(0)
        }
        other => other,
    }
}

fn of_reading(name: &ModelPath, reading: pickle::Reading, found: ModelFormat) -> ModelFormat {
    let expected = match Hint::of(name) {
        Hint::Pickle => reading.stops,
        Hint::Weights => reading.is_long_data(),
        _ => false,
    };
    if reading.calls || reading.ending == Ending::Endless || expected { ModelFormat::Pickle } else { found }
}

/// What is worse of the two: a pickle, what may hold one unseen, what runs code otherwise.
fn in_place_of(outer: ModelFormat, inner: ModelFormat) -> ModelFormat {
    let badness = |format: ModelFormat| match format {
        ModelFormat::Compressed => 2,
        format if format.is_a(ModelFormat::Pickle) => 3,
        format => u8::from(format.executes_code()),
    };
    if badness(inner) > badness(outer) { inner } else { outer }
}

fn is_tar(head: &[u8]) -> bool {
    head.first().is_some_and(|byte| *byte != 0) && TarHeader::read(head).is_some()
}

/// The header of RFC 1950, section 2.2: deflate, a window that there is, the check.
fn is_zlib(method: u8, check: u8) -> bool {
    method & 0x0f == 8 && method >> 4 <= 7 && (u16::from(method) << 8 | u16::from(check)).is_multiple_of(31)
}

/// The last part of a member's name, which is all that counts.
fn member_path(name: &str) -> ModelPath {
    let own = name.rsplit(['/', '\\']).next().unwrap_or_default();
    ModelPath::new(own).unwrap_or_else(|_| ModelPath::root())
}

/// Moves on in a file; `false` at its end.
fn skip<R: Read + Seek>(file: &mut BufReader<R>, count: u64, at: &mut u64, length: u64) -> io::Result<bool> {
    let Ok(count) = i64::try_from(count) else { return Ok(false) };
    file.seek_relative(count)?;
    *at = file.stream_position()?;
    Ok(*at < length)
}

const MAX_DEPTH: u8 = 4;
/// How much may be read of anything packed before it counts: the first bytes of what is in it take less.
const FREE_PACKED_BYTES: u64 = 64 << 10;
/// How much of a file is unpacked: a second's work.
const MAX_UNPACKED_BYTES: u64 = 256 << 20;
/// Archives within archives are held in memory.
const MAX_INNER_ZIP_BYTES: u64 = 32 << 20;
const MAX_INNER_TAR_BYTES: u64 = 32 << 20;
/// Far more than the attributes of a file take.
const MAX_PAX_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests;
