//! Timestamp authorities.

use aws_lc_rs::rand;

use super::KeylessError;
use crate::crypto::{MessageDigest, Signature, SigningHash};
use crate::http::{Http, Request};
use crate::oms::TimestampToken;

/// Asks an authority to say that it has seen a signature (RFC 3161); gives its response as it is. Whether the authority
/// is one that is trusted is checked with the bundle; what is no timestamp of this signature at all is refused before
/// anything is logged.
///
/// # Errors
/// [`KeylessError`] where there is none.
pub(super) fn request(http: &Http, url: &str, signature: &Signature) -> Result<Vec<u8>, KeylessError> {
    let digest = MessageDigest::of(SigningHash::Sha256, &[signature.as_der()]);
    let mut nonce = [0; 8];
    rand::fill(&mut nonce).map_err(|_| KeylessError::Random)?;
    let body = query(digest.as_bytes(), nonce);
    let request = Request::post("the timestamp authority", url, "application/timestamp-query", body);
    let response = http.send(&request.with_header("Accept", "application/timestamp-reply"))?;
    let answer = response.clone().success()?;
    let imprint = TimestampToken::from_der(&answer).and_then(|token| token.imprint());
    match imprint {
        Ok(imprint) if imprint == digest.as_bytes() => Ok(answer),
        Ok(_) => Err(response.unusable("it is about something else").into()),
        Err(_) => Err(response.unusable("it holds no timestamp").into()),
    }
}

/// A `TimeStampReq` for a SHA-256 (RFC 3161, section 2.4.1): version, imprint, nonce, and the wish for the authority's
/// certificate.
fn query(digest: &[u8], mut nonce: [u8; 8]) -> Vec<u8> {
    // A positive number of exactly eight bytes.
    let [first, ..] = &mut nonce;
    *first = (*first & 0x7f) | 0x40;
    [&[0x30, 0x43, 0x02, 0x01, 0x01], &SHA256_IMPRINT[..], digest, &[0x02, 0x08], &nonce, &[0x01, 0x01, 0xff]].concat()
}

/// `MessageImprint` up to the digest: SEQUENCE { SEQUENCE { id-sha256, NULL }, OCTET STRING of 32 bytes }.
const SHA256_IMPRINT: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

#[cfg(test)]
mod tests {
    use super::*;
    use x509_cert::der::{Any, Decode as _};

    #[test]
    fn the_query_is_der_of_the_length_it_says() {
        for nonce in [[0; 8], [0xff; 8]] {
            let query = query(&[7; 32], nonce);
            assert_eq!(query.len(), 0x43 + 2);
            assert!(Any::from_der(&query).is_ok());
        }
    }
}
