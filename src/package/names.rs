use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization as _;

use super::EntryName;
use crate::digest::{Algorithm, Hasher};

/// Names that can lie beside each other on every system.
///
/// Two names that differ in case, in Unicode normalisation or in characters that nobody sees are one file on some
/// systems; whichever is unpacked last would win. Refused are also folders that differ so, and a file where another name
/// needs a folder. The letters are folded through both cases, without regard to a language, which joins at least what
/// Unicode's full case folding joins.
#[derive(Debug, Default)]
pub struct Names {
    /// Files and folders by the digest of their folded names, which is much shorter than the names.
    seen: HashMap<[u8; KEY_BYTES], Seen>,
    /// The folder of the last name: what follows mostly lies in the same.
    folder: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// The beginning of the digest of the name as it is spelled.
    spelling: [u8; 8],
    is_folder: bool,
}

impl Names {
    /// Starts with no names.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one more name.
    ///
    /// # Errors
    /// [`TwinError`] where it cannot lie beside the others; it is then not taken.
    pub fn insert(&mut self, name: &EntryName) -> Result<(), TwinError> {
        let text = name.as_str();
        let refused = |problem| TwinError { name: name.clone(), problem };
        let folder = text.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut new_folders = Vec::new();
        if folder != self.folder {
            for (end, _) in text.match_indices('/') {
                let (path, _) = text.split_at(end);
                let (key, found) = (key(&fold(path)), Seen { spelling: spelling(path), is_folder: true });
                match self.seen.get(&key) {
                    None => new_folders.push((key, found)),
                    Some(known) if *known == found => {}
                    Some(known) if known.is_folder => return Err(refused("its folder is there in another spelling")),
                    Some(_) => return Err(refused("its folder is there as a file")),
                }
            }
        }
        let (key, found) = (key(&fold(text)), Seen { spelling: spelling(text), is_folder: false });
        match self.seen.get(&key) {
            None => {}
            Some(known) if *known == found => return Err(refused("it is there twice")),
            Some(known) if known.is_folder => return Err(refused("it is there as a folder")),
            Some(_) => return Err(refused("it is there in another spelling")),
        }
        self.seen.extend(new_folders);
        self.seen.insert(key, found);
        folder.clone_into(&mut self.folder);
        Ok(())
    }
}

/// A name that cannot lie beside another one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is not one file on every system: {problem}")]
pub struct TwinError {
    /// The second of the two.
    pub name: EntryName,
    /// How they clash.
    pub problem: &'static str,
}

/// What systems make of a name that do not tell upper from lower case, normalise, and pass over what nobody sees.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let visible = text.nfd().filter(|c| !is_ignored(*c));
    // Down, up and down again: only so do `ẞ`, `ß` and `ss` meet, the long s and the Kelvin sign their letters.
    let folded = visible.flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfd();
    folded.nfc().collect()
}

/// Characters that HFS+ passes over when it compares names, and the soft hyphen, which ext4 folds away.
const fn is_ignored(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A digest as a key: a clash between different names, should somebody find one, can only refuse them.
fn key(text: &str) -> [u8; KEY_BYTES] {
    beginning(text)
}

fn spelling(text: &str) -> [u8; 8] {
    beginning(text)
}

fn beginning<const N: usize>(text: &str) -> [u8; N] {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    hasher.update(text.as_bytes());
    hasher.finish().as_bytes().first_chunk().copied().unwrap_or([0; N])
}

const KEY_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(first: &str, second: &str) -> &'static str {
        let mut names = Names::new();
        names.insert(&EntryName::new(first).unwrap()).unwrap();
        names.insert(&EntryName::new("model/between/other").unwrap()).unwrap();
        names.insert(&EntryName::new(second).unwrap()).err().map_or("", |error| error.problem)
    }

    #[test]
    fn refuses_names_that_are_one_file_on_some_system() {
        let cases = [
            ("model/a", "model/a", "it is there twice"),
            ("model/a", "model/A", "it is there in another spelling"),
            ("model/\u{e9}", "model/e\u{301}", "it is there in another spelling"),
            ("model/\u{c9}", "model/e\u{301}", "it is there in another spelling"),
            ("model/stra\u{df}e", "model/STRASSE", "it is there in another spelling"),
            ("model/\u{1e9e}", "model/ss", "it is there in another spelling"),
            ("model/\u{212a}", "model/k", "it is there in another spelling"),
            ("model/\u{17f}", "model/S", "it is there in another spelling"),
            ("model/\u{3c2}", "model/\u{3a3}", "it is there in another spelling"),
            ("model/a\u{200d}b", "model/ab", "it is there in another spelling"),
            ("model/a", "model/a/b", "its folder is there as a file"),
            ("model/A", "model/a/b", "its folder is there as a file"),
            ("model/a/b", "model/a", "it is there as a folder"),
            ("model/a/b", "model/A", "it is there as a folder"),
            ("model/a/b", "model/A/c", "its folder is there in another spelling"),
        ];
        for (first, second, expected) in cases {
            assert_eq!(problem(first, second), expected, "{first:?} and {second:?}");
        }
    }

    #[test]
    fn keeps_names_apart_that_are_two_files_everywhere() {
        for (first, second) in [("model/a", "model/b"), ("model/a/b", "model/a/c"), ("model/ab", "model/a/b")] {
            assert_eq!(problem(first, second), "");
        }
    }
}
