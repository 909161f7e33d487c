use std::io;

use crate::http::{Http, HttpError, Request};
use crate::package::Source;

/// A package on a server that serves ranges of bytes (RFC 9110, section 14), read piece by piece.
pub struct RemotePackage {
    http: Http,
    /// Where the package is, behind all redirects.
    url: String,
    size: u64,
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
                    return Ok(Self { http, url, size });
                }
                (200, _) => return Err(response.unusable("it serves no ranges of bytes")),
                _ => return Err(response.refused()),
            }
        }
        Err(HttpError::Url { service: SERVICE, url: crate::http::shown(&url), reason: "it redirects without end" })
    }

    fn read(&self, buffer: &mut [u8], offset: u64) -> Result<usize, HttpError> {
        let rest = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let want = buffer.len().min(rest).min(PIECE_BYTES);
        let Some(place) = buffer.get_mut(..want).filter(|place| !place.is_empty()) else { return Ok(0) };
        let end = offset + u64::try_from(want).unwrap_or(0) - 1;
        let request = Request::get(SERVICE, &self.url).with_header("range", format!("bytes={offset}-{end}"));
        let response = self.http.send(&request)?;
        if response.status != 206 {
            return Err(response.refused());
        }
        let answered = response.content_range.as_deref().and_then(range);
        if answered != Some((offset, end, self.size)) || response.body.len() != want {
            return Err(response.unusable("it answers with other bytes than were asked for, or the file has changed"));
        }
        place.copy_from_slice(&response.body);
        Ok(want)
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
/// How much is asked for at once: below what an answer may have.
const PIECE_BYTES: usize = 2 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ranges_as_servers_write_them() {
        assert_eq!(range("bytes 0-0/12"), Some((0, 0, 12)));
        for text in ["bytes 0-0/*", "bytes */12", "0-0/12", "bytes 0/12", "bytes -1-0/12"] {
            assert_eq!(range(text), None, "{text}");
        }
    }
}
