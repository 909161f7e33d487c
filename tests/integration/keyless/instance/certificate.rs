//! Fulcio's part: a signer's certificate, with the receipt of the certificates' log (RFC 6962, section 3.3).

use secureml::sign::{FileKey, SigningKey as _};
use sha2::{Digest as _, Sha256};

use super::{Instance, LIFE, START, log_id, signature};
use crate::support::der::{bits, integer, name, octets, oid, sequence, tagged, text, time, value};

/// What a signer's certificate says.
#[derive(Clone)]
pub(crate) struct Leaf {
    /// The alternative names, each as a DER `GeneralName`.
    pub(crate) names: Vec<Vec<u8>>,
    /// Fulcio's claims: their numbers and values.
    pub(crate) claims: Vec<(u8, String)>,
    /// The first second, and the last.
    pub(crate) validity: (u64, u64),
    /// The key usage, its first byte.
    pub(crate) usage: u8,
    /// The extended key usage.
    pub(crate) purpose: &'static str,
    /// Whether it calls itself a CA.
    pub(crate) ca: bool,
    /// How many receipts it has.
    pub(crate) receipts: usize,
}

impl Leaf {
    /// A usual one.
    pub(crate) fn new(names: Vec<Vec<u8>>, claims: &[(u8, &str)]) -> Self {
        Self {
            names,
            claims: claims.iter().map(|(number, text)| (*number, (*text).to_owned())).collect(),
            validity: (START, START + LIFE),
            usage: DIGITAL_SIGNATURE,
            purpose: CODE_SIGNING,
            ca: false,
            receipts: 1,
        }
    }

    /// The certificate for this key.
    pub(super) fn issue(&self, key: &FileKey, instance: &Instance) -> Vec<u8> {
        let mut extensions = vec![
            extension("2.5.29.15", true, &value(0x03, &[&[7, self.usage]])),
            extension("2.5.29.37", false, &sequence(&[&oid(self.purpose)])),
        ];
        if self.ca {
            extensions.push(extension("2.5.29.19", true, &sequence(&[&value(0x01, &[&[0xff]])])));
        }
        if !self.names.is_empty() {
            let names: Vec<&[u8]> = self.names.iter().map(Vec::as_slice).collect();
            extensions.push(extension("2.5.29.17", true, &sequence(&names)));
        }
        for (number, claim) in &self.claims {
            // The first claims are plain text, the later ones DER.
            let claim = if *number <= 6 { claim.clone().into_bytes() } else { text(claim) };
            extensions.push(extension(&format!("1.3.6.1.4.1.57264.1.{number}"), false, &claim));
        }
        let draft = |extensions: &[Vec<u8>]| Certificate {
            serial: 3,
            issuer: CA,
            subject: &[],
            spki: key.public_key().as_spki(),
            validity: self.validity,
            extensions: extensions.concat(),
        };
        if self.receipts > 0 {
            let receipt = receipt(&draft(&extensions).body(), instance);
            let receipts = vector(&vector(&receipt).repeat(self.receipts));
            extensions.push(extension("1.3.6.1.4.1.11129.2.4.2", false, &octets(&receipts)));
        }
        draft(&extensions).signed_by(&instance.ca)
    }
}

/// A certificate before it is signed.
pub(crate) struct Certificate<'a> {
    pub(crate) serial: u8,
    pub(crate) issuer: &'a str,
    /// The subject's common name, in bytes; none for an empty name.
    pub(crate) subject: &'a [u8],
    pub(crate) spki: &'a [u8],
    pub(crate) validity: (u64, u64),
    pub(crate) extensions: Vec<u8>,
}

impl Certificate<'_> {
    fn body(&self) -> Vec<u8> {
        let subject = if self.subject.is_empty() {
            sequence(&[])
        } else {
            name(std::str::from_utf8(self.subject).expect("a text"))
        };
        sequence(&[
            &tagged(0, &[&integer(2)]),
            &integer(self.serial),
            &sequence(&[&oid(ECDSA_WITH_SHA256)]),
            &name(self.issuer),
            &sequence(&[&time(self.validity.0), &time(self.validity.1)]),
            &subject,
            self.spki,
            &tagged(3, &[&sequence(&[&self.extensions])]),
        ])
    }

    /// The certificate with its issuer's signature.
    pub(crate) fn signed_by(&self, issuer: &FileKey) -> Vec<u8> {
        let body = self.body();
        sequence(&[&body, &sequence(&[&oid(ECDSA_WITH_SHA256)]), &bits(&signature(issuer, &body))])
    }
}

/// The year 2046: these tests are of every year before it.
const FAR: u64 = 2_400_000_000;

/// A CA's own certificate.
pub(super) fn root(ca: &FileKey) -> Vec<u8> {
    let root = Certificate {
        serial: 1,
        issuer: CA,
        subject: CA.as_bytes(),
        spki: ca.public_key().as_spki(),
        validity: (START - 1000, FAR),
        extensions: [
            extension("2.5.29.19", true, &sequence(&[&value(0x01, &[&[0xff]])])),
            extension("2.5.29.15", true, &value(0x03, &[&[2, 0x04]])),
        ]
        .concat(),
    };
    root.signed_by(ca)
}

/// An extension.
pub(super) fn extension(id: &str, critical: bool, content: &[u8]) -> Vec<u8> {
    let critical = if critical { value(0x01, &[&[0xff]]) } else { Vec::new() };
    sequence(&[&oid(id), &critical, &octets(content)])
}

/// The log's signature over the certificate as it is without receipts.
fn receipt(body: &[u8], instance: &Instance) -> Vec<u8> {
    let moment = (START * 1000).to_be_bytes();
    let issuer = Sha256::digest(instance.ca.public_key().as_spki());
    let length = u32::try_from(body.len()).expect("a small certificate").to_be_bytes();
    // Version 1, a certificate's timestamp, of a certificate before it had one; no extensions.
    let signed = [&[0, 0], &moment[..], &[0, 1], &issuer, &length[1..], body, &[0, 0]].concat();
    let by = signature(&instance.ct_log, &signed);
    [&[0], &log_id(&instance.ct_log)[..], &moment, &[0, 0], SHA256_WITH_ECDSA, &vector(&by)].concat()
}

/// Bytes behind their length, as TLS writes them.
fn vector(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a small value").to_be_bytes();
    [&length, content].concat()
}

/// An e-mail address as a `GeneralName`.
pub(crate) fn email(address: &str) -> Vec<u8> {
    value(0x81, &[address.as_bytes()])
}

/// A URI as a `GeneralName`.
pub(crate) fn uri(uri: &str) -> Vec<u8> {
    value(0x86, &[uri.as_bytes()])
}

/// A host name as a `GeneralName`.
pub(crate) fn host(name: &str) -> Vec<u8> {
    value(0x82, &[name.as_bytes()])
}

pub(crate) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
pub(crate) const DIGITAL_SIGNATURE: u8 = 0x80;
pub(super) const ECDSA_WITH_SHA256: &str = "1.2.840.10045.4.3.2";
const CA: &str = "the tests' CA";
const SHA256_WITH_ECDSA: &[u8] = &[4, 3];
