use std::fmt;

/// Who signed, established by a verified signature.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identity {
    /// The holder of a key.
    Key {
        /// The key's fingerprint as OMS bundles carry it.
        hint: String,
    },
    /// The holder of a certificate that leads to a trusted one.
    Certificate {
        /// The distinguished name of the holder.
        subject: String,
        /// The distinguished name of the issuer.
        issuer: String,
        /// SHA-256 over the certificate, upper-case hexadecimal with colons.
        fingerprint: String,
    },
    /// Somebody whom an identity provider vouched for towards a Sigstore instance.
    Keyless {
        /// An e-mail address, or the URI of a workload.
        subject: String,
        /// The URL of the provider.
        issuer: String,
    },
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { hint } => write!(f, "key {hint}"),
            Self::Certificate { subject, issuer, .. } => write!(f, "{subject} (certificate by {issuer})"),
            Self::Keyless { subject, issuer } => write!(f, "{subject} (according to {issuer})"),
        }
    }
}
