use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Bundle, Format, KeyIdentifier, LogEntry, Material, Statement, TimestampToken};
use crate::crypto::Certificate;
use crate::trust::sigstore::known_log;

/// What a bundle says of itself. Nothing in it is verified: it is for people who ask what they have there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// Never: so that nobody who reads it by a program forgets it.
    verified: bool,
    /// `key`, `certificate` or `sigstore`.
    pub method: &'static str,
    /// The fingerprint by which the bundle names its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The signer's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<InspectedCertificate>,
    /// What it says of transparency logs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_entries: Vec<InspectedEntry>,
    /// The times in its RFC 3161 timestamps; `None` for one that cannot be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub timestamps: Vec<Option<Timestamp>>,
    /// The model's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// The digest of the signed manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How many files it lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<usize>,
    /// Why there is no manifest in it, where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement_error: Option<String>,
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectedCertificate {
    /// Whom it names: for Sigstore the identity, otherwise the distinguished name.
    pub subject: String,
    /// Who vouched: for Sigstore the identity provider, otherwise the distinguished name of the issuer.
    pub issuer: String,
    /// SHA-256 over it.
    pub fingerprint: String,
    /// From when on it is good.
    pub not_before: Option<Timestamp>,
    /// Until when.
    pub not_after: Option<Timestamp>,
    /// Fulcio's claims.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<InspectedClaim>,
}

/// One of Fulcio's claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectedClaim {
    /// Its object identifier.
    pub oid: String,
    /// Fulcio's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    /// Its value.
    pub value: String,
}

/// What an entry of a transparency log says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectedEntry {
    /// The log's URL, if it is one of Sigstore's; its identifier in hexadecimal otherwise.
    pub log: String,
    /// The entry's number.
    pub index: u64,
    /// Kind and version.
    pub kind: String,
    /// When the log took it, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrated: Option<Timestamp>,
    /// Where to look it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl Inspection {
    /// Reads what a bundle says.
    #[must_use]
    pub fn of(bundle: &Bundle) -> Self {
        let payload = &bundle.envelope.payload;
        let statement = Statement::from_payload(payload, Format::V1)
            .or_else(|error| Statement::from_payload(payload, Format::Legacy).map_err(|_| error));
        let manifest = statement.as_ref().ok().map(|statement| &statement.manifest);
        let mut inspection = Self {
            verified: false,
            method: bundle.material.method(),
            key: None,
            certificate: None,
            log_entries: bundle.material.log_entries().iter().map(InspectedEntry::of).collect(),
            timestamps: Vec::new(),
            model_name: statement.as_ref().ok().map(|statement| statement.name.clone()),
            digest: manifest.map(|manifest| manifest.root_digest().to_string()),
            files: manifest.map(crate::manifest::Manifest::file_count),
            statement_error: statement.as_ref().err().map(ToString::to_string),
        };
        match &bundle.material {
            Material::PublicKey(KeyIdentifier::Hint(hint)) => inspection.key = Some(hint.clone()),
            Material::PublicKey(KeyIdentifier::Key(key)) => inspection.key = Some(key.hint()),
            Material::PublicKey(KeyIdentifier::None) => {}
            Material::Chain { leaf, .. } => {
                inspection.certificate = Some(InspectedCertificate::of(leaf, leaf.subject(), leaf.issuer()));
            }
            Material::Keyless { leaf, timestamps, .. } => {
                let subject = leaf.subject_name().map_or_else(|error| error.to_string(), |name| name.to_string());
                let issuer = leaf.fulcio_issuer().unwrap_or_else(|error| error.to_string());
                inspection.certificate = Some(InspectedCertificate::of(leaf, subject, issuer));
                inspection.timestamps = timestamps
                    .iter()
                    .map(|token| TimestampToken::from_der(token).and_then(|token| token.time()).ok())
                    .collect();
            }
        }
        inspection
    }
}

impl InspectedCertificate {
    fn of(certificate: &Certificate, subject: String, issuer: String) -> Self {
        let claims = certificate.fulcio_claims().into_iter().map(|claim| InspectedClaim {
            oid: format!("1.3.6.1.4.1.57264.1.{}", claim.number),
            name: claim.name(),
            value: claim.value,
        });
        Self {
            subject,
            issuer,
            fingerprint: certificate.fingerprint(),
            not_before: timestamp(certificate.validity().not_before),
            not_after: timestamp(certificate.validity().not_after),
            claims: claims.collect(),
        }
    }
}

impl InspectedEntry {
    fn of(entry: &LogEntry) -> Self {
        let log = known_log(&entry.log_id);
        let link = log.as_deref().and_then(|log| match (log, entry.kind.as_str()) {
            ("https://rekor.sigstore.dev", _) => Some(format!("https://search.sigstore.dev/?logIndex={}", entry.index)),
            // A log of Rekor v2 has no page for an entry.
            (_, "hashedrekord") => None,
            (log, _) => Some(format!("{log}/api/v1/log/entries?logIndex={}", entry.index)),
        });
        Self {
            log: log.unwrap_or_else(|| hex::encode(&entry.log_id)),
            index: entry.index,
            kind: format!("{} {}", entry.kind, entry.version),
            integrated: (entry.integrated_time > 0)
                .then(|| timestamp(Duration::from_secs(entry.integrated_time)))
                .flatten(),
            link,
        }
    }
}

fn timestamp(since_epoch: Duration) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(since_epoch.as_secs()).ok()?).ok()
}
