//! Every rule of the container, broken once in an otherwise good package: by position and by stream.

mod table;

use super::sample::{ENTRIES, Places, places, read, sample, with_manifest};
use crate::package::central;
use crate::package::end::EndRecords;
use crate::package::local;
use crate::package::{Entry, EntryName, PackageError, StreamReader};

/// What it is called, how it is made, the rules that refuse it by position and by stream, and part of what the first
/// says.
type Mutation = (&'static str, fn() -> Vec<u8>, &'static str, &'static str, &'static str);

#[test]
fn each_mutation_is_refused_for_its_own_reason() {
    let tables = [table::ENDS, table::RECORDS, table::HEADERS, table::LAYOUT, table::NAMES];
    let mutations: Vec<&Mutation> = tables.into_iter().flatten().collect();
    assert!(mutations.len() >= 40, "{}", mutations.len());
    let mut wrong = Vec::new();
    for (name, make, index_rule, stream_rule, says) in mutations {
        let package = make();
        let by_index = read(&package).map(drop);
        let by_stream = stream(&package);
        let is_right = |result: &Result<(), PackageError>, rule: &str| {
            result.as_ref().is_err_and(|error| error.rule() == rule && error.is_refusal())
        };
        let message = by_index.as_ref().err().map(ToString::to_string).unwrap_or_default();
        if !is_right(&by_index, index_rule) || !is_right(&by_stream, stream_rule) || !message.contains(says) {
            wrong.push(format!("{name}: {by_index:?}, {message}, {by_stream:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let package = sample();
    for length in (0..package.len()).step_by(7).chain(package.len() - 120..package.len()) {
        assert!(read(&package[..length]).is_err_and(|error| error.is_refusal()), "{length}");
        assert_eq!(stream(&package[..length]).unwrap_err().rule(), "package-truncated", "{length}");
    }
}

#[test]
fn no_bit_outside_of_contents_can_change() {
    let package = sample();
    let index = read(&package).unwrap();
    let inside = |place: usize| {
        let place = u64::try_from(place).unwrap();
        index.entries().iter().any(|entry| (entry.data_offset..entry.end()).contains(&place))
    };
    let mut changed = package.clone();
    for place in 0..package.len() {
        // Padding is all the same: some of it will do.
        if package[place] == 0 && place % 61 != 0 {
            continue;
        }
        changed[place] ^= 1 << (place % 8);
        assert!(stream(&changed).is_err(), "{place}");
        if !inside(place) || place < 100 {
            assert!(read(&changed).is_err(), "{place}");
        }
        changed[place] = package[place];
    }
}

fn stream(package: &[u8]) -> Result<(), PackageError> {
    StreamReader::new(package)?.finish().map(drop)
}

/// Puts entries together without asking whether they may stand so.
fn assemble(entries: &[(&str, &str)]) -> Vec<u8> {
    let all = with_manifest_loosely(entries);
    put_together(&all, &(0..all.len()).collect::<Vec<_>>())
}

/// Puts entries together, and lists some of them in the directory, in this order.
fn put_together(entries: &[(String, Vec<u8>)], listed: &[usize]) -> Vec<u8> {
    let (mut out, mut placed) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let size = u64::try_from(content.len()).unwrap();
        let header = u64::try_from(out.len()).unwrap();
        let entry = Entry::place(EntryName::new(name).unwrap(), size, crc32fast::hash(content), header).unwrap();
        out.extend(local::encode(&entry));
        out.extend(content);
        placed.push(entry);
    }
    let directory_offset = u64::try_from(out.len()).unwrap();
    for place in listed {
        out.extend(central::encode(&placed[*place]));
    }
    let directory_bytes = u64::try_from(out.len()).unwrap() - directory_offset;
    let entries = u64::try_from(listed.len()).unwrap();
    out.extend(EndRecords { entries, directory_bytes, directory_offset }.encode());
    out
}

/// The first entry, the manifest of the usual ones, and these.
fn with_manifest_loosely(entries: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![("mimetype".to_owned(), b"application/vnd.secureml.package+zip".to_vec())];
    all.extend(with_manifest(ENTRIES).into_iter().take(1));
    all.extend(entries.iter().map(|(name, content)| ((*name).to_owned(), content.as_bytes().to_vec())));
    all
}

/// The sample, changed by its bytes.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut package = sample();
    change(&mut package);
    package
}

/// The sample with other bytes at a place in the record of `model/a.bin`.
fn in_record(at: usize, bytes: &[u8]) -> Vec<u8> {
    changed(|package| {
        let place = places(package, FILE).record + at;
        put(package, place, bytes);
    })
}

/// The sample with other bytes at a place in the header of `model/a.bin`.
fn in_header(at: usize, bytes: &[u8]) -> Vec<u8> {
    changed(|package| {
        let place = places(package, FILE).header + at;
        put(package, place, bytes);
    })
}

/// The sample with other bytes at a place before its end.
fn before_end(at: usize, bytes: &[u8]) -> Vec<u8> {
    changed(|package| {
        let place = package.len() - at;
        put(package, place, bytes);
    })
}

/// The sample with other end records.
fn with_ends(change: impl FnOnce(&mut EndRecords)) -> Vec<u8> {
    changed(|package| {
        let end = package.len() - 98;
        let mut ends = EndRecords::decode(&package[end..], u64::try_from(package.len()).unwrap()).unwrap();
        change(&mut ends);
        package.truncate(end);
        package.extend(ends.encode());
    })
}

/// The sample with another name of eleven bytes for `model/a.bin`.
fn renamed(name: &[u8; 11]) -> Vec<u8> {
    changed(|package| {
        let Places { header, record, .. } = places(package, FILE);
        put(package, header + 30, name);
        put(package, record + 46, name);
    })
}

fn put(package: &mut [u8], at: usize, bytes: &[u8]) {
    package[at..at + bytes.len()].copy_from_slice(bytes);
}

/// The sample with some bytes more in the record of `model/a.bin`, which says so.
fn with_field_in_record(field: &[u8]) -> Vec<u8> {
    let package = changed(|package| {
        let record = places(package, FILE).record;
        package[record + 30] = u8::try_from(field.len()).unwrap();
        package.splice(record + 57..record + 57, field.iter().copied());
    });
    let old = read(&sample()).unwrap();
    let end = package.len() - 98;
    let directory_bytes = u64::try_from(end).unwrap() - old.directory_offset();
    let ends = EndRecords {
        entries: u64::try_from(old.entries().len()).unwrap(),
        directory_bytes,
        directory_offset: old.directory_offset(),
    };
    [&package[..end], &ends.encode()].concat()
}

/// A mimetype of another content, with the checksum that belongs to it.
fn other_mimetype() -> Vec<u8> {
    changed(|package| {
        let Places { header, content, record } = places(package, "mimetype");
        package[content.start] = b'b';
        let crc32 = crc32fast::hash(&package[content]).to_le_bytes();
        put(package, header + 14, &crc32);
        put(package, record + 16, &crc32);
    })
}

/// An addition that was stopped while the new end was written.
fn interrupted_addition() -> Vec<u8> {
    changed(|package| {
        let offset = usize::try_from(read(package).unwrap().directory_offset()).unwrap();
        put(package, offset, b"PK\x03\x04 the beginning of a new entry over the old directory");
    })
}

const FILE: &str = "model/a.bin";
