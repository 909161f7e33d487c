//! Models with older signatures taken over into packages: what comes along, what does not, and that the report says so.

use std::fs;
use std::path::Path;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::crypto::{Curve, MessageDigest, SigningHash};
use secureml::sign::SigningKey as _;
use serde_json::{Value, json as value};

use crate::package::package;
use crate::support::{Fixture, KeyFiles, assert_accepted, assert_refused, json, secureml, write_tree};

/// `migrate` in JSON, to `new.sml`; names are relative to the fixture's folder.
fn migrate(fixture: &Fixture, key: &KeyFiles, words: &[&str]) -> Output {
    let mut command = secureml();
    command.current_dir(fixture.path("")).args([
        "--format",
        "json",
        "migrate",
        "--overwrite",
        "--to",
        "new.sml",
        "--private-key",
    ]);
    command.arg(&key.private).args(words).output().expect("the program starts")
}

/// The names of one of the report's lists.
fn listed(output: &Output, list: &str) -> Vec<String> {
    let answer = json(output);
    let items = answer["migration"][list].as_array().unwrap_or_else(|| panic!("no {list}: {answer}"));
    items.iter().map(|item| item["what"].as_str().unwrap().to_owned()).collect()
}

/// Where something went, or why nowhere.
fn told(output: &Output, list: &str, what: &str) -> String {
    let answer = json(output);
    let items = answer["migration"][list].as_array().unwrap();
    let item = items.iter().find(|item| item["what"] == what).unwrap_or_else(|| panic!("no {what}: {answer}"));
    item["how"].as_str().unwrap().to_owned()
}

/// The names of the package's entries below a folder.
fn entries(fixture: &Fixture, folder: &str) -> Vec<String> {
    let output = package("ls").current_dir(fixture.path("")).arg("new.sml").output().expect("the program starts");
    let answer = json(&output);
    let names = answer["content"]["entries"].as_array().unwrap_or_else(|| panic!("no entries: {answer}")).iter();
    let names = names.map(|entry| entry["name"].as_str().unwrap().to_owned());
    names.filter(|name| name.starts_with(folder)).collect()
}

fn sign_bytes(key: &KeyFiles, content: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let digest = MessageDigest::of(SigningHash::Sha256, &[content]);
    (digest.as_bytes().to_vec(), key.key.sign(&digest).unwrap().as_der().to_vec())
}

/// What `cosign sign-blob --key --bundle` writes.
fn blob_bundle(key: &KeyFiles, content: &[u8]) -> Value {
    let (digest, signature) = sign_bytes(key, content);
    value!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "none"}},
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(digest)},
            "signature": STANDARD.encode(signature),
        },
    })
}

fn write(path: &Path, content: &Value) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content.to_string()).unwrap();
}

const OMS: [&str; 5] = ["model", "--signature", "model.sig", "--public-key", "key.pub.pem"];

#[test]
fn what_the_old_signature_leaves_out_is_named_and_never_signed_anew() {
    let files: &[(&str, &[u8])] =
        &[("weights.bin", b"w"), ("cache/x", b"1"), (".git/config", b"2"), (".gitignore", b"3"), ("notes", b"4")];
    let fixture = Fixture::with(files);
    let key = fixture.key("key", Curve::P256);
    let left = ["--ignore-paths", "cache", "--ignore-paths", "notes"].map(|word| match word {
        "cache" | "notes" => fixture.model().join(word).display().to_string(),
        word => word.to_owned(),
    });
    assert_accepted("sign", &fixture.sign(&key, &left.each_ref().map(String::as_str)));
    for more in [&[][..], &["--sign-again"]] {
        let output = migrate(&fixture, &key, &[&OMS[..], more].concat());
        assert_accepted("migrate", &output);
        assert_eq!(listed(&output, "notCarriedOver"), [".git", ".gitignore", "cache", "notes"], "{more:?}");
        assert!(told(&output, "notCarriedOver", "cache").contains("the old signature leaves it out"));
        assert_eq!(told(&output, "carriedOver", "model"), "model/, 1 files");
        assert_eq!(entries(&fixture, "model/"), ["model/weights.bin"], "{more:?}");
        let mut verify = package("verify");
        let verified = verify.current_dir(fixture.path("")).args(["new.sml", "--public-key", "key.pub.pem"]).output();
        assert_accepted("verify", &verified.unwrap());
    }
}

#[test]
fn files_of_git_that_were_signed_are_carried_over() {
    let fixture = Fixture::with(&[("weights.bin", b"w"), (".gitattributes", b"* -text\n"), (".git/config", b"2")]);
    let key = fixture.key("key", Curve::P256);
    let git = fixture.model().join(".git").display().to_string();
    assert_accepted("sign", &fixture.sign(&key, &["--no-ignore-git-paths", "--ignore-paths", &git]));
    let output = migrate(&fixture, &key, &[&OMS[..], &["--sign-again"]].concat());
    assert_accepted("migrate", &output);
    assert_eq!(listed(&output, "notCarriedOver"), [".git"]);
    assert_eq!(entries(&fixture, "model/"), ["model/.gitattributes", "model/weights.bin"]);
}

#[test]
fn signatures_that_were_added_to_the_old_one_are_accounted_for() {
    let fixture = Fixture::new();
    let (key, second) = (fixture.key("key", Curve::P256), fixture.key("second", Curve::P256));
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert_accepted("sign again", &fixture.sign(&second, &["--add"]));
    fs::write(fixture.path("model.sig.d/other.sig"), "{}").unwrap();
    let added = fs::read_dir(fixture.path("model.sig.d")).unwrap().map(|entry| entry.unwrap().file_name());
    let added = added.map(|name| name.into_string().unwrap()).find(|name| name != "other.sig").unwrap();
    for (more, place) in [(&[][..], "secureml/signatures/"), (&["--sign-again"], "secureml/imported/model.sig.d/")] {
        let output = migrate(&fixture, &key, &[&OMS[..], more].concat());
        assert_accepted("migrate", &output);
        assert!(told(&output, "carriedOver", &format!("model.sig.d/{added}")).contains(place), "{more:?}");
        assert_eq!(entries(&fixture, place).len(), 1, "{more:?}");
        assert!(told(&output, "notCarriedOver", "model.sig.d/other.sig").contains("same statement"), "{more:?}");
    }
}

#[test]
fn each_bundle_over_a_file_has_its_own_place_and_equal_files_count_each() {
    let fixture = Fixture::with(&[("a.bin", b"a"), ("sub/b.bin", b"a"), ("c.bin", b"c"), (".gitignore", b"x")]);
    let key = fixture.key("key", Curve::P256);
    for (path, content) in [("one/x.bundle", b"a"), ("two/x.bundle", b"a"), ("three/x.bundle", b"c")] {
        write(&fixture.path(path), &blob_bundle(&key, content));
    }
    let words = ["model", "--public-key", "key.pub.pem"];
    let bundles = ["one", "two", "three", "one"].map(|folder| format!("--cosign-bundle={folder}/x.bundle"));
    let words: Vec<&str> = words.into_iter().chain(bundles.iter().map(String::as_str)).collect();
    let output = migrate(&fixture, &key, &words);
    assert_accepted("migrate", &output);
    for (path, name, files) in
        [("one", "x.bundle", "a.bin, sub/b.bin"), ("two", "2-x.bundle", "a.bin"), ("three", "3-x.bundle", "c.bin")]
    {
        let how = told(&output, "carriedOver", &format!("{path}/x.bundle"));
        let start = format!("secureml/imported/cosign/{name}, as it is; it holds for {files}");
        assert!(how.starts_with(&start), "{how}");
    }
    assert_eq!(entries(&fixture, "secureml/imported/").len(), 3);
    assert_eq!(told(&output, "carriedOver", "model"), "model/, 3 files, signed anew as a whole");
    assert_eq!(listed(&output, "notCarriedOver"), [".gitignore"]);
    // One of two equal files is covered by the bundle of the other, another file is not.
    let output = migrate(&fixture, &key, &words[..5]);
    assert_refused("c.bin is not signed", &output, "file-unsigned", "no bundle signs it");
    write_tree(&fixture.model(), &[("c.bin", b"a")]);
    assert_accepted("now it is", &migrate(&fixture, &key, &words[..5]));
}

/// What cosign 1 and 2 write with `sign-blob --key --bundle`.
fn old_blob_bundle(key: &KeyFiles, content: &[u8]) -> Value {
    let pem = STANDARD.encode(fs::read(&key.public).unwrap());
    value!({"base64Signature": STANDARD.encode(sign_bytes(key, content).1), "cert": pem})
}

#[test]
fn bundles_in_the_old_form_of_cosign_hold_for_the_files_that_they_sign() {
    let fixture = Fixture::with(&[("a.bin", b"a"), ("b.bin", b"b")]);
    let (key, stranger) = (fixture.key("key", Curve::P256), fixture.key("stranger", Curve::P256));
    let words = ["model", "--public-key", "key.pub.pem", "--cosign-bundle", "a.bundle", "--cosign-bundle", "b.bundle"];
    write(&fixture.path("a.bundle"), &old_blob_bundle(&key, b"a"));
    write(&fixture.path("b.bundle"), &blob_bundle(&key, b"b"));
    let output = migrate(&fixture, &key, &words);
    assert_accepted("migrate", &output);
    assert!(told(&output, "carriedOver", "a.bundle").contains("it holds for a.bin, by"));
    assert!(told(&output, "carriedOver", "b.bundle").contains("it holds for b.bin, by"));

    let certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let mut by_nobody = old_blob_bundle(&key, b"a");
    by_nobody["cert"] = STANDARD.encode(certificate).into();
    let mut garbled = old_blob_bundle(&key, b"a");
    garbled["base64Signature"] = "?".into();
    let cases = [
        ("a stranger's", old_blob_bundle(&stranger, b"a"), "signature-invalid", "does not match"),
        ("over another file", old_blob_bundle(&key, b"c"), "signature-invalid", "does not match"),
        ("with a broken certificate", by_nobody, "signature-malformed", "--new-bundle-format"),
        ("with a broken signature", garbled, "signature-malformed", "its signature is not in base64"),
        ("without a signature", value!({"base64Signature": null}), "signature-malformed", "cosign had before"),
    ];
    for (name, bundle, rule, reason) in cases {
        write(&fixture.path("a.bundle"), &bundle);
        assert_refused(name, &migrate(&fixture, &key, &words), rule, reason);
    }
}

#[test]
fn nothing_beside_a_model_of_secureaiml_is_followed_or_too_much() {
    let pickle = b"cos\nsystem\n(S'false'\ntR.";
    let fixture = Fixture::with(&[("model.pkl", pickle), ("manifest.json", b"\xff"), (".git/config", b"x")]);
    let key = fixture.key("key", Curve::P256);
    let large = fs::File::create(fixture.model().join("metadata.json")).unwrap();
    large.set_len((64 << 20) + 1).unwrap();
    fs::create_dir(fixture.model().join("model.pkl.sig")).unwrap();
    let output = migrate(&fixture, &key, &["model", "--secureaiml"]);
    assert_accepted("migrate", &output);
    assert_eq!(told(&output, "notCarriedOver", "metadata.json"), "it has more than 64 MiB");
    assert!(told(&output, "notCarriedOver", "model.pkl.sig").contains("no regular file"));
    assert!(told(&output, "notCarriedOver", ".git").contains("no file that secureaiml writes"));
    assert_eq!(entries(&fixture, "secureml/imported/"), ["secureml/imported/secureaiml/manifest.json"]);
    assert_eq!(entries(&fixture, "model/"), ["model/model.pkl"]);
}
