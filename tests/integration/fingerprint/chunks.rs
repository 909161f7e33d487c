//! Merkle trees over chunks of every size, held against the letter of RFC 6962.

use std::fs::File;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::fingerprint::MAX_CHUNKS;
use serde_json::json;

use super::oracle::{file_root, model_root};
use super::scene::{Scene, assert_failed, bytes};
use crate::support::{assert_accepted, assert_refused, json as answer};

#[test]
fn roots_are_those_of_rfc_6962() {
    let large = bytes(2_500);
    let names = ["a", "a/b", "a-b", "b", "z/é", "z/empty"];
    let contents: [&[u8]; 6] = [b"1", &large, b"22", &large[..1000], &large[..1001], b""];
    // `a` is a file and cannot be a folder as well.
    let files: Vec<(&str, &[u8])> = names.into_iter().zip(contents).skip(1).collect();
    let scene = Scene::with(&files);
    for (words, chunk_bytes) in [
        ("--chunk-size 1", 1),
        ("--chunk-size 3", 3),
        ("--chunk-size 1000", 1000),
        ("--chunk-size 1kB", 1000),
        ("--chunk-size 2500", 2500),
        ("--chunk-size 2501", 2501),
        ("--chunk-size 1MiB", 1 << 20),
        ("--merkle", 1 << 20),
        ("--no-merkle --merkle", 1 << 20),
        ("--chunk-size 18446744073709551615", usize::MAX),
    ] {
        let document = scene.create(words);
        let merkle = json!({"algorithm": "sha256", "chunkBytes": chunk_bytes, "root": model_root(&files, chunk_bytes)});
        assert_eq!(document["merkle"], merkle, "{words}");
        for file in document["files"].as_array().unwrap() {
            let (name, content) = files.iter().find(|(name, _)| file["path"] == *name).expect("a file of the model");
            assert_eq!(file["merkleRoot"], hex::encode(file_root(content, chunk_bytes)), "{name} with {words}");
            let leaves: Vec<u8> = content.chunks(chunk_bytes).flat_map(|chunk| file_root(chunk, chunk_bytes)).collect();
            // One leaf is the root, and is not written twice.
            let written = (content.len() > chunk_bytes).then(|| json!(STANDARD.encode(&leaves)));
            assert_eq!(file.get("chunks"), written.as_ref(), "{name} with {words}");
        }
        assert_accepted(words, &scene.run("verify model"));
    }
}

#[test]
fn there_are_no_trees_on_demand() {
    let scene = Scene::new();
    let output = scene.run("create model --no-merkle");
    assert_accepted("create", &output);
    let print = &answer(&output)["fingerprint"];
    assert!(print.get("merkle_root").is_none() && print.get("chunk_bytes").is_none(), "{print}");
    let document = scene.document("fingerprint.json");
    assert!(document.get("merkle").is_none());
    for file in document["files"].as_array().unwrap() {
        assert!(file.get("merkleRoot").is_none() && file.get("chunks").is_none(), "{file}");
    }
    assert_accepted("verify", &scene.run("verify model"));
    scene.write("model/weights/part-1.bin", [7; 2499]);
    let found = assert_refused("changed", &scene.run("verify model"), "file-changed", "weights/part-1.bin");
    assert_eq!(found, "weights/part-1.bin: changed", "no range is known");
    assert_eq!(scene.run("create model --no-merkle --chunk-size 3").status.code(), Some(2));
}

#[test]
fn chunks_are_bounded() {
    let scene = Scene::with(&[]);
    let file = File::create(scene.fixture.path("model/zeros.bin")).unwrap();
    file.set_len(MAX_CHUNKS).unwrap();
    // As many as there may be; the document can be read again.
    let most = scene.run("create model --chunk-size 1 --algorithms sha256");
    assert_accepted("most", &most);
    assert_accepted("most", &scene.run("verify model"));
    let before = scene.read("fingerprint.json");
    file.set_len(MAX_CHUNKS + 1).unwrap();
    let says = format!("the model has more than {MAX_CHUNKS} chunks of 1 bytes");
    let output = scene.run("create model --chunk-size 1 --algorithms sha256");
    assert_failed("one more", &output, 2, &[&says, "give a larger --chunk-size, or none"]);
    assert_eq!(scene.read("fingerprint.json"), before, "the old one is still there");
    assert_accepted("larger chunks", &scene.run("create model --chunk-size 2 --algorithms sha256"));
}

#[test]
fn sizes_are_numbers_of_bytes() {
    let scene = Scene::new();
    for size in ["0", "-1", "1.5", "x", "1TB", "18446744073709551616"] {
        assert_eq!(scene.run(&format!("create model --chunk-size={size}")).status.code(), Some(2), "{size}");
    }
    assert!(!scene.fixture.path("fingerprint.json").exists());
}
