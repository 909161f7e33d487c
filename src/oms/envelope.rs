use serde::Deserialize;

use crate::crypto::{MessageDigest, Signature, SigningHash};

/// The exact bytes that are signed: an in-toto statement, never parsed and written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload(Vec<u8>);

impl Payload {
    /// Takes the bytes.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The SHA-256 that the payload gives for its first subject; `None` where it has no such thing. Nothing vouches for
    /// it: it is good for comparing the payload with itself, before a signature is checked.
    #[must_use]
    pub fn claimed_subject(&self) -> Option<[u8; 32]> {
        #[derive(Deserialize)]
        struct Claim {
            subject: Vec<Subject>,
        }
        #[derive(Deserialize)]
        struct Subject {
            digest: Digest,
        }
        #[derive(Deserialize)]
        struct Digest {
            sha256: String,
        }
        let claim: Claim = serde_json::from_slice(&self.0).ok()?;
        let mut digest = [0; 32];
        hex::decode_to_slice(&claim.subject.first()?.digest.sha256, &mut digest).ok()?;
        Some(digest)
    }

    /// The digest of the DSSE pre-authentication encoding of this payload, which is what a signature covers
    /// ([DSSE v1.0, protocol](https://github.com/secure-systems-lab/dsse/blob/master/protocol.md)).
    #[must_use]
    pub fn pae_digest(&self, hash: SigningHash) -> MessageDigest {
        MessageDigest::of(hash, &[pae_header(self.0.len()).as_bytes(), &self.0])
    }
}

/// A DSSE envelope with one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What is signed.
    pub payload: Payload,
    /// The signature over its pre-authentication encoding.
    pub signature: Signature,
}

/// The only payload type of OMS.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// All of the pre-authentication encoding that stands before the payload.
fn pae_header(payload_bytes: usize) -> String {
    format!("DSSEv1 {} {PAYLOAD_TYPE} {payload_bytes} ", PAYLOAD_TYPE.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pae_is_that_of_the_protocol() {
        let pae = b"DSSEv1 28 application/vnd.in-toto+json 2 {}";
        let expected = MessageDigest::of(SigningHash::Sha256, &[pae]);
        assert_eq!(Payload::new(b"{}".to_vec()).pae_digest(SigningHash::Sha256).as_bytes(), expected.as_bytes());
    }
}
