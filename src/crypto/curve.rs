use std::fmt;

use aws_lc_rs::signature as aws;
use x509_cert::der::asn1::ObjectIdentifier;

use super::SigningHash;

/// A curve of the OMS algorithm registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// secp256r1, prime256v1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

impl Curve {
    /// Every curve that signs models.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The hash that goes with it in an OMS signature.
    #[must_use]
    pub const fn signing_hash(self) -> SigningHash {
        match self {
            Self::P256 => SigningHash::Sha256,
            Self::P384 => SigningHash::Sha384,
            Self::P521 => SigningHash::Sha512,
        }
    }

    /// The provider's way of making signatures with it.
    #[must_use]
    pub(crate) const fn signing_algorithm(self) -> &'static aws::EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &aws::ECDSA_P256_SHA256_ASN1_SIGNING,
            Self::P384 => &aws::ECDSA_P384_SHA384_ASN1_SIGNING,
            Self::P521 => &aws::ECDSA_P521_SHA512_ASN1_SIGNING,
        }
    }

    /// The provider's way of checking signatures made with it over this hash.
    pub(super) const fn verification_algorithm(self, hash: SigningHash) -> &'static aws::EcdsaVerificationAlgorithm {
        match (self, hash) {
            (Self::P256, SigningHash::Sha256) => &aws::ECDSA_P256_SHA256_ASN1,
            (Self::P256, SigningHash::Sha384) => &aws::ECDSA_P256_SHA384_ASN1,
            (Self::P256, SigningHash::Sha512) => &aws::ECDSA_P256_SHA512_ASN1,
            (Self::P384, SigningHash::Sha256) => &aws::ECDSA_P384_SHA256_ASN1,
            (Self::P384, SigningHash::Sha384) => &aws::ECDSA_P384_SHA384_ASN1,
            (Self::P384, SigningHash::Sha512) => &aws::ECDSA_P384_SHA512_ASN1,
            (Self::P521, SigningHash::Sha256) => &aws::ECDSA_P521_SHA256_ASN1,
            (Self::P521, SigningHash::Sha384) => &aws::ECDSA_P521_SHA384_ASN1,
            (Self::P521, SigningHash::Sha512) => &aws::ECDSA_P521_SHA512_ASN1,
        }
    }

    pub(super) const fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::P256 => "1.2.840.10045.3.1.7",
            Self::P384 => "1.3.132.0.34",
            Self::P521 => "1.3.132.0.35",
        })
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        })
    }
}
