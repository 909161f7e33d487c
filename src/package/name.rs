use std::fmt;
use std::sync::Arc;

use crate::model::ModelPath;

/// The name of an entry of a package: relative, one of those that the format knows, and safe on every system.
///
/// Names are ordered by their UTF-8 bytes. Two different names can still mean one file on some system; see
/// [`Names`](super::Names).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryName {
    text: Arc<str>,
    kind: EntryKind,
}

/// What an entry is, which its name alone says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// `mimetype`: what the file is, for programs that look at its first bytes.
    Mimetype,
    /// `secureml/manifest.json`: size and digest of everything but signatures.
    Manifest,
    /// `model.sig`: the OMS bundle over what is below `model/`.
    ModelSignature,
    /// `secureml/package.sigstore.json`: the signature over the manifest.
    PackageSignature,
    /// `secureml/signatures/NN-ID.sigstore.json`: one more signature.
    Signature,
    /// `secureml/fingerprint.json`: more digests of the model.
    Fingerprint,
    /// `secureml/attestations/NAME.sigstore.json`: a signed statement of somebody.
    Attestation,
    /// `secureml/reports/NAME`: a report about the model.
    Report,
    /// Below `secureml/imported/`: a file of an older package, as it was.
    Imported,
    /// `README`: a text for people.
    Readme,
    /// Below `model/`: a file of the model.
    Model,
}

impl EntryName {
    /// Takes a name as it stands in a package.
    ///
    /// # Errors
    /// [`NameError`] where the format does not know the name, or some system could take it for something else: a path
    /// out of the folder, a device, a stream, another spelling.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let refused = |reason| NameError { name: text.to_owned(), reason };
        if text.is_empty() {
            return Err(refused("it is empty"));
        }
        if text.len() > MAX_NAME_BYTES {
            // The whole name would leave no room for what is wrong with it.
            let name = text.chars().take(SHOWN_CHARACTERS).chain(['…']).collect();
            return Err(NameError { name, reason: "it has more than 1024 bytes" });
        }
        if text.starts_with('/') {
            return Err(refused("it is absolute"));
        }
        if text.split('/').count() > MAX_DEPTH {
            return Err(refused("it is more than 64 parts deep"));
        }
        for part in text.split('/') {
            check_part(part).map_err(refused)?;
        }
        let kind = kind_of(text).ok_or_else(|| refused("no entry of a package has such a name"))?;
        Ok(Self { text: text.into(), kind })
    }

    /// Takes a name as bytes.
    ///
    /// # Errors
    /// As [`EntryName::new`], and where it is not UTF-8.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, NameError> {
        match str::from_utf8(bytes) {
            Ok(text) => Self::new(text),
            Err(_) => Err(NameError { name: String::from_utf8_lossy(bytes).into_owned(), reason: "it is not UTF-8" }),
        }
    }

    /// The name of a model's file in a package.
    ///
    /// # Errors
    /// [`NameError`] where some system could take it for something else.
    pub fn of_model(path: &ModelPath) -> Result<Self, NameError> {
        Self::new(&format!("{MODEL_FOLDER}{path}"))
    }

    /// The name of a further signature: its number, up to 99, and an identifier of its signer, from lower-case letters,
    /// digits, `-`, `_` and `.`.
    ///
    /// # Errors
    /// [`NameError`] where it is not made of these.
    pub fn of_signature(number: u8, id: &str) -> Result<Self, NameError> {
        Self::new(&format!("{SIGNATURE_FOLDER}{number:02}-{id}{BUNDLE_ENDING}"))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the entry is.
    #[must_use]
    pub const fn kind(&self) -> EntryKind {
        self.kind
    }

    /// Which file of the model it is, if it is one.
    #[must_use]
    pub fn model_path(&self) -> Option<ModelPath> {
        // The rules for names here are stricter than those of a model, so that the second step always succeeds.
        self.text.strip_prefix(MODEL_FOLDER).and_then(|path| ModelPath::new(path).ok())
    }

    /// Which of the further signatures it is, if it is one.
    #[must_use]
    pub fn signature_number(&self) -> Option<u8> {
        self.text.strip_prefix(SIGNATURE_FOLDER)?.get(..2)?.parse().ok()
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// A name that no entry of a package may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} cannot be an entry of a package: {reason}")]
pub struct NameError {
    /// The name as it was found.
    pub name: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

fn check_part(part: &str) -> Result<(), &'static str> {
    match part {
        "" => return Err("it has an empty part"),
        "." => return Err("it has a `.` part"),
        ".." => return Err("it has a `..` part"),
        _ => {}
    }
    if part.chars().any(char::is_control) {
        return Err("it contains a control character");
    }
    if part.contains('\\') {
        return Err(r"it contains `\`");
    }
    if part.contains(':') {
        return Err("it contains `:`");
    }
    // Windows drops both when it opens a file.
    if part.ends_with(['.', ' ']) {
        return Err("a part ends in a dot or a space");
    }
    if is_device(part) {
        return Err("a part is the name of a Windows device");
    }
    Ok(())
}

/// Whether Windows takes the part for a device, whatever its ending
/// ([Naming Files](https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file)).
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end_matches(' ').to_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()) {
        return true;
    }
    let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT")).map(|rest| rest.chars());
    number.is_some_and(|mut rest| {
        matches!((rest.next(), rest.next()), (Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'), None))
    })
}

fn kind_of(text: &str) -> Option<EntryKind> {
    let single = |rest: &str| !rest.contains('/');
    Some(match text {
        MIMETYPE => EntryKind::Mimetype,
        MANIFEST => EntryKind::Manifest,
        MODEL_SIGNATURE => EntryKind::ModelSignature,
        PACKAGE_SIGNATURE => EntryKind::PackageSignature,
        FINGERPRINT => EntryKind::Fingerprint,
        README => EntryKind::Readme,
        _ if text.starts_with(MODEL_FOLDER) => EntryKind::Model,
        _ if text.starts_with("secureml/imported/") => EntryKind::Imported,
        _ if text.strip_prefix("secureml/reports/").is_some_and(single) => EntryKind::Report,
        _ if text.strip_prefix(SIGNATURE_FOLDER).is_some_and(is_signature) => EntryKind::Signature,
        _ => {
            let name = text.strip_prefix("secureml/attestations/")?.strip_suffix(BUNDLE_ENDING)?;
            (single(name) && !name.is_empty()).then_some(EntryKind::Attestation)?
        }
    })
}

/// Whether this is `NN-ID.sigstore.json`.
fn is_signature(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(BUNDLE_ENDING) else { return false };
    let Some((number, id)) = stem.split_once('-') else { return false };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit()) && !id.is_empty() && id.bytes().all(plain)
}

/// The name of the first entry.
pub(super) const MIMETYPE: &str = "mimetype";
/// The name of the manifest.
pub(super) const MANIFEST: &str = "secureml/manifest.json";
const MODEL_SIGNATURE: &str = "model.sig";
const PACKAGE_SIGNATURE: &str = "secureml/package.sigstore.json";
const FINGERPRINT: &str = "secureml/fingerprint.json";
const README: &str = "README";
/// Where the model's files are.
pub(super) const MODEL_FOLDER: &str = "model/";
const SIGNATURE_FOLDER: &str = "secureml/signatures/";
const BUNDLE_ENDING: &str = ".sigstore.json";

/// The longest name: what every system that matters can hold as a path.
const MAX_NAME_BYTES: usize = 1024;
/// How much of a longer one is shown.
const SHOWN_CHARACTERS: usize = 64;
/// How many parts a name may have: more serve to exhaust whoever walks them.
const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_names_that_some_system_takes_for_something_else() {
        let cases = [
            ("", "empty"),
            ("/model/a", "absolute"),
            ("model//a", "empty part"),
            ("model/", "empty part"),
            ("model/./a", "`.` part"),
            ("model/../a", "`..` part"),
            ("..", "`..` part"),
            ("model/a\\b", r"`\`"),
            ("C:/model", "`:`"),
            ("model/a:b", "`:`"),
            ("model/a\0", "control"),
            ("model/a\nb", "control"),
            ("model/\u{7f}", "control"),
            ("model/\u{85}", "control"),
            ("model/a.", "dot or a space"),
            ("model/a ", "dot or a space"),
            ("model/a./b", "dot or a space"),
            ("model/nul", "device"),
            ("model/AUX.tar.gz", "device"),
            ("model/con .txt", "device"),
            ("model/Com1/weights", "device"),
            ("model/lpt\u{b2}.bin", "device"),
            ("model/CONIN$", "device"),
            ("weights.bin", "no entry"),
            ("Model/a", "no entry"),
            ("model.sig/a", "no entry"),
            ("secureml/other.json", "no entry"),
            ("secureml/reports/a/b", "no entry"),
            ("secureml/attestations/.sigstore.json", "no entry"),
            ("secureml/attestations/a.json", "no entry"),
            ("secureml/signatures/1-a.sigstore.json", "no entry"),
            ("secureml/signatures/01-.sigstore.json", "no entry"),
            ("secureml/signatures/01-A.sigstore.json", "no entry"),
            ("secureml/signatures/01-a/b.sigstore.json", "no entry"),
        ];
        for (name, reason) in cases {
            let error = EntryName::new(name).unwrap_err();
            assert!(error.reason.contains(reason), "{name:?}: {error}");
        }
        assert!(EntryName::from_bytes(b"model/\xff").unwrap_err().reason.contains("UTF-8"));
    }

    #[test]
    fn knows_what_each_name_is() {
        let cases = [
            ("mimetype", EntryKind::Mimetype),
            ("secureml/manifest.json", EntryKind::Manifest),
            ("model.sig", EntryKind::ModelSignature),
            ("secureml/package.sigstore.json", EntryKind::PackageSignature),
            ("secureml/signatures/07-alice.example_1.sigstore.json", EntryKind::Signature),
            ("secureml/fingerprint.json", EntryKind::Fingerprint),
            ("secureml/attestations/scan.sigstore.json", EntryKind::Attestation),
            ("secureml/reports/scan.sarif", EntryKind::Report),
            ("secureml/imported/old/metadata.json", EntryKind::Imported),
            ("README", EntryKind::Readme),
            ("model/a b/\u{6a21}\u{578b}.bin", EntryKind::Model),
            ("model/console.txt", EntryKind::Model),
            ("model/com10", EntryKind::Model),
            ("model/..a", EntryKind::Model),
        ];
        for (name, kind) in cases {
            assert_eq!(EntryName::new(name).unwrap().kind(), kind, "{name}");
        }
        let name = EntryName::of_model(&ModelPath::new("a/b").unwrap()).unwrap();
        assert_eq!(name.model_path(), Some(ModelPath::new("a/b").unwrap()));
        assert_eq!(EntryName::of_signature(3, "bob").unwrap().signature_number(), Some(3));
        assert!(EntryName::of_signature(100, "bob").is_err());
    }

    #[test]
    fn takes_the_longest_and_deepest_name_and_no_more() {
        let long = format!("model/{}", "a".repeat(MAX_NAME_BYTES - 6));
        assert!(EntryName::new(&long).is_ok());
        assert!(EntryName::new(&format!("{long}a")).unwrap_err().reason.contains("1024"));
        let deep = format!("model{}", "/a".repeat(MAX_DEPTH - 1));
        assert!(EntryName::new(&deep).is_ok());
        assert!(EntryName::new(&format!("{deep}/a")).unwrap_err().reason.contains("64"));
    }
}
