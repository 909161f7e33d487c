//! DER, a value at a time, for certificates and timestamps that no library would write.

use std::time::Duration;

use x509_cert::der::asn1::{GeneralizedTime, ObjectIdentifier};
use x509_cert::der::{DateTime, Encode as _};

/// A value with this tag around these parts; shorter than 64 KiB, as all that tests make.
pub(crate) fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [high, low] = u16::try_from(content.len()).expect("a small value").to_be_bytes();
    let head: &[u8] = match (high, low) {
        (0, 0..=0x7f) => &[tag, low],
        (0, _) => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    [head, &content].concat()
}

/// `SEQUENCE`.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    value(0x30, parts)
}

/// `SET OF`, whose parts DER wants in order.
pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    value(0x31, &parts)
}

/// `[number]` around whole values.
pub(crate) fn tagged(number: u8, parts: &[&[u8]]) -> Vec<u8> {
    value(0xa0 | number, parts)
}

/// A small `INTEGER`.
pub(crate) fn integer(number: u8) -> Vec<u8> {
    assert!(number < 0x80, "one byte, and not negative");
    value(0x02, &[&[number]])
}

/// `OCTET STRING`.
pub(crate) fn octets(content: &[u8]) -> Vec<u8> {
    value(0x04, &[content])
}

/// `BIT STRING` of whole bytes.
pub(crate) fn bits(content: &[u8]) -> Vec<u8> {
    value(0x03, &[&[0], content])
}

/// `UTF8String`.
pub(crate) fn text(content: &str) -> Vec<u8> {
    value(0x0c, &[content.as_bytes()])
}

/// `OBJECT IDENTIFIER`.
pub(crate) fn oid(id: &str) -> Vec<u8> {
    ObjectIdentifier::new_unwrap(id).to_der().expect("DER")
}

/// `GeneralizedTime`, in seconds since the Unix epoch.
pub(crate) fn time(seconds: u64) -> Vec<u8> {
    let moment = DateTime::from_unix_duration(Duration::from_secs(seconds)).expect("a date");
    GeneralizedTime::from_date_time(moment).to_der().expect("DER")
}

/// A `Name` of a common name alone.
pub(crate) fn name(common_name: &str) -> Vec<u8> {
    sequence(&[&set(&[&sequence(&[&oid("2.5.4.3"), &text(common_name)])])])
}
