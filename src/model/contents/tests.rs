use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;

fn read(name: &str, content: &[u8]) -> ModelFormat {
    ModelFormat::read(&ModelPath::new(name).unwrap(), Cursor::new(content)).unwrap()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zlib(content: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A tar archive; the kind of a member stands in front of its name.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content) in members {
        let (kind, name) = name.split_at(1);
        let mut block = [0_u8; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        block[148..156].fill(b' ');
        block[156] = kind.as_bytes()[0];
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        block[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        block[154] = 0;
        archive.extend(block);
        archive.extend(*content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.extend([0; 1024]);
    archive
}

/// A ZIP archive whose members are stored, deflated (8), or say that they are packed otherwise.
fn zip(members: &[(&str, u16, &[u8])], in_front: &[u8]) -> Vec<u8> {
    let (mut archive, mut directory) = (in_front.to_vec(), Vec::new());
    for (name, method, content) in members {
        let packed = if *method == 8 {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        } else {
            content.to_vec()
        };
        let at = u32::try_from(archive.len() - in_front.len()).unwrap();
        let mut fields = [20_u16, 0, *method, 0, 0, 0, 0].map(u16::to_le_bytes).concat();
        for size in [packed.len(), content.len()] {
            fields.extend(u32::try_from(size).unwrap().to_le_bytes());
        }
        fields.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        fields.extend([0, 0]);
        archive.extend([b"PK\x03\x04", fields.as_slice(), name.as_bytes(), &packed].concat());
        let more = [&[0; 10][..], &at.to_le_bytes()].concat();
        directory.extend([b"PK\x01\x02\x14\0", fields.as_slice(), &more, name.as_bytes()].concat());
    }
    let (start, size) = (archive.len() - in_front.len(), directory.len());
    archive.extend(directory);
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    let [size, start] = [size, start].map(|number| u32::try_from(number).unwrap().to_le_bytes());
    archive.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &start, &[0, 0]].concat());
    archive
}

const PICKLE: &[u8] = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.";
const TEXT_PICKLE: &[u8] = b"cos\nsystem\n(S'id'\ntR.";
const OBJECTS: &[u8] = b"\x93NUMPY\x01\0\x10\0{'descr': '|O'}\n\x80\x04N.";
const NUMBERS: &[u8] = b"\x93NUMPY\x01\0\x11\0{'descr': '<f4'}\n\0\0\0\0";
const WEIGHTS: &[u8] = b"\x12\0\0\0\0\0\0\0{\"__metadata__\":{}}";

#[test]
fn pickles_are_seen_in_whatever_holds_them() {
    for pickle in [PICKLE, TEXT_PICKLE, OBJECTS] {
        let padded = [&[b' '; 6000], pickle].concat();
        let holders = [
            ("gzip", gzip(pickle)),
            ("gzip twice", gzip(&gzip(pickle))),
            ("a second part of gzip", [gzip(b""), gzip(pickle)].concat()),
            ("zlib", zlib(pickle, 1)),
            ("zlib", zlib(pickle, 9)),
            ("zlib, cut", zlib(&[pickle, &padded].concat(), 6)[..60].to_vec()),
            ("tar", tar(&[("0a", WEIGHTS), ("0b", pickle)])),
            ("tar behind large members", tar(&[("0a", &padded), ("0b", &[7; 100_000]), ("0c", pickle)])),
            ("a tar without kinds", tar(&[("\0a", pickle)])),
            ("a tar of gzip", tar(&[("0a", &gzip(pickle))])),
            ("tar and gzip", gzip(&tar(&[("0a", WEIGHTS), ("0b", pickle)]))),
            ("tar in tar", tar(&[("0a", &tar(&[("0b", pickle)]))])),
            ("a pax size", tar(&[("xp", b"10 size=0\n"), ("0a", b""), ("0b", pickle)])),
            ("zip", zip(&[("a.txt", 0, &padded), ("b", 0, pickle)], b"")),
            ("deflated zip", zip(&[("a.npy", 8, NUMBERS), ("b.npy", 8, pickle)], b"")),
            ("zip in gzip", gzip(&zip(&[("b", 8, pickle)], b""))),
            ("zip in zip", zip(&[("a.zip", 0, &zip(&[("b", 8, pickle)], b""))], b"")),
            ("zip behind weights", zip(&[("b", 8, pickle)], WEIGHTS)),
            ("zip behind 70 KB", zip(&[("b", 0, pickle)], &[1; 70_000])),
        ];
        for (how, content) in holders {
            for name in ["m", "m.safetensors", "m.npz", "notes.txt"] {
                assert_eq!(read(name, &content), ModelFormat::Pickle, "{how}, {name}, {pickle:?}");
            }
        }
    }
    assert_eq!(read("m", &zip(&[("x/data.pkl", 8, b"")], WEIGHTS)), ModelFormat::PyTorch);
    assert_eq!(read("m", &gzip(&zip(&[("x/data.pkl", 0, PICKLE)], b""))), ModelFormat::PyTorch);
}

#[test]
fn text_pickles_are_read_to_their_end() {
    let long = u32::try_from(100_000).unwrap().to_le_bytes();
    let cases = [
        ("behind a long string", [b"X", &long[..], &[b'a'; 100_000], b"0", TEXT_PICKLE].concat()),
        ("behind a long line", [b"V", &[b'a'; 100_000][..], b"\n0", TEXT_PICKLE].concat()),
        ("behind many values", [&b"N0".repeat(5000)[..], TEXT_PICKLE].concat()),
        ("behind another pickle", [&b"I1\n."[..], TEXT_PICKLE].concat()),
        ("behind another, far", [b"I1\n.V", &[b'a'; 10_000][..], b"\n0", TEXT_PICKLE].concat()),
        ("behind more than anybody counts", [&b"N0".repeat(600_000)[..], TEXT_PICKLE].concat()),
    ];
    for (how, content) in cases {
        for content in [content.clone(), gzip(&content)] {
            assert_eq!(read("m", &content), ModelFormat::Pickle, "{how}");
            assert_eq!(read("m.bin", &content), ModelFormat::Pickle, "{how}");
        }
    }
    assert_eq!(read("m", &[b"X", &long[..], &[b'a'; 100_000], b"."].concat()), ModelFormat::Other, "calls nothing");
}

#[test]
fn what_is_harmless_stays_what_it_is() {
    let json = b"{\"model\": {\"type\": \"BPE\"}}".repeat(1000);
    let cases = [
        ("tokenizer.json.gz", gzip(&json), ModelFormat::Other),
        ("m.tar", tar(&[("5d/", b""), ("0a.safetensors", WEIGHTS), ("0b.json", &json)]), ModelFormat::Other),
        ("m.tar.gz", gzip(&tar(&[("0a.safetensors", WEIGHTS)])), ModelFormat::Other),
        ("m.npz", zip(&[("a.npy", 8, NUMBERS), ("b.npy", 0, NUMBERS)], b""), ModelFormat::Npz),
        ("m.zip", zip(&[("a.json", 8, &json)], b""), ModelFormat::Other),
        ("m.safetensors", zip(&[("a.json", 8, &json)], WEIGHTS), ModelFormat::Safetensors),
        ("m.safetensors", WEIGHTS.to_vec(), ModelFormat::Safetensors),
        ("m", gzip(b""), ModelFormat::Other),
        ("m", Vec::new(), ModelFormat::Other),
        ("m", zip(&[], b""), ModelFormat::Other),
        ("m", b"PK\x05\x06".to_vec(), ModelFormat::Other),
    ];
    for (name, content, format) in cases {
        assert_eq!(read(name, &content), format, "{name}");
    }
}

#[test]
fn what_cannot_be_looked_into_is_told() {
    let deep = |depth: usize, content: &[u8]| (0..depth).fold(content.to_vec(), |inner, _| gzip(&inner));
    let mut encrypted = zip(&[("a", 0, WEIGHTS)], b"");
    let directory = encrypted.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    encrypted[directory + 8] = 1;
    let cases = [
        ("xz in tar", tar(&[("0a", b"\xfd7zXZ\0\0\x04")])),
        ("another method in zip", zip(&[("a", 12, b"BZh9")], b"")),
        ("encrypted", encrypted),
        ("too deep", deep(5, WEIGHTS)),
        ("a sparse file in tar", tar(&[("Sa", WEIGHTS)])),
        ("broken pax records", tar(&[("xp", b"99 size=0\n"), ("0a", WEIGHTS)])),
        ("a bomb", gzip(&tar(&[("0a", &vec![7; 40 << 20])]))),
    ];
    for (how, content) in cases {
        assert_eq!(read("m", &content), ModelFormat::Compressed, "{how}");
    }
    assert_eq!(read("m", &deep(4, WEIGHTS)), ModelFormat::Other);
    assert_eq!(read("m", &deep(4, PICKLE)), ModelFormat::Pickle);
    assert!(ModelFormat::Compressed.is_a(ModelFormat::Pickle), "who denies pickles denies what may hold one");
}

/// A gzip stream of blocks that are empty, without an end.
struct Empty {
    at: u64,
    blocks: Vec<u8>,
}

impl Read for Empty {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
        let from = match usize::try_from(self.at).unwrap() {
            at @ ..10 => &header[at..],
            at => &self.blocks[(at - 10) % 5..],
        };
        let count = from.len().min(buffer.len());
        buffer[..count].copy_from_slice(&from[..count]);
        self.at += u64::try_from(count).unwrap();
        Ok(count)
    }
}

impl Seek for Empty {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => (1_u64 << 40).saturating_add_signed(by),
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

#[test]
fn what_unpacks_to_nothing_has_an_end() {
    let mut file = Empty { at: 0, blocks: [0, 0, 0, 0xff, 0xff].repeat(100_000) };
    let found = ModelFormat::read(&ModelPath::new("m.gz").unwrap(), &mut file).unwrap();
    assert_eq!(found, ModelFormat::Compressed);
    assert!(file.at < 300 << 20, "{}", file.at);
}

#[test]
fn pickles_are_seen_behind_what_runs_code_otherwise() {
    let (pickle, hdf5): (&[u8], &[u8]) = (b"\x80\x04cos\nsystem\n\x8c\x02id\x85R.", b"\x89HDF\r\n\x1a\n rest");
    let keras = [("config.json", 0, &b"{}"[..]), ("metadata.json", 0, b"{}"), ("model.weights.h5", 0, hdf5)];
    assert_eq!(read("m.keras", &zip(&keras, b"")), ModelFormat::Keras);
    let with_pickle = [&keras[..], &[("x.bin", 0, pickle)]].concat();
    let after_hdf5 = zip(&[("a.h5", 0, hdf5), ("b", 8, pickle)], b"");
    // A record at the end that holds its own signature, where the numbers of disks are.
    let mut twice = zip(&[("b", 0, pickle)], b"");
    let end = twice.len() - 22;
    twice[end + 4..end + 8].copy_from_slice(b"PK\x05\x06");
    // One that goes on behind the first bytes.
    let long = [b"Vaaaa".as_slice(), &[b'a'; 6000], b"\n0cos\nsystem\n(S'id'\ntR."].concat();
    for (name, content) in [
        ("m.keras", zip(&with_pickle, b"")),
        ("m.zip", after_hdf5),
        ("m.tar", tar(&[("0a.h5", hdf5), ("0b", pickle)])),
        ("m.keras", gzip(pickle)),
        ("m.h5", zlib(pickle, 6)),
        ("m.zip", twice),
        ("m.bin", long),
    ] {
        assert_eq!(read(name, &content), ModelFormat::Pickle, "{name}");
    }
}
