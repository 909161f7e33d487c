use super::sample::{self, ENTRIES, build, manifest, places, read, sample, with_manifest};
use super::*;
use crate::package::{ALIGNMENT, EntryName, PackageManifest};

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
    let stored = index.read_content(&&package[..], index.get("secureml/manifest.json").unwrap()).unwrap();
    let manifest = PackageManifest::from_bytes(&stored).unwrap();
    manifest.check(&index).unwrap();
}
