use aws_lc_rs::digest;

/// A hash that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SigningHash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// The digest of a message that is, or was, signed.
///
/// Hardware and cloud keys sign digests, and a message of many megabytes is not copied to be put together.
#[derive(Clone)]
pub struct MessageDigest(pub(crate) digest::Digest);

impl MessageDigest {
    /// Hashes a message given in pieces.
    #[must_use]
    pub fn of(hash: SigningHash, pieces: &[&[u8]]) -> Self {
        Self::of_all(hash, pieces)
    }

    /// Hashes a message whose pieces are made while it is hashed.
    #[must_use]
    pub fn of_all<P: AsRef<[u8]>>(hash: SigningHash, pieces: impl IntoIterator<Item = P>) -> Self {
        let mut context = digest::Context::new(match hash {
            SigningHash::Sha256 => &digest::SHA256,
            SigningHash::Sha384 => &digest::SHA384,
            SigningHash::Sha512 => &digest::SHA512,
        });
        pieces.into_iter().for_each(|piece| context.update(piece.as_ref()));
        Self(context.finish())
    }

    /// A SHA-256 that was computed already; `None` where it has another length.
    #[must_use]
    pub fn of_digest(sha256: &[u8]) -> Option<Self> {
        digest::Digest::import_less_safe(sha256, &digest::SHA256).ok().map(Self)
    }

    /// The digest's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}
