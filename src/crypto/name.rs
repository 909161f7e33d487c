use x509_cert::der::asn1::{BmpString, Ia5StringRef, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use x509_cert::der::{Encode as _, Tag, Tagged as _};
use x509_cert::name::Name;

/// A distinguished name in the form in which names are compared (RFC 5280, section 7.1): the string type, case and
/// repeated spaces of a value do not count.
pub(super) fn canonical(name: &Name) -> Vec<Vec<(String, Vec<u8>)>> {
    name.iter_rdn()
        .map(|rdn| {
            let mut parts: Vec<_> = rdn
                .iter()
                .map(|part| {
                    let value = match part.value.tag() {
                        Tag::Utf8String => part.value.decode_as::<Utf8StringRef<'_>>().map(|text| fold(text.as_ref())),
                        Tag::PrintableString => {
                            part.value.decode_as::<PrintableStringRef<'_>>().map(|text| fold(text.as_ref()))
                        }
                        Tag::Ia5String => part.value.decode_as::<Ia5StringRef<'_>>().map(|text| fold(text.as_ref())),
                        Tag::TeletexString => {
                            part.value.decode_as::<TeletexStringRef<'_>>().map(|text| fold(text.as_ref()))
                        }
                        Tag::BmpString => part.value.decode_as::<BmpString>().map(|text| fold(&text.to_string())),
                        _ => part.value.to_der(),
                    };
                    // What cannot be read as text is compared byte for byte.
                    (part.oid.to_string(), value.unwrap_or_else(|_| part.value.value().to_vec()))
                })
                .collect();
            parts.sort();
            parts
        })
        .collect()
}

fn fold(text: &str) -> Vec<u8> {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase().into_bytes()
}
