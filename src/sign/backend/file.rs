use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair as _};
use pkcs8::der::asn1::{ContextSpecific, ObjectIdentifier, OctetStringRef};
use pkcs8::der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, pkcs5};
use secrecy::{ExposeSecret as _, SecretString};

use crate::crypto::{
    Curve, EC, KeyError, MessageDigest, PemFile, PublicKey, Signature, algorithm_in_words, ec_in_words,
};
use crate::sign::{SignError, SigningKey};

/// A private key from a PEM file: SEC1 (`EC PRIVATE KEY`) or PKCS#8, encrypted or not.
pub struct FileKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl FileKey {
    /// Reads the file's content; `passphrase` is asked only if the key is encrypted.
    ///
    /// # Errors
    /// [`FileKeyError`] that says what there is instead, or what is wrong with the passphrase.
    pub fn from_pem(content: &[u8], passphrase: impl FnOnce() -> Option<SecretString>) -> Result<Self, FileKeyError> {
        let file = PemFile::parse(content, NEEDED)?;
        let block = file.first(&["PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"], NEEDED)?;
        if block.legacy_encryption {
            return Err(KeyError::new(NEEDED, "a key encrypted in OpenSSL's old way (Proc-Type header)").into());
        }
        if block.tag != "ENCRYPTED PRIVATE KEY" {
            return Ok(Self::from_der(&block.content)?);
        }
        let encrypted = EncryptedPrivateKeyInfoRef::from_der(&block.content).map_err(|_| {
            KeyError::new(NEEDED, "an encrypted private key that is damaged, or encrypted without PBES2")
        })?;
        if !is_affordable(&encrypted.encryption_algorithm) {
            return Err(
                KeyError::new(NEEDED, "an encrypted private key that would take too much time or memory").into()
            );
        }
        let passphrase = passphrase().ok_or(FileKeyError::NoPassphrase)?;
        let clear = encrypted.decrypt(passphrase.expose_secret()).map_err(|error| match error {
            // What comes out under a wrong passphrase has no padding, or is no key.
            pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::DecryptFailed) | pkcs8::Error::Asn1(_) => {
                FileKeyError::WrongPassphrase
            }
            _ => KeyError::new(NEEDED, "an encrypted private key whose encryption is not known here").into(),
        })?;
        Ok(Self::from_der(clear.as_bytes())?)
    }

    /// Makes a new key.
    ///
    /// # Errors
    /// [`SignError::Provider`] where the system has no randomness.
    pub fn generate(curve: Curve) -> Result<Self, SignError> {
        let pair = EcdsaKeyPair::generate(curve.signing_algorithm());
        pair.ok().and_then(|pair| Self::new(pair).ok()).ok_or(SignError::Provider { curve })
    }

    /// The key as an unencrypted PKCS#8 PEM file.
    ///
    /// # Errors
    /// [`SignError::Provider`] where the provider cannot write it.
    pub fn to_pem(&self) -> Result<SecretString, SignError> {
        let document = self.pair.to_pkcs8v1().map_err(|Unspecified| self.failed())?;
        let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        Ok(pem::encode_config(&pem::Pem::new("PRIVATE KEY", document.as_ref()), config).into())
    }

    fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        Curve::ALL
            .into_iter()
            .find_map(|curve| EcdsaKeyPair::from_private_key_der(curve.signing_algorithm(), der).ok())
            .ok_or_else(|| KeyError::new(NEEDED, in_words(der)))
            .and_then(Self::new)
    }

    fn new(pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let spki: PublicKeyX509Der<'_> =
            pair.public_key().as_der().map_err(|Unspecified| KeyError::new(NEEDED, "a damaged private key"))?;
        let public = PublicKey::from_spki(spki.as_ref())?;
        Ok(Self { pair, public })
    }

    fn failed(&self) -> SignError {
        SignError::Provider { curve: self.public.curve() }
    }
}

impl SigningKey for FileKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &MessageDigest) -> Result<Signature, SignError> {
        let signature = self.pair.sign_digest(&message.0).map_err(|Unspecified| self.failed())?;
        Ok(Signature::from_der(signature.as_ref().to_vec()))
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileKey({:?})", self.public)
    }
}

/// Why a file is no usable private key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileKeyError {
    /// It holds something else.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key is encrypted, and nobody gave a passphrase.
    #[error("the private key is encrypted, and no passphrase was given")]
    NoPassphrase,
    /// The key is encrypted, and not with this passphrase.
    #[error("the passphrase does not open the private key")]
    WrongPassphrase,
}

/// Whether trying a passphrase stays within some seconds and a gigabyte; the file itself says how hard it is.
fn is_affordable(scheme: &pkcs5::EncryptionScheme) -> bool {
    let pkcs5::EncryptionScheme::Pbes2(parameters) = scheme else { return true };
    match &parameters.kdf {
        pkcs5::pbes2::Kdf::Pbkdf2(kdf) => kdf.iteration_count <= MAX_ITERATIONS,
        pkcs5::pbes2::Kdf::Scrypt(kdf) => {
            // RFC 7914, section 2: 128 * r * N bytes, p times over.
            let bytes = kdf.cost_parameter.saturating_mul(128).saturating_mul(kdf.block_size.into());
            bytes <= MAX_SCRYPT_BYTES && kdf.parallelization <= MAX_SCRYPT_PARALLEL
        }
        _ => true,
    }
}

/// What a DER private key that cannot be used is.
fn in_words(der: &[u8]) -> String {
    if let Ok(info) = PrivateKeyInfoRef::from_der(der) {
        return if info.algorithm.oid == EC {
            ec_in_words(info.algorithm.parameters_oid().ok(), "private key")
        } else {
            format!("{} private key", algorithm_in_words(info.algorithm.oid))
        };
    }
    let curve = SliceReader::new(der).and_then(|mut reader| reader.sequence(sec1_curve));
    ec_in_words(curve.ok(), "private key")
}

/// The curve that an RFC 5915 private key names; it stands behind the version and the key.
fn sec1_curve(reader: &mut SliceReader<'_>) -> Result<ObjectIdentifier, pkcs8::der::Error> {
    u8::decode(reader)?;
    <&OctetStringRef>::decode(reader)?;
    let parameters = ContextSpecific::<ObjectIdentifier>::decode_explicit(reader, TagNumber(0))?;
    let parameters = parameters.ok_or_else(|| Tag::ObjectIdentifier.value_error())?;
    reader.drain(reader.remaining_len())?;
    Ok(parameters.value)
}

/// OpenSSL's default is 2,048, today's advice 600,000.
const MAX_ITERATIONS: u32 = 10_000_000;
/// OpenSSL's default is 16 MiB.
const MAX_SCRYPT_BYTES: u64 = 1 << 30;
/// OpenSSL's default is 1.
const MAX_SCRYPT_PARALLEL: u16 = 16;
const NEEDED: &str = "a PEM private key on P-256, P-384 or P-521";

#[cfg(test)]
mod tests {
    use super::*;
    use pkcs5::EncryptionScheme;
    use pkcs5::pbes2::Parameters;
    use pkcs5::scrypt::Params;

    #[test]
    fn what_a_passphrase_may_cost_has_a_ceiling() {
        let pbkdf2 = |iterations| Parameters::generate_pbkdf2_sha256_aes256cbc(iterations, &[0; 16], [0; 16]).unwrap();
        let scrypt = |log_n, p| {
            Parameters::generate_scrypt_aes256cbc(Params::new(log_n, 8, p).unwrap(), &[0; 16], [0; 16]).unwrap()
        };
        for (parameters, affordable) in [
            (pbkdf2(600_000), true),
            (pbkdf2(MAX_ITERATIONS), true),
            (pbkdf2(MAX_ITERATIONS + 1), false),
            (scrypt(14, 1), true),
            (scrypt(20, 1), true),
            (scrypt(21, 1), false),
            (scrypt(14, 17), false),
        ] {
            assert_eq!(is_affordable(&EncryptionScheme::Pbes2(parameters.clone())), affordable, "{parameters:?}");
        }
    }
}
