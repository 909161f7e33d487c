use std::io::{self, Read as _};
use std::sync::{Mutex, PoisonError};

use crate::http::{Http, HttpError, Request};
use crate::package::Source;

/// A package on a server that serves ranges of bytes (RFC 9110, section 14), read piece by piece.
pub struct RemotePackage {
    http: Http,
    /// Where the package is, behind all redirects.
    url: String,
    size: u64,
    latest: Mutex<Piece>,
}

/// What came with the latest answer.
#[derive(Default)]
struct Piece {
    offset: u64,
    bytes: Vec<u8>,
}

impl Piece {
    fn end(&self) -> u64 {
        self.offset.saturating_add(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX))
    }

    /// Copies what it has from a place on; `None` if that is not in it.
    fn copy(&self, buffer: &mut [u8], offset: u64) -> Option<usize> {
        let start = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        let mut rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        rest.read(buffer).ok()
    }

    /// How much to ask for at a place: more with each answer, while a reader goes on where the last one ended.
    fn ahead(&self, offset: u64) -> usize {
        let last = if self.end() == offset { self.bytes.len() } else { 0 };
        last.saturating_mul(2).clamp(LEAST_BYTES, PIECE_BYTES)
    }
}

impl RemotePackage {
    /// Asks for the first byte, and so for the size.
    ///
    /// # Errors
    /// [`HttpError`] where there is no such file, or the server serves no ranges.
    pub fn open(url: &str) -> Result<Self, HttpError> {
        let http = Http::new()?;
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let response = http.send(&Request::get(SERVICE, &url).with_header("range", "bytes=0-0"))?;
            match (response.status, &response.location) {
                (301 | 302 | 303 | 307 | 308, Some(location)) => url = Http::redirected(SERVICE, &url, location)?,
                (206, _) => {
                    let Some((0, 0, size)) = response.content_range.as_deref().and_then(range) else {
                        return Err(response.unusable("it does not say which bytes it answers with"));
                    };
                    return Ok(Self { http, url, size, latest: Mutex::default() });
                }
                (200, _) => return Err(response.unusable("it serves no ranges of bytes")),
                _ => return Err(response.refused()),
            }
        }
        Err(HttpError::Url { service: SERVICE, url: crate::http::shown(&url), reason: "it redirects without end" })
    }

    fn read(&self, buffer: &mut [u8], offset: u64) -> Result<usize, HttpError> {
        if buffer.is_empty() || offset >= self.size {
            return Ok(0);
        }
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(copied) = latest.copy(buffer, offset) {
            return Ok(copied);
        }
        let rest = usize::try_from(self.size - offset).unwrap_or(usize::MAX);
        let want = latest.ahead(offset).max(buffer.len().min(PIECE_BYTES)).min(rest);
        *latest = Piece { offset, bytes: self.ask(offset, want)? };
        Ok(latest.copy(buffer, offset).unwrap_or_default())
    }

    fn ask(&self, offset: u64, want: usize) -> Result<Vec<u8>, HttpError> {
        let end = offset + u64::try_from(want).unwrap_or(u64::MAX) - 1;
        let request = Request::get(SERVICE, &self.url).with_header("range", format!("bytes={offset}-{end}"));
        let response = self.http.send(&request)?;
        if response.status != 206 {
            return Err(response.refused());
        }
        let answered = response.content_range.as_deref().and_then(range);
        if answered != Some((offset, end, self.size)) || response.body.len() != want {
            return Err(response.unusable("it answers with other bytes than were asked for, or the file has changed"));
        }
        Ok(response.body)
    }
}

impl Source for RemotePackage {
    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read(buffer, offset).map_err(io::Error::other)
    }
}

/// `bytes FIRST-LAST/SIZE`.
fn range(text: &str) -> Option<(u64, u64, u64)> {
    let (places, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = places.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?, size.parse().ok()?))
}

const SERVICE: &str = "the package's server";
/// As browsers have it, nearly.
const MAX_REDIRECTS: usize = 10;
/// How much is asked for at once, at most: below what an answer may have.
const PIECE_BYTES: usize = 2 << 20;
/// How much is asked for at least: a question takes longer than so many bytes.
const LEAST_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_more_while_it_goes_on() {
        let piece = Piece { offset: 10, bytes: vec![7; 100_000] };
        assert_eq!((piece.ahead(100_010), piece.ahead(0), piece.ahead(50)), (200_000, LEAST_BYTES, LEAST_BYTES));
        let large = Piece { offset: 0, bytes: vec![7; PIECE_BYTES] };
        assert_eq!(large.ahead(2 << 20), PIECE_BYTES);
    }

    #[test]
    fn gives_what_it_has() {
        let piece = Piece { offset: 10, bytes: (0..20).collect() };
        let mut buffer = [0; 8];
        for (offset, found) in [(9, None), (10, Some(8)), (25, Some(5)), (30, None), (u64::MAX, None)] {
            assert_eq!(piece.copy(&mut buffer, offset), found, "{offset}");
        }
        assert_eq!(buffer, [15, 16, 17, 18, 19, 5, 6, 7]);
    }

    #[test]
    fn reads_ranges_as_servers_write_them() {
        assert_eq!(range("bytes 0-0/12"), Some((0, 0, 12)));
        for text in ["bytes 0-0/*", "bytes */12", "0-0/12", "bytes 0/12", "bytes -1-0/12"] {
            assert_eq!(range(text), None, "{text}");
        }
    }
}
