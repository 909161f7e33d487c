use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Payload;
use super::object::Object;
use super::predicate::{self, Predicate, PredicateError};
use crate::digest::{Algorithm, Digest};
use crate::manifest::{Manifest, ManifestError, Resource, Serialization};
use crate::model::{ModelPath, PathError};

/// An in-toto statement about one model: its name and what it consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The model's name; information, nothing more.
    pub name: String,
    /// The model's files.
    pub manifest: Manifest,
}

/// Which generation of the format a payload must follow; the way it was signed tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Predicate `https://model_signing/signature/v1.0`.
    V1,
    /// Version 0.2.0 of the reference tool: predicate `https://model_signing/Digests/v0.1`, the files as subjects.
    Legacy,
}

impl Statement {
    /// Writes the statement as the bytes to sign: compact JSON, keys in a fixed order.
    ///
    /// # Errors
    /// [`serde_json::Error`] never comes from a manifest as it can be made.
    pub fn to_payload(&self) -> Result<Payload, serde_json::Error> {
        let root = self.manifest.root_digest();
        let statement = WrittenStatement {
            kind: STATEMENT_TYPE,
            subject: [WrittenSubject { name: &self.name, digest: WrittenDigest { sha256: root.to_hex() } }],
            predicate_type: predicate::TYPE,
            predicate: Predicate(&self.manifest),
        };
        serde_json::to_vec(&statement).map(Payload::new)
    }

    /// Reads the bytes that were signed. Call it when the signature holds, not before.
    ///
    /// # Errors
    /// [`StatementError`] where the statement does not follow OMS 1.0, section 8.3, or contradicts itself.
    pub fn from_payload(payload: &Payload, format: Format) -> Result<Self, StatementError> {
        let text = std::str::from_utf8(payload.as_bytes()).map_err(|_| StatementError::NotUtf8)?;
        let Object(wire): Object<WireStatement<'_>> = serde_json::from_str(text)?;
        if wire.kind != STATEMENT_TYPE {
            return Err(StatementError::Type { found: wire.kind.into_owned() });
        }
        let expected = match format {
            Format::V1 => predicate::TYPE,
            Format::Legacy => LEGACY_PREDICATE_TYPE,
        };
        if wire.predicate_type != expected {
            return Err(StatementError::PredicateType { found: wire.predicate_type.into_owned(), expected });
        }
        match format {
            Format::V1 => read_current(&wire),
            Format::Legacy => read_legacy(&wire),
        }
    }
}

fn read_current(wire: &WireStatement<'_>) -> Result<Statement, StatementError> {
    let [subject] = wire.subject.as_slice() else {
        return Err(StatementError::Subjects { found: wire.subject.len() });
    };
    let manifest = predicate::read(wire.predicate.ok_or(StatementError::NoPredicate)?.get())?;
    let root = manifest.root_digest().to_hex();
    if subject.digest.sha256 != root {
        return Err(StatementError::RootDigest { found: subject.digest.sha256.clone().into_owned(), computed: root });
    }
    Ok(Statement { name: subject.name.clone().into_owned(), manifest })
}

/// Each subject is a file, hashed whole with SHA-256; there is no root digest to compare.
fn read_legacy(wire: &WireStatement<'_>) -> Result<Statement, StatementError> {
    let resources: Result<Vec<Resource>, StatementError> = wire
        .subject
        .iter()
        .map(|subject| {
            let path = if subject.name == "." { ModelPath::root() } else { ModelPath::new(&*subject.name)? };
            let digest = Digest::from_hex(Algorithm::Sha256, &subject.digest.sha256)
                .map_err(|source| PredicateError::Digest { name: subject.name.to_string(), source })?;
            Ok(Resource { path, shard: None, digest })
        })
        .collect();
    let manifest = Manifest::new(Serialization::default(), resources?)?;
    Ok(Statement { name: String::new(), manifest })
}

/// Why a signed payload is not a statement about a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// It is no text.
    #[error("the signed payload is not an in-toto statement: it is not UTF-8")]
    NotUtf8,
    /// It is not JSON of the right shape.
    #[error("the signed payload is not an in-toto statement")]
    Json(#[from] serde_json::Error),
    /// `_type` is another one.
    #[error("the statement has the type {found:?}, not {STATEMENT_TYPE}")]
    Type {
        /// What it says.
        found: String,
    },
    /// `predicateType` is another one.
    #[error("the statement is about {found:?}, not a model signature ({expected})")]
    PredicateType {
        /// What it says.
        found: String,
        /// What it should say.
        expected: &'static str,
    },
    /// There is not exactly one subject.
    #[error("the statement has {found} subjects, a model signature has one")]
    Subjects {
        /// How many there are.
        found: usize,
    },
    /// The predicate is absent.
    #[error("the statement has no predicate")]
    NoPredicate,
    /// The predicate is not acceptable.
    #[error(transparent)]
    Predicate(#[from] PredicateError),
    /// A name leads out of the model.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The list of files contradicts itself.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The subject's digest is not that of the list of files.
    #[error("the subject has the digest {found:?}, the listed files come to {computed}")]
    RootDigest {
        /// What the subject says.
        found: String,
        /// What the resources give.
        computed: String,
    },
}

/// Unknown fields are passed over, as in-toto asks of its readers.
#[derive(Deserialize)]
struct WireStatement<'a> {
    #[serde(rename = "_type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    subject: Vec<Object<WireSubject<'a>>>,
    #[serde(rename = "predicateType", borrow)]
    predicate_type: Cow<'a, str>,
    #[serde(borrow, default)]
    predicate: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireSubject<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    digest: Object<WireDigestSet<'a>>,
}

#[derive(Deserialize)]
struct WireDigestSet<'a> {
    #[serde(borrow)]
    sha256: Cow<'a, str>,
}

#[derive(Serialize)]
struct WrittenStatement<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: [WrittenSubject<'a>; 1],
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

#[derive(Serialize)]
struct WrittenSubject<'a> {
    name: &'a str,
    digest: WrittenDigest,
}

#[derive(Serialize)]
struct WrittenDigest {
    sha256: String,
}

pub(super) const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
pub(super) const LEGACY_PREDICATE_TYPE: &str = "https://model_signing/Digests/v0.1";
