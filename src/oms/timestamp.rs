use cms::cert::x509::der::asn1::{GeneralizedTime, ObjectIdentifier, OctetString};
use cms::cert::x509::der::{self, Any, Decode as _, Encode as _, Reader as _, SliceReader, Tag};
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use jiff::Timestamp;

/// An RFC 3161 timestamp, parsed: a bare token, or the response of an authority that holds one.
#[derive(Debug)]
pub struct TimestampToken {
    content_type: ObjectIdentifier,
    signed: SignedData,
    is_response: bool,
}

impl TimestampToken {
    /// Reads a token or a response.
    ///
    /// # Errors
    /// [`der::Error`] where it is neither.
    pub fn from_der(bytes: &[u8]) -> der::Result<Self> {
        let (content, is_response) = match ContentInfo::from_der(bytes) {
            Ok(content) => (content, false),
            Err(_) => (inside_response(bytes)?, true),
        };
        Ok(Self { content_type: content.content_type, signed: content.content.decode_as()?, is_response })
    }

    /// The CMS structure in it.
    #[must_use]
    pub const fn signed_data(&self) -> &SignedData {
        &self.signed
    }

    /// Writes it in DER, as a response in a granted one with nothing else around the token (RFC 3161, section 2.4.2).
    ///
    /// # Errors
    /// [`der::Error`] never comes from what was read.
    pub fn to_der(&self) -> der::Result<Vec<u8>> {
        let content = ContentInfo { content_type: self.content_type, content: Any::encode_from(&self.signed)? };
        let token = content.to_der()?;
        if !self.is_response {
            return Ok(token);
        }
        Any::new(Tag::Sequence, [&GRANTED[..], &token].concat())?.to_der()
    }

    /// The time that it claims.
    ///
    /// # Errors
    /// [`der::Error`] where it holds none.
    pub fn time(&self) -> der::Result<Timestamp> {
        self.info().map(|(_, time)| time)
    }

    /// The digest of what it is about, as it claims.
    ///
    /// # Errors
    /// [`der::Error`] where it holds none.
    pub fn imprint(&self) -> der::Result<Vec<u8>> {
        self.info().map(|(imprint, _)| imprint)
    }

    /// Imprint and time in `TSTInfo` (RFC 3161, section 2.4.2).
    fn info(&self) -> der::Result<(Vec<u8>, Timestamp)> {
        let info = self.signed.encap_content_info.econtent.as_ref().ok_or(der::ErrorKind::Failed)?;
        let (imprint, time) = SliceReader::new(info.value())?.sequence(|inner| {
            let _version: u8 = inner.decode()?;
            let _policy: ObjectIdentifier = inner.decode()?;
            let imprint = inner.sequence(|imprint| {
                let _algorithm: Any = imprint.decode()?;
                OctetString::decode(imprint)
            })?;
            let _serial: Any = inner.decode()?;
            let time: GeneralizedTime = inner.decode()?;
            // What follows is not read.
            inner.read_slice(inner.remaining_len())?;
            Ok((imprint, time))
        })?;
        let seconds = i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| der::ErrorKind::DateTime)?;
        let time = Timestamp::from_second(seconds).map_err(|_| der::ErrorKind::DateTime)?;
        Ok((imprint.into_bytes(), time))
    }
}

/// The token in `TimeStampResp`: `SEQUENCE { PKIStatusInfo, ContentInfo }`.
fn inside_response(response: &[u8]) -> der::Result<ContentInfo> {
    let mut reader = SliceReader::new(response)?;
    let content = reader.sequence(|inner| {
        let _status: Any = inner.decode()?;
        inner.decode()
    })?;
    reader.finish(content)
}

/// `PKIStatusInfo { status granted (0) }`.
const GRANTED: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x00];
