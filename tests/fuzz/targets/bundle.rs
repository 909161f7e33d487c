//! Bundles as they might come from anywhere: reading them never panics, and what is read survives being written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secureml::oms::{Bundle, Inspection, KeyIdentifier, Material};

fuzz_target!(|json: &[u8]| {
    let Ok(bundle) = Bundle::from_json(json) else { return };
    let mut written = Vec::new();
    bundle.write_json(&mut written).expect("what was read can be written");
    // What it says of itself can be shown, whatever it is.
    let _shown = Inspection::of(&bundle);
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
