//! The timestamp authority's part: RFC 3161 responses, honest ones and others.

use secureml::sign::{FileKey, SigningKey as _};
use sha2::{Digest as _, Sha256};

use super::certificate::{Certificate, DIGITAL_SIGNATURE, ECDSA_WITH_SHA256, extension};
use super::{START, key, signature};
use crate::support::der::{integer, name, octets, oid, sequence, set, tagged, time, value};

/// A timestamp authority with its key.
pub(crate) struct TimestampAuthority {
    key: FileKey,
    pub(crate) root: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
}

impl TimestampAuthority {
    pub(crate) fn new() -> Self {
        Self::with_purpose(TIME_STAMPING)
    }

    /// An authority whose certificate was issued for this.
    pub(crate) fn with_purpose(purpose: &str) -> Self {
        let (ca, own) = (key(), key());
        let issue = |serial: u8, subject: &str, of: &FileKey, extensions: Vec<u8>| {
            let draft = Certificate {
                serial,
                issuer: CA,
                subject: subject.as_bytes(),
                spki: of.public_key().as_spki(),
                validity: VALIDITY,
                extensions,
            };
            draft.signed_by(&ca)
        };
        let is_ca = extension("2.5.29.19", true, &sequence(&[&value(0x01, &[&[0xff]])]));
        let usage = extension("2.5.29.15", true, &value(0x03, &[&[7, DIGITAL_SIGNATURE]]));
        let purpose = extension("2.5.29.37", true, &sequence(&[&oid(purpose)]));
        Self {
            root: issue(1, CA, &ca, is_ca),
            certificate: issue(SERIAL, "the tests' TSA", &own, [usage, purpose].concat()),
            key: own,
        }
    }

    pub(super) fn chain(&self) -> [&[u8]; 2] {
        [&self.certificate, &self.root]
    }
}

/// A response, and what is odd about it.
#[derive(Clone)]
pub(crate) struct Token<'a> {
    /// What was there at the time.
    pub(crate) message: &'a [u8],
    /// The time, in seconds since the Unix epoch.
    pub(crate) time: u64,
    /// The status of the response; none for a bare token.
    pub(crate) status: Option<Vec<u8>>,
    /// The version of the signed data.
    pub(crate) version: u8,
    /// The certificates inside.
    pub(crate) certificates: Vec<Vec<u8>>,
    /// What stands where certificate revocation lists would.
    pub(crate) revocations: Vec<u8>,
    /// Attributes of the signer that he did not sign.
    pub(crate) unsigned: Vec<u8>,
    /// The algorithm that the signature claims.
    pub(crate) algorithm: &'static str,
}

impl<'a> Token<'a> {
    /// A usual response: granted, with the authority's certificate.
    pub(crate) fn new(message: &'a [u8], time: u64, authority: &TimestampAuthority) -> Self {
        Self {
            message,
            time,
            status: Some(integer(0)),
            version: 3,
            certificates: vec![authority.certificate.clone()],
            revocations: Vec::new(),
            unsigned: Vec::new(),
            algorithm: ECDSA_WITH_SHA256,
        }
    }

    /// The bytes, signed by this authority.
    pub(crate) fn signed_by(&self, authority: &TimestampAuthority) -> Vec<u8> {
        let sha256 = sequence(&[&oid(SHA256)]);
        let imprint = sequence(&[&sha256, &octets(&Sha256::digest(self.message))]);
        let info = sequence(&[&integer(1), &oid(POLICY), &imprint, &integer(5), &time(self.time)]);
        let attributes = [
            sequence(&[&oid(CONTENT_TYPE), &set(&[&oid(TST_INFO)])]),
            sequence(&[&oid(MESSAGE_DIGEST), &set(&[&octets(&Sha256::digest(&info))])]),
        ];
        let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
        // Signed as a set, and carried under another tag (RFC 5652, section 5.4).
        let attributes = set(&attributes);
        let by = signature(&authority.key, &attributes);
        let carried = [&[0xa0], &attributes[1..]].concat();
        let signer = sequence(&[
            &integer(1),
            &sequence(&[&name(CA), &integer(SERIAL)]),
            &sha256,
            &carried,
            &sequence(&[&oid(self.algorithm)]),
            &octets(&by),
            &self.unsigned,
        ]);
        let certificates: Vec<&[u8]> = self.certificates.iter().map(Vec::as_slice).collect();
        let certificates = if certificates.is_empty() { Vec::new() } else { tagged(0, &certificates) };
        let signed = sequence(&[
            &integer(self.version),
            &set(&[&sha256]),
            &sequence(&[&oid(TST_INFO), &tagged(0, &[&octets(&info)])]),
            &certificates,
            &self.revocations,
            &set(&[&signer]),
        ]);
        let content = sequence(&[&oid(SIGNED_DATA), &tagged(0, &[&signed])]);
        match &self.status {
            Some(status) => sequence(&[&sequence(&[status]), &content]),
            None => content,
        }
    }
}

pub(crate) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
/// When the authority's certificates are good.
pub(crate) const VALIDITY: (u64, u64) = (START - 5000, START + 5000);
const CA: &str = "the tests' CA of time";
const SERIAL: u8 = 2;
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const POLICY: &str = "1.2.3.4";
const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
