use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{ModelPath, PathError};
use crate::io::normalize;

/// The top-level names that are left out by default (OMS 1.0, section 6.2).
pub const GIT_PATHS: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// What is left out of a model: exact names with all that lies below them. No patterns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoreRules(BTreeSet<ModelPath>);

impl IgnoreRules {
    /// The default rules: [`GIT_PATHS`].
    #[must_use]
    pub fn git() -> Self {
        Self(GIT_PATHS.into_iter().filter_map(|name| ModelPath::new(name).ok()).collect())
    }

    /// Leaves out one more name.
    pub fn add(&mut self, path: ModelPath) {
        self.0.insert(path);
    }

    /// Leaves out all that `other` leaves out.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }

    /// Leaves out a file or folder given by its path on disk.
    ///
    /// Returns whether it lies inside the model; outside it there is nothing to leave out. The path need not exist. A
    /// link inside the model is taken as the link, one outside as what it points to.
    ///
    /// # Errors
    /// [`PathError`] for the model itself, and for names that are not UTF-8 or hold one of `*?[`, which OMS 1.0,
    /// section 6.2.1, forbids in these entries.
    pub fn add_on_disk(&mut self, model: &Path, path: &Path) -> Result<bool, PathError> {
        let refused = |reason| PathError { name: path.display().to_string(), reason };
        let Ok(root) = resolve(model) else { return Ok(false) };
        let places = [resolve_parent(path), resolve(path)];
        let inside = places.iter().flatten().find_map(|place| place.strip_prefix(&root).ok());
        let Some(inside) = inside else { return Ok(false) };
        let mut name = ModelPath::root();
        for part in inside {
            let part = part.to_str().ok_or_else(|| refused("it is not UTF-8"))?;
            name = name.join(part)?;
        }
        if name.is_root() {
            return Err(refused("it is the model itself, nothing would be left"));
        }
        if name.as_str().contains(['*', '?', '[']) {
            return Err(refused("names are taken literally, and OMS allows none with `*`, `?` or `[` here"));
        }
        self.add(name);
        Ok(true)
    }

    /// Whether this very name is left out; a walk that stops at such names needs no more.
    #[must_use]
    pub fn contains(&self, path: &ModelPath) -> bool {
        self.0.contains(path)
    }

    /// The rule that leaves out this name or a folder above it.
    #[must_use]
    pub fn rule_for(&self, path: &ModelPath) -> Option<&ModelPath> {
        let name = path.as_str();
        let ends = name.match_indices('/').map(|(at, _)| at).chain([name.len()]);
        ends.filter_map(|end| name.get(..end)).find_map(|ancestor| self.0.get(ancestor))
    }

    /// Whether nothing at all is left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &ModelPath> {
        self.0.iter()
    }

    /// Keeps the rules that `keep` accepts.
    pub fn retain(&mut self, keep: impl FnMut(&ModelPath) -> bool) {
        self.0.retain(keep);
    }
}

impl FromIterator<ModelPath> for IgnoreRules {
    fn from_iter<I: IntoIterator<Item = ModelPath>>(paths: I) -> Self {
        Self(paths.into_iter().collect())
    }
}

/// The absolute path without links; parts at the end that do not exist are kept.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => Ok(resolve(non_empty(parent))?.join(name)),
            _ => Err(error),
        },
        other => other,
    }
}

/// As [`resolve`], but a link in the last place stays a link.
fn resolve_parent(path: &Path) -> io::Result<PathBuf> {
    let path = normalize(path);
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Ok(resolve(non_empty(parent))?.join(name)),
        _ => resolve(&path),
    }
}

fn non_empty(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_a_name_and_all_below_it() {
        let rules: IgnoreRules = ["f", "a/b"].into_iter().map(|name| ModelPath::new(name).unwrap()).collect();
        for (name, ignored) in
            [("f", true), ("f/x/y", true), ("f1", false), ("a", false), ("a/b", true), ("x/f", false)]
        {
            assert_eq!(rules.rule_for(&ModelPath::new(name).unwrap()).is_some(), ignored, "{name}");
        }
    }

    #[test]
    fn finds_the_place_inside_the_model() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model");
        fs::create_dir_all(model.join("sub")).unwrap();
        let mut rules = IgnoreRules::default();
        assert!(rules.add_on_disk(&model, &model.join("sub/../sub/new/x")).unwrap());
        assert!(!rules.add_on_disk(&model, &folder.path().join("model2")).unwrap());
        assert!(rules.add_on_disk(&model, &model.join("sub/..")).is_err());
        assert!(rules.add_on_disk(&model, &model.join("*.tmp")).is_err());
        assert_eq!(rules.iter().map(ModelPath::as_str).collect::<Vec<_>>(), ["sub/new/x"]);
    }
}
