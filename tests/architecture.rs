//! The shape of the library, held by a test: no import runs upwards, no file grows without end, tables of contents hold
//! no code, and one cryptographic provider is enough.
#![expect(clippy::expect_used, reason = "a source that cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The floors, lowest first. A module may use modules of lower floors only, never a neighbour.
const FLOORS: &[&[&str]] = &[
    &["crypto", "digest", "env", "finding", "http", "io", "progress", "prompt"],
    &["model", "trust"],
    &["manifest", "policy"],
    &["fingerprint"],
    &["oms"],
    &["package", "sign", "verify"],
    &["ops"],
    &["render"],
];

/// How many lines a file may have, its unit tests left out.
const WALL: usize = 400;

#[test]
fn imports_run_downwards() {
    let mut upward = Vec::new();
    for file in sources("src").into_iter().filter(|file| !file.starts_with(root().join("src/bin"))) {
        let Some(own) = module(&file) else { continue };
        for (number, line) in (1..).zip(read(&file).lines()) {
            let code = line.split("//").next().unwrap_or_default();
            for used in code.split("crate::").skip(1).map(first_word) {
                if used != own && !below(&own, used) {
                    upward.push(format!("{}:{number}: {own} uses {used}", file.display()));
                }
            }
        }
    }
    assert!(upward.is_empty(), "{upward:#?}");
}

#[test]
fn every_module_stands_on_a_floor() {
    let placed: Vec<&str> = FLOORS.iter().flat_map(|floor| floor.iter().copied()).collect();
    let library = read(&root().join("src/lib.rs"));
    let declared: Vec<&str> =
        library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(declared.len() > 10);
    for module in &declared {
        assert!(placed.contains(module), "{module} stands on no floor");
    }
    assert_eq!(placed.len(), declared.len(), "a floor names a module that is not there");
}

#[test]
fn no_file_passes_the_wall() {
    let files: Vec<PathBuf> = sources("src").into_iter().chain(sources("tests")).collect();
    assert!(files.len() > 50);
    let long: Vec<String> = files
        .iter()
        .map(|file| (file, read(file).lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count()))
        .filter(|(_, lines)| *lines > WALL)
        .map(|(file, lines)| format!("{}: {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn tables_of_contents_hold_no_code() {
    for file in sources("src").iter().filter(|file| file.ends_with("mod.rs") || file.ends_with("lib.rs")) {
        // A `use` may go over several lines; what is left between them is the names it brings.
        let text = read(file);
        let code: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let mut inside_use = false;
        for line in code {
            let table = line.starts_with("//") || line.starts_with("mod ") || line.starts_with("#!");
            let starts = ["pub use ", "use ", "pub(crate) use ", "pub mod ", "pub(crate) mod "];
            let is_use = starts.iter().any(|start| line.starts_with(start));
            assert!(table || is_use || inside_use, "{}: {line}", file.display());
            inside_use = (is_use || inside_use) && !line.ends_with(';');
        }
    }
}

#[test]
fn one_provider_and_no_openssl() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).expect("names are text");
    let crates: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(crates.contains(&"aws-lc-rs"));
    for banned in ["openssl-sys", "openssl", "native-tls", "ring"] {
        assert!(!crates.contains(&banned), "{banned} is in the program");
    }
}

fn below(own: &str, used: &str) -> bool {
    let floor = |name: &str| FLOORS.iter().position(|floor| floor.contains(&name));
    matches!((floor(own), floor(used)), (Some(own), Some(used)) if used < own)
}

/// The library's module that a file belongs to.
fn module(file: &Path) -> Option<String> {
    let inside = file.strip_prefix(root().join("src")).ok()?;
    let first = inside.iter().next()?.to_str()?.trim_end_matches(".rs");
    (first != "lib").then(|| first.to_owned())
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[expect(clippy::disallowed_methods, reason = "the project's own sources")]
fn read(file: &Path) -> String {
    fs::read_to_string(file).expect("sources can be read")
}

/// Every Rust file below a folder of the checkout; what is built or cached there is left out.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("folders can be read") {
            let path = entry.expect("entries can be read").path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with(".cache") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}
