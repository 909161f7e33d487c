//! Several signatures of one model: `model.sig`, and further ones in the folder `model.sig.d`.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::digest::{Algorithm, Hasher};
use crate::io::ReadError;
use crate::model::IgnoreRules;
use crate::oms::{KeyIdentifier, Material};

/// The folder of the signatures that were added to this one: its name with `.d` behind.
#[must_use]
pub fn set_folder(signature: &Path) -> PathBuf {
    let mut name = OsString::from(signature);
    name.push(".d");
    name.into()
}

/// The signatures of a set: the first one, and those in its folder, sorted by name.
///
/// # Errors
/// What the system says of the folder, which need not be there.
pub fn signatures(first: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    match fs::read_dir(set_folder(first)) {
        Ok(entries) => {
            for entry in entries {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == "sig") {
                    paths.push(path);
                }
                if paths.len() > MAX_SIGNATURES {
                    return Err(io::Error::other(format!("there are more than {MAX_SIGNATURES} signatures")));
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    paths.sort();
    paths.insert(0, first.to_owned());
    Ok(paths)
}

/// The first signature and the further ones that are files, not links: what may be left out of a model by its path.
pub(super) fn own_files(first: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let mut paths = signatures(first).map_err(|source| ReadError::Io { path: set_folder(first), source })?;
    paths.retain(|path| path == first || fs::symlink_metadata(path).is_ok_and(|found| found.is_file()));
    Ok(paths)
}

/// Leaves the further signatures out of a model, if they lie in it: files, under their own names. Nobody vouches for what is
/// behind a link, and it may be any file of the model.
pub(super) fn leave_out(further: &[PathBuf], model: &Path, rules: &mut IgnoreRules) {
    for path in further.iter().filter(|path| fs::symlink_metadata(path).is_ok_and(|found| found.is_file())) {
        // What cannot be left out is an unsigned file like any other.
        drop(rules.add_on_disk(model, path));
    }
}

/// A name for the signer as the bundle names him, the same for each of his signatures: 16 hexadecimal digits. Nothing
/// vouches for it.
pub(super) fn signer_id(material: &Material) -> String {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    match material {
        Material::PublicKey(KeyIdentifier::Hint(hint)) => hasher.update(hint.as_bytes()),
        Material::PublicKey(KeyIdentifier::Key(key)) => hasher.update(key.hint().as_bytes()),
        Material::PublicKey(KeyIdentifier::None) => {}
        Material::Chain { leaf, .. } => hasher.update(leaf.fingerprint().as_bytes()),
        Material::Keyless { leaf, .. } => {
            // Each certificate is a new one; what stays is whose it is.
            for part in [leaf.subject_name().map(|name| name.as_str().to_owned()), leaf.fulcio_issuer()] {
                hasher.update(part.unwrap_or_default().as_bytes());
                hasher.update(&[0]);
            }
        }
    }
    hasher.finish().to_hex().chars().take(ID_CHARS).collect()
}

const ID_CHARS: usize = 16;
/// How many signatures are looked at: more than any rule asks for.
const MAX_SIGNATURES: usize = 256;
