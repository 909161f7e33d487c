use std::fs::File;
use std::io;

/// Copies a range of bytes from one file to another, at any places, without moving their cursors. Where the file system
/// can share blocks between files, and the places are aligned to them, nothing is written.
///
/// # Errors
/// What the system says; [`io::ErrorKind::UnexpectedEof`] where the first file ends within the range.
pub fn copy_range(from: (&File, u64), to: (&File, u64), length: u64) -> io::Result<()> {
    let done = shared(from, to, length)?;
    let (mut at, mut buffer) = (done, Vec::new());
    while at < length {
        buffer.resize(usize::try_from(length - at).map_or(COPY_BYTES, |rest| rest.min(COPY_BYTES)), 0);
        let read = super::read_at(from.0, &mut buffer, from.1 + at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        write_all_at(to.0, buffer.get(..read).unwrap_or_default(), to.1 + at)?;
        at += u64::try_from(read).unwrap_or(u64::MAX);
    }
    Ok(())
}

/// Lets the system copy, as far as it does; says how far.
#[cfg(target_os = "linux")]
fn shared(from: (&File, u64), to: (&File, u64), length: u64) -> io::Result<u64> {
    let (mut from_offset, mut to_offset) = (from.1, to.1);
    let mut done = 0;
    while done < length {
        let want = usize::try_from(length - done).map_or(SHARE_BYTES, |rest| rest.min(SHARE_BYTES));
        match rustix::fs::copy_file_range(from.0, Some(&mut from_offset), to.0, Some(&mut to_offset), want) {
            // At its end, or a file that the system only pretends to copy: reading tells.
            Ok(0) => break,
            Ok(copied) => done += u64::try_from(copied).unwrap_or(u64::MAX),
            Err(rustix::io::Errno::INTR) => {}
            // Another file system, or one that cannot.
            Err(error) if done == 0 && error != rustix::io::Errno::NOSPC => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(done)
}

#[cfg(not(target_os = "linux"))]
fn shared(_from: (&File, u64), _to: (&File, u64), _length: u64) -> io::Result<u64> {
    Ok(0)
}

fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, bytes, offset);
    #[cfg(windows)]
    {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            let at = offset + u64::try_from(written).unwrap_or(u64::MAX);
            written += std::os::windows::fs::FileExt::seek_write(file, rest, at)?;
        }
        Ok(())
    }
}

/// How much is read at once where the system does not copy by itself.
const COPY_BYTES: usize = 256 << 10;
/// How much the system is asked to copy at once.
const SHARE_BYTES: usize = 1 << 30;

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn copies_between_any_places() {
        let mut from = tempfile::tempfile().unwrap();
        from.write_all(&(0..200).collect::<Vec<u8>>().repeat(2000)).unwrap();
        for (start, to_start, length) in [(0, 0, 10), (5, 4096, 399_995), (4096, 4096, 300_000), (7, 1, 0)] {
            let to = tempfile::tempfile().unwrap();
            copy_range((&from, start), (&to, to_start), length).unwrap();
            let mut found = vec![0; usize::try_from(length).unwrap()];
            let mut expected = found.clone();
            std::os::unix::fs::FileExt::read_exact_at(&to, &mut found, to_start).unwrap();
            std::os::unix::fs::FileExt::read_exact_at(&from, &mut expected, start).unwrap();
            assert!(found == expected, "{start} {to_start} {length}");
        }
        let to = tempfile::tempfile().unwrap();
        let short = copy_range((&from, 399_999), (&to, 0), 2).unwrap_err();
        assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
    }
}
