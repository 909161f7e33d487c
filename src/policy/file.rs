use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::place::Place;
use super::{Fault, PolicyError, Rule, check, yaml};
use crate::io::{ReadError, read_to_limit};

/// A policy: what must be true of which models, with all keys and certificates read.
#[derive(Debug, Clone)]
pub struct Policy {
    folder: PathBuf,
    rules: Vec<Rule>,
}

/// How one rule of a policy looks at a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLook {
    /// The line where the rule begins, from 1.
    pub line: u64,
    /// Its path or glob as it is written.
    pub path: String,
    /// Whether that fits the model. The first rule that does holds.
    pub matched: bool,
}

impl Policy {
    /// Reads a policy, and the keys and certificates that it names.
    ///
    /// That a rule has expired is no fault here; see [`Policy::expired`].
    ///
    /// # Errors
    /// [`PolicyError`] where it cannot be read, or with everything that is wrong with it. What is not YAML, and keys that
    /// are unknown, doubled, missing or of the wrong type, hide all that comes behind them.
    pub fn load(path: &Path) -> Result<Self, PolicyError> {
        let content = read_to_limit(path, MAX_POLICY_BYTES)?;
        let place = Place { line: 1, column: 1 };
        let text = String::from_utf8(content).map_err(|_| PolicyError::Faults {
            path: path.to_owned(),
            faults: vec![Fault::new(place, "the file is not UTF-8 text")],
        })?;
        Self::from_text(path, &text)
    }

    /// Takes a text for the policy at `path`, where it need not be yet: to check what is about to be written.
    ///
    /// # Errors
    /// As [`Policy::load`].
    pub fn from_text(path: &Path, text: &str) -> Result<Self, PolicyError> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = fs::canonicalize(parent).map_err(|source| ReadError::Io { path: parent.to_owned(), source })?;
        let faults = |faults| PolicyError::Faults { path: path.to_owned(), faults };
        let wire = yaml::parse(text).map_err(|fault| faults(vec![fault]))?;
        let rules = check::rules(&wire, &folder).map_err(faults)?;
        Ok(Self { folder, rules })
    }

    /// The folder of the policy's file, absolute; what the policy names is relative to it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The rules, in the order of the file.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules that have expired, each with the place of its last day: they refuse their models.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> Vec<Fault> {
        let fault = |rule: &Rule| {
            let last = rule.expires.as_ref().filter(|_| rule.is_expired(now))?;
            Some(Fault::new(last.place, format!("the rule expired after {}, so its models are refused", last.value)))
        };
        self.rules.iter().filter_map(fault).collect()
    }

    /// What changes nothing: in rules for packages, by their name `.sml`, what [`Rule::idle_in_packages`] tells.
    #[must_use]
    pub fn idle(&self) -> Vec<Fault> {
        let text = |key| format!("`{key}` has no effect on a package: its signatures are in it, and cover every file");
        let packages = self.rules.iter().filter(|rule| rule.path().ends_with(".sml"));
        let keys = packages.flat_map(|rule| &rule.idle_in_packages);
        keys.map(|(key, place)| Fault::new(*place, text(*key))).collect()
    }

    /// The rule for this model, given by its path on disk: the first that fits.
    ///
    /// Links are followed first, so a model goes by the place where it really is. One outside the policy's folder, one
    /// that cannot be looked at, and one whose path is not UTF-8 have no rule.
    #[must_use]
    pub fn rule_for(&self, model: &Path) -> Option<&Rule> {
        let name = relative(&self.folder, model)?;
        self.rules.iter().find(|rule| rule.pattern.matches(&name))
    }

    /// How every rule looks at this model, in the order of the file.
    #[must_use]
    pub fn explain(&self, model: &Path) -> Vec<RuleLook> {
        let name = relative(&self.folder, model);
        let look = |rule: &Rule| RuleLook {
            line: rule.line(),
            path: rule.path().to_owned(),
            matched: name.as_deref().is_some_and(|name| rule.pattern.matches(name)),
        };
        self.rules.iter().map(look).collect()
    }
}

/// The model's path relative to the policy's folder, links followed, with `/`; `.` for the folder itself.
pub(super) fn relative(folder: &Path, model: &Path) -> Option<String> {
    let (folder, model) = fs::canonicalize(folder).ok().zip(fs::canonicalize(model).ok())?;
    let inside = model.strip_prefix(folder).ok()?;
    let parts: Vec<&str> = inside.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
    Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// Far above any policy that somebody wrote; it bounds what a wrong file can cost.
const MAX_POLICY_BYTES: u64 = 1 << 20;

#[cfg(test)]
pub(super) mod tests;
