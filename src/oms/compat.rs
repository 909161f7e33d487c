//! What only version 0.2.0 of the reference tool wrote; read, never written.

use std::iter::once;

use super::statement::LEGACY_PREDICATE_TYPE;
use super::{PAYLOAD_TYPE, Payload};

/// Whether a payload names the predicate of version 0.2.0 at all; nothing else may be signed in that version's way, so
/// there is no need to try. Says nothing about what the payload is.
#[must_use]
pub fn may_be_legacy(payload: &Payload) -> bool {
    let wanted = LEGACY_PREDICATE_TYPE.as_bytes();
    payload.as_bytes().windows(wanted.len()).any(|window| window == wanted)
}

/// The pre-authentication encoding of version 0.2.0, in pieces: a capital `V`, and the payload as Python prints a byte
/// string. These signatures are over its SHA-256, whatever the curve.
pub fn legacy_pae(payload: &Payload) -> impl Iterator<Item = Vec<u8>> {
    let payload = payload.as_bytes();
    let quote = if payload.contains(&b'\'') && !payload.contains(&b'"') { b'"' } else { b'\'' };
    let header = format!("DSSEV1 {} {PAYLOAD_TYPE} {} b", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
    let content = payload.chunks(PIECE_BYTES).map(move |piece| {
        let mut printed = Vec::with_capacity(2 * piece.len());
        piece.iter().for_each(|&byte| print(byte, quote, &mut printed));
        printed
    });
    once(header).chain(once(vec![quote])).chain(content).chain(once(vec![quote]))
}

fn print(byte: u8, quote: u8, printed: &mut Vec<u8>) {
    match byte {
        b'\\' => printed.extend(br"\\"),
        b'\t' => printed.extend(br"\t"),
        b'\n' => printed.extend(br"\n"),
        b'\r' => printed.extend(br"\r"),
        _ if byte == quote => printed.extend([b'\\', quote]),
        0x20..0x7f => printed.push(byte),
        _ => printed.extend(format!(r"\x{byte:02x}").bytes()),
    }
}

/// How much is printed at once.
const PIECE_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_bytes_as_python_does() {
        let cases: [(&[u8], &str); 4] = [
            (b"{\"a\": 1}\n", r#"b'{"a": 1}\n'"#),
            (b"it's", r#"b"it's""#),
            (b"'\"", r#"b'\'"'"#),
            (b"\\\t\r\x00\x7f\xc3\xa9", r"b'\\\t\r\x00\x7f\xc3\xa9'"),
        ];
        for (payload, printed) in cases {
            let expected = format!("DSSEV1 28 application/vnd.in-toto+json {} {printed}", payload.len());
            assert_eq!(legacy_pae(&Payload::new(payload.to_vec())).flatten().collect::<Vec<u8>>(), expected.as_bytes());
        }
    }
}
