//! Things that are no file, in place of files and beside them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{FileType, Mode, mknodat};
use serde_json::json;

use super::model::{Row, under_the_usual_signature};
use super::scene::{Case, Scene};

/// Every change that puts something else where files were.
pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let mut statement = scene.statement.clone();
    statement["predicate"]["serialization"]["allow_symlinks"] = json!(true);
    let signature = scene.signed(&statement.to_string());
    let allowed = |&(name, rule, says, model): &Row| {
        scene.case(format!("model with links: {name}"), rule, says).model(model).signature(signature.clone())
    };
    let denied = scene.case("model with links: one, denied by the verifier", "file-link", "is a symbolic link, signed");
    let denied = denied.model(link_in_place).signature(signature.clone()).words(&["--deny-symlinks"]);
    let mut cases = under_the_usual_signature(scene, ROWS);
    cases.extend(ALLOWED.iter().map(allowed));
    cases.push(denied);
    let beyond = "model: a link in place of a folder, unsigned files ignored";
    let beyond =
        scene.case(beyond, "file-link", "weights: is a symbolic link, not signed").words(&["--ignore-unsigned-files"]);
    cases.push(beyond.model(folder_link_in_place));
    cases
}

/// Under a signature that allows no links.
const ROWS: &[Row] = &[
    ("a link in place of a file", "file-link", "config.json: is a symbolic link, signed as a file", |model| {
        link_in_place(model);
    }),
    ("a link to a twin", "file-link", "weights/part-2.copy.bin: is a symbolic link, signed", |model| {
        fs::remove_file(model.join("weights/part-2.copy.bin")).expect("a file");
        symlink("part-2.bin", model.join("weights/part-2.copy.bin")).expect("a link");
    }),
    ("a link added", "file-link", "more.json: is a symbolic link, not signed", |model| {
        symlink("config.json", model.join("more.json")).expect("a link");
    }),
    ("a link in place of a folder", "file-link", "weights: is a symbolic link, not signed", folder_link_in_place),
    ("a link to nothing added", "file-link", "more.json: is a symbolic link, not signed", |model| {
        symlink("nothing", model.join("more.json")).expect("a link");
    }),
    ("a pipe in place of a file", "file-special", "config.json: is a named pipe, signed as a file", |model| {
        fs::remove_file(model.join("config.json")).expect("a file");
        pipe(&model.join("config.json"));
    }),
    ("a pipe added", "file-special", "pipe: is a named pipe, not signed", |model| pipe(&model.join("pipe"))),
    ("a name that is not UTF-8", "file-name-not-utf8", "has a name that is not UTF-8, not signed", |model| {
        fs::write(model.join(OsStr::from_bytes(b"more\xff.bin")), b"more").expect("a file");
    }),
    ("a file in place of the model", "model-kind", "the model is a single file, a folder was signed", |model| {
        fs::remove_dir_all(model).expect("a folder");
        fs::write(model, b"model").expect("a file");
    }),
    ("a link in place of the model", "model-not-a-file", "is a symbolic link", |model| {
        fs::rename(model, model.with_file_name("real")).expect("a folder");
        symlink("real", model).expect("a link");
    }),
];

/// Under a signature whose signer followed links to files.
const ALLOWED: &[Row] = &[
    ("one to other content", "file-changed", "config.json: changed", |model| {
        fs::remove_file(model.join("config.json")).expect("a file");
        symlink("README.md", model.join("config.json")).expect("a link");
    }),
    ("one added", "file-unsigned", "more.json: not signed", |model| {
        symlink("config.json", model.join("more.json")).expect("a link");
    }),
    ("one to nothing", "file-link", "config.json: is a symbolic link to nothing, signed as a file", |model| {
        fs::remove_file(model.join("config.json")).expect("a file");
        symlink("nothing", model.join("config.json")).expect("a link");
    }),
    ("one to itself", "file-link", "config.json: is a symbolic link to nothing, signed as a file", |model| {
        fs::remove_file(model.join("config.json")).expect("a file");
        symlink("config.json", model.join("config.json")).expect("a link");
    }),
    (
        "one in place of a folder",
        "file-link",
        "weights: is a symbolic link to a folder, not signed",
        folder_link_in_place,
    ),
    ("one to a folder, added", "file-link", "more: is a symbolic link to a folder, not signed", |model| {
        symlink("weights", model.join("more")).expect("a link");
    }),
];

/// The signed bytes, reached through a link to a place outside the model.
fn link_in_place(model: &Path) {
    fs::rename(model.join("config.json"), model.join("../config.json")).expect("a file");
    symlink("../config.json", model.join("config.json")).expect("a link");
}

/// The signed folder, reached through a link to a place outside the model.
fn folder_link_in_place(model: &Path) {
    fs::rename(model.join("weights"), model.join("../weights")).expect("a folder");
    symlink("../weights", model.join("weights")).expect("a link");
}

fn pipe(path: &Path) {
    let folder = fs::File::open(path.parent().expect("a folder")).expect("a folder");
    let name = path.file_name().expect("a name");
    let mode = Mode::from_raw_mode(0o600);
    mknodat(folder, name, FileType::Fifo, mode, 0).expect("a pipe");
}
