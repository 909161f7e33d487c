use std::collections::BTreeSet;
use std::io::Write as _;

use super::*;
use crate::io::read_to_limit;
use crate::package::index::sample::{read, sample};

/// A package in a folder of its own.
struct Fixture {
    _folder: tempfile::TempDir,
    path: PathBuf,
    old: Vec<u8>,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Self { path: folder.path().join("model.sml"), _folder: folder, old: sample() };
        fixture.put(&fixture.path, &fixture.old);
        fixture
    }

    fn put(&self, path: &Path, content: &[u8]) {
        File::create(path).unwrap().write_all(content).unwrap();
    }

    fn content(&self) -> Vec<u8> {
        read_to_limit(&self.path, 1 << 20).unwrap()
    }

    fn tail(&self) -> PathBuf {
        tail_path(&self.path)
    }

    /// The package as it is after an addition that nothing disturbs.
    fn new_content() -> Vec<u8> {
        let fixture = Self::new();
        Appender::open(&fixture.path).unwrap().append(&name(), SIGNATURE).unwrap();
        fixture.content()
    }
}

fn name() -> EntryName {
    EntryName::of_signature(2, "bob").unwrap()
}

const SIGNATURE: &[u8] = b"{\"a second\": \"signature\"}";

#[test]
fn adds_a_signature_and_moves_nothing() {
    let fixture = Fixture::new();
    let index = Appender::open(&fixture.path).unwrap().append(&name(), SIGNATURE).unwrap();
    let new = fixture.content();
    assert_eq!(read(&new).unwrap(), index);
    let kept = usize::try_from(read(&fixture.old).unwrap().directory_offset()).unwrap();
    assert_eq!(new[..kept], fixture.old[..kept]);
    assert_eq!(index.read_content(&&new[..], index.get(name().as_str()).unwrap()).unwrap(), SIGNATURE);
    assert!(!is_interrupted(&fixture.path).unwrap());
    let third = EntryName::of_signature(index.next_signature_number().unwrap(), "carol").unwrap();
    let index = Appender::open(&fixture.path).unwrap().append(&third, SIGNATURE).unwrap();
    assert_eq!(index.entries().last().unwrap().name, third);
    assert_eq!(read(&fixture.content()).unwrap(), index);
}

#[test]
fn a_kill_before_any_step_leaves_the_old_package_or_the_new_one() {
    let new = Fixture::new_content();
    let mut seen = BTreeSet::new();
    for left in 0.. {
        let fixture = Fixture::new();
        let mut steps = Steps { left, chunk_bytes: 61 };
        let appended = Appender::open(&fixture.path).unwrap().append_in_steps(&name(), SIGNATURE, &mut steps);
        let torn = fixture.content();
        let recovered = recover(&fixture.path).unwrap();
        let content = fixture.content();
        assert!(content == fixture.old || content == new, "stopped before step {left}");
        assert_eq!(content == new, recovered == Recovered::Nothing && torn == new, "stopped before step {left}");
        assert!(!is_interrupted(&fixture.path).unwrap());
        assert_eq!(recover(&fixture.path).unwrap(), Recovered::Nothing);
        let state = if torn == fixture.old {
            "old"
        } else if torn == new {
            "new"
        } else {
            "torn"
        };
        seen.insert((state, format!("{recovered:?}")));
        if appended.is_ok() {
            assert!(left > 40, "{left} steps");
            break;
        }
    }
    let pairs: Vec<(&str, &str)> = seen.iter().map(|(state, recovered)| (*state, recovered.as_str())).collect();
    let expected = [
        ("new", "Nothing"),
        ("new", "Restored"),
        ("old", "Nothing"),
        ("old", "Restored"),
        ("old", "Untouched"),
        ("torn", "Restored"),
    ];
    assert_eq!(pairs, expected);
}

#[test]
fn a_kill_while_recovering_does_no_harm() {
    for left in 0.. {
        let fixture = Fixture::new();
        let saved = stop_in_the_middle(&fixture);
        let file = open_locked(&fixture.path).unwrap();
        let done = restore(&fixture.path, &file, &mut Steps { left, chunk_bytes: 97 }).is_ok();
        drop(file);
        let again = recover(&fixture.path).unwrap();
        assert_eq!(fixture.content(), fixture.old, "stopped before step {left}");
        assert!(!saved.exists());
        if done {
            assert_eq!(again, Recovered::Nothing);
            assert!(left > 10, "{left} steps");
            break;
        }
    }
}

#[test]
fn whatever_a_power_cut_leaves_of_the_new_end_the_old_one_comes_back() {
    let kept = usize::try_from(read(&sample()).unwrap().directory_offset()).unwrap();
    for garbage in [&b""[..], &[0; 10], &[0xff; 5000]] {
        let fixture = Fixture::new();
        stop_in_the_middle(&fixture);
        fixture.put(&fixture.path, &[&fixture.old[..kept], garbage].concat());
        assert_eq!(recover(&fixture.path).unwrap(), Recovered::Restored);
        assert_eq!(fixture.content(), fixture.old);
    }
}

#[test]
fn an_addition_recovers_first() {
    let fixture = Fixture::new();
    stop_in_the_middle(&fixture);
    assert_ne!(fixture.content(), fixture.old);
    Appender::open(&fixture.path).unwrap().append(&name(), SIGNATURE).unwrap();
    assert_eq!(fixture.content(), Fixture::new_content());
}

#[test]
fn a_saved_end_of_another_package_is_left_alone() {
    let other = Fixture::new();
    let saved = read_to_limit(&stop_in_the_middle(&other), 1 << 20).unwrap();
    let fixture = Fixture::new();
    // The same layout, and one letter of a file's checksum different.
    let mut changed = fixture.old.clone();
    let place = crate::package::index::sample::places(&changed, "model/a.bin");
    changed[place.header + 14] ^= 1;
    changed[place.record + 16] ^= 1;
    read(&changed).unwrap();
    fixture.put(&fixture.path, &changed);
    for content in [&saved[..], b"notes of mine", &[&saved[..60], b"junk"].concat()[..]] {
        fixture.put(&fixture.tail(), content);
        let recovered = recover(&fixture.path);
        assert_eq!(fixture.content(), changed);
        if content.starts_with(&saved[..60]) && content != saved {
            assert_eq!(recovered.unwrap(), Recovered::Untouched);
        } else {
            assert!(matches!(recovered, Err(AppendError::ForeignTail { .. })), "{recovered:?}");
            assert_eq!(read_to_limit(&fixture.tail(), 1 << 20).unwrap(), content);
        }
    }
}

#[test]
fn a_planted_end_cannot_drop_a_file() {
    let fixture = Fixture::new();
    let index = read(&fixture.old).unwrap();
    let offset = index.model()[1].header_offset;
    let kept: Vec<Entry> = index.into_entries().into_iter().take_while(|entry| entry.header_offset < offset).collect();
    let mut bytes = Vec::new();
    write_directory(&Sequence::resume(kept).unwrap(), &mut bytes).unwrap();
    let shorter = [&fixture.old[..usize::try_from(offset).unwrap()], &bytes].concat();
    read(&shorter).unwrap();
    fixture.put(&fixture.tail(), &SavedTail { offset, bytes }.encode());
    assert!(matches!(recover(&fixture.path), Err(AppendError::ForeignTail { .. })));
    assert_eq!(fixture.content(), fixture.old);
    // Nor is anything added to a package that is not what its manifest says.
    fs::remove_file(fixture.tail()).unwrap();
    fixture.put(&fixture.path, &shorter);
    let refused = Appender::open(&fixture.path).unwrap_err();
    assert!(matches!(&refused, AppendError::Package(error) if error.rule() == "package-content"), "{refused}");
}

#[test]
fn refuses_what_is_no_signature_and_what_may_not_follow() {
    for (name, part) in [
        ("model/z.bin", "only a further signature"),
        ("secureml/signatures/00-alice.sigstore.json", "numbers"),
        ("secureml/signatures/01-alice.sigstore.json", "there twice"),
    ] {
        let fixture = Fixture::new();
        let added = Appender::open(&fixture.path).unwrap().append(&EntryName::new(name).unwrap(), b"{}");
        assert!(added.unwrap_err().to_string().contains(part), "{name}");
        assert_eq!(fixture.content(), fixture.old);
        assert!(!is_interrupted(&fixture.path).unwrap());
    }
}

#[test]
fn keeps_two_additions_apart() {
    let fixture = Fixture::new();
    let first = Appender::open(&fixture.path).unwrap();
    assert!(matches!(Appender::open(&fixture.path), Err(AppendError::Busy { .. })));
    assert!(matches!(recover(&fixture.path), Err(AppendError::Busy { .. })));
    first.append(&name(), SIGNATURE).unwrap();
    assert_eq!(recover(&fixture.path).unwrap(), Recovered::Nothing);
}

#[cfg(unix)]
#[test]
fn follows_no_link() {
    use std::os::unix::fs::symlink;
    let fixture = Fixture::new();
    let link = fixture.path.with_file_name("link.sml");
    symlink(&fixture.path, &link).unwrap();
    assert!(matches!(Appender::open(&link), Err(AppendError::NotAFile { .. })));
    assert!(matches!(Appender::open(link.parent().unwrap()), Err(AppendError::NotAFile { .. })));
    let saved = stop_in_the_middle(&fixture);
    let elsewhere = saved.with_file_name("elsewhere");
    fs::rename(&saved, &elsewhere).unwrap();
    symlink(&elsewhere, &saved).unwrap();
    assert!(matches!(recover(&fixture.path), Err(AppendError::NotAFile { .. })));
}

/// Stops an addition while it writes the new end; says where the old one is saved.
fn stop_in_the_middle(fixture: &Fixture) -> PathBuf {
    let mut steps = Steps { left: 6, chunk_bytes: 1500 };
    let stopped = Appender::open(&fixture.path).unwrap().append_in_steps(&name(), SIGNATURE, &mut steps);
    assert!(matches!(stopped, Err(AppendError::Io { .. })), "{stopped:?}");
    assert_ne!(fixture.content(), fixture.old);
    fixture.tail()
}
