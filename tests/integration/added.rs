//! Further signatures over the same statement: `--add`, and the folder in which they are.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::crypto::Curve;
use secureml::oms::Payload;
use secureml::sign::{KeySigner, Signer as _};
use serde_json::{Value, json};

use crate::support::{
    Authority, Draft, Fixture, KeyFiles, assert_accepted, assert_refused, certificates_pem, findings, json as answer,
    secureml, skip,
};

/// A model with two keys, where the program runs.
struct Scene {
    fixture: Fixture,
    first: KeyFiles,
    second: KeyFiles,
}

impl Scene {
    fn new() -> Self {
        let fixture = Fixture::new();
        let (first, second) = (fixture.key("first", Curve::P256), fixture.key("second", Curve::P384));
        Self { fixture, first, second }
    }

    /// The same with the model signed by the first key, with more words.
    fn signed(words: &str) -> Self {
        let scene = Self::new();
        assert_accepted("sign", &scene.run(&format!("sign key --private-key first.pem {words} model")));
        scene
    }

    fn run(&self, line: &str) -> Output {
        let mut command = secureml();
        command.current_dir(self.fixture.path("")).args(["--format", "json"]).args(line.split_whitespace());
        command.output().expect("the program starts")
    }

    /// `sign key --add` by this key.
    fn add(&self, key: &str, more: &str) -> Output {
        self.run(&format!("sign key --add --private-key {key}.pem {more} model"))
    }

    /// The payload in a bundle, as it stands there.
    fn payload(&self, path: &str) -> String {
        let bundle: Value = serde_json::from_slice(&fs::read(self.fixture.path(path)).unwrap()).expect("a bundle");
        bundle["dsseEnvelope"]["payload"].as_str().expect("a payload").to_owned()
    }

    /// The signatures of a folder, by name.
    fn listed(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.fixture.path(folder)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }
}

/// The path of the signature that was added.
fn added(output: &Output) -> String {
    assert_accepted("add", output);
    answer(output)["signature"].as_str().expect("a path").to_owned()
}

#[test]
fn each_signs_the_same_bytes_and_stands_alone() {
    for words in
        ["", "--hash blake3", "--hash blake2b", "--method shards --shard-size 700", "--ignore-paths model/README.md"]
    {
        let scene = Scene::signed(words);
        let before = fs::read(scene.fixture.signature()).unwrap();
        // What the first one leaves out is named again.
        let named = if words.starts_with("--ignore") { words } else { "" };
        let path = added(&scene.add("second", named));
        assert_eq!(scene.payload(&path), scene.payload("model.sig"), "{words}");
        assert_eq!(fs::read(scene.fixture.signature()).unwrap(), before, "the first one stays");
        assert_eq!(scene.listed("model.sig.d").len(), 1);
        assert_eq!(path, format!("model.sig.d/{}", scene.listed("model.sig.d")[0]));
        let verify = |key: &str, signature: &str| {
            scene.run(&format!("verify key --public-key {key}.pub.pem --signature {signature} model"))
        };
        assert_accepted("first", &verify("first", "model.sig"));
        assert_accepted("second", &verify("second", &path));
        assert_refused("first as second", &verify("first", &path), "signature-key", "");
        fs::write(scene.fixture.model().join("config.json"), "{}").unwrap();
        for (key, signature) in [("first", "model.sig"), ("second", &path)] {
            assert_refused(words, &verify(key, signature), "file-changed", "config.json");
        }
    }
}

#[test]
fn a_second_signature_of_one_signer_takes_the_place_of_the_first() {
    let scene = Scene::signed("");
    let path = added(&scene.add("second", ""));
    assert_eq!(added(&scene.add("second", "")), path);
    assert_eq!(scene.listed("model.sig.d").len(), 1);
    // The first signer may be there as well: two signatures of one identity, which is for policies to see.
    let own = added(&scene.add("first", ""));
    assert_ne!(own, path);
    assert_eq!(scene.listed("model.sig.d").len(), 2);
    scene.fixture.key("third", Curve::P521);
    added(&scene.add("third", ""));
    let names = scene.listed("model.sig.d");
    assert_eq!(names.len(), 3);
    for name in names {
        let digits = name.strip_suffix(".sig").expect("a signature");
        assert!(digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
    }
}

#[test]
fn a_model_that_changed_is_refused_with_the_difference() {
    type Change = (&'static str, &'static str, fn(PathBuf));
    let changes: [Change; 4] = [
        ("file-changed", "config.json: changed", |model| fs::write(model.join("config.json"), "{}").unwrap()),
        ("file-unsigned", "new.bin: not signed", |model| fs::write(model.join("new.bin"), "new").unwrap()),
        ("file-missing", "README.md: missing", |model| fs::remove_file(model.join("README.md")).unwrap()),
        ("file-renamed", "README.md: renamed", |model| {
            fs::rename(model.join("README.md"), model.join("readme.md")).unwrap();
        }),
    ];
    for (rule, says, change) in changes {
        let scene = Scene::signed("");
        change(scene.fixture.model());
        let output = scene.add("second", "");
        assert_refused(rule, &output, rule, says);
        let error = &answer(&output)["error"];
        assert_eq!(error["causes"][0], "the model is not what model.sig signs");
        assert!(error["help"].as_str().unwrap().contains("without --add"), "{error}");
        assert!(!scene.fixture.path("model.sig.d").exists(), "{rule}: nothing was written");
    }
    // What the first signer left out is left out again only by who says so: nobody has verified that signature.
    let scene = Scene::signed("--ignore-paths model/README.md");
    fs::write(scene.fixture.model().join("README.md"), "changed").unwrap();
    assert_refused("left out", &scene.add("second", ""), "file-ignored", "README.md: left out by the first signature");
    assert!(!scene.fixture.path("model.sig.d").exists(), "nothing was written");
    added(&scene.add("second", "--ignore-paths model/README.md"));
}

#[test]
fn the_first_signature_must_be_one() {
    let scene = Scene::new();
    let output = scene.add("second", "");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(answer(&output)["error"]["causes"][0], "there is no signature to add one to");
    let refused = |name: &str, says: &str| {
        let output = scene.add("second", "");
        assert_eq!(output.status.code(), Some(1), "{name}: {}", String::from_utf8_lossy(&output.stdout));
        let causes = answer(&output)["error"]["causes"].to_string();
        assert!(causes.contains(says), "{name}: {causes}");
        assert!(!scene.fixture.path("model.sig.d").exists(), "{name}: nothing was written");
    };
    for (name, content) in [("empty", ""), ("text", "my notes"), ("no bundle", "{}")] {
        fs::write(scene.fixture.signature(), content).unwrap();
        refused(name, "the signature model.sig cannot be added to");
    }
    fs::remove_file(scene.fixture.signature()).unwrap();
    let sign = |payload: Vec<u8>| {
        let bundle = KeySigner::new(&scene.first.key).sign(Payload::new(payload)).unwrap();
        let mut text = Vec::new();
        bundle.write_json(&mut text).unwrap();
        fs::write(scene.fixture.signature(), text).unwrap();
    };
    assert_accepted("sign", &scene.run("sign key --private-key first.pem model"));
    let statement = STANDARD.decode(scene.payload("model.sig")).unwrap();
    let edited = |edit: fn(&mut Value)| {
        let mut changed: Value = serde_json::from_slice(&statement).unwrap();
        edit(&mut changed);
        changed.to_string().into_bytes()
    };
    let other = "what the signature model.sig signs cannot be signed again";
    // The statement of version 0.2.0 of the reference tool: nobody would verify another signature of it.
    sign(edited(|it| it["predicateType"] = json!("https://model_signing/Digests/v0.1")));
    refused("version 0.2.0", "Digests/v0.1");
    sign(edited(|it| it["subject"][0]["digest"]["sha256"] = json!("00".repeat(32))));
    refused("another subject", other);
    sign(edited(|it| it["predicate"]["extra"] = json!(1)));
    refused("another field", other);
    sign(b"{}".to_vec());
    refused("no statement", other);
    assert_accepted("create", &scene.run("fingerprint create model --sign --key first.pem --output print.sig"));
    fs::rename(scene.fixture.path("print.sig"), scene.fixture.signature()).unwrap();
    refused("a fingerprint", "https://github.com/secureml/sign/fingerprint/v1");
}

#[test]
fn inside_the_model_both_are_left_out() {
    let scene = Scene::signed("--signature model/model.sig");
    assert_eq!(
        crate::signed::ignored(&scene.fixture.path("model/model.sig")),
        [".git", ".gitattributes", ".github", ".gitignore", "model.sig", "model.sig.d"]
    );
    let path = added(&scene.add("second", "--signature model/model.sig"));
    assert_eq!(findings(&scene.add("second", "--signature model/model.sig")), []);
    scene.fixture.key("third", Curve::P256);
    let third = added(&scene.add("third", "--signature model/model.sig"));
    for (key, signature) in [("first", "model/model.sig"), ("second", &path), ("third", &third)] {
        let verify = format!("verify key --public-key {key}.pub.pem --signature {signature} model");
        assert_accepted(key, &scene.run(&verify));
    }
    // A model elsewhere, with its signatures.
    fs::rename(scene.fixture.model(), scene.fixture.path("moved")).unwrap();
    let moved = path.replace("model/", "moved/");
    let verify = format!("verify key --public-key second.pub.pem --signature {moved} moved");
    assert_accepted("moved", &scene.run(&verify));
}

/// As other tools leave it: the signature is left out, the folder beside it is not.
#[test]
fn a_folder_that_the_first_signer_did_not_leave_out_is_warned_of() {
    let scene = Scene::signed("--ignore-paths model/model.sig");
    fs::rename(scene.fixture.signature(), scene.fixture.path("model/model.sig")).unwrap();
    let output = scene.add("second", "--signature model/model.sig");
    let path = added(&output);
    let found = findings(&output);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "signature-set-inside");
    assert!(found[0].1.starts_with("model/model.sig.d: lies inside the model"), "{found:?}");
    // It is as the warning says; whoever knows the folder leaves it out.
    let ignore = "--ignore-paths model/model.sig.d --ignore-paths model/model.sig";
    for (key, signature) in [("first", "model/model.sig"), ("second", &path)] {
        let verify = format!("verify key --public-key {key}.pub.pem --signature {signature} {ignore} model");
        assert_accepted(key, &scene.run(&verify));
    }
    // A third signer is not kept away by what the second one wrote.
    scene.fixture.key("third", Curve::P256);
    added(&scene.add("third", "--signature model/model.sig"));
}

#[test]
fn a_certificate_may_be_added() {
    let scene = Scene::signed("");
    let authority = Authority::new("root", Curve::P384);
    let leaf = authority.issue(&Draft::leaf("leaf"), &scene.second.key);
    fs::write(scene.fixture.path("leaf.pem"), certificates_pem(&[&leaf])).unwrap();
    fs::write(scene.fixture.path("root.pem"), certificates_pem(&[&authority.root()])).unwrap();
    let line = "sign certificate --add --private-key second.pem --signing-certificate leaf.pem model";
    let path = added(&scene.run(line));
    assert_eq!(added(&scene.run(line)), path);
    assert_eq!(scene.payload(&path), scene.payload("model.sig"));
    let verify = format!("verify certificate --certificate-chain root.pem --signature {path} model");
    assert_accepted("verify", &scene.run(&verify));
    // The same key without its certificate is another signer.
    assert_ne!(added(&scene.add("second", "")), path);
    assert_eq!(scene.listed("model.sig.d").len(), 2);
    // And a key may follow a certificate.
    let line = "sign certificate --private-key second.pem --signing-certificate leaf.pem --signature c.sig model";
    assert_accepted("certificate first", &scene.run(line));
    let path = added(&scene.add("first", "--signature c.sig"));
    assert!(path.starts_with("c.sig.d/"), "{path}");
    assert_accepted("key", &scene.run(&format!("verify key --public-key first.pub.pem --signature {path} model")));
}

#[test]
fn what_is_signed_is_not_for_the_second_signer_to_say() {
    let scene = Scene::signed("");
    for words in [
        "--ignore-git-paths",
        "--no-ignore-git-paths",
        "--hash sha256",
        "--method files",
        "--method shards --shard-size 7",
        "--allow-symlinks",
        "--single-file-name dot",
        "--fingerprint",
        "--fingerprint=f.sig",
    ] {
        let output = scene.add("second", words);
        assert_eq!(output.status.code(), Some(2), "{words}");
        let message = answer(&output)["error"]["message"].to_string();
        assert!(message.contains("--add") && message.contains("cannot be used with"), "{words}: {message}");
    }
    assert!(!scene.fixture.path("model.sig.d").exists());
}

#[test]
fn nothing_else_in_the_folder_is_overwritten() {
    let scene = Scene::signed("");
    let path = added(&scene.add("second", ""));
    fs::write(scene.fixture.path(&path), "my notes").unwrap();
    let output = scene.add("second", "");
    assert_eq!(output.status.code(), Some(2));
    let cause = answer(&output)["error"]["causes"][0].as_str().unwrap().to_owned();
    assert_eq!(cause, format!("{path} exists and is not a signature, it is not overwritten"));
    assert_eq!(fs::read(scene.fixture.path(&path)).unwrap(), b"my notes");
    fs::remove_dir_all(scene.fixture.path("model.sig.d")).unwrap();
    fs::write(scene.fixture.path("model.sig.d"), "a file").unwrap();
    assert_eq!(scene.add("second", "").status.code(), Some(3));
    assert_eq!(fs::read(scene.fixture.path("model.sig.d")).unwrap(), b"a file");
}

#[test]
fn single_files_have_further_signatures_too() {
    let scene = Scene::new();
    for (name, signature) in [("dot", "dot.sig"), ("basename", "base.sig")] {
        let sign = format!("sign key --private-key first.pem --single-file-name {name} --signature {signature}");
        assert_accepted(name, &scene.run(&format!("{sign} model/config.json")));
        let line = format!("sign key --add --private-key second.pem --signature {signature} model/config.json");
        let path = added(&scene.run(&line));
        assert_eq!(scene.payload(&path), scene.payload(signature));
        let verify = format!("verify key --public-key second.pub.pem --signature {path} model/config.json");
        assert_accepted(name, &scene.run(&verify));
        let other = line.replace("config.json", "README.md");
        assert_refused(name, &scene.run(&other), "file-changed", "");
        assert_refused(
            name,
            &scene.run(&line.replace("model/config.json", "model")),
            if name == "dot" { "model-kind" } else { "file-unsigned" },
            "",
        );
    }
}

#[test]
#[cfg(unix)]
fn a_closed_folder_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::signed("");
    added(&scene.add("second", ""));
    let folder = scene.fixture.path("model.sig.d");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    let open = fs::write(folder.join("probe"), "").is_ok();
    let output = scene.add("first", "");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    if open {
        return skip("this user writes into closed folders");
    }
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(scene.listed("model.sig.d").len(), 1);
}
