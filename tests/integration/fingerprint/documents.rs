//! Documents that are no fingerprint or contradict themselves: each is refused for its own reason, bare and signed alike.

use std::error::Error;
use std::iter::successors;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::fingerprint::MAX_CHUNKS;
use secureml::ops::read_fingerprint;
use secureml::sign::SigningKey as _;
use secureml::trust::TrustRoot;
use serde_json::{Value, json};

use super::scene::{Scene, bytes};
use crate::mutation::edit::{Spoil, Spoilt, spoil_each_field};

/// What is wrong with a document, what is said of it, and the change.
type Edit = (&'static str, &'static str, fn(&mut Value));

const TOTALS: &str = "the fingerprint's totals are not those of its files";
const ALGORITHMS: &str = "the fingerprint's algorithms are not in order, one is there twice, or sha256";
const CHUNKS: &str = "the chunks of \"a.bin\" are not the Merkle leaves of a file of its size";
const FILE: &str = "the fingerprint has not the digests and chunks of \"a.bin\" that it should have";
const ROOT: &str = "the Merkle root of \"a.bin\" is not that of its parts";
const MODEL_ROOT: &str = "the Merkle root of \"the model\" is not that of its parts";

const EDITS: &[Edit] = &[
    ("version 0", "has the format version 0, this program knows 1", |it| it["formatVersion"] = json!(0)),
    ("version 2", "has the format version 2, this program knows 1", |it| it["formatVersion"] = json!(2)),
    ("version below zero", "invalid value: integer `-1`", |it| it["formatVersion"] = json!(-1)),
    ("version beyond 32 bits", "invalid value: integer `4294967297`", |it| it["formatVersion"] = json!(4294967297_u64)),
    ("version as a fraction", "invalid type: floating point `1.0`", |it| it["formatVersion"] = json!(1.0)),
    ("unknown field", "unknown field `extra`", |it| it["extra"] = json!(1)),
    ("unknown field of a file", "unknown field `extra`", |it| it["files"][1]["extra"] = json!(1)),
    ("unknown field of the trees", "unknown field `extra`", |it| it["merkle"]["extra"] = json!(1)),
    ("unknown field of the serialization", "unknown field `extra`", |it| it["serialization"]["extra"] = json!(1)),
    ("one file more counted", TOTALS, |it| it["fileCount"] = json!(4)),
    ("one file fewer counted", TOTALS, |it| it["fileCount"] = json!(2)),
    ("no file counted", TOTALS, |it| it["fileCount"] = json!(0)),
    ("files counted beyond 64 bits", "invalid type: floating point", |it| it["fileCount"] = json!(1e30)),
    ("one byte more counted", TOTALS, |it| it["totalBytes"] = json!(it["totalBytes"].as_u64().unwrap() + 1)),
    ("as many bytes as there can be counted", TOTALS, |it| it["totalBytes"] = json!(u64::MAX)),
    ("no bytes counted", TOTALS, |it| it["totalBytes"] = json!(0)),
    ("bytes below zero", "invalid value: integer `-1`", |it| it["totalBytes"] = json!(-1)),
    ("no algorithms", ALGORITHMS, |it| {
        it["algorithms"] = json!([]);
        it["files"].as_array_mut().unwrap().iter_mut().for_each(|file| file["digest"] = json!({}));
    }),
    ("sha256 missing", ALGORITHMS, |it| {
        it["algorithms"] = json!(["blake2b"]);
        for file in it["files"].as_array_mut().unwrap() {
            file["digest"].as_object_mut().unwrap().remove("sha256");
        }
    }),
    ("algorithms out of order", ALGORITHMS, |it| it["algorithms"] = json!(["blake2b", "sha256"])),
    ("an algorithm twice", "does not have a digest for each algorithm", |it| {
        it["algorithms"] = json!(["sha256", "sha256", "blake2b"]);
    }),
    ("an algorithm for another", "does not have a digest for each algorithm", |it| {
        it["algorithms"] = json!(["sha256", "blake3"]);
    }),
    ("an algorithm too many", "does not have a digest for each algorithm", |it| {
        it["algorithms"] = json!(["sha256", "blake2b", "blake3"]);
    }),
    ("an unknown algorithm", "unknown hash algorithm \"md5\"", |it| it["algorithms"] = json!(["sha256", "md5"])),
    ("an algorithm in capitals", "unknown hash algorithm \"SHA256\"", |it| it["algorithms"] = json!(["SHA256"])),
    ("the model's own algorithm missing", ALGORITHMS, |it| it["serialization"]["hash_type"] = json!("blake3")),
    ("no hash of OMS", "the fingerprint's serialization is not acceptable", |it| {
        it["serialization"]["hash_type"] = json!("sha512");
    }),
    ("an unknown method", "the fingerprint's serialization is not acceptable", |it| {
        it["serialization"]["method"] = json!("dirs");
    }),
    ("shards without a size", "the fingerprint's serialization is not acceptable", |it| {
        it["serialization"]["method"] = json!("shards");
    }),
    ("an ignore path that leads out", "the fingerprint's serialization is not acceptable", |it| {
        it["serialization"]["ignore_paths"] = json!(["../x"]);
    }),
    ("trees of another hash", "Merkle trees are not made with sha256", |it| {
        it["merkle"]["algorithm"] = json!("sha512");
    }),
    ("trees without a hash", "Merkle trees are not made with sha256", |it| it["merkle"]["algorithm"] = json!("")),
    ("chunks of no bytes", "invalid value: integer `0`", |it| it["merkle"]["chunkBytes"] = json!(0)),
    ("smaller chunks", FILE, |it| it["merkle"]["chunkBytes"] = json!(800)),
    ("larger chunks", FILE, |it| it["merkle"]["chunkBytes"] = json!(u64::MAX)),
    ("chunks of one byte", FILE, |it| it["merkle"]["chunkBytes"] = json!(1)),
    ("another model root", MODEL_ROOT, |it| flip(&mut it["merkle"]["root"])),
    ("a model root in capitals", MODEL_ROOT, |it| {
        it["merkle"]["root"] = json!(it["merkle"]["root"].as_str().unwrap().to_uppercase());
    }),
    ("a model root cut short", MODEL_ROOT, |it| it["merkle"]["root"] = json!("00")),
    ("a model root with its algorithm", MODEL_ROOT, |it| {
        it["merkle"]["root"] = json!(format!("sha256:{}", it["merkle"]["root"].as_str().unwrap()));
    }),
    ("another root of a file", ROOT, |it| flip(&mut it["files"][0]["merkleRoot"])),
    ("another root of a file with one chunk", MODEL_ROOT, |it| flip(&mut it["files"][1]["merkleRoot"])),
    ("a root for a file without bytes", "the Merkle root of \"c.bin\" is not", |it| {
        it["files"][2]["merkleRoot"] = it["files"][1]["merkleRoot"].clone();
    }),
    ("files without roots", CHUNKS, |it| {
        it["files"][0].as_object_mut().unwrap().remove("merkleRoot");
    }),
    ("a leaf changed", ROOT, |it| leaves(it, |leaves| leaves[40] ^= 1)),
    ("two leaves exchanged", ROOT, |it| leaves(it, |leaves| leaves.rotate_left(32))),
    ("a leaf dropped", ROOT, |it| leaves(it, |leaves| leaves.truncate(64))),
    ("a leaf added", ROOT, |it| leaves(it, |leaves| leaves.extend([0; 32]))),
    ("half a leaf dropped", CHUNKS, |it| leaves(it, |leaves| leaves.truncate(80))),
    ("a byte added to the leaves", CHUNKS, |it| leaves(it, |leaves| leaves.push(0))),
    ("one leaf left, as the root", CHUNKS, |it| leaves(it, |leaves| leaves.truncate(32))),
    ("no leaf left", CHUNKS, |it| leaves(it, Vec::clear)),
    ("more leaves than there may be", CHUNKS, |it| {
        leaves(it, |leaves| leaves.resize(32 * (usize::try_from(MAX_CHUNKS).unwrap() + 1), 0));
    }),
    ("leaves in hexadecimal", CHUNKS, |it| it["files"][0]["chunks"] = json!("0".repeat(190))),
    ("leaves with a line break", CHUNKS, |it| {
        it["files"][0]["chunks"] = json!(format!("{}\n", it["files"][0]["chunks"].as_str().unwrap()));
    }),
    ("leaves of a file with one chunk", "the Merkle root of \"b.bin\" is not", |it| {
        it["files"][1]["chunks"] = it["files"][0]["chunks"].clone();
    }),
    ("the one leaf written twice", "the chunks of \"b.bin\"", |it| {
        let root = hex::decode(it["files"][1]["merkleRoot"].as_str().unwrap()).unwrap();
        it["files"][1]["chunks"] = json!(STANDARD.encode(root));
    }),
    ("a size that needs other chunks", FILE, |it| it["files"][0]["bytes"] = json!(3001)),
    ("a size that fits the chunks", TOTALS, |it| it["files"][0]["bytes"] = json!(2501)),
    ("a size that fits chunks and totals", MODEL_ROOT, |it| {
        it["files"][0]["bytes"] = json!(2501);
        it["totalBytes"] = json!(it["totalBytes"].as_u64().unwrap() + 1);
    }),
    ("a size of all bytes there are", FILE, |it| it["files"][0]["bytes"] = json!(u64::MAX)),
    ("a size beyond 64 bits", "invalid type: floating point", |it| it["files"][0]["bytes"] = json!(1.9e19)),
    ("no files", "the fingerprint lists no file", |it| it["files"] = json!([])),
    ("a file dropped", TOTALS, |it| drop(it["files"].as_array_mut().unwrap().pop())),
    ("a file twice", "the fingerprint lists \"a.bin\" out of order or twice", |it| {
        let first = it["files"][0].clone();
        it["files"].as_array_mut().unwrap().insert(0, first);
    }),
    ("files out of order", "the fingerprint lists \"a.bin\" out of order or twice", |it| {
        it["files"].as_array_mut().unwrap().swap(0, 1);
    }),
    ("a renamed file", MODEL_ROOT, |it| it["files"][0]["path"] = json!("a.txt")),
    ("a file that is the model", MODEL_ROOT, |it| it["files"][0]["path"] = json!(".")),
    ("a file outside", "\"../a.bin\"", |it| it["files"][0]["path"] = json!("../a.bin")),
    ("a file from the root", "\"/a.bin\"", |it| it["files"][0]["path"] = json!("/a.bin")),
    ("a file without a name", "\"\"", |it| it["files"][0]["path"] = json!("")),
    ("a digest in capitals", "a digest of \"a.bin\" is not acceptable", |it| {
        it["files"][0]["digest"]["sha256"] = json!(it["files"][0]["digest"]["sha256"].as_str().unwrap().to_uppercase());
    }),
    ("a digest cut short", "a digest of \"a.bin\" is not acceptable", |it| {
        it["files"][0]["digest"]["blake2b"] = json!("00".repeat(32));
    }),
    ("a digest too many", "\"a.bin\" does not have a digest for each algorithm", |it| {
        it["files"][0]["digest"]["blake3"] = json!("00".repeat(32));
    }),
    ("a file written as a list", "invalid type: sequence", |it| it["files"][0] = json!(["a.bin", 2500, {}])),
    ("the document written as a list", "invalid type: sequence", |it| *it = json!([1, ["sha256"], 0, 0])),
];

#[test]
fn every_contradiction_is_refused_for_its_own_reason() {
    let judge = Judge::new();
    let mut wrong = Vec::new();
    for (name, says, edit) in EDITS {
        let mut document = judge.document.clone();
        edit(&mut document);
        assert_ne!(document, judge.document, "{name} changes nothing");
        wrong.extend(judge.complaints(name, &document.to_string(), says));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_field_that_is_removed_doubled_or_retyped_is_refused() {
    let judge = Judge::new();
    let spoilt = spoil_each_field(&judge.document);
    assert!(spoilt.len() > 100, "{}", spoilt.len());
    let mut wrong = Vec::new();
    for Spoilt { what, name, spoil, text } in spoilt {
        let removed = matches!(spoil, Spoil::Removed | Spoil::Null);
        let says = match name.as_str() {
            // May be absent: what is left out is no part of the description.
            "ignore_paths" if spoil == Spoil::Removed => continue,
            "merkle" | "merkleRoot" if removed => CHUNKS.to_owned(),
            "chunks" if removed => FILE.to_owned(),
            "sha256" | "blake2b" if spoil == Spoil::Removed => "does not have a digest for each".to_owned(),
            _ => spoil.complaint(&name),
        };
        wrong.extend(judge.complaints(&what, &text, &says));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn text_that_is_not_all_of_a_document_is_refused() {
    let judge = Judge::new();
    let text = judge.document.to_string();
    for (name, text, says) in [
        ("empty", String::new(), "EOF while parsing"),
        ("null", "null".to_owned(), "invalid type: null"),
        ("cut", text[..text.len() - 1].to_owned(), "EOF while parsing"),
        ("followed", format!("{text}{{}}"), "trailing characters"),
        ("after a mark of byte order", format!("\u{feff}{text}"), "expected value"),
    ] {
        let bare = judge.bare(&text);
        assert!(bare.as_ref().is_err_and(|found| found.contains(says)), "{name}: {bare:?}");
    }
}

/// A document that is accepted, and what is said of others.
struct Judge {
    scene: Scene,
    document: Value,
    statement: Value,
    trust: TrustRoot,
}

impl Judge {
    fn new() -> Self {
        let scene = Scene::with(&[("a.bin", &bytes(2500)), ("b.bin", b"b"), ("c.bin", b"")]);
        let words = "--chunk-size 1000 --algorithms blake2b";
        let document = scene.create(words);
        scene.create(&format!("{words} --sign --key key.pem"));
        let statement = scene.statement("fingerprint.sig");
        let trust = TrustRoot::Key(scene.key.key.public_key().clone());
        let judge = Self { scene, statement, trust, document };
        let text = judge.document.to_string();
        assert_eq!((judge.bare(&text), judge.signed(&text)), (Ok(()), Ok(())), "the document itself");
        judge
    }

    /// What is wrong with the verdict about this document; nothing where it is refused for this reason both ways.
    fn complaints(&self, name: &str, text: &str, says: &str) -> Vec<String> {
        let verdicts = [("bare", self.bare(text)), ("signed", self.signed(text))];
        let right = |verdict: &Result<(), String>| verdict.as_ref().is_err_and(|found| found.contains(says));
        let wrong = verdicts.into_iter().filter(|(_, verdict)| !right(verdict));
        wrong.map(|(how, verdict)| format!("{name}, {how}: wanted {says:?}, found {verdict:?}")).collect()
    }

    /// Why the document is refused as it is.
    fn bare(&self, text: &str) -> Result<(), String> {
        self.scene.write("judged.json", text);
        let read = read_fingerprint(&self.scene.fixture.path("judged.json"), None, Duration::ZERO);
        read.map(drop).map_err(|error| {
            let first: &dyn Error = &error;
            successors(Some(first), |error| (*error).source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
        })
    }

    /// Why it is refused where the right key signed it.
    fn signed(&self, text: &str) -> Result<(), String> {
        let predicate = self.statement["predicate"].to_string();
        let statement = self.statement.to_string();
        assert!(statement.contains(&predicate));
        self.scene.sign_payload(statement.replace(&predicate, text), "judged.sig");
        let path = self.scene.fixture.path("judged.sig");
        match read_fingerprint(&path, Some(&self.trust), Duration::ZERO).expect("a verdict") {
            Ok(_) => Ok(()),
            Err(refused) => {
                assert_eq!(refused.findings.len(), 1, "{:?}", refused.findings);
                assert_eq!(refused.findings[0].rule, "fingerprint-malformed", "{:?}", refused.findings);
                Err(refused.findings[0].message.clone())
            }
        }
    }
}

fn leaves(document: &mut Value, change: impl FnOnce(&mut Vec<u8>)) {
    let mut leaves = STANDARD.decode(document["files"][0]["chunks"].as_str().unwrap()).unwrap();
    assert_eq!(leaves.len(), 96);
    change(&mut leaves);
    document["files"][0]["chunks"] = json!(STANDARD.encode(leaves));
}

/// Another digit at the end.
fn flip(digits: &mut Value) {
    let text = digits.as_str().unwrap();
    let last = if text.ends_with('0') { "1" } else { "0" };
    *digits = json!(format!("{}{last}", &text[..text.len() - 1]));
}
