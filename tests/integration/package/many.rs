//! Packages of very many entries.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::crypto::Curve;
use serde_json::Value;

use super::parts::{Parts, STATEMENT};
use super::scene::{Scene, create, package, tree};
use crate::support::{Fixture, assert_accepted, assert_refused};

/// Up to 1,024 files stand in the statement themselves; beyond that the manifest alone vouches for them.
#[test]
fn more_files_than_a_statement_names() {
    for (count, subjects) in [(1024, 1026), (1025, 2)] {
        let names: Vec<String> = (0..count).map(|number| format!("layer-{}/{number}.bin", number % 9)).collect();
        let files: Vec<_> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
        let fixture = Fixture::with(&files);
        let (key, second) = (fixture.key("key", Curve::P256), fixture.key("second", Curve::P256));
        assert_accepted("sign", &fixture.sign(&key, &[]));
        assert_accepted("create", &create(&fixture, &key, &[]));
        let place = fixture.path("model.sml");
        let parts = Parts::of(&fs::read(&place).unwrap());
        let bundle: Value = serde_json::from_slice(parts.get(STATEMENT)).unwrap();
        let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
        let statement: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(statement["subject"].as_array().unwrap().len(), subjects, "{count}");
        let mut add = package("add-signature");
        assert_accepted("add", &add.arg("--private-key").arg(&second.private).arg(&place).output().unwrap());
        let verify = || package("verify").arg("--public-key").arg(&second.public).arg(&place).output().unwrap();
        assert_accepted("verify", &verify());
        let mut extract = package("extract");
        extract.arg("--public-key").arg(&key.public).arg("--output").arg(fixture.path("out"));
        assert_accepted("extract", &extract.arg(&place).output().unwrap());
        assert_eq!(tree(&fixture.path("out")), tree(&fixture.model()));
        let added = Parts::of(&fs::read(&place).unwrap());
        let last = "model/layer-8/998.bin";
        fs::write(&place, added.clone().set(last, "layer-8/000.bin").bytes()).unwrap();
        assert_refused("changed", &verify(), "file-changed", "layer-8/998.bin: changed");
        fs::write(&place, added.set(last, "layer-8/000.bin").listed().bytes()).unwrap();
        // Nobody's signature fits any more.
        assert_refused("changed and listed", &verify(), "signature-key", "package.sigstore.json");
    }
}

/// Each of them is held against the manifest, however many there are.
#[test]
fn more_entries_beside_the_model_than_anybody_has() {
    let scene = Scene::new();
    let mut parts = scene.parts.clone();
    let readme = parts.entries.iter().position(|(name, _)| name == "README").expect("a README");
    let imported = (0..5000).map(|number| (format!("secureml/imported/{number:05}"), number.to_string().into_bytes()));
    parts.entries.splice(readme..readme, imported);
    let good = parts.listed().resigned(&scene.key);
    assert_accepted("file", &scene.verify(&good.bytes()));
    assert_accepted("stream", &scene.verify_stream(&good.bytes()));
    let one = "secureml/imported/04999";
    let changed = good.clone().set(one, "4998").bytes();
    for output in [scene.verify(&changed), scene.verify_stream(&changed)] {
        assert_refused("changed", &output, "package-metadata-changed", &format!("{one}: is not what the manifest"));
    }
    let mut extract = scene.command("extract");
    extract.arg("--all").arg("--output").arg(scene.fixture.path("out")).arg(scene.place(&good.bytes()));
    assert_accepted("extract", &extract.output().unwrap());
    assert_eq!(fs::read(scene.fixture.path("out").join(one)).unwrap(), b"4999");
}
