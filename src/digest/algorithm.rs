use std::fmt;
use std::str::FromStr;

/// A content hash of the [OMS algorithm registry](https://github.com/ossf/model-signing-spec/blob/main/algorithm-registry.md).
///
/// The names are those of the registry: `sha256`, `blake2b` (BLAKE2b-512, unkeyed) and `blake3` (32 bytes of output).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-256, FIPS 180-4; what every OMS verifier supports.
    #[default]
    Sha256,
    /// BLAKE2b with 64 bytes of output, RFC 7693.
    Blake2b,
    /// BLAKE3 with 32 bytes of output.
    Blake3,
}

impl Algorithm {
    /// Every algorithm, the default first.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Blake2b, Self::Blake3];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Blake2b => "blake2b",
            Self::Blake3 => "blake3",
        }
    }

    /// How long a digest is, in bytes.
    #[must_use]
    pub const fn digest_bytes(self) -> usize {
        match self {
            Self::Sha256 | Self::Blake3 => 32,
            Self::Blake2b => 64,
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
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownAlgorithm { name: name.to_owned() })
    }
}

/// A name that the OMS algorithm registry does not list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown hash algorithm {name:?}, OMS knows sha256, blake2b and blake3")]
pub struct UnknownAlgorithm {
    /// The name as it was found.
    pub name: String,
}
