//! Every kind of bundle that the program writes, held against the specification's own JSON schemas.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use secureml::crypto::Curve;
use secureml::sign::{CertificateSigner, Signer as _, SigningKey as _};

use crate::support::{Authority, Draft, Fixture, assert_accepted, shared, skip};

/// Checks the bundles named on the command line, and the statement inside each, with the schemas of a folder.
const CHECK: &str = r#"
import base64, json, pathlib, sys
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

schemas = [json.loads(path.read_text()) for path in pathlib.Path(sys.argv[1]).glob("*.schema.json")]
registry = Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in schemas)
titles = {schema["title"]: schema for schema in schemas}

def check(name, title, document):
    for error in Draft202012Validator(titles[title], registry=registry).iter_errors(document):
        raise SystemExit(f"{name}: {title}: {error.json_path}: {error.message}")

for name in sys.argv[2:]:
    bundle = json.loads(pathlib.Path(name).read_text())
    check(name, "OMS Bundle", bundle)
    check(name, "OMS in-toto Statement", json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"], validate=True)))
    print("follows the schemas:", name)
"#;

#[test]
fn what_the_program_writes_follows_the_schemas() {
    let Some(schemas) = shared("schemas/oms") else { return };
    let imports = Command::new("python3").args(["-c", "import jsonschema, referencing"]).output();
    if !imports.is_ok_and(|output| output.status.success()) {
        skip("python3 has no module jsonschema");
        return;
    }
    let fixture = Fixture::new();
    let bundles = bundles(&fixture);
    assert!(bundles.len() > 10);
    let check = |bundles: &[PathBuf]| {
        let output = Command::new("python3").args(["-c", CHECK]).arg(&schemas).args(bundles).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let (good, named, complaint) = check(&bundles);
    assert!(good, "{named}{complaint}");
    assert_eq!(named.lines().count(), bundles.len());

    // The check itself can fail.
    let spoilt = fixture.path("spoilt.json");
    let text = fs::read_to_string(&bundles[0]).unwrap().replace("\"keyid\":\"\"", "\"keyid\":1");
    fs::write(&spoilt, text).unwrap();
    let (good, _, complaint) = check(&[spoilt]);
    assert!(!good && complaint.contains("$.dsseEnvelope.signatures[0].keyid"), "{complaint}");
}

/// Signs in every way that leaves its own trace in a bundle.
fn bundles(fixture: &Fixture) -> Vec<PathBuf> {
    let mut bundles = Vec::new();
    let mut keep = |name: &str| {
        let path = fixture.path(&format!("{name}.json"));
        fs::rename(fixture.signature(), &path).unwrap();
        bundles.push(path);
    };
    for curve in Curve::ALL {
        let key = fixture.key("key", curve);
        assert_accepted("sign", &fixture.sign(&key, &[]));
        keep(&format!("{curve}"));
        let authority = Authority::new("authority", curve);
        let leaf = authority.issue(&Draft::leaf("leaf"), &key.key);
        let signer = CertificateSigner::new(&key.key, leaf, vec![authority.root()]).unwrap();
        let payload = secureml::oms::Bundle::read(&fixture.path(&format!("{curve}.json"))).unwrap().envelope.payload;
        let mut bundle = Vec::new();
        signer.sign(payload).unwrap().write_json(&mut bundle).unwrap();
        fs::write(fixture.signature(), bundle).unwrap();
        keep(&format!("{curve}-certificate"));
    }
    let key = fixture.key("key", Curve::P256);
    assert_eq!(key.key.public_key().curve(), Curve::P256);
    let ignored = fixture.model().join("config.json").display().to_string();
    let ways: [(&str, &[&str]); 8] = [
        ("blake2b", &["--hash", "blake2b"]),
        ("blake3", &["--hash", "blake3"]),
        ("shards", &["--method", "shards", "--shard-size", "1000"]),
        ("shards-blake2b", &["--method", "shards", "--hash", "blake2b"]),
        ("shards-blake3", &["--method", "shards", "--hash", "blake3", "--shard-size", "1KiB"]),
        ("links", &["--allow-symlinks"]),
        ("ignored", &["--ignore-paths", &ignored]),
        ("nothing-ignored", &["--no-ignore-git-paths"]),
    ];
    for (name, words) in ways {
        assert_accepted(name, &fixture.sign(&key, words));
        keep(name);
    }
    fs::remove_dir_all(fixture.model()).unwrap();
    fs::write(fixture.model(), b"one file").unwrap();
    for name in ["dot", "basename"] {
        assert_accepted(name, &fixture.sign(&key, &["--single-file-name", name]));
        keep(name);
    }
    bundles
}
