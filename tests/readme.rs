//! What the README lists must be what the program has.
#![expect(clippy::expect_used, clippy::disallowed_methods, reason = "the project's own files")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rules of findings: in the README between "`rule`:" and the end of the paragraph, in the sources as literals.
#[test]
fn lists_every_rule_and_no_other() {
    let readme = read("README.md");
    let listed = readme.split("has a stable `rule`:").nth(1).and_then(|rest| rest.split("\n\n").next());
    let listed: BTreeSet<&str> = listed.expect("the list of rules").split('`').skip(1).step_by(2).collect();
    let sources: String = SOURCES.into_iter().flat_map(files).map(|path| read(&path)).collect();
    let is_rule = |text: &&str| {
        let kinds = [
            "file-",
            "signature-",
            "statement-",
            "model-",
            "key-",
            "certificate-",
            "fingerprint-",
            "proof-",
            "package-",
            "policy-",
            "ignore-",
            "link-",
            "not-",
            "log-",
            "identity-",
        ];
        kinds.iter().any(|kind| text.starts_with(kind))
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'8')
    };
    let used: BTreeSet<&str> = sources.split('"').filter(is_rule).collect();
    assert!(used.len() > 15, "{used:?}");
    assert_eq!(listed, used);
}

/// Each option in the README's table is one of the program's.
#[test]
fn names_options_that_there_are() {
    let readme = read("README.md");
    let help: String = files("tests/cli").map(|path| read(&path)).collect();
    let table = readme.lines().filter(|line| line.starts_with("| `-") || line.starts_with("| `sign"));
    let options: BTreeSet<String> = table
        .flat_map(|line| line.split(|c: char| !c.is_ascii_lowercase() && c != '-'))
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .map(str::to_owned)
        .collect();
    assert!(options.len() > 8, "{options:?}");
    for option in options {
        assert!(help.contains(&option), "{option} is in no help");
    }
}

/// Where findings are made, with the files in these folders, not below them.
const SOURCES: [&str; 8] = [
    "src/ops",
    "src/ops/migrate",
    "src/ops/package",
    "src/package",
    "src/verify",
    "src/bin/secureml/command",
    "src/bin/secureml/command/package",
    "src/bin/secureml/command/policy",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).expect("the project's own files can be read")
}

/// The files of one folder, not those below it.
fn files(folder: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("folders can be read");
    entries.map(|entry| entry.expect("entries can be read").path()).filter(|path| path.is_file())
}
