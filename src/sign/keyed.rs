use super::{SignError, Signer, SigningKey};
use crate::crypto::Certificate;
use crate::oms::{Bundle, Envelope, KeyIdentifier, Material, Payload};

/// Signs with a key that verifiers know.
pub struct KeySigner<'a> {
    key: &'a dyn SigningKey,
}

impl<'a> KeySigner<'a> {
    /// A signer with this key.
    #[must_use]
    pub const fn new(key: &'a dyn SigningKey) -> Self {
        Self { key }
    }
}

impl Signer for KeySigner<'_> {
    fn sign(&self, payload: Payload) -> Result<Bundle, SignError> {
        let material = Material::PublicKey(KeyIdentifier::Hint(self.key.public_key().hint()));
        seal(self.key, payload, material)
    }
}

/// Signs with a key that a certificate speaks for.
pub struct CertificateSigner<'a> {
    key: &'a dyn SigningKey,
    leaf: Certificate,
    others: Vec<Certificate>,
}

impl<'a> CertificateSigner<'a> {
    /// A signer with this key, its certificate, and the certificates to send along.
    ///
    /// Whether the certificate is good for signing now is left to the verifier.
    ///
    /// # Errors
    /// [`SignError::KeyMismatch`] where the certificate is another key's, [`SignError::Certificate`] where it holds a
    /// key that cannot sign models.
    pub fn new(key: &'a dyn SigningKey, leaf: Certificate, others: Vec<Certificate>) -> Result<Self, SignError> {
        if leaf.public_key().map_err(SignError::Certificate)? != *key.public_key() {
            return Err(SignError::KeyMismatch { subject: leaf.subject() });
        }
        Ok(Self { key, leaf, others })
    }
}

impl Signer for CertificateSigner<'_> {
    fn sign(&self, payload: Payload) -> Result<Bundle, SignError> {
        let material = Material::Chain { leaf: Box::new(self.leaf.clone()), others: self.others.clone() };
        seal(self.key, payload, material)
    }
}

fn seal(key: &dyn SigningKey, payload: Payload, material: Material) -> Result<Bundle, SignError> {
    let public = key.public_key();
    let hash = public.curve().signing_hash();
    let digest = payload.pae_digest(hash);
    let signature = key.sign(&digest)?;
    // A keeper of keys that answers with something else must not get it published.
    if !public.verifies(hash, &digest, &signature) {
        return Err(SignError::Provider { curve: public.curve() });
    }
    Ok(Bundle { envelope: Envelope { payload, signature }, material })
}
