//! An HTTP server of a few lines, which answers as a test wants it to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) type Range = std::ops::Range<usize>;

/// What is answered to a request for these bytes of the package; whether it is the first one.
pub(super) type Answer = fn(package: &[u8], range: &Range, first: bool) -> Vec<u8>;

/// A server on this machine, until the test ends.
pub(super) struct Server {
    address: SocketAddr,
    counted: Arc<Counted>,
}

#[derive(Default)]
struct Counted {
    requests: AtomicUsize,
    bytes: AtomicUsize,
}

impl Server {
    /// Serves a package.
    pub(super) fn start(package: Vec<u8>, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let counted = Arc::new(Counted::default());
        let counting = Arc::clone(&counted);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                drop(serve(&stream, &package, answer, &counting));
            }
        });
        Self { address, counted }
    }

    /// The URL of a path on it.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many requests there were, and how many bytes were answered.
    pub(super) fn served(&self) -> (usize, usize) {
        (self.counted.requests.load(Ordering::Relaxed), self.counted.bytes.load(Ordering::Relaxed))
    }

    /// A URL at which nobody answers.
    pub(super) fn gone() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}/", listener.local_addr().expect("an address"))
    }
}

/// Answers with the bytes that were asked for.
pub(super) fn ranges(package: &[u8], range: &Range, _first: bool) -> Vec<u8> {
    head("206 Partial Content", &content_range(package, range), &package[range.clone()])
}

/// The header that says which bytes an answer holds.
pub(super) fn content_range(package: &[u8], range: &Range) -> String {
    format!("Content-Range: bytes {}-{}/{}\r\n", range.start, range.end - 1, package.len())
}

/// An answer with this status, these headers, this content.
pub(super) fn head(status: &str, headers: &str, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n");
    [head.as_bytes(), content].concat()
}

/// Reads one request and answers it.
fn serve(stream: &TcpStream, package: &[u8], answer: Answer, counted: &Counted) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut range = 0..package.len();
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        let asked = line.to_ascii_lowercase();
        if let Some((first, last)) = asked.strip_prefix("range: bytes=").and_then(|range| range.split_once('-')) {
            let place = |text: &str| text.trim().parse::<usize>().expect("a number");
            range = place(first)..(place(last) + 1).min(package.len());
        }
    }
    counted.requests.fetch_add(1, Ordering::Relaxed);
    // The first request of every command asks for the first byte.
    let answer = redirection(&path).unwrap_or_else(|| answer(package, &range, range == (0..1)));
    counted.bytes.fetch_add(answer.len(), Ordering::Relaxed);
    let mut stream = stream;
    stream.write_all(&answer)
}

/// `/redirect/N` leads on N times, `/redirect/endless` for ever, `/redirect/to/URL` elsewhere.
fn redirection(path: &str) -> Option<Vec<u8>> {
    let rest = path.strip_prefix("/redirect/")?;
    let location = match (rest.strip_prefix("to/"), rest.parse::<u32>()) {
        (Some(url), _) => url.to_owned(),
        (None, Ok(1)) => "/model.sml".to_owned(),
        (None, Ok(left)) => format!("/redirect/{}", left - 1),
        (None, Err(_)) => path.to_owned(),
    };
    Some(head("302 Found", &format!("Location: {location}\r\n"), b""))
}
