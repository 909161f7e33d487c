use std::fs::File;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::package::index::sample::{ENTRIES, build, read, sample, with_manifest};
use crate::package::{ALIGNMENT, Index};

fn name(text: &str) -> EntryName {
    EntryName::new(text).unwrap()
}

#[test]
fn refuses_what_a_reader_would_refuse() {
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[("README", ""), ("secureml/reports/a", "")], "package-order"),
        (&[("model/b", ""), ("model/a", "")], "package-order"),
        (&[("model/A", ""), ("model/a", "")], "package-twin"),
        (&[("model/../a", "")], "package-name"),
        (&[("secureml/manifest.json", "{}")], "package-twin"),
        (&[("mimetype", "")], "package-twin"),
    ];
    for (entries, rule) in cases {
        let mut all = with_manifest(&[]);
        all.extend(entries.iter().map(|(name, content)| (String::from(*name), content.as_bytes().to_vec())));
        assert_eq!(build(&all).unwrap_err().rule(), rule, "{entries:?}");
    }
    assert_eq!(build::<&str, &str>(&[]).unwrap_err().rule(), "package-missing");
    assert_eq!(build(&[("model/a", "")]).unwrap_err().rule(), "package-order");
}

#[test]
fn takes_exactly_what_was_announced_and_nothing_after_a_fault() {
    let content = b"weights";
    let crc32 = crc32fast::hash(content);
    for (size, crc32, rule) in
        [(7, crc32, ""), (6, crc32, "package-size"), (8, crc32, "package-size"), (7, 1, "package-crc")]
    {
        let mut writer = Writer::new(Vec::new()).unwrap();
        let added = writer.add(&name("secureml/manifest.json"), size, crc32, &mut &content[..]);
        assert_eq!(added.as_ref().err().map_or("", PackageError::rule), rule);
        let next = writer.add(&name("README"), 0, 0, &mut &b""[..]);
        assert_eq!(next.err().map_or("", |error| error.rule()), if rule.is_empty() { "" } else { "package-write" });
        assert_eq!(writer.finish().is_ok(), rule.is_empty());
    }
}

#[test]
fn a_hole_must_be_filled() {
    let entries = with_manifest(ENTRIES);
    let write = |fill: bool| {
        let mut writer = Writer::new(Cursor::new(Vec::new()))?;
        for (text, content) in &entries {
            let size = length(content.len());
            let mut hole = writer.begin(&name(text), size, crc32fast::hash(content))?;
            assert_eq!(hole.size(), size);
            let offset = hole.offset();
            hole.file().set_position(offset);
            hole.file().write_all(content).unwrap();
            hole.file().set_position(3);
            if fill {
                hole.filled()?;
            }
        }
        writer.finish().map(Cursor::into_inner)
    };
    assert_eq!(write(true).unwrap(), sample());
    let unfilled = write(false).unwrap_err();
    assert!(matches!(&unfilled, PackageError::Unfinished { name } if name.as_str() == "secureml/manifest.json"));
    assert!(!unfilled.is_refusal());
}

/// A file of 4.5 GiB, of which one letter is on the disk; the second lies behind it.
#[test]
fn records_what_is_larger_than_four_gigabytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.sml");
    let (size, manifest) = (9_u64 << 29, &with_manifest(&[])[0].1);
    let mut writer = Writer::new(File::create_new(&path).unwrap()).unwrap();
    let crc32 = crc32fast::hash(manifest);
    writer.add(&name("secureml/manifest.json"), length(manifest.len()), crc32, &mut &manifest[..]).unwrap();
    let mut hole = writer.begin(&name("model/a.bin"), size, 0).unwrap();
    let offset = hole.offset();
    hole.file().seek(SeekFrom::Start(offset + size - 1)).unwrap();
    hole.file().write_all(b"z").unwrap();
    hole.filled().unwrap();
    writer.add(&name("model/b.bin"), 1, crc32fast::hash(b"b"), &mut &b"b"[..]).unwrap();
    writer.finish().unwrap();
    let file = File::open(&path).unwrap();
    let index = Index::read(&file).unwrap();
    let [large, small] = index.model() else { panic!("{:?}", index.model()) };
    assert_eq!((large.size, small.size), (size, 1));
    assert!(small.header_offset > u64::from(u32::MAX) && small.data_offset % ALIGNMENT == 0);
    assert_eq!(index.read_content(&file, small).unwrap(), b"b");
    let script = "import sys, zipfile
package = zipfile.ZipFile(sys.argv[1])
large, small = package.infolist()[-2:]
print(large.file_size, large.header_offset % 4096 < 4096, small.filename, package.read(small))";
    if let Some(said) = run("python3", &["-c", script], &path) {
        assert_eq!(said, format!("{size} True model/b.bin b'b'\n"));
    }
    if let Some(said) = run("unzip", &["-l"], &path) {
        assert!(said.contains(&size.to_string()) && said.contains("model/b.bin"), "{said}");
    }
}

#[test]
fn other_programs_take_it_for_a_zip_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.sml");
    File::create(&path).unwrap().write_all(&sample()).unwrap();
    let script = "import sys, zipfile
package = zipfile.ZipFile(sys.argv[1])
assert package.testzip() is None
for entry in package.infolist():
    print(entry.filename, entry.external_attr >> 16, entry.date_time[0], len(package.read(entry)))";
    let expected: String = read(&sample())
        .unwrap()
        .entries()
        .iter()
        .map(|entry| format!("{} {} 1980 {}\n", entry.name, 0o100_644, entry.size))
        .collect();
    if let Some(said) = run("python3", &["-c", script], &path) {
        assert_eq!(said, expected);
    }
    if let Some(said) = run("unzip", &["-t"], &path) {
        assert!(said.contains("No errors detected") && !said.contains("warning"), "{said}");
    }
}

/// What a program says of a package; where the machine does not have it, this says that the check is skipped.
#[expect(clippy::disallowed_methods, reason = "tests/run names the file that skipped checks go into")]
fn run(program: &str, arguments: &[&str], package: &Path) -> Option<String> {
    let output = match Command::new(program).args(arguments).arg(package).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let line = format!("skipped: there is no {program} to read packages\n");
            io::stderr().write_all(line.as_bytes()).unwrap();
            if let Some(list) = std::env::var_os("SECUREML_SKIPPED") {
                let mut list = File::options().create(true).append(true).open(list).unwrap();
                list.write_all(line.as_bytes()).unwrap();
            }
            return None;
        }
        output => output.unwrap(),
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program}: {said}{}", String::from_utf8_lossy(&output.stderr));
    Some(said)
}
