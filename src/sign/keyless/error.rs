use super::TokenError;
use crate::crypto::CertificateError;
use crate::http::HttpError;

/// Why there is no keyless signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeylessError {
    /// A service did not answer as it should.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The token cannot be used.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Nobody says who signs.
    #[error("there is no identity to sign with; looked for {looked}")]
    NoIdentity {
        /// Where it was looked for.
        looked: &'static str,
    },
    /// A GitHub job that may not ask for a token.
    #[error("this GitHub Actions job may not ask for an identity token ({missing} is not set)")]
    NoPermission {
        /// The variable that is missing.
        missing: &'static str,
    },
    /// The environment should have an identity and gives none.
    #[error("{environment} gives no identity token: {reason}")]
    Ambient {
        /// Which environment.
        environment: &'static str,
        /// Why.
        reason: String,
    },
    /// A login was not completed.
    #[error("the login was not completed: {reason}")]
    Login {
        /// Why.
        reason: String,
    },
    /// The provider of the token is not one that Fulcio knows a name for.
    #[error("the identity token has no claim {claim:?}, by which Fulcio knows those whom {issuer} vouches for")]
    NoClaim {
        /// The claim.
        claim: String,
        /// The provider.
        issuer: String,
    },
    /// A log of Rekor v2 has the entry from an attempt that seemed to fail, and does not send it again.
    #[error("Rekor at {url} took the signature at an attempt that seemed to fail, and does not send its entry again")]
    LoggedAlready {
        /// Where.
        url: String,
    },
    /// The certificate does not say who signed.
    #[error("the certificate from Fulcio is not usable")]
    Certificate(#[from] CertificateError),
    /// The bundle was made in another way.
    #[error("the bundle is not a keyless one")]
    NotKeyless,
    /// What is to be sent to a service cannot be written down, which does not happen with what is sent here.
    #[error("cannot write the request: {reason}")]
    Request {
        /// Why.
        reason: String,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}
