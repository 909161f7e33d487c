//! A certificate authority for tests that need a good chain and no more: it works with the library's own keys alone.

use std::str::FromStr as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secureml::crypto::{Certificate, Curve, MessageDigest};
use secureml::sign::{FileKey, SigningKey as _};
use x509_cert::der::asn1::{GeneralizedTime, ObjectIdentifier};
use x509_cert::der::{DateTime, Encode as _};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages};
use x509_cert::name::Name;

/// A name with its key; whoever has both can issue certificates.
pub(crate) struct Authority {
    pub(crate) name: &'static str,
    pub(crate) key: FileKey,
}

/// A certificate before it is signed.
pub(crate) struct Draft {
    subject: &'static str,
    ca: bool,
    usage: KeyUsages,
}

impl Authority {
    /// A new key for this name, which is a common name.
    pub(crate) fn new(name: &'static str, curve: Curve) -> Self {
        Self { name, key: FileKey::generate(curve).expect("a new key") }
    }

    /// Its own certificate, self-signed.
    pub(crate) fn root(&self) -> Certificate {
        self.issue(&Draft::ca(self.name), &self.key)
    }

    /// Issues a certificate for this key, good for an hour before and after now.
    pub(crate) fn issue(&self, draft: &Draft, key: &FileKey) -> Certificate {
        let curve = self.key.public_key().curve();
        let algorithm = sequence(&[&oid(match curve {
            Curve::P256 => "1.2.840.10045.4.3.2",
            Curve::P384 => "1.2.840.10045.4.3.3",
            Curve::P521 => "1.2.840.10045.4.3.4",
        })]);
        let body = sequence(&[
            &tagged(0xa0, &tagged(0x02, &[2])),
            &tagged(0x02, &[1]),
            &algorithm,
            &name(self.name),
            &sequence(&[&time(now() - HOUR), &time(now() + HOUR)]),
            &name(draft.subject),
            key.public_key().as_spki(),
            &tagged(0xa3, &sequence(&[&draft.extensions()])),
        ]);
        let signature = self.key.sign(&MessageDigest::of(curve.signing_hash(), &[&body])).expect("a signature");
        let bits = [&[0], signature.as_der()].concat();
        Certificate::from_der(&sequence(&[&body, &algorithm, &tagged(0x03, &bits)])).expect("a certificate")
    }
}

impl Draft {
    /// A signer's certificate.
    pub(crate) const fn leaf(subject: &'static str) -> Self {
        Self { subject, ca: false, usage: KeyUsages::DigitalSignature }
    }

    /// A CA's certificate.
    pub(crate) const fn ca(subject: &'static str) -> Self {
        Self { subject, ca: true, usage: KeyUsages::KeyCertSign }
    }

    fn extensions(&self) -> Vec<u8> {
        let constraints = BasicConstraints { ca: self.ca, path_len_constraint: None };
        let usage = KeyUsage(self.usage.into());
        let constraints = extension("2.5.29.19", &constraints.to_der().expect("DER"));
        [constraints, extension("2.5.29.15", &usage.to_der().expect("DER"))].concat()
    }
}

/// The time since the Unix epoch.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970")
}

/// Certificates as one PEM file.
pub(crate) fn certificates_pem(certificates: &[&Certificate]) -> String {
    certificates.iter().map(|certificate| pem::encode(&pem::Pem::new("CERTIFICATE", certificate.as_der()))).collect()
}

const HOUR: Duration = Duration::from_secs(3600);

/// A critical extension.
fn extension(id: &str, value: &[u8]) -> Vec<u8> {
    sequence(&[&oid(id), &tagged(0x01, &[0xff]), &tagged(0x04, value)])
}

fn name(common_name: &str) -> Vec<u8> {
    Name::from_str(&format!("CN={common_name}")).expect("a name").to_der().expect("DER")
}

fn time(since_epoch: Duration) -> Vec<u8> {
    let moment = DateTime::from_unix_duration(since_epoch).expect("a date");
    // RFC 5280 wants the short form until 2049; both are read.
    GeneralizedTime::from_date_time(moment).to_der().expect("DER")
}

fn oid(id: &str) -> Vec<u8> {
    ObjectIdentifier::new_unwrap(id).to_der().expect("DER")
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(0x30, &parts.concat())
}

/// One DER value; X.509 tags are one byte, and certificates stay below 64 KiB.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).expect("a small value").to_be_bytes();
    let head: &[u8] = match (high, low) {
        (0, 0..=0x7f) => &[tag, low],
        (0, _) => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    [head, content].concat()
}
