use std::time::Duration;

use super::Certificate;

/// Builds paths from a certificate to a trusted one.
///
/// Private CAs of model signers are not web CAs: leaves that are CAs themselves, or that bear their issuer's name, are
/// in use, which web validators refuse. So this is its own path builder, with OpenSSL's rules as the reference tool
/// applies them: a path ends in a *self-signed* trusted certificate, and every certificate on it is held to RFC 5280,
/// section 6.1: validity, basic constraints, path length, key usage, unknown critical extensions. Not checked:
/// revocation.
#[derive(Debug)]
pub struct Chains<'a> {
    /// Trusted certificates; those that are not self-signed help to build a path, but do not end it.
    pub anchors: &'a [Certificate],
    /// Certificates that came with the signature, in any order.
    pub untrusted: &'a [Certificate],
    /// The time at which all of them must be good, since the Unix epoch.
    pub at: Duration,
}

impl Chains<'_> {
    /// Looks for one path from this certificate to a trusted one.
    ///
    /// # Errors
    /// [`ChainError`]: why the path that came furthest does not hold.
    pub fn check(&self, leaf: &Certificate) -> Result<(), ChainError> {
        let mut search = Search { chains: self, checks_left: MAX_CHECKS };
        self.check_alone(leaf)?;
        search.extend(&mut vec![leaf])
    }

    /// What a certificate must satisfy wherever it stands.
    fn check_alone(&self, certificate: &Certificate) -> Result<(), ChainError> {
        let subject = || certificate.subject();
        let validity = certificate.validity();
        if self.at < validity.not_before {
            return Err(ChainError::NotYetValid { subject: subject(), from: date(validity.not_before) });
        }
        if validity.not_after < self.at {
            return Err(ChainError::Expired { subject: subject(), on: date(validity.not_after) });
        }
        match certificate.extensions.unknown_critical {
            Some(oid) => Err(ChainError::UnknownExtension { subject: subject(), oid: oid.to_string() }),
            None => Ok(()),
        }
    }
}

/// One depth-first search, bounded in length and in work.
struct Search<'a> {
    chains: &'a Chains<'a>,
    checks_left: usize,
}

impl<'a> Search<'a> {
    fn extend(&mut self, path: &mut Vec<&'a Certificate>) -> Result<(), ChainError> {
        let Some(&last) = path.last() else { return Err(ChainError::TooLong { limit: MAX_PATH }) };
        if last.is_self_issued() && self.is_issued_by(last, last)? == Some(true) {
            return if self.chains.anchors.contains(last) {
                Ok(())
            } else {
                Err(ChainError::Untrusted { subject: last.subject() })
            };
        }
        if path.len() >= MAX_PATH {
            return Err(ChainError::TooLong { limit: MAX_PATH });
        }
        let mut reason = ChainError::NoIssuer { subject: last.subject(), issuer: last.issuer() };
        for issuer in self.chains.anchors.iter().chain(self.chains.untrusted) {
            if path.contains(&issuer) {
                continue;
            }
            let result = match self.is_issued_by(last, issuer)? {
                Some(true) => self.extend_by(issuer, path),
                Some(false) => continue,
                None => Err(ChainError::UnknownAlgorithm { subject: last.subject(), oid: last.signature_algorithm() }),
            };
            match result {
                Ok(()) => return Ok(()),
                Err(error) => reason = error,
            }
        }
        Err(reason)
    }

    fn extend_by(&mut self, issuer: &'a Certificate, path: &mut Vec<&'a Certificate>) -> Result<(), ChainError> {
        self.chains.check_alone(issuer)?;
        check_issuer(issuer, path)?;
        path.push(issuer);
        let result = self.extend(path);
        path.pop();
        result
    }

    fn is_issued_by(&mut self, certificate: &Certificate, issuer: &Certificate) -> Result<Option<bool>, ChainError> {
        self.checks_left = self.checks_left.checked_sub(1).ok_or(ChainError::TooManyPaths)?;
        Ok(certificate.is_issued_by(issuer))
    }
}

/// Whether a certificate may issue the last one of this path.
fn check_issuer(issuer: &Certificate, path: &[&Certificate]) -> Result<(), ChainError> {
    if !issuer.may_issue() {
        return Err(ChainError::NotAnIssuer { subject: issuer.subject() });
    }
    let limit = issuer.extensions.basic_constraints.as_ref().and_then(|constraints| constraints.path_len_constraint);
    // The leaf does not count, nor do certificates issued under their own name (RFC 5280, section 4.2.1.9).
    let between = path.iter().skip(1).filter(|certificate| !certificate.is_self_issued()).count();
    match limit {
        Some(limit) if between > usize::from(limit) => Err(ChainError::PathLength { subject: issuer.subject() }),
        _ => Ok(()),
    }
}

fn date(since_epoch: Duration) -> String {
    x509_cert::der::DateTime::from_unix_duration(since_epoch)
        .map_or_else(|_| format!("{} s after 1970", since_epoch.as_secs()), |date| date.to_string())
}

/// Why no path leads to a trusted certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The time is before the certificate's first.
    #[error("the certificate of {subject} is not valid before {from}")]
    NotYetValid {
        /// Whose certificate.
        subject: String,
        /// Its first moment.
        from: String,
    },
    /// The time is after the certificate's last.
    #[error("the certificate of {subject} expired on {on}")]
    Expired {
        /// Whose certificate.
        subject: String,
        /// Its last moment.
        on: String,
    },
    /// An extension that must be understood is not.
    #[error("the certificate of {subject} has the extension {oid}, which must be evaluated and is not known here")]
    UnknownExtension {
        /// Whose certificate.
        subject: String,
        /// The extension.
        oid: String,
    },
    /// Nobody at hand issued the certificate.
    #[error("the certificate of {subject} was issued by {issuer}, which is neither trusted nor in the signature")]
    NoIssuer {
        /// Whose certificate.
        subject: String,
        /// Whose signature it bears.
        issuer: String,
    },
    /// A certificate is signed in a way that is too weak or not known.
    #[error("the certificate of {subject} is signed with the algorithm {oid}, which is not accepted")]
    UnknownAlgorithm {
        /// Whose certificate.
        subject: String,
        /// The algorithm.
        oid: String,
    },
    /// The path ends in a self-signed certificate that nobody trusts.
    #[error("the self-signed certificate of {subject} is not among the trusted ones")]
    Untrusted {
        /// Whose certificate.
        subject: String,
    },
    /// A certificate stands as an issuer that may not issue.
    #[error("the certificate of {subject} may not issue others")]
    NotAnIssuer {
        /// Whose certificate.
        subject: String,
    },
    /// More CAs stand below a certificate than it allows.
    #[error("more certificates stand below that of {subject} than it allows")]
    PathLength {
        /// Whose certificate.
        subject: String,
    },
    /// The path is longer than any real one.
    #[error("the path has more than {limit} certificates")]
    TooLong {
        /// The ceiling.
        limit: usize,
    },
    /// The certificates are made to be searched for ever.
    #[error("the certificates of the signature make too many paths")]
    TooManyPaths,
}

/// How long a path may be; real ones have two to five certificates.
const MAX_PATH: usize = 10;
/// How many pairs of certificates are looked at: above what the largest system store needs, a fraction of a second.
const MAX_CHECKS: usize = 20_000;
