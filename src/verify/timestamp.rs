//! RFC 3161 timestamps, to the last byte: Sigstore's library checks what the authority signed; around that there is room.

use cms::cert::CertificateChoices;
use cms::cert::x509::der::asn1::ObjectIdentifier;
use cms::cert::x509::der::{self, Decode as _, Encode as _, Reader as _, SliceReader, Tag, Tagged as _};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};

use crate::trust::sigstore::SigstoreRoot;

/// Checks that a timestamp holds nothing besides the granted status of a response (or a bare token), what its authority
/// signed, and the authority's own certificates, all of it in DER.
pub(super) fn check_bytes(token: &[u8], root: &SigstoreRoot) -> Result<(), String> {
    let damaged = |error: der::Error| format!("it cannot be read: {error}");
    let (content, is_response) = match ContentInfo::from_der(token) {
        Ok(content) => (content, false),
        Err(_) => (inside_response(token).map_err(damaged)?, true),
    };
    let signed: SignedData = content.content.decode_as().map_err(damaged)?;
    let again =
        ContentInfo { content_type: content.content_type, content: der::Any::encode_from(&signed).map_err(damaged)? };
    let again = again.to_der().map_err(damaged)?;
    let again = if is_response { as_response(&again).map_err(damaged)? } else { again };
    if again != token {
        return Err("it is not written in DER, or more than a granted response".to_owned());
    }
    check_signed_data(&signed, root)
}

fn check_signed_data(signed: &SignedData, root: &SigstoreRoot) -> Result<(), String> {
    let [signer] = signed.signer_infos.0.as_slice() else {
        return Err(format!("it has {} signatures, not one", signed.signer_infos.0.len()));
    };
    let content = signed.encap_content_info.econtent.as_ref();
    let by_version = match signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(_) => CmsVersion::V1,
        SignerIdentifier::SubjectKeyIdentifier(_) => CmsVersion::V3,
    };
    let plain = signed.version == CmsVersion::V3
        && signer.version == by_version
        && signed.crls.is_none()
        && signer.unsigned_attrs.is_none()
        && content.is_some_and(|content| content.tag() == Tag::OctetString)
        && signed.digest_algorithms.as_slice() == [signer.digest_alg.clone()]
        && signer.digest_alg.parameters.as_ref().is_none_or(der::Any::is_null)
        && algorithms_agree(signer);
    if !plain {
        return Err("it holds more than its authority signed, or says it in an unknown way".to_owned());
    }
    let own = |choice: &CertificateChoices| {
        let der = choice.to_der().unwrap_or_default();
        root.timestamp_certificates().any(|certificate| certificate == der)
    };
    if !signed.certificates.iter().all(|set| set.0.iter().all(own)) {
        return Err("it brings a certificate that is none of its authority's".to_owned());
    }
    Ok(())
}

/// Whether the algorithm of the signature is ECDSA with the hash that is named beside it.
fn algorithms_agree(signer: &SignerInfo) -> bool {
    let named = (signer.digest_alg.oid, signer.signature_algorithm.oid);
    signer.signature_algorithm.parameters.is_none() && ALGORITHMS.contains(&named)
}

/// The token in a response: `SEQUENCE { PKIStatusInfo, ContentInfo }`.
fn inside_response(response: &[u8]) -> der::Result<ContentInfo> {
    let mut reader = SliceReader::new(response)?;
    let content = reader.sequence(|inner| {
        let _status: der::Any = inner.decode()?;
        inner.decode()
    })?;
    reader.finish(content)
}

/// A granted response with nothing else around the token (RFC 3161, section 2.4.2).
fn as_response(token: &[u8]) -> der::Result<Vec<u8>> {
    let body = [&GRANTED, token].concat();
    der::Any::new(Tag::Sequence, body)?.to_der()
}

/// `PKIStatusInfo { status granted (0) }`.
const GRANTED: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x00];

/// Hashes, and ECDSA with each of them (RFC 5754, sections 2 and 3.3).
const ALGORITHMS: [(ObjectIdentifier, ObjectIdentifier); 3] = [
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"), ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2")),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"), ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3")),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"), ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4")),
];
