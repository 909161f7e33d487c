//! Whole keyless bundles against the public instance's trust root, the copy in the program: verifying never panics, and
//! accepts nothing but what was signed.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use secureml::oms::Bundle;
use secureml::trust::sigstore::{Access, Instance, load};
use secureml::trust::{IdentityPattern, LogRule, TrustRoot};
use secureml::verify::Verifier;

/// Believes the signer of the reference tool's published bundles, which are the seeds.
static TRUST: LazyLock<TrustRoot> = LazyLock::new(|| {
    let loaded = load(&Instance::Public, Access::Offline, None, Duration::from_secs(BUILT)).expect("the copy is good");
    let identity = IdentityPattern::exact("stefanb@us.ibm.com", "https://sigstore.verify.ibm.com/oauth2");
    TrustRoot::Sigstore { root: Box::new(loaded.root), identity: Box::new(identity), log: LogRule::Required }
});

fuzz_target!(|json: &[u8]| {
    let Ok(bundle) = Bundle::from_json(json) else { return };
    if let Ok(verified) = Verifier::new(&TRUST, Duration::ZERO).verify(&bundle) {
        assert_eq!(verified.manifest().root_digest().to_string(), PUBLISHED, "nobody signed this");
    }
});

/// A time at which the copy in the program has not expired: October 2026.
const BUILT: u64 = 1_792_000_000;
/// What every seed is a signature of.
const PUBLISHED: &str = "sha256:61d4849d9d90076d6215f4d525f13d6574af8e3f67aef3e6f36fc40a14fdd226";
