use aws_lc_rs::signature::{self as aws, RsaParameters, UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::der::asn1::{Any, ObjectIdentifier, UintRef};
use x509_cert::der::{Decode as _, Encode as _, Reader as _, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::public_key::EC;
use super::{Certificate, Curve, SigningHash};

/// Whether the issuer's key made the certificate's signature; `None` where its algorithm is not known.
///
/// Known are ECDSA on the three curves, RSA of 2048 to 8192 bits (PKCS#1 v1.5 and PSS) with SHA-256, SHA-384 or
/// SHA-512, and Ed25519.
pub(super) fn holds(certificate: &Certificate, issuer: &Certificate) -> Option<bool> {
    let parsed = certificate.parsed();
    // Signed and unsigned algorithm identifier must agree (RFC 5280, section 4.1.1.2).
    if parsed.signature_algorithm() != parsed.tbs_certificate().signature() {
        return Some(false);
    }
    let spki = issuer.spki().ok()?;
    let key = SubjectPublicKeyInfoRef::from_der(&spki).ok()?;
    let raw = key.subject_public_key.as_bytes()?;
    let algorithm = parsed.signature_algorithm();
    let (algorithm, key): (&dyn VerificationAlgorithm, &[u8]) = match algorithm.oid.to_string().as_str() {
        "1.2.840.10045.4.3.2" => (ecdsa(&key, SigningHash::Sha256)?, &spki),
        "1.2.840.10045.4.3.3" => (ecdsa(&key, SigningHash::Sha384)?, &spki),
        "1.2.840.10045.4.3.4" => (ecdsa(&key, SigningHash::Sha512)?, &spki),
        "1.2.840.113549.1.1.11" => (&aws::RSA_PKCS1_2048_8192_SHA256, rsa(&key, RSA)?),
        "1.2.840.113549.1.1.12" => (&aws::RSA_PKCS1_2048_8192_SHA384, rsa(&key, RSA)?),
        "1.2.840.113549.1.1.13" => (&aws::RSA_PKCS1_2048_8192_SHA512, rsa(&key, RSA)?),
        "1.2.840.113549.1.1.10" => {
            let parameters = pss(&algorithm.parameters.to_der().ok()?)?;
            // A key that is for PSS alone may say with which parameters (RFC 4055, section 3.3).
            let fits = key.algorithm.parameters.is_none_or(|own| Some(Any::from(own)) == algorithm.parameters);
            (parameters, rsa(&key, RSA).or_else(|| rsa(&key, RSASSA_PSS).filter(|_| fits))?)
        }
        "1.3.101.112" => (&aws::ED25519, raw),
        _ => return None,
    };
    let signature = parsed.signature().as_bytes()?;
    Some(UnparsedPublicKey::new(algorithm, key).verify(certificate.signed_bytes().ok()?, signature).is_ok())
}

fn ecdsa(key: &SubjectPublicKeyInfoRef<'_>, hash: SigningHash) -> Option<&'static dyn VerificationAlgorithm> {
    if key.algorithm.oid != EC {
        return None;
    }
    let oid = key.algorithm.parameters_oid().ok()?;
    let curve = Curve::ALL.into_iter().find(|curve| curve.oid() == oid)?;
    Some(curve.verification_algorithm(hash))
}

/// The RSA key itself, if it is of this kind and long enough.
fn rsa<'a>(key: &SubjectPublicKeyInfoRef<'a>, kind: ObjectIdentifier) -> Option<&'a [u8]> {
    let raw = key.subject_public_key.as_bytes()?;
    let modulus_bytes = SliceReader::new(raw)
        .and_then(|mut reader| {
            reader.sequence(|reader| {
                let modulus = UintRef::decode(reader)?.as_bytes().len();
                UintRef::decode(reader)?;
                Ok::<_, x509_cert::der::Error>(modulus)
            })
        })
        .ok()?;
    (key.algorithm.oid == kind && modulus_bytes * 8 >= 2048).then_some(raw)
}

/// The parameters of RSASSA-PSS (RFC 4055, section 3.1) in the only forms that are in use: one of three hashes, MGF1
/// with the same hash, and a salt as long as its output.
fn pss(parameters: &[u8]) -> Option<&'static RsaParameters> {
    let forms = [
        (PSS_SHA256, &aws::RSA_PSS_2048_8192_SHA256),
        (PSS_SHA384, &aws::RSA_PSS_2048_8192_SHA384),
        (PSS_SHA512, &aws::RSA_PSS_2048_8192_SHA512),
    ];
    let parameters = hex::encode(parameters);
    forms.into_iter().find(|(form, _)| *form == parameters).map(|(_, known)| known)
}

/// `id-RSASSA-PSS`, RFC 4055.
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
/// `rsaEncryption`, RFC 8017.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

const PSS_SHA256: &str =
    "3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120";
const PSS_SHA384: &str =
    "3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130";
const PSS_SHA512: &str =
    "3034a00f300d06096086480165030402030500a11c301a06092a864886f70d010108300d06096086480165030402030500a203020140";
