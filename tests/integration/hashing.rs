//! Digests: every hash, whole files and shards of every size, against the hashes' own libraries and OpenSSL.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use secureml::crypto::Curve;

use crate::openssl::OpenSsl;
use crate::signed::{Listed, one_shot, resources, root_digest, statement};
use crate::support::{Fixture, MODEL, assert_accepted, assert_refused, json, run};

const HASHES: [&str; 3] = ["sha256", "blake2b", "blake3"];

/// Shard sizes: of one byte, of no round number, of a round one, larger than every file.
const SHARDS: [usize; 4] = [1, 7, 1000, 1_000_000];

#[test]
fn every_hash_and_method_lists_what_its_library_says() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    for hash in HASHES {
        for shard in SHARDS.map(Some).into_iter().chain([None]) {
            let name = format!("{hash} {shard:?}");
            let size = shard.map(|shard| shard.to_string());
            let mut words = vec!["--hash", hash];
            if let Some(size) = &size {
                words.extend(["--method", "shards", "--shard-size", size]);
            }
            let expected = expected(hash, shard);
            let root = root_digest(&expected);
            let signed = fixture.sign(&key, &words);
            assert_accepted(&name, &signed);
            assert_eq!(resources(&fixture.signature()), expected, "{name}");
            let statement = statement(&fixture.signature());
            assert_eq!(statement["subject"][0]["digest"]["sha256"], root, "{name}");
            let settings = &statement["predicate"]["serialization"];
            assert_eq!(settings["hash_type"], hash);
            assert_eq!(settings["method"], if shard.is_some() { "shards" } else { "files" });
            assert_eq!(settings["shard_size"].as_u64(), shard.map(|shard| shard.try_into().unwrap()), "{name}");
            assert_eq!(json(&signed)["manifest"]["digest"], format!("sha256:{root}"), "{name}");
            assert_eq!(digest(&fixture.model(), &words), root, "{name}");
            assert_accepted(&name, &fixture.verify(&key, &[]));
        }
    }
}

#[test]
fn every_hash_and_method_sees_one_changed_byte() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P384);
    let file = fixture.model().join("weights/part-1.bin");
    let content = fs::read(&file).unwrap();
    for hash in HASHES {
        for (shard, text) in [
            ("", "weights/part-1.bin: changed"),
            ("1", "weights/part-1.bin: changed in bytes 1234-1235"),
            ("7", "weights/part-1.bin: changed in bytes 1232-1239"),
            ("1000", "weights/part-1.bin: changed in bytes 1000-2000"),
            ("1MB", "weights/part-1.bin: changed in bytes 0-2500"),
        ] {
            let shards = ["--hash", hash, "--method", "shards", "--shard-size", shard];
            let words = if shard.is_empty() { shards.get(..2).unwrap() } else { shards.as_slice() };
            fs::write(&file, &content).unwrap();
            assert_accepted(text, &fixture.sign(&key, words));
            let mut changed = content.clone();
            changed[1234] ^= 0x80;
            fs::write(&file, changed).unwrap();
            let found = assert_refused(hash, &fixture.verify(&key, &[]), "file-changed", text);
            assert_eq!(found, text, "{hash}");
        }
    }
}

#[test]
fn shards_see_a_file_that_grew_or_shrank() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let file = fixture.model().join("weights/part-1.bin");
    let signed = ["--method", "shards", "--shard-size", "1000"];
    assert_accepted("sign", &fixture.sign(&key, &signed));
    for (length, reason) in [
        (2499, "changed in bytes 2000-2500"),
        (2501, "changed in bytes 2000-2500"),
        (3500, "changed in bytes 2000-2500, 3000-3500"),
        (2000, "changed in bytes 2000-2500"),
        (1000, "changed in bytes 1000-2000, 2000-2500"),
        (0, "changed in bytes 0-1000, 1000-2000, 2000-2500"),
    ] {
        fs::write(&file, vec![7; length]).unwrap();
        assert_refused(reason, &fixture.verify(&key, &[]), "file-changed", &format!("weights/part-1.bin: {reason}"));
    }
}

/// Reads, batches, hand-overs and subtrees end at these sizes.
#[test]
fn sizes_around_every_block() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.bin");
    let openssl = OpenSsl::find(folder.path());
    let around = |size: usize| [size - 1, size, size + 1];
    let blocks = [64 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20, 4 << 20, 8 << 20, 16 << 20, 32 << 20];
    let data = noise(33 << 20);
    for size in [0, 1, 1023, 1024, 1025].into_iter().chain(blocks.into_iter().flat_map(around)) {
        fs::write(&file, &data[..size]).unwrap();
        for hash in HASHES {
            let content = one_shot(hash, &data[..size]);
            assert_eq!(digest(&file, &["--hash", hash]), of_digests(&[content]), "{hash} of {size} bytes");
        }
        if let Some(openssl) = &openssl {
            for (hash, name) in [("sha256", "-sha256"), ("blake2b", "-blake2b512")] {
                let printed = openssl.run(&format!("dgst -r {name} model.bin"));
                let content = printed.split(' ').next().unwrap().to_owned();
                assert_eq!(digest(&file, &["--hash", hash]), of_digests(&[content]), "{hash} of {size} bytes");
            }
        }
    }
}

#[test]
fn shards_around_every_block() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.bin");
    let data = noise((33 << 20) + 5);
    fs::write(&file, &data).unwrap();
    for shard in
        [(256 << 10) - 1, 1_000_000, (1 << 20) + 1, 4 << 20, 10_000_000, (16 << 20) - 1, (16 << 20) + 1, 1 << 30]
    {
        for hash in HASHES {
            let words = ["--hash", hash, "--method", "shards", "--shard-size", &shard.to_string()];
            // Names begin alike, so their order is that of the texts `start:end`.
            let ranges = (0..data.len()).step_by(shard).map(|start| start..data.len().min(start + shard));
            let mut shards: Vec<_> = ranges.map(|range| (format!("{}:{}", range.start, range.end), range)).collect();
            shards.sort_by(|a, b| a.0.cmp(&b.0));
            let digests: Vec<_> = shards.into_iter().map(|(_, range)| one_shot(hash, &data[range])).collect();
            assert_eq!(digest(&file, &words), of_digests(&digests), "{hash} in shards of {shard}");
        }
    }
}

/// Large and small files together: who hashes what must not matter.
#[test]
fn a_mixture_of_sizes_has_one_digest() {
    let sizes = [3 << 20, 1, 40 << 20, 0, 17 << 20, 1 << 20, (1 << 20) + 1, 5 << 20, 100_000];
    let data = noise(40 << 20);
    let folder = tempfile::tempdir().unwrap();
    for (index, size) in (0..).zip(sizes) {
        fs::write(folder.path().join(format!("file-{index}")), &data[..size]).unwrap();
    }
    for index in 0..300 {
        fs::write(folder.path().join(format!("small-{index:03}")), &data[..index * 11]).unwrap();
    }
    for hash in HASHES {
        let all = sizes.into_iter().chain((0..300).map(|index| index * 11));
        let digests: Vec<_> = all.map(|size| one_shot(hash, &data[..size])).collect();
        for round in 0..5 {
            assert_eq!(digest(folder.path(), &["--hash", hash]), of_digests(&digests), "{hash}, round {round}");
        }
    }
}

#[test]
fn too_many_shards_are_misuse() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    // Zeros that take no room on the disk.
    fs::File::create(fixture.model().join("large.bin")).unwrap().set_len(2_100_000).unwrap();
    let output = fixture.sign(&key, &["--method", "shards", "--shard-size", "1"]);
    assert_eq!(output.status.code(), Some(2));
    let error = &json(&output)["error"];
    assert_eq!(error["causes"][0], "the model has more than 1000000 shards, choose larger ones");
    assert_eq!(error["help"], "give a larger --shard-size");
}

/// What the signed list of the usual model must be.
fn expected(hash: &str, shard: Option<usize>) -> Vec<Listed> {
    let mut listed = Vec::new();
    for (name, content) in MODEL {
        let entry = |name: String, bytes: &[u8]| (name, hash.to_owned(), one_shot(hash, bytes));
        match shard {
            None => listed.push(entry((*name).to_owned(), content)),
            Some(size) => listed.extend((0..).zip(content.chunks(size)).map(|(index, bytes)| {
                let start: usize = index * size;
                entry(format!("{name}:{start}:{}", start + bytes.len()), bytes)
            })),
        }
    }
    listed.sort();
    listed
}

/// The digest that the program prints for a model.
fn digest(model: &Path, words: &[&str]) -> String {
    let words = ["digest"].iter().chain(words).map(OsStr::new);
    let output = run(words.chain([model.as_os_str()]));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.strip_prefix("sha256:").and_then(|text| text.strip_suffix('\n')).expect("one line").to_owned()
}

/// The digest of a model whose files have these digests.
fn of_digests(digests: &[String]) -> String {
    let listed: Vec<Listed> = digests.iter().map(|digest| (String::new(), String::new(), digest.clone())).collect();
    root_digest(&listed)
}

/// Bytes of which no two blocks are alike, the same in every run.
fn noise(length: usize) -> Vec<u8> {
    let mut data = vec![0; length];
    blake3::Hasher::new().finalize_xof().fill(&mut data);
    data
}
