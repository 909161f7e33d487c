//! The records of entries: headers and a directory that contradict each other, and features of ZIP that a package has none
//! of.

use super::super::archive::{Archive, crc32};
use super::super::scene::Scene;
use super::{Case, case};

const FILE: &str = "model/config.json";
const PROFILE: &str = "package-profile";
const HEADER: &str = "package-header";

pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    [disagreements(scene), features(scene)].into_iter().flatten().collect()
}

/// Header and directory say different things.
fn disagreements(scene: &Scene) -> Vec<Case> {
    let archive = || scene.parts.archive();
    let crc = crc32(b"other").to_le_bytes();
    let unlisted = {
        let (record, next) = (archive().place(FILE).record, archive().place("model/empty.bin").record);
        let mut archive = archive();
        archive.bytes.drain(record..next);
        let removed = u64::try_from(next - record).unwrap();
        archive.with_ends(|ends| {
            ends.entries -= 1;
            ends.directory_bytes = ends.directory_bytes.min(u64::MAX - removed);
        })
    };
    vec![
        case(
            "another name in the header",
            archive().in_header(FILE, 30, b"model/config.jsom").bytes,
            HEADER,
            "disagree: the name",
        ),
        case(
            "another name in the directory",
            archive().in_record(FILE, 46, b"model/config.jsom").bytes,
            HEADER,
            "disagree: the name",
        ),
        case(
            "another checksum in the header",
            archive().in_header(FILE, 14, &crc).bytes,
            HEADER,
            "disagree: the checksum",
        )
        .streamed("package-crc", "model/config.json"),
        case(
            "another checksum in the directory",
            archive().in_record(FILE, 16, &crc).bytes,
            HEADER,
            "disagree: the checksum",
        ),
        case(
            "another size in the header",
            archive().in_header(FILE, 18, &[13, 0, 0, 0, 13]).bytes,
            HEADER,
            "disagree: the size",
        )
        .streamed("package-crc", "model/config.json"),
        case(
            "another size in the directory",
            archive().in_record(FILE, 20, &[13, 0, 0, 0, 13]).bytes,
            "package-gap",
            "before model/empty.bin",
        )
        .streamed(HEADER, "disagree: the size"),
        case("no header", archive().in_header(FILE, 0, b"PK\x03\x05").bytes, HEADER, "there is no header")
            .streamed("package-gap", "before the directory"),
        case("an entry that the directory leaves out", unlisted.bytes, "package-gap", "before model/empty.bin")
            .streamed(HEADER, "disagree"),
    ]
}

/// What ZIP can do and a package does not.
fn features(scene: &Scene) -> Vec<Case> {
    let archive = || scene.parts.archive();
    let both = |at: usize, bytes: &[u8]| archive().in_both(FILE, at, bytes).bytes;
    let record = |at: usize, bytes: &[u8]| archive().in_record(FILE, at, bytes).bytes;
    let commented = archive().in_record(FILE, 32, &[5, 0]);
    let at = commented.place(FILE).record + 46 + FILE.len();
    let padding = archive().place(FILE).header + 30 + FILE.len();
    vec![
        case("a compressed file", compressed(scene).bytes, PROFILE, "it is compressed"),
        case("compressed by the record alone", record(10, &[8]), PROFILE, "it is compressed")
            .streamed(PROFILE, "it is compressed"),
        case("an encrypted file", both(6, &[1]), PROFILE, "it is encrypted"),
        case("a data descriptor", descriptor(scene).bytes, PROFILE, "come after its content"),
        case("a name in another encoding", both(7, &[0]), PROFILE, "a name in UTF-8"),
        case("a time", both(10, &[1]), PROFILE, "a time other than"),
        case("a date", both(12, &[0x22]), PROFILE, "a time other than"),
        case("a later version needed", both(4, &[63]), PROFILE, "the version it needs"),
        case("a bomb's two sizes", both(22, &[0, 0, 0, 0x7f]), PROFILE, "two sizes"),
        case("a size that stands nowhere", both(18, &[0xff; 8]), PROFILE, "nowhere"),
        case("a symbolic link", record(40, &[0xff, 0xa1]), PROFILE, "not a regular file"),
        case("a device by its mode", record(40, &[0xa4, 0x21]), PROFILE, "not a regular file"),
        case("a folder by its mode", record(40, &[0xed, 0x41]), PROFILE, "not a regular file"),
        case("a program that can be run", record(40, &[0xed, 0x81]), PROFILE, "not a regular file of mode 644"),
        case(
            "a program with the rights of its owner",
            record(40, &[0xed, 0x89]),
            PROFILE,
            "not a regular file of mode 644",
        ),
        case("made on MS-DOS", record(5, &[0]), PROFILE, "another system than Unix"),
        case("an entry's comment", commented.inserted(at, b"hello").bytes, PROFILE, "it has a comment"),
        case("an entry on another disk", record(34, &[1]), PROFILE, "on another disk"),
        case(
            "something in the padding",
            archive().patched(padding + 8, b"secret").bytes,
            PROFILE,
            "the extra fields of its header",
        ),
        case(
            "padding of another kind",
            archive().patched(padding, &[0xfe, 0xca]).bytes,
            PROFILE,
            "the extra fields of its header",
        ),
        case(
            "another first content",
            scene.parts.clone().set("mimetype", "application/vnd.secureml.package+zup").bytes(),
            "package-mimetype",
            "does not say that",
        ),
    ]
}

/// A file as a real ZIP program compresses it, in one stored block.
fn compressed(scene: &Scene) -> Archive {
    let content = scene.parts.get(FILE);
    let size = u16::try_from(content.len()).unwrap();
    let deflated = [&[1][..], &size.to_le_bytes(), &(!size).to_le_bytes(), content].concat();
    let archive = scene.parts.clone().set(FILE, deflated).archive();
    let archive = archive.in_both(FILE, 8, &[8]).in_both(FILE, 14, &crc32(content).to_le_bytes());
    archive.in_both(FILE, 22, &u32::from(size).to_le_bytes()).in_both(FILE, 4, &[20])
}

/// A file whose size and checksum follow it, as programs write it that do not know them before.
fn descriptor(scene: &Scene) -> Archive {
    let place = scene.parts.archive().place(FILE).clone();
    let size = u32::try_from(place.content.len()).unwrap().to_le_bytes();
    let crc = crc32(scene.parts.get(FILE)).to_le_bytes();
    let behind = [&b"PK\x07\x08"[..], &crc, &size, &size].concat();
    let archive = scene.parts.archive().inserted(place.content.end, &behind);
    archive.in_both(FILE, 6, &[8]).in_header(FILE, 14, &[0; 12])
}
