//! The bundle's JSON, as it stands in the file.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::base64::{Base64, decode, decode_within};
use super::bounded::Bounded;
use super::bundle::{MAX_BUNDLE_BYTES, MEDIA_TYPE};
use super::log_entry::WireLogEntry;
use super::object::Object;
use super::{Bundle, BundleError, Envelope, KeyIdentifier, LogEntry, Material, PAYLOAD_TYPE, Payload};
use crate::crypto::{Certificate, PublicKey, Signature};
use crate::io::read_to_limit;

impl Bundle {
    /// Reads a bundle from a file.
    ///
    /// # Errors
    /// [`BundleError`] where it cannot be read, or is no bundle.
    pub fn read(path: &Path) -> Result<Self, BundleError> {
        Self::from_json(read_to_limit(path, MAX_BUNDLE_BYTES)?)
    }

    /// Reads a bundle from a file in which a keyless signature may be without a log entry.
    ///
    /// # Errors
    /// As [`Bundle::read`].
    pub fn read_unlogged(path: &Path) -> Result<Self, BundleError> {
        Self::from_json_unlogged(read_to_limit(path, MAX_BUNDLE_BYTES)?)
    }

    /// Reads a bundle.
    ///
    /// Held to the Sigstore bundle format 0.3 and the OMS schema: no unknown fields, none twice, one kind of material,
    /// one signature, standard base64. `tlogEntries` and `keyid` may be absent, `keyid` null or any text. Where the bytes are
    /// given away the payload takes their place, and needs no memory of its own.
    ///
    /// # Errors
    /// [`BundleError`] that says what is wrong.
    pub fn from_json<'a>(json: impl Into<Cow<'a, [u8]>>) -> Result<Self, BundleError> {
        Self::parse(json.into(), false)
    }

    /// Reads a bundle in which a keyless signature may be without a log entry.
    ///
    /// # Errors
    /// As [`Bundle::from_json`].
    pub fn from_json_unlogged<'a>(json: impl Into<Cow<'a, [u8]>>) -> Result<Self, BundleError> {
        Self::parse(json.into(), true)
    }

    fn parse(json: Cow<'_, [u8]>, may_be_unlogged: bool) -> Result<Self, BundleError> {
        if json.iter().all(u8::is_ascii_whitespace) {
            return Err(BundleError::Empty);
        }
        let text = std::str::from_utf8(&json).map_err(|_| BundleError::NotUtf8)?;
        let Object(wire): Object<WireBundle<'_>> = serde_json::from_str(text)?;
        if wire.media_type != MEDIA_TYPE {
            return Err(BundleError::MediaType { found: wire.media_type.into_owned() });
        }
        let material = read_material(&wire.verification_material, may_be_unlogged)?;
        let (payload, signature) = read_envelope(&wire.dsse_envelope)?;
        let payload = match (payload, &json) {
            (Cow::Borrowed(base64), Cow::Owned(_)) => {
                let start = base64.as_ptr().addr() - json.as_ptr().addr();
                let range = start..start + base64.len();
                decode_within(json.into_owned(), range, PAYLOAD)?
            }
            (base64, _) => decode(&base64, PAYLOAD)?,
        };
        Ok(Self { material, envelope: Envelope { payload: Payload::new(payload), signature } })
    }

    /// Writes the bundle as the reference tool does: compact, no newline at the end.
    ///
    /// # Errors
    /// What the sink says.
    pub fn write_json(&self, sink: &mut dyn Write) -> io::Result<()> {
        let Self { envelope, material } = self;
        let written = WrittenBundle {
            media_type: MEDIA_TYPE,
            verification_material: WrittenVerificationMaterial {
                material: WrittenMaterial::new(material),
                tlog_entries: material.log_entries().iter().map(WireLogEntry::new).collect(),
                timestamp_verification_data: WrittenTimestamps::new(material),
            },
            dsse_envelope: WrittenEnvelope {
                payload: Base64(envelope.payload.as_bytes()),
                payload_type: PAYLOAD_TYPE,
                signatures: [WrittenSignature { sig: Base64(envelope.signature.as_der()), keyid: "" }],
            },
        };
        serde_json::to_writer(sink, &written).map_err(io::Error::from)
    }
}

/// The payload as it is written, and the signature.
fn read_envelope<'a>(wire: &WireEnvelope<'a>) -> Result<(Cow<'a, str>, Signature), BundleError> {
    if wire.payload_type != PAYLOAD_TYPE {
        return Err(BundleError::PayloadType { found: wire.payload_type.clone().into_owned() });
    }
    let [signature] = wire.signatures.0.as_slice() else {
        return Err(BundleError::Signatures { found: wire.signatures.0.len() });
    };
    Ok((wire.payload.clone(), Signature::from_der(decode(&signature.sig, "the signature value")?)))
}

fn read_material(wire: &WireMaterial<'_>, may_be_unlogged: bool) -> Result<Material, BundleError> {
    match (&wire.public_key, &wire.x509_certificate_chain, &wire.certificate) {
        (Some(key), None, None) => Ok(Material::PublicKey(read_key(key)?)),
        (None, Some(chain), None) => {
            let mut certificates =
                chain.certificates.0.iter().zip(1..).map(|(certificate, number)| read_certificate(certificate, number));
            match certificates.next() {
                Some(leaf) => {
                    Ok(Material::Chain { leaf: Box::new(leaf?), others: certificates.collect::<Result<_, _>>()? })
                }
                None => Err(BundleError::NoCertificate),
            }
        }
        (None, None, Some(_)) if wire.tlog_entries.0.is_empty() && !may_be_unlogged => Err(BundleError::NoLogEntry),
        (None, None, Some(leaf)) => Ok(Material::Keyless {
            leaf: Box::new(read_certificate(leaf, 1)?),
            log_entries: wire.tlog_entries.0.iter().map(|entry| read_log_entry(entry)).collect::<Result<_, _>>()?,
            timestamps: read_timestamps(wire.timestamp_verification_data)?,
        }),
        (key, chain, leaf) => {
            let found = usize::from(key.is_some()) + usize::from(chain.is_some()) + usize::from(leaf.is_some());
            Err(BundleError::Materials { found })
        }
    }
}

/// An empty hint names no key, as in the reference tool; a key in full must be one, and the one that the hint names.
fn read_key(wire: &WireKey<'_>) -> Result<KeyIdentifier, BundleError> {
    let hint = wire.hint.as_deref().filter(|hint| !hint.is_empty());
    let key = match &wire.raw_bytes {
        Some(raw) => {
            // Written as PEM text; Sigstore's own format would be DER.
            let raw = decode(raw, "the public key")?;
            let is_pem = raw.starts_with(b"-----");
            let key = if is_pem { PublicKey::from_pem(&raw) } else { PublicKey::from_spki(&raw) };
            Some(key.map_err(BundleError::Key)?)
        }
        None => None,
    };
    match (hint, key) {
        (Some(hint), Some(key)) if key.hint() != hint => Err(BundleError::TwoKeys),
        (Some(hint), _) => Ok(KeyIdentifier::Hint(hint.to_owned())),
        (None, Some(key)) => Ok(KeyIdentifier::Key(key)),
        (None, None) => Ok(KeyIdentifier::None),
    }
}

fn read_certificate(wire: &WireCertificate<'_>, number: usize) -> Result<Certificate, BundleError> {
    let der = decode(&wire.raw_bytes, "a certificate")?;
    Certificate::from_der(&der).map_err(|source| BundleError::Certificate { number, source })
}

fn read_log_entry(raw: &RawValue) -> Result<LogEntry, BundleError> {
    LogEntry::from_json(small(raw, "a log entry")?)
}

/// What belongs to one signature has some kilobytes; reading more would take a multiple of it in memory.
fn small<'a>(raw: &'a RawValue, field: &'static str) -> Result<&'a str, BundleError> {
    let text = raw.get();
    if text.len() > MAX_EVIDENCE_BYTES {
        return Err(BundleError::TooLarge { field, limit: MAX_EVIDENCE_BYTES });
    }
    Ok(text)
}

fn read_timestamps(raw: Option<&RawValue>) -> Result<Vec<Vec<u8>>, BundleError> {
    let Some(raw) = raw else { return Ok(Vec::new()) };
    let wire: Option<Object<WireTimestamps<'_>>> = serde_json::from_str(small(raw, "the timestamps")?)?;
    let Some(Object(wire)) = wire else { return Ok(Vec::new()) };
    wire.rfc3161_timestamps.0.iter().map(|timestamp| decode(&timestamp.signed_timestamp, "a timestamp")).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireBundle<'a> {
    #[serde(borrow)]
    media_type: Cow<'a, str>,
    #[serde(borrow)]
    verification_material: Object<WireMaterial<'a>>,
    #[serde(borrow)]
    dsse_envelope: Object<WireEnvelope<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireMaterial<'a> {
    #[serde(borrow, default)]
    public_key: Option<Object<WireKey<'a>>>,
    #[serde(borrow, default)]
    x509_certificate_chain: Option<Object<WireChain<'a>>>,
    #[serde(borrow, default)]
    certificate: Option<Object<WireCertificate<'a>>>,
    #[serde(borrow, default)]
    tlog_entries: Bounded<&'a RawValue, MAX_LOG_ENTRIES>,
    /// Read for keyless signatures alone, as are the log entries: nothing else is judged by them.
    #[serde(borrow, default)]
    timestamp_verification_data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireTimestamps<'a> {
    #[serde(borrow, default, rename = "rfc3161Timestamps")]
    rfc3161_timestamps: Bounded<Object<WireTimestamp<'a>>, MAX_TIMESTAMPS>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireTimestamp<'a> {
    #[serde(borrow)]
    signed_timestamp: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireKey<'a> {
    #[serde(borrow, default)]
    hint: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    raw_bytes: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct WireChain<'a> {
    #[serde(borrow)]
    certificates: Bounded<Object<WireCertificate<'a>>, MAX_CERTIFICATES>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCertificate<'a> {
    #[serde(borrow)]
    raw_bytes: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireEnvelope<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
    #[serde(borrow)]
    payload_type: Cow<'a, str>,
    #[serde(borrow)]
    signatures: Bounded<Object<WireSignature<'a>>, MAX_SIGNATURES>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature<'a> {
    #[serde(borrow)]
    sig: Cow<'a, str>,
    /// Any text or none: OMS does not use it, but it has to be text.
    #[serde(borrow, default, rename = "keyid")]
    _keyid: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenBundle<'a> {
    media_type: &'static str,
    verification_material: WrittenVerificationMaterial<'a>,
    dsse_envelope: WrittenEnvelope<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenVerificationMaterial<'a> {
    #[serde(flatten)]
    material: WrittenMaterial<'a>,
    tlog_entries: Vec<WireLogEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<WrittenTimestamps<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum WrittenMaterial<'a> {
    PublicKey { hint: Cow<'a, str> },
    X509CertificateChain { certificates: Vec<WrittenCertificate<'a>> },
    Certificate(WrittenCertificate<'a>),
}

impl<'a> WrittenMaterial<'a> {
    fn new(material: &'a Material) -> Self {
        match material {
            Material::PublicKey(KeyIdentifier::Hint(hint)) => Self::PublicKey { hint: Cow::Borrowed(hint) },
            Material::PublicKey(KeyIdentifier::Key(key)) => Self::PublicKey { hint: Cow::Owned(key.hint()) },
            Material::PublicKey(KeyIdentifier::None) => Self::PublicKey { hint: Cow::Borrowed("") },
            Material::Chain { leaf, others } => Self::X509CertificateChain {
                certificates: std::iter::once(&**leaf).chain(others).map(WrittenCertificate::new).collect(),
            },
            Material::Keyless { leaf, .. } => Self::Certificate(WrittenCertificate::new(leaf)),
        }
    }
}

#[derive(Serialize)]
struct WrittenTimestamps<'a> {
    #[serde(rename = "rfc3161Timestamps", skip_serializing_if = "Vec::is_empty")]
    rfc3161_timestamps: Vec<WrittenTimestamp<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenTimestamp<'a> {
    signed_timestamp: Base64<'a>,
}

impl<'a> WrittenTimestamps<'a> {
    /// Keyless signatures have the field even where there are none, as the reference tool writes it.
    fn new(material: &'a Material) -> Option<Self> {
        let Material::Keyless { timestamps, .. } = material else { return None };
        let wrapped = timestamps.iter().map(|token| WrittenTimestamp { signed_timestamp: Base64(token) });
        Some(Self { rfc3161_timestamps: wrapped.collect() })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenCertificate<'a> {
    raw_bytes: Base64<'a>,
}

impl<'a> WrittenCertificate<'a> {
    fn new(certificate: &'a Certificate) -> Self {
        Self { raw_bytes: Base64(certificate.as_der()) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenEnvelope<'a> {
    payload: Base64<'a>,
    payload_type: &'static str,
    signatures: [WrittenSignature<'a>; 1],
}

#[derive(Serialize)]
struct WrittenSignature<'a> {
    sig: Base64<'a>,
    keyid: &'static str,
}

const PAYLOAD: &str = "the payload";
/// How many certificates a bundle may bring; real chains have two to five.
const MAX_CERTIFICATES: usize = 32;
/// How many log entries; one is usual.
const MAX_LOG_ENTRIES: usize = 32;
/// How many bytes of JSON a log entry may have, or all timestamps together.
const MAX_EVIDENCE_BYTES: usize = 1 << 20;
/// How many timestamps; one is usual.
const MAX_TIMESTAMPS: usize = 32;
/// How many signatures are looked at to say that there is more than the one there may be.
const MAX_SIGNATURES: usize = 32;
