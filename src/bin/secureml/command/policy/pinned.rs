//! The paths and the text of a rule that is about to be written.

use std::fs;
use std::path::{Path, PathBuf};

use secureml::io::{ReadError, read_to_limit};
use secureml::policy::{NewRule, Policy, append, rule_text};

use super::load;
use crate::exit::Exit;
use crate::failure::Failure;

/// A policy that is to have one more rule, or to be begun with it.
pub(super) struct Target<'a> {
    path: &'a Path,
    /// Its folder, absolute and without links.
    folder: PathBuf,
    /// What it holds so far.
    text: String,
}

impl<'a> Target<'a> {
    pub(super) fn read(path: &'a Path) -> Result<Self, Failure> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = |error: &dyn std::error::Error| {
            Failure::new(Exit::Undecided, format!("cannot use the policy {}", path.display()), error)
                .with_help("check the path given with --policy")
        };
        let folder = fs::canonicalize(parent).map_err(|error| failed(&error))?;
        let content = match read_to_limit(path, MAX_POLICY_BYTES) {
            Ok(content) => content,
            Err(ReadError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(&error)),
        };
        let text = String::from_utf8(content).map_err(|error| failed(&error))?;
        Ok(Self { path, folder, text })
    }

    /// The line of the rule that the model has already, if it has one.
    pub(super) fn line_of_rule_for(&self, model: &Path) -> Result<Option<u64>, Failure> {
        let is_empty = self.text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        if is_empty {
            return Ok(None);
        }
        let policy = Policy::from_text(self.path, &self.text).map_err(|error| load::failure(self.path, &error))?;
        Ok(policy.rule_for(model).map(secureml::policy::Rule::line))
    }

    /// The policy's text with the rule, if it is a policy in which the rule holds for the model; with it, the line where
    /// the rule begins.
    pub(super) fn with(&self, rule: &NewRule, model: &Path) -> Result<(String, u64), Failure> {
        let name = self.path.display();
        let text = append(&self.text, &rule_text(rule)).map_err(|error| {
            Failure::new(Exit::Refused, format!("cannot add a rule to {name}"), &error)
                .with_help("write the rules below one another, each beginning with `- path:`")
        })?;
        let policy = Policy::from_text(self.path, &text).map_err(|error| {
            let failure = load::failure(self.path, &error);
            let message = format!("{name} with the new rule would have faults");
            Failure { exit: Exit::Refused, message, help: None, ..failure }
        })?;
        match policy.rules().last().zip(policy.rule_for(model)) {
            Some((last, holds)) if last.line() == holds.line() => Ok((text, holds.line())),
            _ => Err(Failure::plain(Exit::Refused, format!("in {name} the new rule would not hold for the model"))),
        }
    }

    /// Whether the file still holds what was read.
    pub(super) fn is_unchanged(&self) -> Result<bool, Failure> {
        Ok(Self::read(self.path)?.text == self.text)
    }

    /// How the policy names a file or folder: relative to its own folder, with `/`. What the name itself is a link to does
    /// not matter.
    pub(super) fn relative(&self, path: &Path) -> Result<String, Failure> {
        let place = || {
            let name = path.file_name()?;
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            from(&self.folder, &fs::canonicalize(parent).ok()?.join(name))
        };
        let misuse = || {
            let message = format!("{} cannot be named in {}", path.display(), self.path.display());
            Failure::plain(Exit::Misuse, message).with_help("it must be a file, with a name in UTF-8")
        };
        place().ok_or_else(misuse)
    }

    /// How the policy names a model, which must lie below its folder.
    pub(super) fn relative_model(&self, model: &Path) -> Result<String, Failure> {
        let inside = fs::canonicalize(model).map_err(|error| {
            Failure::new(Exit::Undecided, format!("cannot read {}", model.display()), &error)
                .with_help("check the path of the model")
        })?;
        if inside == self.folder {
            let message =
                format!("{} would lie in the model, where who changes the model can change it", self.path.display());
            return Err(Failure::plain(Exit::Misuse, message).with_help("keep the policy in a folder above the model"));
        }
        let named = from(&self.folder, &inside).filter(|name| name != ".." && !name.starts_with("../"));
        named.ok_or_else(|| {
            let message = format!("{} does not lie in the folder of {}", model.display(), self.path.display());
            Failure::plain(Exit::Misuse, message).with_help("name a policy in a folder above the model with --policy")
        })
    }
}

/// The way from one place to another, both absolute; `None` where there is none, or it is not UTF-8.
fn from(folder: &Path, place: &Path) -> Option<String> {
    let mut up = folder.components().peekable();
    let mut down = place.components().peekable();
    let mut is_related = false;
    while up.peek().is_some() && up.peek() == down.peek() {
        up.next();
        down.next();
        is_related = true;
    }
    let steps = up.map(|_| Some("..")).chain(down.map(|part| part.as_os_str().to_str()));
    let parts: Vec<&str> = steps.collect::<Option<_>>()?;
    let text = if parts.is_empty() { ".".to_owned() } else { parts.join("/") };
    is_related.then_some(text)
}

/// As large as policies may be.
const MAX_POLICY_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_lead_down_and_up() {
        for (place, way) in [
            ("/a/b", Some(".")),
            ("/a/b/c/d", Some("c/d")),
            ("/a/c", Some("../c")),
            ("/x", Some("../../x")),
            ("x", None),
        ] {
            assert_eq!(from(Path::new("/a/b"), Path::new(place)).as_deref(), way, "{place}");
        }
    }
}
