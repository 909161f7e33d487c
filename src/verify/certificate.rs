use std::time::Duration;

use super::BundleFault;
use crate::crypto::{Certificate, Chains, PublicKey};
use crate::finding::Finding;
use crate::trust::{CertificateTime, Identity};

/// Whether the signer's certificate leads to a trusted one and may sign models; with it, the key that it speaks for.
pub(super) fn identify(
    leaf: &Certificate,
    others: &[Certificate],
    anchors: &[Certificate],
    time: CertificateTime,
    now: Duration,
) -> Result<(PublicKey, Identity, Vec<Finding>), BundleFault> {
    let (at, warnings) = match time {
        CertificateTime::Now => (now, Vec::new()),
        CertificateTime::StartOfSigner => (
            leaf.validity().not_before,
            vec![Finding::warning(
                "certificate-time-not-checked",
                "the certificates were judged at the start of the signer's own, not now",
            )],
        ),
    };
    Chains { anchors, untrusted: others, at }.check(leaf).map_err(BundleFault::Chain)?;
    if !leaf.may_sign_models() {
        return Err(BundleFault::Usage { subject: leaf.subject() });
    }
    let key = leaf.public_key().map_err(BundleFault::CertificateKey)?;
    let identity =
        Identity::Certificate { subject: leaf.subject(), issuer: leaf.issuer(), fingerprint: leaf.fingerprint() };
    Ok((key, identity, warnings))
}
