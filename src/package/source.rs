use std::fs::File;
use std::io;

use super::PackageError;

/// Something that a package can be read from at any place: a file, bytes in memory, a server that serves ranges.
pub trait Source {
    /// How many bytes there are.
    ///
    /// # Errors
    /// What the system says.
    fn size(&self) -> io::Result<u64>;

    /// Reads at a place; fewer bytes than asked for may come, none at the end.
    ///
    /// # Errors
    /// What the system says.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl Source for File {
    fn size(&self) -> io::Result<u64> {
        self.metadata().map(|found| found.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        crate::io::read_at(self, buffer, offset)
    }
}

impl Source for &[u8] {
    fn size(&self) -> io::Result<u64> {
        u64::try_from(self.len()).map_err(io::Error::other)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }
}

/// Fills a buffer from a place.
///
/// # Errors
/// [`PackageError::Read`] with what the system says, [`PackageError::Truncated`] where the source ends before.
pub fn read_exact_at(source: &dyn Source, mut buffer: &mut [u8], mut offset: u64) -> Result<(), PackageError> {
    while !buffer.is_empty() {
        let count = source.read_at(buffer, offset).map_err(PackageError::Read)?;
        if count == 0 {
            return Err(PackageError::Truncated { missing: "what its records point to" });
        }
        buffer = buffer.get_mut(count..).unwrap_or_default();
        offset = u64::try_from(count).map_or(u64::MAX, |count| offset.saturating_add(count));
    }
    Ok(())
}

/// Reads small pieces that mostly follow each other closely, with few reads of the source.
pub(super) struct Window<'a> {
    source: &'a dyn Source,
    /// Nothing is read from here on.
    end: u64,
    offset: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    /// A window over what lies before `end`.
    pub(super) const fn new(source: &'a dyn Source, end: u64) -> Self {
        Self { source, end, offset: 0, bytes: Vec::new() }
    }

    /// The bytes at a place.
    pub(super) fn get(&mut self, offset: u64, count: usize) -> Result<&[u8], PackageError> {
        if self.range(offset, count).is_none() {
            self.fill(offset, count)?;
        }
        let range = self.range(offset, count);
        range.ok_or(PackageError::Truncated { missing: "what its records point to" })
    }

    fn range(&self, offset: u64, count: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.bytes.get(start..start.checked_add(count)?)
    }

    /// Reads a piece, and what follows it; a jump over much is taken for one of many.
    fn fill(&mut self, offset: u64, count: usize) -> Result<(), PackageError> {
        let behind = self.offset.saturating_add(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX));
        let is_near = offset.abs_diff(behind) < u64::try_from(NEAR_BYTES).unwrap_or(0);
        let wanted = count.max(if is_near { NEAR_BYTES } else { FAR_BYTES });
        let left = usize::try_from(self.end.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.bytes.clear();
        self.bytes.resize(wanted.min(left), 0);
        self.offset = offset;
        read_exact_at(self.source, &mut self.bytes, offset)
    }
}

/// How much is read at once where pieces follow each other.
const NEAR_BYTES: usize = 64 << 10;
/// How much is read at once after a jump: the longest header and a little more.
const FAR_BYTES: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_every_piece_and_nothing_behind_the_end() {
        let content: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let source = &content[..];
        let mut window = Window::new(&source, 500_000);
        for offset in [0_usize, 3, 65_530, 65_537, 300_000, 299_990, 499_990] {
            let piece = window.get(u64::try_from(offset).unwrap(), 10).unwrap().to_vec();
            assert_eq!(piece, content[offset..offset + 10], "{offset}");
        }
        let behind = window.get(499_991, 10).unwrap_err();
        assert_eq!(behind.rule(), "package-truncated");
        let mut buffer = [0; 8];
        assert_eq!(read_exact_at(&source, &mut buffer, 799_993).unwrap_err().rule(), "package-truncated");
    }
}
