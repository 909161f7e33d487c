use super::KeylessError;
use crate::crypto::{Curve, KeyError, MessageDigest, PublicKey, Signature};
use crate::oms::{Bundle, Payload};
use crate::trust::TrustRoot;

/// A private key, wherever it is kept.
pub trait SigningKey {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// Signs the message with this digest, made with the curve's own hash.
    ///
    /// # Errors
    /// [`SignError`] where the key's keeper refuses.
    fn sign(&self, message: &MessageDigest) -> Result<Signature, SignError>;
}

/// Turns a payload into a signed bundle.
pub trait Signer {
    /// Finds out, before the model is hashed, what would keep this signer from signing.
    ///
    /// # Errors
    /// [`SignError`] where something would.
    fn prepare(&self) -> Result<(), SignError> {
        Ok(())
    }

    /// Signs a payload.
    ///
    /// # Errors
    /// [`SignError`] where that is not possible; nothing was signed then.
    fn sign(&self, payload: Payload) -> Result<Bundle, SignError>;

    /// The trust root by which a verifier has to accept a bundle of this signer; `None` where the signer relies on
    /// nobody else for it.
    ///
    /// # Errors
    /// [`SignError`] where the bundle is not one that could be checked.
    fn trust(&self, _bundle: &Bundle) -> Result<Option<TrustRoot>, SignError> {
        Ok(None)
    }
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The provider failed, which it does not do with a key it accepted.
    #[error("signing with the {curve} key failed")]
    Provider {
        /// The key's curve.
        curve: Curve,
    },
    /// Signing with an identity failed.
    #[error(transparent)]
    Keyless(#[from] KeylessError),
    /// The certificate holds a key that cannot sign models.
    #[error("the signing certificate is not usable")]
    Certificate(#[source] KeyError),
    /// Certificate and private key do not belong together.
    #[error("the private key does not belong to the certificate of {subject}")]
    KeyMismatch {
        /// Whose certificate.
        subject: String,
    },
}
