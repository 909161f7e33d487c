use std::path::PathBuf;

use crate::crypto::{Certificate, PublicKey};
use crate::trust::IdentityPattern;

/// Somebody whose signature counts for a rule.
#[derive(Debug, Clone)]
pub struct RuleSigner {
    /// What the signer is to the model, such as `training`; no two signers of a rule have the same.
    pub role: String,
    /// How the signer is known.
    pub requirement: Requirement,
}

/// How a signer is known.
#[derive(Debug, Clone)]
pub enum Requirement {
    /// By a name that an identity provider vouched for towards a Sigstore instance.
    Keyless(IdentityPattern),
    /// By a key.
    Key {
        /// Its file, as the policy names it.
        path: PathBuf,
        /// The key itself.
        key: PublicKey,
    },
    /// By a certificate.
    Certificate {
        /// The file of the trusted certificates, as the policy names it.
        path: PathBuf,
        /// The certificates to one of which the signer's must lead.
        anchors: Vec<Certificate>,
        /// The distinguished name that the signer's certificate must have, as [`Certificate::subject`] prints it.
        subject: String,
    },
}
