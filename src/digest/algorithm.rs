use std::fmt;
use std::str::FromStr;

/// A content hash.
///
/// The names are those of the [OMS algorithm registry](https://github.com/ossf/model-signing-spec/blob/main/algorithm-registry.md):
/// `sha256`, `blake2b` (BLAKE2b-512, unkeyed) and `blake3` (32 bytes of output). Fingerprints know `sha512` as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-256, FIPS 180-4; what every OMS verifier supports.
    #[default]
    Sha256,
    /// BLAKE2b with 64 bytes of output, RFC 7693.
    Blake2b,
    /// BLAKE3 with 32 bytes of output.
    Blake3,
    /// SHA-512, FIPS 180-4; in fingerprints alone.
    Sha512,
}

impl Algorithm {
    /// Every algorithm, the default first.
    pub const ALL: [Self; 4] = [Self::Sha256, Self::Blake2b, Self::Blake3, Self::Sha512];
    /// The algorithms that OMS registers for model signatures.
    pub const OMS: [Self; 3] = [Self::Sha256, Self::Blake2b, Self::Blake3];

    /// Takes a name that a model signature may hold.
    ///
    /// # Errors
    /// [`UnknownAlgorithm`] for all that OMS does not register.
    pub fn of_oms(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::named(name, &Self::OMS, "OMS knows sha256, blake2b and blake3")
    }

    fn named(name: &str, known: &[Self], expected: &'static str) -> Result<Self, UnknownAlgorithm> {
        let found = known.iter().find(|algorithm| algorithm.name() == name);
        found.copied().ok_or_else(|| UnknownAlgorithm { name: name.to_owned(), expected })
    }

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Blake2b => "blake2b",
            Self::Blake3 => "blake3",
            Self::Sha512 => "sha512",
        }
    }

    /// How long a digest is, in bytes.
    #[must_use]
    pub const fn digest_bytes(self) -> usize {
        match self {
            Self::Sha256 | Self::Blake3 => 32,
            Self::Blake2b | Self::Sha512 => 64,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::named(name, &Self::ALL, "there are sha256, sha512, blake2b and blake3")
    }
}

/// A name that stands for no algorithm, or for none that is allowed there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown hash algorithm {name:?}, {expected}")]
pub struct UnknownAlgorithm {
    /// The name as it was found.
    pub name: String,
    /// What would be known.
    pub expected: &'static str,
}
