//! Packages as they might come from anywhere: reading them never panics, and whether they are read by position or as a
//! stream, the same ones are accepted, with the same content.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secureml::package::{EntryName, Index, PackageError, PackageManifest, StreamReader, Writer};

fuzz_target!(|bytes: &[u8]| {
    let (by_position, by_stream) = (by_position(bytes), by_stream(bytes));
    match (by_position, by_stream) {
        (Ok((index, contents)), Ok((streamed, again))) => {
            assert_eq!(index, streamed);
            assert_eq!(contents, again);
            check_rewritten(bytes, &index, &contents);
        }
        (Err(one), Err(other)) => assert!(one.is_refusal() && other.is_refusal(), "{one}, {other}"),
        (one, other) => panic!("by position {:?}, by stream {:?}", one.map(drop), other.map(drop)),
    }
});

/// The index and the contents from the second entry on.
type Package = (Index, Vec<Vec<u8>>);

fn by_position(bytes: &[u8]) -> Result<Package, PackageError> {
    let index = Index::read(&bytes)?;
    let contents: Result<_, _> = index.entries()[1..].iter().map(|entry| index.read_content(&bytes, entry)).collect();
    Ok((index, contents?))
}

fn by_stream(bytes: &[u8]) -> Result<Package, PackageError> {
    let mut reader = StreamReader::new(bytes)?;
    let mut contents = Vec::new();
    while let Some((_, mut content)) = reader.next_entry()? {
        let mut whole = Vec::new();
        std::io::Read::read_to_end(&mut content, &mut whole)?;
        contents.push(whole);
    }
    Ok((reader.finish()?, contents))
}

/// What is accepted is, to the byte, what the writer makes of its entries.
fn check_rewritten(bytes: &[u8], index: &Index, contents: &[Vec<u8>]) {
    let mut writer = Writer::new(Vec::new()).expect("memory can be written to");
    for (entry, content) in index.entries()[1..].iter().zip(contents) {
        let name = EntryName::new(entry.name.as_str()).expect("the name was accepted");
        writer.add(&name, entry.size, entry.crc32, &mut &content[..]).expect("the entry was accepted");
    }
    assert_eq!(writer.finish().expect("the entries were accepted"), bytes);
    if let Ok(manifest) = PackageManifest::from_bytes(&contents[0]) {
        assert_eq!(manifest.to_bytes().expect("a manifest can be written"), contents[0]);
    }
}
