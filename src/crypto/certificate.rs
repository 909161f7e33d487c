use std::fmt;
use std::time::Duration;

use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode as _, Encode as _, Header, Reader as _, SliceReader};
use x509_cert::name::Name;

use super::certificate_signature;
use super::extensions::Extensions;
use super::name::canonical;
use super::{KeyError, MessageDigest, PemFile, PublicKey, SigningHash};

/// An X.509 certificate, parsed; nothing about it is believed yet.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    parsed: x509_cert::Certificate,
    pub(super) extensions: Extensions,
}

/// The time within which a certificate is good, both ends included, since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// From when on.
    pub not_before: Duration,
    /// Until when.
    pub not_after: Duration,
}

impl Certificate {
    /// Parses a DER certificate with nothing behind it.
    ///
    /// # Errors
    /// [`CertificateError`] where it is none, or contradicts itself.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let parsed = x509_cert::Certificate::from_der(der)
            .map_err(|error| CertificateError::Malformed { reason: error.to_string() })?;
        let extensions = Extensions::read(parsed.tbs_certificate())?;
        Ok(Self { der: der.to_vec(), parsed, extensions })
    }

    /// Reads every certificate of a PEM file, in order; at least one.
    ///
    /// # Errors
    /// [`KeyError`] that says what there is instead.
    pub fn all_from_pem(content: &[u8]) -> Result<Vec<Self>, KeyError> {
        let file = PemFile::parse(content, NEEDED)?;
        file.first(&["CERTIFICATE"], NEEDED)?;
        file.all("CERTIFICATE")
            .map(|block| Self::from_der(&block.content).map_err(|error| KeyError::new(NEEDED, error.to_string())))
            .collect()
    }

    /// Its DER bytes.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Whom it speaks of.
    #[must_use]
    pub fn subject(&self) -> String {
        self.parsed.tbs_certificate().subject().to_string()
    }

    /// Who says so.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.parsed.tbs_certificate().issuer().to_string()
    }

    /// The SHA-256 over its DER bytes, in upper-case hexadecimal with colons.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = MessageDigest::of(SigningHash::Sha256, &[&self.der]);
        digest.as_bytes().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    /// When it is good.
    #[must_use]
    pub fn validity(&self) -> Validity {
        let validity = self.parsed.tbs_certificate().validity();
        Validity {
            not_before: validity.not_before.to_unix_duration(),
            not_after: validity.not_after.to_unix_duration(),
        }
    }

    /// Its public key, if models can be signed with it.
    ///
    /// # Errors
    /// [`KeyError`] that names the kind of key there is instead.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_spki(&self.spki()?)
    }

    /// Whether it may be used to sign models: its key usage allows digital signatures, or, where it does not, its
    /// extended key usage names code signing. This is the reference tool's rule.
    #[must_use]
    pub fn may_sign_models(&self) -> bool {
        let usage = self.extensions.key_usage.as_ref();
        let extended = self.extensions.extended_key_usage.as_ref();
        usage.is_some_and(|usage| usage.digital_signature())
            || extended.is_some_and(|extended| extended.0.contains(&CODE_SIGNING))
    }

    /// Whether it may issue others: a CA by its basic constraints, with a key usage that does not forbid it.
    pub(super) fn may_issue(&self) -> bool {
        let constraints = self.extensions.basic_constraints.as_ref();
        constraints.is_some_and(|constraints| constraints.ca)
            && self.extensions.key_usage.as_ref().is_none_or(|usage| usage.key_cert_sign())
    }

    /// Whether it was issued under its own name; whether by its own key as well is another question.
    pub(super) fn is_self_issued(&self) -> bool {
        canonical(self.distinguished_subject()) == canonical(self.distinguished_issuer())
    }

    /// Whether `issuer` made this certificate: names, key identifiers and signature; `None` where the signature's
    /// algorithm is not known.
    pub(super) fn is_issued_by(&self, issuer: &Self) -> Option<bool> {
        if canonical(self.distinguished_issuer()) != canonical(issuer.distinguished_subject())
            || !self.names_key_of(issuer)
        {
            return Some(false);
        }
        certificate_signature::holds(self, issuer)
    }

    /// The algorithm of its signature.
    pub(super) fn signature_algorithm(&self) -> String {
        self.parsed.signature_algorithm().oid.to_string()
    }

    /// Whether the key identifiers allow that `issuer` made this certificate; absent ones allow everything.
    fn names_key_of(&self, issuer: &Self) -> bool {
        let authority = self.extensions.authority_key.as_ref().and_then(|key| key.key_identifier.as_ref());
        match (authority, &issuer.extensions.subject_key) {
            (Some(named), Some(own)) => named.as_bytes() == own.0.as_bytes(),
            _ => true,
        }
    }

    /// The exact bytes that its issuer signed.
    pub(super) fn signed_bytes(&self) -> Result<&[u8], x509_cert::der::Error> {
        let mut reader = SliceReader::new(&self.der)?;
        Header::decode(&mut reader)?;
        reader.tlv_bytes()
    }

    /// Every extension: its identifier, and its value in DER.
    pub(super) fn extensions(&self) -> impl Iterator<Item = (ObjectIdentifier, &[u8])> {
        let all = self.parsed.tbs_certificate().extensions();
        all.into_iter().flatten().map(|extension| (extension.extn_id, extension.extn_value.as_bytes()))
    }

    pub(super) fn extension(&self, oid: ObjectIdentifier) -> Option<&[u8]> {
        self.extensions().find(|(found, _)| *found == oid).map(|(_, value)| value)
    }

    /// Whether it may be used to sign code and nothing more general: what Sigstore's signers have (key usage
    /// `digitalSignature`, extended key usage `codeSigning`, no CA).
    #[must_use]
    pub fn is_code_signer(&self) -> bool {
        let usage = self.extensions.key_usage.as_ref();
        let extended = self.extensions.extended_key_usage.as_ref();
        usage.is_some_and(|usage| usage.digital_signature())
            && extended.is_some_and(|extended| extended.0.contains(&CODE_SIGNING))
            && !self.may_issue()
    }

    pub(super) fn parsed(&self) -> &x509_cert::Certificate {
        &self.parsed
    }

    pub(super) fn spki(&self) -> Result<Vec<u8>, KeyError> {
        let info = self.parsed.tbs_certificate().subject_public_key_info();
        info.to_der().map_err(|_| KeyError::new(NEEDED, "a certificate with a damaged public key"))
    }

    fn distinguished_subject(&self) -> &Name {
        self.parsed.tbs_certificate().subject()
    }

    fn distinguished_issuer(&self) -> &Name {
        self.parsed.tbs_certificate().issuer()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.subject(), self.fingerprint())
    }
}

/// Bytes that are no usable certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// It does not name its holder, or who vouches for him, in a way that is understood.
    #[error("{reason}")]
    Naming {
        /// What is wrong.
        reason: String,
    },
    /// It does not follow X.509.
    #[error("a damaged certificate ({reason})")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
}

/// `id-kp-codeSigning`, RFC 5280, section 4.2.1.12.
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");

const NEEDED: &str = "one or more PEM certificates";
