//! A signed package with one of everything in it, and the program to judge what becomes of it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use secureml::crypto::Curve;
use serde_json::json;

use super::parts::{Parts, signed};
use crate::signed::one_shot;
use crate::support::{Fixture, KeyFiles, MODEL, assert_accepted, secureml, write_tree};

/// A package, its parts, and packages that are like it.
pub(super) struct Scene {
    pub(super) fixture: Fixture,
    /// Who signed model and package.
    pub(super) key: KeyFiles,
    /// Somebody else.
    pub(super) stranger: KeyFiles,
    pub(super) package: PathBuf,
    pub(super) parts: Parts,
    /// The same model by the same signer with another report.
    pub(super) sibling: Parts,
    /// Another model by the same signer.
    pub(super) other: Parts,
    /// A signature of the stranger over the same model.
    pub(super) strange_signature: Vec<u8>,
}

impl Scene {
    pub(super) fn new() -> Self {
        let fixture = Fixture::new();
        let (key, stranger) = (fixture.key("key", Curve::P256), fixture.key("stranger", Curve::P256));
        assert_accepted("sign", &fixture.sign(&stranger, &[]));
        let strange_signature = fs::read(fixture.signature()).unwrap();
        assert_accepted("sign", &fixture.sign(&key, &[]));
        assert_accepted("sign again", &fixture.sign(&stranger, &["--add"]));
        fs::write(fixture.path("report.json"), "{\"score\": 1}").unwrap();
        fs::write(fixture.path("READ.ME"), "For people.\n").unwrap();
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://example.org/scan/v1",
            "subject": [{"name": "model", "digest": {"sha256": one_shot("sha256", MODEL[0].1)}}], "predicate": {},
        });
        fs::write(fixture.path("scan.json"), signed(&stranger, &statement)).unwrap();
        let package = fixture.path("model.sml");
        let more = ["--fingerprint", "--report", "report.json", "--readme", "READ.ME", "--attestation", "scan.json"];
        assert_accepted("create", &create(&fixture, &key, &more));
        let parts = Parts::of(&fs::read(&package).unwrap());
        fs::write(fixture.path("report.json"), "{\"score\": 9}").unwrap();
        assert_accepted("create", &create(&fixture, &key, &[&more[..], &["--output", "sibling.sml"]].concat()));
        let sibling = Parts::of(&fs::read(fixture.path("sibling.sml")).unwrap());
        Self { other: other_model(&key), fixture, key, stranger, package, parts, sibling, strange_signature }
    }

    /// Judges these bytes in a file of their own, alone in a folder.
    pub(super) fn verify(&self, bytes: &[u8]) -> Output {
        let place = self.place(bytes);
        self.command("verify").arg(place).output().expect("the program starts")
    }

    /// Judges these bytes as they come on standard input.
    pub(super) fn verify_stream(&self, bytes: &[u8]) -> Output {
        fed(self.command("verify").arg("-"), bytes)
    }

    /// Judges a package in a file by a policy that asks for the signer, and for nothing else.
    pub(super) fn verify_by_policy(&self, place: &Path) -> Output {
        let policy = self.fixture.path(".secureml.yaml");
        let rule = "  - path: \"**/*.sml\"\n    signers: [{role: training, key: key.pub.pem}]\n";
        fs::write(&policy, format!("version: 1\nmodels:\n{rule}")).unwrap();
        let mut command = package("verify");
        command.arg("--policy").arg(policy).arg(place).output().expect("the program starts")
    }

    /// The file of [`Scene::verify`], with these bytes.
    pub(super) fn place(&self, bytes: &[u8]) -> PathBuf {
        let folder = self.fixture.path("case");
        fs::create_dir_all(&folder).unwrap();
        let place = folder.join("case.sml");
        fs::write(&place, bytes).unwrap();
        place
    }

    /// A subcommand of `package` that trusts the signer, in JSON.
    pub(super) fn command(&self, subcommand: &str) -> Command {
        let mut command = package(subcommand);
        command.arg("--public-key").arg(&self.key.public);
        command
    }
}

/// `package create` over the model of a fixture, in JSON; names are relative to its folder.
pub(crate) fn create(fixture: &Fixture, key: &KeyFiles, more: &[&str]) -> Output {
    let mut command = package("create");
    command.current_dir(fixture.path("")).args(["--output", "model.sml", "--private-key"]).arg(&key.private);
    command.args(more).arg("model").output().expect("the program starts")
}

/// A subcommand of `package`, in JSON.
pub(crate) fn package(subcommand: &str) -> Command {
    let mut command = secureml();
    command.args(["--format", "json", "package", subcommand]);
    command
}

/// Runs a command with these bytes on its standard input, which may be left unread.
pub(super) fn fed(command: &mut Command, bytes: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    std::thread::scope(|scope| {
        scope.spawn(move || drop(stdin.write_all(bytes)));
        child.wait_with_output().expect("the program ends")
    })
}

/// The names in a folder, sorted.
pub(super) fn names(folder: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(folder.as_ref()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The files below a folder with their contents, sorted by path.
pub(super) fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            found.extend(tree(&path).into_iter().map(|(below, content)| (format!("{name}/{below}"), content)));
        } else {
            found.push((name, fs::read(path).unwrap()));
        }
    }
    found.sort();
    found
}

fn other_model(key: &KeyFiles) -> Parts {
    let fixture = Fixture::with(&[("other.bin", b"another model")]);
    write_tree(&fixture.model(), &[("config.json", b"{}")]);
    assert_accepted("sign", &fixture.sign(key, &[]));
    assert_accepted("create", &create(&fixture, key, &["--fingerprint"]));
    Parts::of(&fs::read(fixture.path("model.sml")).unwrap())
}
