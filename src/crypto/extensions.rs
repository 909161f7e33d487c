use x509_cert::TbsCertificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::oid::AssociatedOid as _;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, NameConstraints, SubjectKeyIdentifier,
};

use super::CertificateError;

/// What a certificate's extensions say of its key.
#[derive(Debug, Clone, Default)]
pub(super) struct Extensions {
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) extended_key_usage: Option<ExtendedKeyUsage>,
    pub(super) authority_key: Option<AuthorityKeyIdentifier>,
    pub(super) subject_key: Option<SubjectKeyIdentifier>,
    /// An extension that must not be passed over and that this program does not know.
    pub(super) unknown_critical: Option<ObjectIdentifier>,
}

impl Extensions {
    /// Reads the extensions that matter for a path (RFC 5280, section 6); none may stand twice.
    pub(super) fn read(certificate: &TbsCertificate) -> Result<Self, CertificateError> {
        let mut read = Self::default();
        let mut seen = Vec::new();
        for extension in certificate.extensions().into_iter().flatten() {
            let oid = extension.extn_id;
            if seen.contains(&oid) {
                return Err(CertificateError::Malformed { reason: format!("the extension {oid} stands twice") });
            }
            seen.push(oid);
            let value = extension.extn_value.as_bytes();
            match oid {
                BasicConstraints::OID => read.basic_constraints = Some(decode(oid, value)?),
                KeyUsage::OID => read.key_usage = Some(decode(oid, value)?),
                ExtendedKeyUsage::OID => read.extended_key_usage = Some(decode(oid, value)?),
                AuthorityKeyIdentifier::OID => read.authority_key = Some(decode(oid, value)?),
                SubjectKeyIdentifier::OID => read.subject_key = Some(decode(oid, value)?),
                // Not evaluated here, so a certificate that carries them is not used, critical or not.
                NameConstraints::OID => read.unknown_critical = Some(oid),
                _ if extension.critical && !HARMLESS.contains(&oid) => read.unknown_critical = Some(oid),
                _ => {}
            }
        }
        Ok(read)
    }
}

fn decode<'a, T: x509_cert::der::Decode<'a>>(oid: ObjectIdentifier, value: &'a [u8]) -> Result<T, CertificateError> {
    T::from_der(value)
        .map_err(|_| CertificateError::Malformed { reason: format!("the extension {oid} cannot be read") })
}

/// Extensions that may be critical and do not decide whether a path holds here: alternative names, and certificate
/// policies, which no caller asks for.
const HARMLESS: [ObjectIdentifier; 5] = [
    ObjectIdentifier::new_unwrap("2.5.29.17"),
    ObjectIdentifier::new_unwrap("2.5.29.32"),
    ObjectIdentifier::new_unwrap("2.5.29.33"),
    ObjectIdentifier::new_unwrap("2.5.29.36"),
    ObjectIdentifier::new_unwrap("2.5.29.54"),
];
