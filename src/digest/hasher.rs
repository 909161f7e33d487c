use blake2::{Blake2b512, Digest as _};
use sha2::{Sha256, Sha512};

use super::{Algorithm, Digest};

/// One algorithm at work over a stream of bytes.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Sha256(Sha256),
    Blake2b(Box<Blake2b512>),
    Blake3(Box<blake3::Hasher>),
    Sha512(Box<Sha512>),
}

impl Hasher {
    /// Starts a digest.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Blake2b => State::Blake2b(Box::default()),
            Algorithm::Blake3 => State::Blake3(Box::default()),
            Algorithm::Sha512 => State::Sha512(Box::default()),
        })
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Blake2b(state) => state.update(bytes),
            State::Blake3(state) => {
                state.update(bytes);
            }
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// Ends the digest.
    #[must_use]
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Sha256(state) => Digest::of_output(Algorithm::Sha256, &state.finalize()),
            State::Blake2b(state) => Digest::of_output(Algorithm::Blake2b, &state.finalize()),
            State::Blake3(state) => Digest::of_output(Algorithm::Blake3, state.finalize().as_bytes()),
            State::Sha512(state) => Digest::of_output(Algorithm::Sha512, &state.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_published_vectors() {
        // FIPS 180-4 "abc", RFC 7693 appendix A "abc", BLAKE3 test vectors (empty input).
        let cases = [
            (Algorithm::Sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                Algorithm::Blake2b,
                "abc",
                "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
            ),
            (
                Algorithm::Sha512,
                "abc",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
            (Algorithm::Blake3, "", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
        ];
        for (algorithm, input, expected) in cases {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(input.as_bytes());
            assert_eq!(hasher.finish().to_hex(), expected, "{algorithm}");
        }
    }
}
