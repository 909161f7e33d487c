use std::fmt;

use super::Algorithm;

/// A digest whose length fits its algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    /// The digest, then zeros: a fixed array keeps 100,000 of them in one allocation.
    bytes: [u8; MAX_BYTES],
}

impl Digest {
    /// Takes the raw bytes of a digest.
    ///
    /// # Errors
    /// [`DigestError::Length`] where the length is not the algorithm's.
    pub fn new(algorithm: Algorithm, raw: &[u8]) -> Result<Self, DigestError> {
        let mut bytes = [0; MAX_BYTES];
        match bytes.get_mut(..raw.len()) {
            Some(place) if raw.len() == algorithm.digest_bytes() => place.copy_from_slice(raw),
            _ => return Err(DigestError::Length { algorithm, found: raw.len() }),
        }
        Ok(Self { algorithm, bytes })
    }

    /// Takes what the algorithm itself put out, which has the right length by construction.
    pub(super) fn of_output(algorithm: Algorithm, output: &[u8]) -> Self {
        let mut bytes = [0; MAX_BYTES];
        for (place, byte) in bytes.iter_mut().zip(output) {
            *place = *byte;
        }
        Self { algorithm, bytes }
    }

    /// Reads lower-case hexadecimal, the only spelling the OMS predicate schema allows.
    ///
    /// # Errors
    /// [`DigestError`] where the text is not lower-case hexadecimal of the right length.
    pub fn from_hex(algorithm: Algorithm, text: &str) -> Result<Self, DigestError> {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(DigestError::NotLowerHex);
        }
        let mut raw = [0; MAX_BYTES];
        let found = text.len() / 2;
        let place = raw.get_mut(..found).ok_or(DigestError::Length { algorithm, found })?;
        hex::decode_to_slice(text, place).map_err(|_| DigestError::NotLowerHex)?;
        Self::new(algorithm, place)
    }

    /// Which algorithm made it.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.algorithm.digest_bytes()).unwrap_or(&self.bytes)
    }

    /// The digest in lower-case hexadecimal.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why some text or bytes are not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// The number of bytes is not what the algorithm puts out.
    #[error("a {algorithm} digest has {} bytes, found {found}", algorithm.digest_bytes())]
    Length {
        /// The algorithm the digest is said to come from.
        algorithm: Algorithm,
        /// How many bytes there are.
        found: usize,
    },
    /// The text holds something else than `0-9a-f` in pairs.
    #[error("a digest is written in pairs of lower-case hexadecimal digits")]
    NotLowerHex,
}

/// The longest digest: BLAKE2b-512 or SHA-512.
const MAX_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_lower_hex_of_the_right_length() {
        let text = "00".repeat(31) + "af";
        let digest = Digest::from_hex(Algorithm::Sha256, &text).unwrap();
        assert_eq!(digest.to_hex(), text);
        assert_eq!(digest.to_string(), format!("sha256:{text}"));
        let refused = |text: &str| Digest::from_hex(Algorithm::Sha256, text).unwrap_err();
        assert_eq!(refused(&text.to_uppercase()), DigestError::NotLowerHex);
        assert_eq!(refused(&text.replace("af", "ag")), DigestError::NotLowerHex);
        assert_eq!(refused(&text[1..]), DigestError::NotLowerHex);
        assert!(matches!(refused(""), DigestError::Length { found: 0, .. }));
        assert!(matches!(refused(&"0".repeat(200)), DigestError::Length { found: 100, .. }));
        assert!(matches!(refused(&text[2..]), DigestError::Length { found: 31, .. }));
    }
}
