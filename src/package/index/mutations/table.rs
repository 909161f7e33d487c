//! The mutations, by what they are made to.

use super::{
    FILE, Mutation, assemble, before_end, changed, in_header, in_record, interrupted_addition, other_mimetype, put,
    put_together, renamed, with_ends, with_field_in_record, with_manifest_loosely,
};
use crate::package::index::sample::{places, sample};

pub(super) const ENDS: &[Mutation] = &[
    ("an empty file", Vec::new, "package-truncated", "package-truncated", "cut short"),
    ("no package", || b"{\"a\": 1}".repeat(20), "package-prefix", "package-prefix", "does not begin"),
    ("one byte less", || changed(|p| p.truncate(p.len() - 1)), "package-truncated", "package-truncated", "its end"),
    ("no end records", || changed(|p| p.truncate(p.len() - 98)), "package-truncated", "package-truncated", "its end"),
    ("cut in a file", || changed(|p| p.truncate(5000)), "package-truncated", "package-truncated", "its end"),
    ("one byte more", || changed(|p| p.push(0)), "package-trailer", "package-trailer", "behind the end"),
    ("a kilobyte more", || changed(|p| p.extend([0; 1024])), "package-trailer", "package-trailer", "behind the end"),
    ("a shell before it", || [b"#!/bin/sh\n", &sample()[..]].concat(), "package-prefix", "package-prefix", "begin"),
    ("two packages", || sample().repeat(2), "package-end", "package-trailer", "locator points elsewhere"),
    ("a comment", || [&before_end(2, &[3, 0])[..], b"hey"].concat(), "package-end", "package-end", "a comment"),
    ("a comment's length alone", || before_end(2, &[3, 0]), "package-end", "package-end", "contradicts"),
    ("a second end", || changed(|p| p.extend_from_within(p.len() - 22..)), "package-end", "package-trailer", "two of"),
    (
        "all ends twice",
        || changed(|p| p.extend_from_within(p.len() - 98..)),
        "package-end",
        "package-trailer",
        "points",
    ),
    (
        "no ZIP64 end",
        || changed(|p| drop(p.drain(p.len() - 98..p.len() - 22))),
        "package-end",
        "package-end",
        "locator",
    ),
    ("no ZIP64 record", || before_end(98, b"PK\x06\x07"), "package-end", "package-end", "ZIP64 record"),
    ("the locator elsewhere", || before_end(34, &[9]), "package-end", "package-end", "points elsewhere"),
    ("a second disk", || before_end(26, &[2]), "package-end", "package-end", "other disks"),
    ("the end on disk 1", || before_end(18, &[1]), "package-end", "package-end", "contradicts"),
    ("the ZIP64 end on disk 1", || before_end(82, &[1]), "package-end", "package-end", "disks"),
    ("another ZIP64 version", || before_end(86, &[20]), "package-end", "package-end", "versions"),
    ("a longer ZIP64 record", || before_end(94, &[45]), "package-end", "package-end", "fields"),
    ("two counts", || before_end(14, &[1]), "package-end", "package-end", "contradicts"),
    ("one entry more", || with_ends(|ends| ends.entries += 1), "package-end", "package-end", "fewer entries"),
    ("one entry less", || with_ends(|ends| ends.entries -= 1), "package-end", "package-end", "more than the entries"),
    ("2⁴⁰ entries", || with_ends(|ends| ends.entries = 1 << 40), "package-limit", "package-limit", "1000000 entries"),
    ("999,999 entries", || with_ends(|ends| ends.entries = 999_999), "package-end", "package-end", "place for"),
    ("a huge directory", || before_end(58, &[0xff; 8]), "package-end", "package-end", "does not end where"),
    (
        "the directory one byte on",
        || {
            with_ends(|ends| {
                ends.directory_offset += 1;
                ends.directory_bytes -= 1;
            })
        },
        "package-end",
        "package-end",
        "fewer entries",
    ),
    ("an interrupted addition", interrupted_addition, "package-end", "package-truncated", "fewer entries"),
];

pub(super) const RECORDS: &[Mutation] = &[
    ("compressed", || in_record(10, &[8]), "package-profile", "package-profile", "is compressed"),
    ("encrypted", || in_record(8, &[1]), "package-profile", "package-profile", "is encrypted"),
    ("sizes behind the content", || in_record(8, &[8]), "package-profile", "package-profile", "come after"),
    ("a name in another encoding", || in_record(9, &[0]), "package-profile", "package-profile", "UTF-8"),
    ("a time", || in_record(12, &[1]), "package-profile", "package-profile", "a time"),
    ("a date", || in_record(14, &[0x22]), "package-profile", "package-profile", "a time"),
    ("a bomb's two sizes", || in_record(24, &[0xff; 3]), "package-profile", "package-profile", "two sizes"),
    ("another version", || in_record(6, &[20]), "package-profile", "package-profile", "version it needs"),
    ("made by MS-DOS", || in_record(5, &[0]), "package-profile", "package-profile", "than Unix"),
    ("an entry's comment", || in_record(32, &[1]), "package-profile", "package-profile", "comment"),
    ("on the second disk", || in_record(34, &[1]), "package-profile", "package-profile", "another disk"),
    ("a text", || in_record(36, &[1]), "package-profile", "package-profile", "internal attributes"),
    ("a symbolic link", || in_record(40, &[0xff, 0xa1]), "package-profile", "package-profile", "regular file"),
    ("a device", || in_record(40, &[0xa4, 0x61]), "package-profile", "package-profile", "regular file"),
    ("a program", || in_record(40, &[0xed, 0x81]), "package-profile", "package-profile", "mode 644"),
    ("a size nowhere", || in_record(20, &[0xff; 8]), "package-profile", "package-profile", "stands nowhere"),
    (
        "an unknown field",
        || with_field_in_record(&[0x75, 0x70, 1, 0, 1]),
        "package-profile",
        "package-profile",
        "extra fields of its record",
    ),
    (
        "a ZIP64 field for nothing",
        || {
            let mut package = with_field_in_record(&[1, 0, 8, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
            let record = places(&sample(), FILE).record;
            package[record + 6] = 45;
            package
        },
        "package-profile",
        "package-profile",
        "extra fields of its record",
    ),
    (
        "a report of 65 MiB",
        || {
            changed(|p| {
                let record = places(p, "README").record;
                put(p, record + 20, &(65_u32 << 20).to_le_bytes());
                put(p, record + 24, &(65_u32 << 20).to_le_bytes());
            })
        },
        "package-limit",
        "package-header",
        "README has 68157440 bytes",
    ),
];

pub(super) const HEADERS: &[Mutation] = &[
    ("no header", || in_header(0, b"PK\x03\x05"), "package-header", "package-gap", "no header"),
    ("a compressed header", || in_header(8, &[8]), "package-profile", "package-profile", "is compressed"),
    ("an encrypted header", || in_header(6, &[1]), "package-profile", "package-profile", "is encrypted"),
    ("a header with a descriptor", || in_header(6, &[8]), "package-profile", "package-profile", "come after"),
    ("another name in the header", || in_header(36, b"b"), "package-header", "package-header", "the name"),
    ("another checksum in the header", || in_header(14, &[0]), "package-header", "package-crc", "the checksum"),
    (
        "another size in the header",
        || in_header(18, &[6, 0, 0, 0, 6, 0, 0, 0]),
        "package-header",
        "package-crc",
        "the size",
    ),
    ("something in the padding", || in_header(60, b"secret"), "package-profile", "package-profile", "extra fields"),
    ("padding of another kind", || in_header(41, &[0xfe, 0xca]), "package-profile", "package-profile", "extra fields"),
    ("another alignment", || in_header(46, &[0x08]), "package-profile", "package-profile", "extra fields"),
    ("another checksum in the record", || in_record(16, &[0]), "package-header", "package-header", "the checksum"),
    ("another first content", other_mimetype, "package-mimetype", "package-mimetype", "is a package"),
    (
        "another first content, unnoticed",
        || changed(|p| p[40] ^= 1),
        "package-crc",
        "package-crc",
        "content of mimetype",
    ),
];

pub(super) const LAYOUT: &[Mutation] = &[
    (
        "two files in one place",
        || {
            changed(|p| {
                let place = places(p, FILE).header;
                let record = places(p, "model/config.json").record;
                put(p, record + 42, &u32::try_from(place).unwrap().to_le_bytes());
            })
        },
        "package-overlap",
        "package-header",
        "model/config.json overlaps",
    ),
    (
        "an entry that starts a little later",
        || {
            changed(|p| {
                let record = places(p, "README").record;
                p[record + 42] += 1;
            })
        },
        "package-gap",
        "package-header",
        "before README",
    ),
    (
        "an entry that is not listed",
        || put_together(&with_manifest_loosely(&[("README", "a"), (FILE, "b")]), &[0, 1, 3]),
        "package-gap",
        "package-header",
        "before model/a.bin",
    ),
    (
        "a last entry that is not listed",
        || put_together(&with_manifest_loosely(&[("README", "a"), (FILE, "b")]), &[0, 1, 2]),
        "package-gap",
        "package-header",
        "before the directory",
    ),
    (
        "an entry listed twice",
        || put_together(&with_manifest_loosely(&[(FILE, "b")]), &[0, 1, 2, 2]),
        "package-overlap",
        "package-header",
        "model/a.bin overlaps",
    ),
    (
        "a directory in another order",
        || put_together(&with_manifest_loosely(&[("README", "a"), (FILE, "b")]), &[0, 1, 3, 2]),
        "package-gap",
        "package-header",
        "before model/a.bin",
    ),
    ("no entries", || put_together(&[], &[]), "package-prefix", "package-prefix", "does not begin"),
    (
        "no manifest",
        || put_together(&with_manifest_loosely(&[])[..1], &[0]),
        "package-missing",
        "package-missing",
        "no secureml/manifest.json",
    ),
    (
        "a file in the manifest's place",
        || put_together(&[with_manifest_loosely(&[(FILE, "b")])[0].clone(), (FILE.into(), vec![])], &[0, 1]),
        "package-order",
        "package-order",
        "second entry must be the manifest",
    ),
    (
        "the manifest first",
        || put_together(&with_manifest_loosely(&[])[1..], &[0]),
        "package-order",
        "package-order",
        "first entry must be mimetype",
    ),
    ("the README last", || assemble(&[(FILE, ""), ("README", "")]), "package-order", "package-order", "comes later"),
    ("files not sorted", || assemble(&[("model/b", ""), ("model/a", "")]), "package-order", "package-order", "sorted"),
    (
        "signatures that fall",
        || assemble(&[(SECOND, ""), (FILE, ""), (FIRST, "")]),
        "package-order",
        "package-order",
        "numbers of signatures",
    ),
    (
        "a file after a later signature",
        || assemble(&[(FILE, ""), (FIRST, ""), ("model/b", "")]),
        "package-order",
        "package-order",
        "comes later",
    ),
];

pub(super) const NAMES: &[Mutation] = &[
    ("one name twice", || assemble(&[(FILE, "a"), (FILE, "a")]), "package-twin", "package-twin", "there twice"),
    ("the manifest twice", || assemble(&[(MANIFEST, "")]), "package-twin", "package-twin", "there twice"),
    (
        "upper and lower case",
        || assemble(&[("model/A", ""), ("model/a", "")]),
        "package-twin",
        "package-twin",
        "spelling",
    ),
    (
        "one letter in two spellings",
        || assemble(&[("model/e\u{301}", ""), ("model/\u{e9}", "")]),
        "package-twin",
        "package-twin",
        "another spelling",
    ),
    (
        "a file as a folder",
        || assemble(&[("model/a", ""), ("model/a/b", "")]),
        "package-twin",
        "package-twin",
        "is there as a file",
    ),
    ("a parent", || renamed(b"model/../ab"), "package-name", "package-name", "`..` part"),
    ("a dot", || renamed(b"model/./abc"), "package-name", "package-name", "`.` part"),
    ("an absolute name", || renamed(b"/etc/passwd"), "package-name", "package-name", "absolute"),
    ("a drive", || renamed(b"C:/Windows/"), "package-name", "package-name", "contains `:`"),
    ("a stream", || renamed(b"model/a:bin"), "package-name", "package-name", "contains `:`"),
    ("another separator", || renamed(b"model\\a.bin"), "package-name", "package-name", r"contains `\`"),
    ("a device's name", || renamed(b"model/NUL.x"), "package-name", "package-name", "Windows device"),
    ("a folder", || renamed(b"model/a.bi/"), "package-name", "package-name", "empty part"),
    ("an empty part", || renamed(b"model//.bin"), "package-name", "package-name", "empty part"),
    ("a NUL", || renamed(b"model/a\0bin"), "package-name", "package-name", "control character"),
    ("a line break", || renamed(b"model/a\nbin"), "package-name", "package-name", "control character"),
    ("a dot at the end", || renamed(b"model/a.bi."), "package-name", "package-name", "dot or a space"),
    ("a name that is no text", || renamed(b"model/\xff.bin"), "package-name", "package-name", "not UTF-8"),
    ("an unknown root", || renamed(b".ssh/config"), "package-name", "package-name", "no entry of a package"),
];

const MANIFEST: &str = "secureml/manifest.json";
const FIRST: &str = "secureml/signatures/01-alice.sigstore.json";
const SECOND: &str = "secureml/signatures/02-bob.sigstore.json";
