//! What only version 0.2.0 of the reference tool wrote; read, never written.

use super::{PAYLOAD_TYPE, Payload};

/// The pre-authentication encoding of version 0.2.0: a capital `V`, and the payload as Python prints a byte string.
///
/// These signatures are over its SHA-256, whatever the curve.
#[must_use]
pub fn legacy_pae(payload: &Payload) -> Vec<u8> {
    let bytes = payload.as_bytes();
    let mut pae = format!("DSSEV1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), bytes.len()).into_bytes();
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    pae.extend([b'b', quote]);
    for &byte in bytes {
        match byte {
            b'\\' => pae.extend(br"\\"),
            b'\t' => pae.extend(br"\t"),
            b'\n' => pae.extend(br"\n"),
            b'\r' => pae.extend(br"\r"),
            _ if byte == quote => pae.extend([b'\\', quote]),
            0x20..0x7f => pae.push(byte),
            _ => pae.extend(format!(r"\x{byte:02x}").bytes()),
        }
    }
    pae.push(quote);
    pae
}

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
            assert_eq!(legacy_pae(&Payload::new(payload.to_vec())), expected.as_bytes());
        }
    }
}
