use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Payload;
use super::bounded::Bounded;
use super::object::Object;
use crate::digest::{Algorithm, Digest, DigestError};

/// An in-toto statement about something else than a model's list of files: subjects, and a predicate of some type
/// ([in-toto Statement v1](https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md)).
#[derive(Debug, Clone)]
pub struct Attestation<'a> {
    /// What it is about: at least one thing.
    pub subjects: Vec<Subject>,
    /// What the predicate is, a URI.
    pub predicate_type: String,
    /// The predicate, as it stands in the payload: it can be of many megabytes.
    pub predicate: &'a RawValue,
}

/// Something that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its name; information, nothing more.
    pub name: String,
    /// Its SHA-256.
    pub digest: Digest,
}

impl<'a> Attestation<'a> {
    /// Writes a statement as the bytes to sign: compact JSON, keys in a fixed order. The predicate becomes JSON in its
    /// place, not before.
    ///
    /// # Errors
    /// [`serde_json::Error`] where the predicate cannot be JSON.
    pub fn payload(
        subjects: &[Subject],
        predicate_type: &str,
        predicate: &impl Serialize,
    ) -> Result<Payload, serde_json::Error> {
        let subject = |subject: &Subject| {
            let digest = Object(WireDigestSet { sha256: subject.digest.to_hex() });
            Object(WireSubject { name: subject.name.clone(), digest })
        };
        let statement = WireAttestation {
            kind: super::statement::STATEMENT_TYPE.to_owned(),
            subject: Bounded(subjects.iter().map(subject).collect()),
            predicate_type: predicate_type.to_owned(),
            predicate,
        };
        serde_json::to_vec(&statement).map(Payload::new)
    }

    /// Reads the bytes that were signed. Call it when the signature holds, not before.
    ///
    /// # Errors
    /// [`AttestationError`] where they are no statement of the expected type.
    pub fn from_payload(payload: &'a Payload, expected: &'static str) -> Result<Self, AttestationError> {
        let attestation = Self::from_any_payload(payload)?;
        if attestation.predicate_type != expected {
            return Err(AttestationError::PredicateType { found: attestation.predicate_type, expected });
        }
        Ok(attestation)
    }

    /// Reads a statement whose type is not known beforehand.
    ///
    /// # Errors
    /// As [`Attestation::from_payload`].
    pub fn from_any_payload(payload: &'a Payload) -> Result<Self, AttestationError> {
        let Object(wire): Object<WireAttestation<&'a RawValue>> = serde_json::from_slice(payload.as_bytes())?;
        if wire.kind != super::statement::STATEMENT_TYPE {
            return Err(AttestationError::Type { found: wire.kind });
        }
        if wire.subject.0.is_empty() {
            return Err(AttestationError::NoSubject);
        }
        let subject = |Object(subject): Object<WireSubject>| {
            let digest = Digest::from_hex(Algorithm::Sha256, &subject.digest.sha256);
            match digest {
                Ok(digest) => Ok(Subject { name: subject.name, digest }),
                Err(source) => Err(AttestationError::Digest { name: subject.name, source }),
            }
        };
        let subjects = wire.subject.0.into_iter().map(subject).collect::<Result<_, _>>()?;
        Ok(Self { subjects, predicate_type: wire.predicate_type, predicate: wire.predicate })
    }
}

/// Why a signed payload is not the statement that was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttestationError {
    /// It is not JSON of the right shape.
    #[error("the signed payload is not an in-toto statement")]
    Json(#[from] serde_json::Error),
    /// `_type` is another one.
    #[error("the statement has the type {found:?}, not {}", super::statement::STATEMENT_TYPE)]
    Type {
        /// What it says.
        found: String,
    },
    /// `predicateType` is another one.
    #[error("the statement is about {found:?}, not {expected}")]
    PredicateType {
        /// What it says.
        found: String,
        /// What it should say.
        expected: &'static str,
    },
    /// It is about nothing.
    #[error("the statement has no subject")]
    NoSubject,
    /// A subject's digest cannot be one.
    #[error("the SHA-256 of the subject {name:?} is not acceptable")]
    Digest {
        /// The subject.
        name: String,
        /// Why.
        #[source]
        source: DigestError,
    },
}

/// Unknown fields are passed over, as in-toto asks of its readers.
#[derive(Serialize, Deserialize)]
struct WireAttestation<P> {
    #[serde(rename = "_type")]
    kind: String,
    subject: Bounded<Object<WireSubject>, MAX_SUBJECTS>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: P,
}

#[derive(Serialize, Deserialize)]
struct WireSubject {
    name: String,
    digest: Object<WireDigestSet>,
}

#[derive(Serialize, Deserialize)]
struct WireDigestSet {
    sha256: String,
}

/// How many things a statement may be about: a package's manifest, its signature, and 1,024 files.
const MAX_SUBJECTS: usize = 2048;
