//! Bundles as they might come from anywhere: reading them never panics, and what is read survives being written.

#![no_main]

use std::io;

use libfuzzer_sys::fuzz_target;
use secureml::oms::{Bundle, KeyIdentifier, Material};

fuzz_target!(|json: &[u8]| {
    let Ok(bundle) = Bundle::from_json(json) else { return };
    let mut written = Vec::new();
    let result = bundle.write_json(&mut written);
    if let Material::Keyless { .. } = bundle.material {
        // Its log entries are not kept, so it cannot be written again, and that must be said.
        assert_eq!(result.expect_err("log entries would be lost").kind(), io::ErrorKind::Unsupported);
        return;
    }
    result.expect("what was read can be written");
    let again = Bundle::from_json(&written).expect("what was written can be read");
    assert_eq!(again.envelope, bundle.envelope);
    let material = match bundle.material {
        // Old bundles carry the key itself, today's name it by its hint.
        Material::PublicKey(KeyIdentifier::Key(key)) => Material::PublicKey(KeyIdentifier::Hint(key.hint())),
        other => other,
    };
    assert_eq!(again.material, material);
    let mut twice = Vec::new();
    again.write_json(&mut twice).expect("it can be written again");
    assert_eq!(twice, written, "writing is not deterministic");
});
