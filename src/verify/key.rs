use super::BundleFault;
use crate::crypto::PublicKey;
use crate::finding::Finding;
use crate::oms::KeyIdentifier;
use crate::trust::Identity;

/// Whether the bundle names the trusted key.
///
/// The key that checks the signature is always the trusted one; the bundle can only contradict it. A bundle that names
/// no key is accepted, as OMS verifiers do, and the warning says so.
pub(super) fn identify(key: &PublicKey, identifier: &KeyIdentifier) -> Result<(Identity, Vec<Finding>), BundleFault> {
    let hint = key.hint();
    let named = match identifier {
        KeyIdentifier::Hint(named) => Some(named.clone()),
        KeyIdentifier::Key(named) => Some(named.hint()),
        KeyIdentifier::None => None,
    };
    let warnings = match named {
        Some(named) if named != hint => return Err(BundleFault::OtherKey { signed: named, trusted: hint }),
        Some(_) => Vec::new(),
        None => vec![Finding::warning("key-not-named", "the signature does not name its key")],
    };
    Ok((Identity::Key { hint }, warnings))
}
