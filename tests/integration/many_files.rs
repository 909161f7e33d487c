//! Models of extreme shape: 100,000 files, paths 10,000 folders deep, names as long as file systems allow; and how much
//! memory they take.
#![cfg(unix)]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use secureml::crypto::Curve;
use tempfile::TempDir;

use crate::support::{Fixture, KeyFiles, assert_accepted, assert_refused, findings, json, secureml, skip};

const MIB: u64 = 1 << 20;

#[test]
fn a_hundred_thousand_files_take_less_than_96_mib() {
    let fixture = Fixture::with(&[]);
    let key = fixture.key("key", Curve::P256);
    let model = folder_in_memory();
    for folder in 0..100 {
        let folder = model.path().join(format!("folder-{folder:02}"));
        fs::create_dir(&folder).unwrap();
        for file in 0..1000 {
            fs::write(folder.join(format!("file-with-a-name-of-usual-length-{file:03}.bin")), [7]).unwrap();
        }
    }
    let Some((output, peak)) = measured(&sign(&fixture, &key, model.path())) else { return };
    assert_accepted("sign", &output);
    assert_eq!(json(&output)["manifest"]["files"], 100_000);
    assert!(peak < 96 * MIB, "signing took {peak} bytes");
    let Some((output, peak)) = measured(&verify(&fixture, &key, model.path())) else { return };
    assert_accepted("verify", &output);
    assert!(peak < 96 * MIB, "verifying took {peak} bytes");
    // One difference among them all.
    fs::write(model.path().join("folder-50/file-with-a-name-of-usual-length-500.bin"), [8]).unwrap();
    let output = verify(&fixture, &key, model.path()).output().unwrap();
    assert_eq!(findings(&output).len(), 1);
    let name = "folder-50/file-with-a-name-of-usual-length-500.bin: changed";
    assert_refused("changed", &output, "file-changed", name);
}

#[test]
fn a_large_file_takes_less_than_32_mib() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    // Zeros that take no room on the disk.
    File::create(fixture.model().join("large.bin")).unwrap().set_len(512 * MIB).unwrap();
    for words in [
        ["--hash", "sha256"].as_slice(),
        &["--hash", "blake2b"],
        &["--hash", "blake3"],
        &["--method", "shards", "--shard-size", "100MB"],
    ] {
        let mut command = sign(&fixture, &key, &fixture.model());
        let Some((output, peak)) = measured(command.args(words)) else { return };
        assert_accepted("sign", &output);
        assert!(peak < 32 * MIB, "signing with {words:?} took {peak} bytes");
        let Some((output, peak)) = measured(&verify(&fixture, &key, &fixture.model())) else { return };
        assert_accepted("verify", &output);
        assert!(peak < 32 * MIB, "verifying with {words:?} took {peak} bytes");
    }
}

#[test]
fn a_path_ten_thousand_folders_deep() {
    let fixture = Fixture::with(&[("top.bin", b"top")]);
    let key = fixture.key("key", Curve::P256);
    let model = fixture.model();
    let deep = Deep::new(&model, 10_000);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let signed = crate::signed::names(&fixture.signature());
    let bottom = format!("{}bottom.bin", "d/".repeat(10_000));
    assert_eq!(signed, [bottom.as_str(), "top.bin"]);
    assert_accepted("verify", &fixture.verify(&key, &[]));
    assert_accepted("only signed files", &fixture.verify(&key, &["--ignore-unsigned-files"]));
    deep.write("changed");
    assert_refused("verify", &fixture.verify(&key, &[]), "file-changed", &format!("{bottom}: changed"));
}

#[test]
fn names_of_255_bytes_nested_beyond_the_longest_path() {
    let fixture = Fixture::with(&[]);
    let key = fixture.key("key", Curve::P256);
    let names = ["a".repeat(255), "é".repeat(127) + "e", "\u{1f600}".repeat(63) + "abc"];
    let mut folder = openat(CWD, fixture.model(), OFlags::DIRECTORY, Mode::empty()).unwrap();
    let mut path = String::new();
    for name in names.iter().cycle().take(60) {
        mkdirat(&folder, name, Mode::RWXU).unwrap();
        folder = openat(&folder, name, OFlags::DIRECTORY, Mode::empty()).unwrap();
        path += &format!("{name}/");
    }
    for name in &names {
        openat(&folder, name, OFlags::CREATE | OFlags::WRONLY, Mode::RUSR | Mode::WUSR).unwrap();
    }
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let mut expected = names.map(|name| format!("{path}{name}"));
    expected.sort();
    assert_eq!(crate::signed::names(&fixture.signature()), expected);
    assert_accepted("verify", &fixture.verify(&key, &[]));
}

/// Every byte that a UTF-8 name may hold, and names that look like options, patterns, paths or numbers.
#[test]
fn names_of_every_kind() {
    let fixture = Fixture::with(&[]);
    let key = fixture.key("key", Curve::P256);
    let odd = [
        "-", "--help", "*", "?", "[a]", " ", "  a  ", "a\\b", "a:0:1", "~", "$HOME", "...", "%2e", "\"", "'",
        "\u{feff}",
    ];
    let code_points =
        (1..0x300).chain([0xd7ff, 0xe000, 0xfffd, 0xffff, 0x10000, 0x0010_ffff]).filter_map(char::from_u32);
    let single = code_points.filter(|c| !['/', '.'].contains(c)).map(|c| format!("x{c}"));
    for name in odd.into_iter().map(str::to_owned).chain(single) {
        fs::write(fixture.model().join(&name), &name).unwrap();
    }
    for words in [[].as_slice(), &["--method", "shards", "--shard-size", "1"]] {
        assert_accepted("sign", &fixture.sign(&key, words));
        assert_accepted("verify", &fixture.verify(&key, &[]));
    }
    // Two ways to write one letter are two names.
    fs::rename(fixture.model().join("x\u{e9}"), fixture.model().join("xe\u{301}")).unwrap();
    assert_refused("verify", &fixture.verify(&key, &[]), "file-renamed", "x\u{e9}: renamed to \"xe\\u{301}\"");
}

/// A chain of folders called `d`, deeper than any path that the system takes, with the file `bottom.bin` in the last.
struct Deep<'a> {
    top: &'a Path,
    bottom: rustix::fd::OwnedFd,
}

impl<'a> Deep<'a> {
    fn new(top: &'a Path, depth: usize) -> Self {
        let mut folder = openat(CWD, top, OFlags::DIRECTORY, Mode::empty()).unwrap();
        for _ in 0..depth {
            mkdirat(&folder, "d", Mode::RWXU).unwrap();
            folder = openat(&folder, "d", OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        let deep = Self { top, bottom: folder };
        deep.write("bottom");
        deep
    }

    fn write(&self, content: &str) {
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::TRUNC;
        let file = openat(&self.bottom, "bottom.bin", flags, Mode::RUSR | Mode::WUSR).unwrap();
        std::io::Write::write_all(&mut File::from(file), content.as_bytes()).unwrap();
    }
}

impl Drop for Deep<'_> {
    /// Takes the chain apart from its top: removing it as a whole needs an open file for each folder.
    fn drop(&mut self) {
        let (first, second, spare) = (self.top.join("d"), self.top.join("d/d"), self.top.join("spare"));
        while fs::rename(&second, &spare).is_ok() {
            fs::remove_dir(&first).unwrap();
            fs::rename(&spare, &first).unwrap();
        }
    }
}

/// A folder that costs no disk access, where the system has such a place: making many files is what takes time here.
fn folder_in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

fn sign(fixture: &Fixture, key: &KeyFiles, model: &Path) -> Command {
    let mut command = secureml();
    command.args(["--format", "json", "sign", "key", "--private-key"]).arg(&key.private);
    command.arg("--signature").arg(fixture.signature()).arg(model);
    command
}

fn verify(fixture: &Fixture, key: &KeyFiles, model: &Path) -> Command {
    let mut command = secureml();
    command.args(["--format", "json", "verify", "key", "--public-key"]).arg(&key.public);
    command.arg("--signature").arg(fixture.signature()).arg(model);
    command
}

/// Runs a command and measures how many bytes of memory it held at most; `None`, said aloud, where there is no Python
/// to ask the system.
fn measured(command: &Command) -> Option<(Output, u64)> {
    let mut python = Command::new("python3");
    python.arg("-c").arg(MEASURE).arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => python.env(name, value),
            None => python.env_remove(name),
        };
    }
    let Ok(mut output) = python.output() else {
        skip("there is no python3 to measure memory with");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let (rest, peak) = said.trim_end().rsplit_once("peak ").expect("the measurement");
    output.stderr = rest.into();
    // Linux counts in KiB, others in bytes.
    let unit = if cfg!(target_os = "linux") { 1024 } else { 1 };
    Some((output, peak.parse::<u64>().expect("a number") * unit))
}

const MEASURE: &str = "
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
";
