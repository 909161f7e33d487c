//! RFC 3161 timestamps, to the last byte: Sigstore's library checks what the authority signed; around that there is room.

use cms::cert::CertificateChoices;
use cms::cert::x509::der::asn1::ObjectIdentifier;
use cms::cert::x509::der::{Any, Encode as _, Tag, Tagged as _};
use cms::content_info::CmsVersion;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use jiff::Timestamp;

use crate::oms::TimestampToken;
use crate::trust::sigstore::SigstoreRoot;

/// Checks that a timestamp holds nothing besides the granted status of a response (or a bare token), what its authority
/// signed, and the authority's own certificates, all of it in DER, but for the order of the certificates (RFC 5652,
/// section 5.1). Gives the time that it claims; whether the authority vouches for it is for the library to say.
pub(super) fn check(bytes: &[u8], root: &SigstoreRoot) -> Result<Timestamp, String> {
    let unreadable = |error| format!("it cannot be read: {error}");
    let token = TimestampToken::from_der(bytes).map_err(unreadable)?;
    let again = token.to_der().map_err(unreadable)?;
    if again != bytes && !differ_in_order(&again, bytes, token.signed_data()) {
        return Err("it is not written in DER, or more than a granted response".to_owned());
    }
    check_signed_data(token.signed_data(), root)?;
    token.time().map_err(unreadable)
}

/// Whether two spellings differ in nothing but the order of the certificates, which stand in one of them as in DER.
fn differ_in_order(sorted: &[u8], given: &[u8], signed: &SignedData) -> bool {
    let Some(set) = &signed.certificates else { return false };
    let certificates: Option<Vec<Vec<u8>>> = set.0.iter().map(|certificate| certificate.to_der().ok()).collect();
    let Some(mut certificates) = certificates else { return false };
    let block = certificates.concat();
    let Some(start) = sorted.windows(block.len().max(1)).position(|window| window == block) else { return false };
    let parts = |bytes: &[u8]| {
        let (before, rest) = bytes.split_at_checked(start)?;
        let (block, after) = rest.split_at_checked(block.len())?;
        Some((before.to_vec(), block.to_vec(), after.to_vec()))
    };
    let (Some(sorted), Some(given)) = (parts(sorted), parts(given)) else { return false };
    // Each certificate that stands next is one of those that are left.
    let mut rest = given.1.as_slice();
    while let Some(at) = certificates.iter().position(|certificate| rest.starts_with(certificate)) {
        rest = rest.get(certificates.swap_remove(at).len()..).unwrap_or_default();
    }
    certificates.is_empty() && rest.is_empty() && (sorted.0, sorted.2) == (given.0, given.2)
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
        && signer.digest_alg.parameters.as_ref().is_none_or(Any::is_null)
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

/// Hashes, and ECDSA with each of them (RFC 5754, sections 2 and 3.3).
const ALGORITHMS: [(ObjectIdentifier, ObjectIdentifier); 3] = [
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"), ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2")),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"), ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3")),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"), ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4")),
];
