use std::fmt;

use secrecy::zeroize::Zeroizing;

/// The blocks of a PEM file, with whatever text stands around them.
pub struct PemFile {
    blocks: Vec<Block>,
}

/// One PEM block.
pub(crate) struct Block {
    pub(crate) tag: String,
    /// Whether the content is encrypted by OpenSSL's old way, told by a `Proc-Type` header.
    pub(crate) legacy_encryption: bool,
    pub(crate) content: Zeroizing<Vec<u8>>,
}

impl PemFile {
    /// Reads the blocks; `needed` is what the caller looks for, in words.
    ///
    /// # Errors
    /// [`KeyError`] where the content is no PEM file, or one that is cut off.
    pub fn parse(content: &[u8], needed: &'static str) -> Result<Self, KeyError> {
        let found = |found: &str| KeyError::new(needed, found);
        if content.iter().all(u8::is_ascii_whitespace) {
            return Err(found("an empty file"));
        }
        let begins = content.windows(BEGIN.len()).filter(|window| *window == BEGIN).count();
        let blocks = pem::parse_many(content).map_err(|error| found(&format!("a damaged PEM file ({error})")))?;
        if blocks.len() < begins {
            return Err(found("a PEM file that is cut off"));
        }
        if blocks.is_empty() {
            return Err(found(match content {
                [0x30, ..] => "DER, the binary form",
                [b's', b's', b'h', b'-', ..] | [b'e', b'c', b'd', b's', b'a', b'-', ..] => "an OpenSSH public key",
                _ => "something that is not PEM",
            }));
        }
        let blocks = blocks
            .into_iter()
            .map(|block| Block {
                tag: block.tag().to_owned(),
                legacy_encryption: block.headers().get("Proc-Type").is_some_and(|kind| kind.contains("ENCRYPTED")),
                content: Zeroizing::new(block.into_contents()),
            })
            .collect();
        Ok(Self { blocks })
    }

    /// The first block with one of these tags.
    ///
    /// # Errors
    /// [`KeyError`] that names the blocks there are.
    pub(crate) fn first(&self, tags: &[&str], needed: &'static str) -> Result<&Block, KeyError> {
        self.blocks.iter().find(|block| tags.contains(&block.tag.as_str())).ok_or_else(|| {
            let kinds: Vec<String> = self.blocks.iter().map(|block| in_words(&block.tag)).collect();
            KeyError::new(needed, kinds.join(" and "))
        })
    }

    /// All blocks with this tag; there may be none.
    pub(crate) fn all(&self, tag: &str) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| block.tag == tag)
    }
}

/// A key or certificate that is not what is needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {found}, needed {needed}")]
pub struct KeyError {
    /// What would have been right.
    pub needed: &'static str,
    /// What there is instead.
    pub found: String,
}

impl KeyError {
    pub(crate) fn new(needed: &'static str, found: impl Into<String>) -> Self {
        Self { needed, found: found.into() }
    }
}

impl fmt::Debug for PemFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.blocks.iter().map(|block| &block.tag)).finish()
    }
}

/// A PEM tag in words; text from the file is shortened and escaped.
fn in_words(tag: &str) -> String {
    match tag {
        "RSA PRIVATE KEY" => "an RSA private key",
        "DSA PRIVATE KEY" => "a DSA private key",
        "EC PRIVATE KEY" | "PRIVATE KEY" => "a private key",
        "ENCRYPTED PRIVATE KEY" => "an encrypted private key",
        "OPENSSH PRIVATE KEY" => "an OpenSSH private key",
        "RSA PUBLIC KEY" => "an RSA public key",
        "PUBLIC KEY" => "a public key",
        "CERTIFICATE" => "a certificate",
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => "a certificate request",
        "EC PARAMETERS" => "curve parameters",
        other => {
            let short: String = other.chars().take(40).collect();
            return format!("a PEM block {short:?}");
        }
    }
    .to_owned()
}

const BEGIN: &[u8] = b"-----BEGIN ";
