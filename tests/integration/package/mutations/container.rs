//! The container: bytes before, between and behind, end records that point elsewhere, entries in other places. Manifest
//! and signatures stay as they are.

use super::super::archive::Archive;
use super::super::parts::{MANIFEST, Parts};
use super::super::scene::Scene;
use super::{Case, REPORT, case};

const FILE: &str = "model/config.json";
const END: &str = "package-end";
const HEADER: &str = "package-header";
const TRUNCATED: &str = "package-truncated";

pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    [outside(scene), ends(scene), places(scene), between(scene), order(scene)].into_iter().flatten().collect()
}

/// Too much, or too little.
fn outside(scene: &Scene) -> Vec<Case> {
    let whole = scene.parts.bytes();
    let cut = |length: usize| whole[..length].to_vec();
    let archive = scene.parts.archive();
    let content = archive.place("model/weights/part-2.bin").content.clone();
    let (directory, length) = (archive.directory(), whole.len());
    vec![
        case(
            "a shell script before",
            [b"#!/bin/sh\nexit\n", &*whole].concat(),
            "package-prefix",
            "does not begin with",
        ),
        case("a zero byte before", [b"\0", &*whole].concat(), "package-prefix", "does not begin with"),
        case("a zero byte behind", [&*whole, b"\0"].concat(), "package-trailer", "behind the end"),
        case("a kilobyte behind", [&*whole, &[b'x'; 1024]].concat(), "package-trailer", "behind the end"),
        case("two packages in one", [&*whole, &*whole].concat(), END, "the ZIP64 locator points elsewhere")
            .streamed("package-trailer", "behind the end"),
        case("another package behind", [&*whole, &*scene.sibling.bytes()].concat(), END, "points elsewhere")
            .streamed("package-trailer", "behind the end"),
        case("nothing", Vec::new(), TRUNCATED, "cut short"),
        case("something else", b"{\"model\": 1}\n".repeat(20), "package-prefix", "does not begin with"),
        case("cut in the first header", cut(20), TRUNCATED, "cut short"),
        case("cut before the model", cut(archive.place(FILE).header), TRUNCATED, "cut short"),
        case("cut in a file", cut(content.start + 500), TRUNCATED, "cut short"),
        case("cut before the directory", cut(directory), TRUNCATED, "cut short"),
        case("cut in the directory", cut(directory + 60), TRUNCATED, "cut short"),
        case("cut before the end records", cut(length - 98), TRUNCATED, "cut short"),
        case("cut in the end records", cut(length - 30), TRUNCATED, "cut short"),
        case("one byte missing", cut(length - 1), TRUNCATED, "its end is missing")
            .streamed(TRUNCATED, "the end is missing"),
    ]
}

/// The records at the end.
fn ends(scene: &Scene) -> Vec<Case> {
    let archive = || scene.parts.archive();
    let mut second = archive().bytes;
    second.extend_from_within(second.len() - 22..);
    let mut comment = archive().before_end(2, &[5, 0]).bytes;
    comment.extend(b"hello");
    let not_there = "they do not describe the directory";
    vec![
        case("a second end record", second, END, "there are two of them").streamed("package-trailer", "behind the end"),
        case("a comment", comment, END, "there is a comment").streamed(END, "the old record contradicts"),
        case(
            "the length of a comment alone",
            archive().before_end(2, &[5, 0]).bytes,
            END,
            "the old record contradicts",
        ),
        case("one entry too many", archive().with_ends(|ends| ends.entries += 1).bytes, END, "fewer entries than they")
            .streamed(END, not_there),
        case("one entry too few", archive().with_ends(|ends| ends.entries -= 1).bytes, END, "more than the entries")
            .streamed(END, not_there),
        case("no entries by the end", archive().with_ends(|ends| ends.entries = 0).bytes, END, "more than the entries")
            .streamed(END, not_there),
        case(
            "a million and one entries",
            archive().with_ends(|ends| ends.entries = 1_000_001).bytes,
            "package-limit",
            "more than 1000000 entries",
        ),
        case(
            "2^64 - 1 entries",
            archive().with_ends(|ends| ends.entries = u64::MAX).bytes,
            "package-limit",
            "more than 1000000 entries",
        ),
        case(
            "as many entries as there is no place for",
            archive().with_ends(|ends| ends.entries = 999_999).bytes,
            END,
            "place for",
        ),
    ]
}

/// The places and disks that they name.
fn places(scene: &Scene) -> Vec<Case> {
    let archive = || scene.parts.archive();
    let count = u64::try_from(scene.parts.entries.len()).unwrap();
    vec![
        case(
            "two counts of entries",
            archive().before_end(14, &[u8::try_from(count + 1).unwrap()]).bytes,
            END,
            "contradicts",
        ),
        case(
            "a directory of 2^64 - 1 bytes",
            archive().with_ends(|ends| ends.directory_bytes = u64::MAX).bytes,
            END,
            "points elsewhere",
        ),
        case(
            "the directory elsewhere",
            archive().with_ends(|ends| ends.directory_offset = 4096).bytes,
            END,
            "points elsewhere",
        ),
        case("the locator elsewhere", archive().before_end(34, &[1]).bytes, END, "points elsewhere"),
        case("no locator", archive().before_end(42, b"PK\x06\x08").bytes, END, "no ZIP64 locator"),
        case("no ZIP64 record", archive().before_end(98, b"PK\x06\x05").bytes, END, "no ZIP64 record")
            .streamed(END, "they do not follow the directory"),
        case("two disks", archive().before_end(26, &[2]).bytes, END, "other disks"),
        case("the end on another disk", archive().before_end(18, &[1]).bytes, END, "contradicts"),
        case("an interrupted addition", interrupted(scene), END, "fewer entries")
            .streamed("package-gap", "before the directory"),
    ]
}

/// A package whose end is overwritten by the begin of a new entry.
fn interrupted(scene: &Scene) -> Vec<u8> {
    let archive = scene.parts.archive();
    let begin = Archive::of(&[("secureml/signatures/02-x.sigstore.json", b"{}".repeat(40))]);
    let directory = archive.directory();
    archive.patched(directory, &begin.bytes[..150]).bytes
}

/// Bytes that belong to nothing, and bytes that belong to two entries.
fn between(scene: &Scene) -> Vec<Case> {
    let archive = || scene.parts.archive();
    let place = |name: &str| archive().place(name).clone();
    let hidden = b"PK\x03\x04 hidden";
    let (file, last) = (place(FILE), archive().directory());
    let gap = "package-gap";
    let moved = |by: u32| {
        let offset = u32::try_from(file.header).unwrap().wrapping_add(by).to_le_bytes();
        archive().in_record(FILE, 42, &offset).bytes
    };
    let first = u32::try_from(place("model/README.md").header).unwrap().to_le_bytes();
    vec![
        case(
            "bytes before an entry",
            archive().inserted(place(REPORT).header, b"hidden").bytes,
            gap,
            "stand before secureml/reports",
        )
        .streamed(gap, "stand before the directory"),
        case("an entry that is not listed", archive().inserted(last, hidden).bytes, gap, "stand before the directory")
            .streamed(TRUNCATED, ""),
        case(
            "bytes before the directory",
            archive().inserted(last, b"hidden").bytes,
            gap,
            "stand before the directory",
        ),
        case("an entry that begins later", moved(1), gap, "stand before model/config.json")
            .streamed(HEADER, "where it begins"),
        case("an entry that begins earlier", moved(u32::MAX), "package-overlap", "model/config.json overlaps")
            .streamed(HEADER, "where it begins"),
        case(
            "two entries in one place",
            archive().in_record(FILE, 42, &first).bytes,
            "package-overlap",
            "model/config.json overlaps",
        )
        .streamed(HEADER, "where it begins"),
        case(
            "a size into the next entry",
            archive().in_both(FILE, 18, &[0, 4, 0, 0, 0, 4]).bytes,
            "package-overlap",
            "model/empty.bin overlaps",
        )
        .streamed("package-crc", ""),
        case(
            "a bomb by its size",
            archive().in_both(FILE, 18, &[0xf0, 0xff, 0xff, 0xff, 0xf0, 0xff, 0xff, 0xff]).bytes,
            "package-overlap",
            "overlaps",
        )
        .streamed(TRUNCATED, "cut short"),
    ]
}

/// Entries in other places, and twice.
fn order(scene: &Scene) -> Vec<Case> {
    let parts = || scene.parts.clone();
    let moved = |name: &str, before: &str| {
        let content = scene.parts.get(name).to_vec();
        parts().without(name).with(before, name, content).bytes()
    };
    let last = |name: &str| {
        let mut parts: Parts = parts().without(name);
        parts.entries.push((name.to_owned(), scene.parts.get(name).to_vec()));
        parts.bytes()
    };
    let rule = "package-order";
    vec![
        case("no mimetype", parts().without("mimetype").bytes(), rule, "the first entry must be mimetype"),
        case("the manifest first", moved(MANIFEST, "mimetype"), rule, "the first entry must be mimetype"),
        case("no manifest", parts().without(MANIFEST).bytes(), rule, "the second entry must be the manifest"),
        case("the model signature last", last("model.sig"), rule, "comes later stands before it"),
        case(
            "the package signature last",
            last("secureml/package.sigstore.json"),
            rule,
            "comes later stands before it",
        ),
        case("the README last", last("README"), rule, "comes later stands before it"),
        case("a report before the fingerprint", moved(REPORT, "secureml/fingerprint.json"), rule, "comes later stands"),
        case("files not sorted", moved("model/tokenizer/vocab.txt", FILE), rule, "sorted by their bytes"),
        case(
            "a signature with a lower number",
            last_signature(scene, "secureml/signatures/00-x.sigstore.json"),
            rule,
            "the numbers of signatures must rise",
        ),
        case("a file twice", parts().with(FILE, FILE, "{}").bytes(), "package-twin", "it is there twice"),
        case(
            "the manifest twice",
            parts().with("model.sig", MANIFEST, "{}").bytes(),
            "package-twin",
            "it is there twice",
        ),
        case(
            "only the first entry",
            Parts { entries: parts().entries[..1].to_vec() }.bytes(),
            "package-missing",
            "the package has no secureml/manifest.json",
        ),
    ]
}

fn last_signature(scene: &Scene, name: &str) -> Vec<u8> {
    let mut parts = scene.parts.clone();
    parts.entries.push((name.to_owned(), b"{}".to_vec()));
    parts.bytes()
}
