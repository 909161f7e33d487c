//! Changes of the model under a signature that stays as it is.

use std::fs;
use std::path::Path;

use super::scene::{Case, Scene};
use crate::support::MODEL;

/// Every change of the model's files.
pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let sharded = |&(name, rule, says, model): &Row| {
        let signature = scene.signed(&scene.shards.to_string());
        scene.case(format!("model in shards: {name}"), rule, says).model(model).signature(signature)
    };
    let mut cases = under_the_usual_signature(scene, FILES);
    cases.extend(SHARDED.iter().map(sharded));
    let git = scene.case("model: a signed file of Git changed", "file-changed", ".gitattributes: changed");
    cases.push(git.signature(scene.signed_with_git_file(b"* -text\n")).model(|model| {
        fs::write(model.join(".gitattributes"), b"* text=auto").expect("a file");
    }));
    let git = scene.case("model: a signed file of Git removed", "file-missing", ".gitattributes: missing");
    cases.push(git.signature(scene.signed_with_git_file(b"* -text\n")));
    cases
}

/// Each change under the usual signature, once more with unsigned files ignored where it is about signed ones.
pub(super) fn under_the_usual_signature(scene: &Scene, rows: &[Row]) -> Vec<Case> {
    let changed = |&(name, rule, says, model): &Row| scene.case(format!("model: {name}"), rule, says).model(model);
    let careless = |&(name, rule, says, model): &Row| {
        // Nobody looks for new names then, so that a renamed file is a missing one.
        let (rule, says) = match says.split_once(": renamed") {
            Some((path, _)) => ("file-missing", format!("{path}: missing")),
            None => (rule, says.to_owned()),
        };
        let case = scene.case(format!("model: {name}, unsigned files ignored"), rule, says);
        case.model(model).words(&["--ignore-unsigned-files"])
    };
    let about_signed = |&&(_, rule, says, _): &&Row| rule != "file-unsigned" && !says.ends_with(", not signed");
    rows.iter().map(changed).chain(rows.iter().filter(about_signed).map(careless)).collect()
}

/// A change of the model: name, rule, reason, change.
pub(super) type Row = (&'static str, &'static str, &'static str, Change);
pub(super) type Change = fn(&Path);

/// Files changed, added, removed, renamed.
const FILES: &[Row] = &[
    ("a byte changed", "file-changed", "weights/part-1.bin: changed", |model| {
        let mut content = fs::read(model.join("weights/part-1.bin")).expect("a file");
        content[2499] ^= 1;
        fs::write(model.join("weights/part-1.bin"), content).expect("a file");
    }),
    ("a byte appended", "file-changed", "weights/part-1.bin: changed", |model| {
        fs::write(model.join("weights/part-1.bin"), [7; 2501]).expect("a file");
    }),
    ("a byte cut off", "file-changed", "weights/part-1.bin: changed", |model| {
        fs::write(model.join("weights/part-1.bin"), [7; 2499]).expect("a file");
    }),
    ("a file emptied", "file-changed", "config.json: changed", |model| {
        fs::write(model.join("config.json"), b"").expect("a file");
    }),
    ("an empty file filled", "file-changed", "empty.bin: changed", |model| {
        fs::write(model.join("empty.bin"), [0]).expect("a file");
    }),
    ("two files swapped", "file-changed", "README.md: changed", |model| {
        fs::rename(model.join("README.md"), model.join("swap")).expect("a file");
        fs::rename(model.join("config.json"), model.join("README.md")).expect("a file");
        fs::rename(model.join("swap"), model.join("config.json")).expect("a file");
    }),
    ("a file over another", "file-changed", "weights/part-2.bin: changed", |model| {
        fs::copy(model.join("weights/part-1.bin"), model.join("weights/part-2.bin")).expect("a copy");
    }),
    ("a file added", "file-unsigned", "more.bin: not signed", |model| {
        fs::write(model.join("more.bin"), b"more").expect("a file");
    }),
    ("an empty file added", "file-unsigned", "more.bin: not signed", |model| {
        fs::write(model.join("more.bin"), b"").expect("a file");
    }),
    ("a hidden file added", "file-unsigned", ".env: not signed", |model| {
        fs::write(model.join(".env"), b"A=1").expect("a file");
    }),
    ("a file added in a new folder", "file-unsigned", "new/more.py: not signed", |model| {
        fs::create_dir(model.join("new")).expect("a folder");
        fs::write(model.join("new/more.py"), b"import os").expect("a file");
    }),
    ("a copy added", "file-unsigned", "config.copy.json: not signed", |model| {
        fs::copy(model.join("config.json"), model.join("config.copy.json")).expect("a copy");
    }),
    ("a file of Git added below the top", "file-unsigned", "weights/.git/config: not signed", |model| {
        fs::create_dir(model.join("weights/.git")).expect("a folder");
        fs::write(model.join("weights/.git/config"), b"[core]").expect("a file");
    }),
    ("a file added that is almost Git's", "file-unsigned", ".gitmodules: not signed", |model| {
        fs::write(model.join(".gitmodules"), b"[submodule]").expect("a file");
    }),
    ("a file removed", "file-missing", "config.json: missing", |model| {
        fs::remove_file(model.join("config.json")).expect("a file");
    }),
    ("an empty file removed", "file-missing", "empty.bin: missing", |model| {
        fs::remove_file(model.join("empty.bin")).expect("a file");
    }),
    ("a twin removed", "file-missing", "weights/part-2.copy.bin: missing", |model| {
        fs::remove_file(model.join("weights/part-2.copy.bin")).expect("a file");
    }),
    ("a folder removed", "file-missing", "weights/part-2.bin: missing", |model| {
        fs::remove_dir_all(model.join("weights")).expect("a folder");
    }),
    ("everything removed", "file-missing", "README.md: missing", |model| {
        fs::remove_dir_all(model).expect("a folder");
        fs::create_dir(model).expect("a folder");
    }),
    ("a file renamed", "file-renamed", "config.json: renamed to \"settings.json\"", |model| {
        fs::rename(model.join("config.json"), model.join("settings.json")).expect("a file");
    }),
    ("a file renamed with a space behind", "file-renamed", "config.json: renamed to \"config.json \"", |model| {
        fs::rename(model.join("config.json"), model.join("config.json ")).expect("a file");
    }),
    ("a file moved", "file-renamed", "config.json: renamed to \"weights/config.json\"", |model| {
        fs::rename(model.join("config.json"), model.join("weights/config.json")).expect("a file");
    }),
    ("a folder renamed", "file-renamed", "tokenizer/vocab.txt: renamed to \"tokeniser/vocab.txt\"", |model| {
        fs::rename(model.join("tokenizer"), model.join("tokeniser")).expect("a folder");
    }),
    ("a folder in place of a file", "file-missing", "config.json: missing", |model| {
        fs::remove_file(model.join("config.json")).expect("a file");
        fs::create_dir(model.join("config.json")).expect("a folder");
    }),
    ("a file in place of a folder", "file-missing", "tokenizer/vocab.txt: missing", |model| {
        fs::remove_dir_all(model.join("tokenizer")).expect("a folder");
        fs::write(model.join("tokenizer"), b"vocab").expect("a file");
    }),
    (
        "line endings turned to CRLF",
        "file-line-endings",
        "README.md: the signed content with its line endings",
        |model| {
            fs::write(model.join("README.md"), b"# A model\r\n").expect("a file");
        },
    ),
    ("line endings turned to LF", "file-line-endings", "tokenizer/vocab.txt: the signed content", |model| {
        fs::write(model.join("tokenizer/vocab.txt"), b"one\ntwo\n").expect("a file");
    }),
    ("a pointer to the signed content", "file-lfs-pointer", "config.json: a Git LFS pointer to the signed", |model| {
        let digest = sha256(MODEL.iter().find(|(name, _)| *name == "config.json").expect("a file").1);
        fs::write(model.join("config.json"), pointer(&digest)).expect("a file");
    }),
    ("a pointer to other content", "file-lfs-pointer", "config.json: a Git LFS pointer where content", |model| {
        fs::write(model.join("config.json"), pointer(&"0".repeat(64))).expect("a file");
    }),
];

/// What shards tell more exactly, or tell at all.
const SHARDED: &[Row] = &[
    ("a byte of the first", "file-changed", "weights/part-1.bin: changed in bytes 0-1000", |model| {
        let content = [&[8][..], &[7; 2499]].concat();
        fs::write(model.join("weights/part-1.bin"), content).expect("a file");
    }),
    ("a byte of the last", "file-changed", "weights/part-1.bin: changed in bytes 2000-2500", |model| {
        let content = [&[7; 2499][..], &[8]].concat();
        fs::write(model.join("weights/part-1.bin"), content).expect("a file");
    }),
    ("a shard cut off", "file-changed", "weights/part-1.bin: changed in bytes 2000-2500", |model| {
        fs::write(model.join("weights/part-1.bin"), [7; 2000]).expect("a file");
    }),
    ("a shard appended", "file-changed", "weights/part-2.bin: changed in bytes 1000-2000", |model| {
        fs::write(model.join("weights/part-2.bin"), [9; 2000]).expect("a file");
    }),
    ("a file emptied", "file-changed", "weights/part-2.bin: changed in bytes 0-1000", |model| {
        fs::write(model.join("weights/part-2.bin"), b"").expect("a file");
    }),
    ("an empty file filled", "file-unsigned", "empty.bin: not signed", |model| {
        fs::write(model.join("empty.bin"), [0]).expect("a file");
    }),
    ("a file added", "file-unsigned", "more.bin: not signed", |model| {
        fs::write(model.join("more.bin"), [1]).expect("a file");
    }),
    ("a file removed", "file-missing", "config.json: missing", |model| {
        fs::remove_file(model.join("config.json")).expect("a file");
    }),
    ("a file renamed", "file-renamed", "weights/part-1.bin: renamed to \"part-1.bin\"", |model| {
        fs::rename(model.join("weights/part-1.bin"), model.join("part-1.bin")).expect("a file");
    }),
];

fn sha256(content: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(content))
}

fn pointer(digest: &str) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 14\n")
}
