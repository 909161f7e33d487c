use std::path::{Component, Path, PathBuf};

/// Cleans a path without looking at the disk: no `.` inside, no slash at the end; `..` stays, because what it means
/// depends on links. An empty result is `.`.
#[must_use]
pub fn normalize(path: &Path) -> PathBuf {
    let clean: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    if clean.as_os_str().is_empty() { PathBuf::from(".") } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_dots_and_slashes_but_not_parents() {
        for (given, clean) in [("m/", "m"), ("./m/./", "m"), (".", "."), ("", "."), ("a/..", "a/.."), ("/", "/")] {
            assert_eq!(normalize(Path::new(given)), Path::new(clean), "{given}");
        }
    }
}
