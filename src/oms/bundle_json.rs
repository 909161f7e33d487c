//! The bundle's JSON, as it stands in the file.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine as _;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::bounded::Bounded;
use super::bundle::{MAX_BUNDLE_BYTES, MEDIA_TYPE};
use super::object::Object;
use super::{Bundle, BundleError, Envelope, KeyIdentifier, Material, PAYLOAD_TYPE, Payload};
use crate::crypto::{Certificate, PublicKey, Signature};
use crate::io::read_to_limit;

impl Bundle {
    /// Reads a bundle from a file.
    ///
    /// # Errors
    /// [`BundleError`] where it cannot be read, or is no bundle.
    pub fn read(path: &Path) -> Result<Self, BundleError> {
        Self::from_json(&read_to_limit(path, MAX_BUNDLE_BYTES)?)
    }

    /// Reads a bundle.
    ///
    /// Held to the Sigstore bundle format 0.3 and the OMS schema: no unknown fields, none twice, one kind of material,
    /// one signature, standard base64. `tlogEntries` and `keyid` may be absent, `keyid` null or any text.
    ///
    /// # Errors
    /// [`BundleError`] that says what is wrong.
    pub fn from_json(json: &[u8]) -> Result<Self, BundleError> {
        if json.iter().all(u8::is_ascii_whitespace) {
            return Err(BundleError::Empty);
        }
        let text = std::str::from_utf8(json).map_err(|_| BundleError::NotUtf8)?;
        let Object(wire): Object<WireBundle<'_>> = serde_json::from_str(text)?;
        if wire.media_type != MEDIA_TYPE {
            return Err(BundleError::MediaType { found: wire.media_type.into_owned() });
        }
        let material = read_material(&wire.verification_material)?;
        Ok(Self { material, envelope: read_envelope(&wire.dsse_envelope)? })
    }

    /// Writes the bundle as the reference tool does: compact, no newline at the end.
    ///
    /// # Errors
    /// What the sink says; `Unsupported` for a keyless signature, which stays the file it came in.
    pub fn write_json(&self, sink: &mut dyn Write) -> io::Result<()> {
        let Self { envelope, material } = self;
        let written = WrittenBundle {
            media_type: MEDIA_TYPE,
            verification_material: WrittenVerificationMaterial {
                material: WrittenMaterial::new(material).ok_or(io::ErrorKind::Unsupported)?,
                tlog_entries: [],
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

fn read_envelope(wire: &WireEnvelope<'_>) -> Result<Envelope, BundleError> {
    if wire.payload_type != PAYLOAD_TYPE {
        return Err(BundleError::PayloadType { found: wire.payload_type.clone().into_owned() });
    }
    let [signature] = wire.signatures.0.as_slice() else {
        return Err(BundleError::Signatures { found: wire.signatures.0.len() });
    };
    Ok(Envelope {
        payload: Payload::new(decode(&wire.payload, "the payload")?),
        signature: Signature::from_der(decode(&signature.sig, "the signature value")?),
    })
}

fn read_material(wire: &WireMaterial<'_>) -> Result<Material, BundleError> {
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
        (None, None, Some(_)) if wire.tlog_entries.0.is_empty() => Err(BundleError::NoLogEntry),
        (None, None, Some(leaf)) => Ok(Material::Keyless { leaf: Box::new(read_certificate(leaf, 1)?) }),
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

fn decode(text: &str, field: &'static str) -> Result<Vec<u8>, BundleError> {
    match STANDARD.decode(text) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(BundleError::Base64 { field }),
    }
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
    /// Known, and of no use to a key or certificate signature that no log has seen.
    #[serde(default, rename = "timestampVerificationData")]
    _timestamps: Option<serde::de::IgnoredAny>,
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
    tlog_entries: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum WrittenMaterial<'a> {
    PublicKey { hint: Cow<'a, str> },
    X509CertificateChain { certificates: Vec<WrittenCertificate<'a>> },
}

impl<'a> WrittenMaterial<'a> {
    /// `None` for keyless signatures: their log entries are Sigstore's document, not this one's.
    fn new(material: &'a Material) -> Option<Self> {
        match material {
            Material::PublicKey(KeyIdentifier::Hint(hint)) => Some(Self::PublicKey { hint: Cow::Borrowed(hint) }),
            Material::PublicKey(KeyIdentifier::Key(key)) => Some(Self::PublicKey { hint: Cow::Owned(key.hint()) }),
            Material::PublicKey(KeyIdentifier::None) => Some(Self::PublicKey { hint: Cow::Borrowed("") }),
            Material::Chain { leaf, others } => Some(Self::X509CertificateChain {
                certificates: std::iter::once(&**leaf).chain(others).map(WrittenCertificate::new).collect(),
            }),
            Material::Keyless { .. } => None,
        }
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

/// Bytes that become text while they are written, not before.
struct Base64<'a>(&'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

/// How many certificates a bundle may bring; real chains have two to five.
const MAX_CERTIFICATES: usize = 32;
/// How many log entries; one is usual.
const MAX_LOG_ENTRIES: usize = 32;
/// How many signatures are looked at to say that there is more than the one there may be.
const MAX_SIGNATURES: usize = 32;
