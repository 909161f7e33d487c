//! Statements of others about the model that a package carries.

use std::collections::HashSet;
use std::path::Path;

use super::error::{AttestationFileError, CreateError};
use crate::digest::Digest;
use crate::oms::{Attestation, Bundle, Subject};

/// What a statement about the model can be about.
pub(super) struct Subjects<F> {
    root: Digest,
    signature: Digest,
    files: F,
}

impl<F: Iterator<Item = Digest> + Clone> Subjects<F> {
    /// The root digest of the model's signature, the digest of that signature, and those of the model's files.
    pub(super) const fn new(root: Digest, signature: Digest, files: F) -> Self {
        Self { root, signature, files }
    }

    /// Holds a file to be a bundle around a statement, one subject of which at least is of this model: a statement about
    /// another one would seem to speak for it. Nobody checks who signed it.
    pub(super) fn check(&self, path: &Path, content: &[u8]) -> Result<(), CreateError> {
        let found = subjects(content).map_err(|source| CreateError::Attestation { path: path.to_owned(), source })?;
        let digests: HashSet<Digest> = found.iter().map(|subject| subject.digest).collect();
        let mut ours = [self.root, self.signature].into_iter().chain(self.files.clone());
        let is_ours = ours.any(|digest| digests.contains(&digest));
        match found.into_iter().next() {
            Some(Subject { name, digest }) if !is_ours => {
                let (digest, model) = (Box::new(digest), Box::new(self.root));
                Err(CreateError::OtherSubject { path: path.to_owned(), name, digest, model })
            }
            _ => Ok(()),
        }
    }
}

/// What a bundle's statement is about.
fn subjects(content: &[u8]) -> Result<Vec<Subject>, AttestationFileError> {
    let bundle = Bundle::from_json(content)?;
    Ok(Attestation::from_any_payload(&bundle.envelope.payload)?.subjects)
}
