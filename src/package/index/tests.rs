use super::sample::{ENTRIES, manifest, read, sample, with_manifest};
use crate::package::ALIGNMENT;

#[test]
fn reads_back_what_was_written() {
    let package = sample();
    let index = read(&package).unwrap();
    let entries = with_manifest(ENTRIES);
    assert_eq!(index.entries().len(), entries.len() + 1);
    for (entry, (name, content)) in index.entries()[1..].iter().zip(&entries) {
        assert_eq!((entry.name.as_str(), entry.size), (name.as_str(), u64::try_from(content.len()).unwrap()));
        assert_eq!(&index.read_content(&&package[..], entry).unwrap(), content);
    }
    let names: Vec<&str> = index.model().iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["model/a.bin", "model/config.json", "model/empty"]);
    assert!(index.model().iter().all(|entry| entry.data_offset % ALIGNMENT == 0));
    assert_eq!(index.get("README").unwrap().size, 8);
    assert_eq!(index.get("model/b.bin"), None);
    assert_eq!(index.next_signature_number(), Some(2));
    assert_eq!(index.file_size(), u64::try_from(package.len()).unwrap());
    assert_eq!(index.read_manifest(&&package[..]).unwrap(), manifest(ENTRIES));
    assert_eq!(sample(), package, "the same entries give the same bytes");
}

#[test]
fn a_changed_content_is_refused_where_it_is_read() {
    let package = sample();
    for (name, at) in [("model/a.bin", 0), ("README", 7)] {
        let mut changed = package.clone();
        let place = super::sample::places(&package, name).content.start + at;
        changed[place] ^= 1;
        let index = read(&changed).unwrap();
        let error = index.read_content(&&changed[..], index.get(name).unwrap()).unwrap_err();
        assert_eq!(error.rule(), "package-crc");
        assert!(error.to_string().contains(name), "{error}");
    }
}
