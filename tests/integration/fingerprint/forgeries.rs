//! Proofs that somebody made up, or changed: nothing of them is believed but what leads to the root.

use serde_json::{Value, json};

use super::scene::{Scene, assert_failed, bytes};
use crate::mutation::edit::{Spoilt, spoil_each_field};
use crate::support::{assert_accepted, assert_refused};

/// What is changed about a proof, what is said, and the change.
type Edit = (&'static str, &'static str, fn(&mut Value));

const OTHER: &str = "the bytes, or the proof, belong to another model";
const MISFIT: &str = "the parts of the proof do not fit each other";
const LENGTH: &str = "neither the";

const EDITS: &[Edit] = &[
    ("another file", OTHER, |it| it["path"] = json!("c.bin")),
    ("a file without a name", OTHER, |it| it["path"] = json!(".")),
    ("a larger file", OTHER, |it| it["fileBytes"] = json!(10_999)),
    ("a file with another number of chunks", MISFIT, |it| it["fileBytes"] = json!(17_000)),
    ("a file of one chunk", MISFIT, |it| it["fileBytes"] = json!(5000)),
    ("a file of all bytes there are", MISFIT, |it| it["fileBytes"] = json!(u64::MAX)),
    ("a file that ends before the range", MISFIT, |it| it["fileBytes"] = json!(4999)),
    ("smaller chunks", OTHER, |it| it["chunkBytes"] = json!(500)),
    ("chunks of one byte", MISFIT, |it| it["chunkBytes"] = json!(1)),
    ("larger chunks", MISFIT, |it| it["chunkBytes"] = json!(2000)),
    ("chunks of all bytes there are", MISFIT, |it| it["chunkBytes"] = json!(u64::MAX)),
    ("an earlier range", OTHER, |it| shift(it, -1000)),
    ("a later range", OTHER, |it| shift(it, 2000)),
    ("a range that ends beyond the file", MISFIT, |it| shift(it, 8000)),
    ("a range that starts within a chunk", MISFIT, |it| shift(it, 1)),
    ("a longer range", LENGTH, |it| it["end"] = json!(6000)),
    ("an empty range", LENGTH, |it| it["end"] = it["start"].clone()),
    ("a range backwards", LENGTH, |it| it["end"] = json!(0)),
    ("a range of all bytes there are", LENGTH, |it| {
        it["fileBytes"] = json!(u64::MAX);
        it["chunkBytes"] = json!(u64::MAX);
        it["start"] = json!(0);
        it["end"] = json!(u64::MAX);
    }),
    ("the first file", OTHER, |it| it["fileIndex"] = json!(0)),
    ("the last file", MISFIT, |it| it["fileIndex"] = json!(4)),
    ("a neighbour in its pair", OTHER, |it| it["fileIndex"] = json!(1 - it["fileIndex"].as_u64().unwrap() % 2 + 2)),
    ("a file beyond the last", MISFIT, |it| it["fileIndex"] = json!(5)),
    ("the last file that can be counted", MISFIT, |it| it["fileIndex"] = json!(u64::MAX)),
    ("more files", MISFIT, |it| it["fileCount"] = json!(9)),
    ("fewer files", MISFIT, |it| it["fileCount"] = json!(2)),
    ("no files", MISFIT, |it| it["fileCount"] = json!(0)),
    ("as many files as can be counted", MISFIT, |it| it["fileCount"] = json!(u64::MAX)),
    ("a node in the file changed", OTHER, |it| flip(&mut it["inFile"][0])),
    ("the last node in the file changed", OTHER, |it| flip(it["inFile"].as_array_mut().unwrap().last_mut().unwrap())),
    ("a node in the model changed", OTHER, |it| flip(&mut it["inModel"][0])),
    ("two nodes exchanged", OTHER, |it| it["inFile"].as_array_mut().unwrap().swap(0, 1)),
    ("a node of the file dropped", MISFIT, |it| drop(it["inFile"].as_array_mut().unwrap().remove(0))),
    ("the last node of the file dropped", MISFIT, |it| drop(it["inFile"].as_array_mut().unwrap().pop())),
    ("all nodes of the file dropped", MISFIT, |it| it["inFile"] = json!([])),
    ("a node of the model dropped", MISFIT, |it| drop(it["inModel"].as_array_mut().unwrap().remove(0))),
    ("all nodes of the model dropped", MISFIT, |it| it["inModel"] = json!([])),
    ("a node of the file added", MISFIT, |it| it["inFile"].as_array_mut().unwrap().push(json!("00".repeat(32)))),
    ("a node of the model added", MISFIT, |it| it["inModel"].as_array_mut().unwrap().push(json!("00".repeat(32)))),
    ("a node of the file moved to the model", MISFIT, |it| {
        let node = it["inFile"].as_array_mut().unwrap().pop().unwrap();
        it["inModel"].as_array_mut().unwrap().insert(0, node);
    }),
    ("the nodes of file and model exchanged", "", |it| {
        let nodes = it["inFile"].take();
        it["inFile"] = it["inModel"].take();
        it["inModel"] = nodes;
    }),
    ("as many nodes as fit", MISFIT, |it| it["inFile"] = Value::Array(vec![json!("00".repeat(32)); 10_000])),
];

/// Documents that are no proofs: no verdict about the bytes.
const MALFORMED: &[Edit] = &[
    ("version 2", "the proof has the format version 2, this program knows 1", |it| it["formatVersion"] = json!(2)),
    ("an unknown field", "unknown field `extra`", |it| it["extra"] = json!(1)),
    ("chunks of no bytes", "invalid value: integer `0`", |it| it["chunkBytes"] = json!(0)),
    ("a size beyond 64 bits", "invalid type: floating point", |it| it["fileBytes"] = json!(1e30)),
    ("a start below zero", "invalid value: integer `-1`", |it| it["start"] = json!(-1)),
    ("a node that is too short", "a node of the proof is not a SHA-256", |it| it["inFile"][0] = json!("00")),
    ("a node that is no hexadecimal", "a node of the proof is not", |it| it["inModel"][0] = json!("zz".repeat(32))),
    ("a file outside", "\"../b.bin\"", |it| it["path"] = json!("../b.bin")),
    ("more chunks than there may be", "the proof is about more than 262144 chunks", |it| {
        it["chunkBytes"] = json!(1);
        it["fileBytes"] = json!(262_145);
        it["start"] = json!(0);
        it["end"] = json!(262_145);
    }),
    ("more nodes than anybody needs", "cannot use the proof", |it| {
        it["inFile"] = Value::Array(vec![json!("00".repeat(32)); 20_000]);
    }),
];

#[test]
fn every_forgery_is_refused_for_its_own_reason() {
    let forge = Forge::new();
    let mut wrong = Vec::new();
    for (name, says, edit) in EDITS {
        let output = forge.check(name, *edit);
        let refused = std::panic::catch_unwind(|| assert_refused(name, &output, "proof-invalid", says));
        wrong.extend(refused.err().map(|_| *name));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_no_proof_says_nothing_about_the_bytes() {
    let forge = Forge::new();
    for (name, says, edit) in MALFORMED {
        assert_failed(name, &forge.check(name, *edit), 3, &["cannot use the proof forged.json", says]);
    }
    for Spoilt { what, name, spoil, text } in spoil_each_field(&forge.proof) {
        forge.scene.write("forged.json", text);
        assert_failed(&what, &forge.judge(), 3, &["cannot use the proof", &spoil.complaint(&name)]);
    }
    for (name, text) in [("empty", ""), ("no JSON", "proof"), ("a list", "[]"), ("no UTF-8", "\u{0}")] {
        forge.scene.write("forged.json", text);
        assert_failed(name, &forge.judge(), 3, &["it does not have the form of a proof"]);
    }
    forge.scene.write("forged.json", [0xff]);
    assert_failed("no UTF-8", &forge.judge(), 3, &["invalid utf-8"]);
    let output = forge.scene.run(&format!("check-proof absent.json part --root {}", forge.root));
    assert_failed("absent", &output, 3, &["cannot use the proof absent.json"]);
}

/// A proof of the bytes 4000 to 5000 of `b.bin`, which has 11 chunks and is the third of five files.
struct Forge {
    scene: Scene,
    root: String,
    proof: Value,
}

impl Forge {
    fn new() -> Self {
        let content = bytes(11_000);
        let files: [(&str, &[u8]); 5] = [("a", b"a"), ("aa", b""), ("b.bin", &content), ("c.bin", b"c"), ("d", b"d")];
        let scene = Scene::with(&files);
        let document = scene.create("--chunk-size 1000");
        assert_accepted("prove", &scene.run("prove b.bin --range 4000-5000"));
        let proof = scene.document("proof.json");
        assert_eq!((&proof["fileIndex"], &proof["fileCount"]), (&json!(2), &json!(5)));
        scene.write("part", &content[4000..5000]);
        let forge = Self { root: document["merkle"]["root"].as_str().unwrap().to_owned(), proof, scene };
        forge.scene.write("forged.json", forge.proof.to_string());
        assert_accepted("the proof itself", &forge.judge());
        forge
    }

    fn check(&self, name: &str, edit: fn(&mut Value)) -> std::process::Output {
        let mut proof = self.proof.clone();
        edit(&mut proof);
        assert_ne!(proof, self.proof, "{name} changes nothing");
        self.scene.write("forged.json", proof.to_string());
        self.judge()
    }

    fn judge(&self) -> std::process::Output {
        self.scene.run(&format!("check-proof forged.json part --root {}", self.root))
    }
}

fn shift(proof: &mut Value, by: i64) {
    for field in ["start", "end"] {
        proof[field] = json!(proof[field].as_i64().unwrap() + by);
    }
}

/// Another digit in front.
fn flip(node: &mut Value) {
    let text = node.as_str().unwrap();
    let first = if text.starts_with('0') { "1" } else { "0" };
    *node = json!(format!("{first}{}", &text[1..]));
}
