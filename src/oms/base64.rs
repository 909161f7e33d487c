use std::fmt;
use std::ops::Range;

use base64::Engine as _;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

use super::bundle::BundleError;

/// Bytes that become text while they are written, not before.
pub(super) struct Base64<'a>(pub(super) &'a [u8]);

impl fmt::Display for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base64Display::new(self.0, &STANDARD).fmt(f)
    }
}

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The bytes behind standard base64; none are an error too.
pub(super) fn decode(text: &str, field: &'static str) -> Result<Vec<u8>, BundleError> {
    match STANDARD.decode(text) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(BundleError::Base64 { field }),
    }
}

/// As [`decode`], for base64 within a text that is not needed any more: the bytes take its place, so that both are never
/// held together.
pub(super) fn decode_within(
    mut text: Vec<u8>,
    range: Range<usize>,
    field: &'static str,
) -> Result<Vec<u8>, BundleError> {
    let refused = || BundleError::Base64 { field };
    let mut piece = [0; PIECE_BYTES];
    let (mut from, mut to) = (range.start, 0);
    while from < range.end {
        let next = range.end.min(from + PIECE_BYTES / 3 * 4);
        let source = text.get(from..next).ok_or_else(refused)?;
        // Only the last characters may be padding.
        if next < range.end && source.ends_with(b"=") {
            return Err(refused());
        }
        let count = STANDARD.decode_slice(source, &mut piece).map_err(|_| refused())?;
        let bytes = piece.get(..count).ok_or_else(refused)?;
        text.get_mut(to..to + count).ok_or_else(refused)?.copy_from_slice(bytes);
        (from, to) = (next, to + count);
    }
    text.truncate(to);
    text.shrink_to_fit();
    if text.is_empty() { Err(refused()) } else { Ok(text) }
}

/// How many bytes are decoded at once; a multiple of three.
const PIECE_BYTES: usize = 12 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_same_text_in_its_place_as_outside() {
        let within = |base64: &str| {
            let text = format!("{{\"payload\":\"{base64}\"}}").into_bytes();
            decode_within(text, 12..12 + base64.len(), "it").ok()
        };
        for length in [0, 1, 2, 3, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 2] {
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 253).unwrap()).collect();
            let base64 = STANDARD.encode(&bytes);
            assert_eq!(within(&base64), Some(bytes).filter(|bytes| !bytes.is_empty()), "{length} bytes");
            for wrong in [format!("{base64}="), format!("{base64}A"), format!("{base64}\n"), format!("={base64}")] {
                assert_eq!(within(&wrong), decode(&wrong, "it").ok(), "{length} bytes");
            }
        }
        let piece = STANDARD.encode(vec![0; PIECE_BYTES - 1]);
        assert_eq!(within(&format!("{piece}{piece}")), None);
    }
}
