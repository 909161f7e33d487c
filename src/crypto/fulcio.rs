//! What Sigstore's certificate authority, Fulcio, writes into a certificate.

use std::fmt;

use x509_cert::der::Decode as _;
use x509_cert::der::asn1::{ObjectIdentifier, Utf8StringRef};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::{GeneralName, OtherName};

use super::{Certificate, CertificateError};

/// Whom a Fulcio certificate names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectName {
    /// A person, or a service with a mailbox.
    Email(String),
    /// A workload: a workflow, a SPIFFE identity.
    Uri(String),
    /// A name in its issuer's own name space (Fulcio's `otherName`).
    User(String),
}

impl SubjectName {
    /// The name, without its kind.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(name) | Self::Uri(name) | Self::User(name) => name,
        }
    }
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the token of a signer said of itself, as Fulcio copied it into the certificate
/// ([Fulcio's list of object identifiers](https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulcioClaim {
    /// The last number of its object identifier, under 1.3.6.1.4.1.57264.1.
    pub number: u32,
    /// Its value; bytes that are no text stand in hexadecimal.
    pub value: String,
}

impl FulcioClaim {
    /// What Fulcio calls the claim; `None` for one that came after this version.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        NAMES.iter().find(|(number, _)| *number == self.number).map(|(_, name)| *name)
    }
}

impl Certificate {
    /// The one name that this certificate was issued to.
    ///
    /// # Errors
    /// [`CertificateError`] where it has none, several, or one of another kind.
    pub fn subject_name(&self) -> Result<SubjectName, CertificateError> {
        let value = self.extension(SUBJECT_ALTERNATIVE_NAME).ok_or_else(|| naming("the certificate names nobody"))?;
        let names = SubjectAltName::from_der(value).map_err(|_| naming("its alternative names cannot be read"))?;
        match names.0.as_slice() {
            [GeneralName::Rfc822Name(name)] => Ok(SubjectName::Email(name.to_string())),
            [GeneralName::UniformResourceIdentifier(name)] => Ok(SubjectName::Uri(name.to_string())),
            [GeneralName::OtherName(name)] => Ok(SubjectName::User(user_name(name)?)),
            [_] => Err(naming("it names neither a mailbox nor a URI")),
            names => Err(CertificateError::Naming { reason: format!("it names {} subjects, not one", names.len()) }),
        }
    }

    /// All of Fulcio's claims, in the order of their numbers.
    #[must_use]
    pub fn fulcio_claims(&self) -> Vec<FulcioClaim> {
        let mut claims: Vec<FulcioClaim> = self
            .extensions()
            .filter_map(|(oid, value)| {
                let number = oid.as_bytes().strip_prefix(ARC.as_bytes())?;
                // One more arc, of one byte: all that Fulcio has.
                let [number @ 0..=127] = number else { return None };
                let number = u32::from(*number);
                (number != USER_NAME_ARC).then(|| FulcioClaim { number, value: text(number, value) })
            })
            .collect();
        claims.sort_by_key(|claim| claim.number);
        claims
    }

    /// Who vouched for the signer towards Fulcio: the URL of the OpenID Connect provider.
    ///
    /// # Errors
    /// [`CertificateError`] where none is named, or two that differ.
    pub fn fulcio_issuer(&self) -> Result<String, CertificateError> {
        let read = |number: u32| self.fulcio_claims().into_iter().find(|claim| claim.number == number);
        match (read(ISSUER), read(OLD_ISSUER)) {
            (Some(new), Some(old)) if new.value != old.value => Err(naming("it names two identity providers")),
            (Some(issuer), _) | (None, Some(issuer)) => Ok(issuer.value),
            (None, None) => Err(naming("it names no identity provider")),
        }
    }
}

/// The name inside Fulcio's `otherName`; other kinds of other names are not read.
fn user_name(name: &OtherName) -> Result<String, CertificateError> {
    if name.type_id != USER_NAME {
        return Err(naming("it names its subject in a way that is not known"));
    }
    let text = name.value.decode_as::<Utf8StringRef<'_>>().map_err(|_| naming("its user name cannot be read"))?;
    Ok(text.as_str().to_owned())
}

/// Fulcio wrote the first claims as plain text and writes the later ones as UTF8String.
fn text(number: u32, value: &[u8]) -> String {
    let plain = number <= LAST_PLAIN;
    let wrapped = Utf8StringRef::from_der(value).map(|text| text.as_str().to_owned()).ok();
    let read = if plain { std::str::from_utf8(value).ok().map(str::to_owned) } else { wrapped };
    read.unwrap_or_else(|| hex::encode(value))
}

fn naming(reason: &str) -> CertificateError {
    CertificateError::Naming { reason: reason.to_owned() }
}

const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const ARC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");
const USER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");
/// Not a claim: the kind of an alternative name.
const USER_NAME_ARC: u32 = 7;
const OLD_ISSUER: u32 = 1;
const ISSUER: u32 = 8;
/// Up to here the claims are plain text.
const LAST_PLAIN: u32 = 6;

/// Fulcio's names for its claims.
const NAMES: [(u32, &str); 23] = [
    (1, "Issuer"),
    (2, "GitHub Workflow Trigger"),
    (3, "GitHub Workflow SHA"),
    (4, "GitHub Workflow Name"),
    (5, "GitHub Workflow Repository"),
    (6, "GitHub Workflow Ref"),
    (8, "Issuer (V2)"),
    (9, "Build Signer URI"),
    (10, "Build Signer Digest"),
    (11, "Runner Environment"),
    (12, "Source Repository URI"),
    (13, "Source Repository Digest"),
    (14, "Source Repository Ref"),
    (15, "Source Repository Identifier"),
    (16, "Source Repository Owner URI"),
    (17, "Source Repository Owner Identifier"),
    (18, "Build Config URI"),
    (19, "Build Config Digest"),
    (20, "Build Trigger"),
    (21, "Run Invocation URI"),
    (22, "Source Repository Visibility At Signing"),
    (23, "Deployment Environment"),
    (24, "Token Subject"),
];
