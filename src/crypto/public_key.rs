use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{ParsedPublicKey, UnparsedPublicKey};
use pem::{EncodeConfig, LineEnding, Pem};
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::{Curve, KeyError, MessageDigest, PemFile, Signature, SigningHash};

/// A public key on one of the curves that sign models.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    curve: Curve,
    /// SubjectPublicKeyInfo with a named curve and an uncompressed point, whatever form it came in.
    spki: Vec<u8>,
}

impl PublicKey {
    /// Reads a PEM file that holds a public key (SubjectPublicKeyInfo); text around it and CRLF do not matter.
    ///
    /// # Errors
    /// [`KeyError`] that says what there is instead.
    pub fn from_pem(content: &[u8]) -> Result<Self, KeyError> {
        let file = PemFile::parse(content, NEEDED)?;
        Self::from_spki(&file.first(&["PUBLIC KEY"], NEEDED)?.content)
    }

    /// Takes a DER SubjectPublicKeyInfo; compressed points and spelled-out parameters of the three curves are accepted.
    ///
    /// # Errors
    /// [`KeyError`] that names the kind of key there is instead.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError::new(NEEDED, "a damaged public key"))?;
        if info.algorithm.oid != EC {
            return Err(KeyError::new(NEEDED, format!("{} public key", algorithm_in_words(info.algorithm.oid))));
        }
        Curve::ALL
            .into_iter()
            .find_map(|curve| {
                let algorithm = curve.verification_algorithm(curve.signing_hash());
                let canonical: PublicKeyX509Der<'_> = ParsedPublicKey::new(algorithm, der).ok()?.as_der().ok()?;
                Some(Self { curve, spki: canonical.as_ref().to_vec() })
            })
            .ok_or_else(|| {
                let curve: Option<ObjectIdentifier> = info.algorithm.parameters_oid().ok();
                KeyError::new(NEEDED, ec_in_words(curve, "public key"))
            })
    }

    /// Its curve.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        self.curve
    }

    /// The DER SubjectPublicKeyInfo with a named curve and an uncompressed point.
    #[must_use]
    pub fn as_spki(&self) -> &[u8] {
        &self.spki
    }

    /// The key as `openssl ec -pubout` prints it: 64 columns, LF.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
        pem::encode_config(&Pem::new("PUBLIC KEY", self.spki.as_slice()), config)
    }

    /// What a bundle names the key by: the SHA-256 over [`PublicKey::to_pem`] in lower-case hexadecimal.
    ///
    /// OMS 1.0, section 4.1, leaves the kind of fingerprint open; this is the reference tool's.
    #[must_use]
    pub fn hint(&self) -> String {
        hex::encode(MessageDigest::of(SigningHash::Sha256, &[self.to_pem().as_bytes()]).as_bytes())
    }

    /// Whether this key made the signature over the message with this digest.
    #[must_use]
    pub fn verifies(&self, hash: SigningHash, message: &MessageDigest, signature: &Signature) -> bool {
        let algorithm = self.curve.verification_algorithm(hash);
        UnparsedPublicKey::new(algorithm, &self.spki).verify_digest(&message.0, signature.as_der()).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.curve, self.hint())
    }
}

/// The kind of key in words, with its article, for sentences such as "found an RSA public key".
pub(crate) fn algorithm_in_words(oid: ObjectIdentifier) -> String {
    match oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => "an RSA".to_owned(),
        "1.2.840.10040.4.1" => "a DSA".to_owned(),
        "1.3.101.112" => "an Ed25519".to_owned(),
        "1.3.101.113" => "an Ed448".to_owned(),
        "1.3.101.110" => "an X25519".to_owned(),
        other => format!("a (type {other})"),
    }
}

/// An elliptic curve key that is of no use here, in words.
pub(crate) fn ec_in_words(curve: Option<ObjectIdentifier>, kind: &str) -> String {
    let Some(curve) = curve else { return format!("a damaged EC {kind}") };
    if Curve::ALL.iter().any(|known| known.oid() == curve) {
        return format!("a damaged EC {kind}");
    }
    match curve.to_string().as_str() {
        "1.3.132.0.10" => format!("an EC {kind} on the curve secp256k1"),
        "1.3.132.0.33" => format!("an EC {kind} on the curve secp224r1"),
        other => format!("an EC {kind} on the curve {other}"),
    }
}

/// `id-ecPublicKey`, RFC 5480.
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

const NEEDED: &str = "a PEM public key on P-256, P-384 or P-521";

#[cfg(test)]
mod tests {
    use super::*;

    const P256: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEnOPXMlsggL5rN+eGfzonP3Wq1Ea/
4kh45u80XgKpnl2ZRAEvfJjNaKVU82DlvP42k/P3zpsCIiQRIkJH/Fg5ZQ==
-----END PUBLIC KEY-----
";

    #[test]
    fn spellings_do_not_change_the_key() {
        let key = PublicKey::from_pem(P256.as_bytes()).unwrap();
        assert_eq!(key.to_pem(), P256);
        assert_eq!(key.curve(), Curve::P256);
        let other = format!("a comment\r\n{}", P256.replace('\n', "\r\n"));
        assert_eq!(PublicKey::from_pem(other.as_bytes()).unwrap(), key);
    }

    #[test]
    fn says_what_was_found() {
        let cut = &P256[..100];
        let label = P256.replace("PUBLIC", "PRIVATE");
        let cases: [(&[u8], &str); 6] = [
            (b"", "an empty file"),
            (b"\x30\x59", "DER, the binary form"),
            (b"hello", "something that is not PEM"),
            (b"ssh-rsa AAAA", "an OpenSSH public key"),
            (cut.as_bytes(), "a PEM file that is cut off"),
            (label.as_bytes(), "a private key"),
        ];
        for (content, found) in cases {
            assert_eq!(PublicKey::from_pem(content).unwrap_err().found, found);
        }
    }
}
