use std::path::Path;

use crate::package::{EntryName, Names};

/// Old files that a package keeps below `secureml/imported/`, each under a name of its own.
#[derive(Debug, Default)]
pub(super) struct Imports {
    files: Vec<(String, Vec<u8>)>,
    names: Names,
}

impl Imports {
    /// Takes a file under its own name, or where another one has that, or no package can hold it, with a number in front;
    /// gives its place in the package. The same files in the same order get the same names.
    pub(super) fn add(&mut self, folder: &str, path: &Path, content: Vec<u8>) -> String {
        let own = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let base = if EntryName::new(&place(folder, &own)).is_ok() { own } else { NAMELESS.to_owned() };
        let mut name = base.clone();
        for number in 2_u32.. {
            let place = place(folder, &name);
            if EntryName::new(&place).is_ok_and(|entry| self.names.insert(&entry).is_ok()) {
                break;
            }
            // A name too long for a number in front is as good as none.
            let numbered = format!("{number}-{base}");
            let fits = EntryName::new(&self::place(folder, &numbered)).is_ok();
            name = if fits { numbered } else { format!("{number}-{NAMELESS}") };
        }
        self.files.push((format!("{folder}{name}"), content));
        place(folder, &name)
    }

    /// Where a file with this content lies already.
    pub(super) fn find(&self, content: &[u8]) -> Option<String> {
        let found = self.files.iter().find(|(_, known)| known == content);
        found.map(|(name, _)| place("", name))
    }

    /// The names below `secureml/imported/`, and the contents.
    pub(super) fn files(&self) -> &[(String, Vec<u8>)] {
        &self.files
    }
}

fn place(folder: &str, name: &str) -> String {
    format!("secureml/imported/{folder}{name}")
}

/// What a file is called whose own name no package can hold.
const NAMELESS: &str = "file";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_a_name_of_its_own() {
        let mut imports = Imports::default();
        let long = "n".repeat(999);
        let cases = [
            ("a/x.bundle", "x.bundle"),
            ("b/x.bundle", "2-x.bundle"),
            ("c/X.BUNDLE", "3-X.BUNDLE"),
            ("c/2-x.bundle", "2-2-x.bundle"),
            ("d/x.bundle", "4-x.bundle"),
            ("nul", "file"),
            ("a:b", "2-file"),
            ("\u{e9}", "\u{e9}"),
            ("e\u{301}", "2-e\u{301}"),
            (&long, &long),
            (&long, "3-file"),
        ];
        for (at, (path, expected)) in cases.into_iter().enumerate() {
            let content = vec![u8::try_from(at).unwrap()];
            let place = imports.add("cosign/", Path::new(path), content.clone());
            assert_eq!(place, format!("secureml/imported/cosign/{expected}"), "{path}");
            assert_eq!(imports.find(&content), Some(place));
        }
        assert_eq!(imports.files().len(), cases.len());
        assert_eq!(imports.find(b"another"), None);
    }
}
