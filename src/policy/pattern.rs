use crate::model::{ModelPath, PathError};

/// Which models a rule is for: paths relative to the policy's folder.
#[derive(Debug, Clone)]
pub(super) struct ModelPattern {
    text: String,
    compiled: glob::Pattern,
    /// The one path that fits, where it is no glob; `[x]` stands for `x` itself.
    literal: Option<String>,
}

/// A path that can stand in no policy.
#[derive(Debug, thiserror::Error)]
pub(super) enum PathPatternError {
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("{text:?} contains `\\`, paths are written with `/`")]
    Backslash { text: String },
    #[error("{text:?} is not a pattern: {}", lower(.reason))]
    Glob { text: String, reason: &'static str },
}

impl ModelPattern {
    pub(super) fn new(text: &str) -> Result<Self, PathPatternError> {
        if text.contains('\\') {
            return Err(PathPatternError::Backslash { text: text.to_owned() });
        }
        if text != ROOT {
            ModelPath::new(text)?;
        }
        let compiled = glob::Pattern::new(text)
            .map_err(|error| PathPatternError::Glob { text: text.to_owned(), reason: error.msg })?;
        let literal = literal(text);
        if let Some(path) = literal.as_deref().filter(|path| *path != text) {
            ModelPath::new(path)?;
        }
        Ok(Self { text: text.to_owned(), compiled, literal })
    }

    /// The policy's own folder.
    pub(super) fn root() -> Self {
        Self { text: ROOT.to_owned(), compiled: glob::Pattern::default(), literal: Some(ROOT.to_owned()) }
    }

    /// The path as it is written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The only path that fits, if there is only one.
    pub(super) fn literal(&self) -> Option<&str> {
        self.literal.as_deref()
    }

    /// Whether a path fits. No glob stands for the policy's folder itself.
    pub(super) fn matches(&self, path: &str) -> bool {
        match &self.literal {
            Some(literal) => literal == path,
            None => path != ROOT && self.compiled.matches_with(path, GLOB),
        }
    }

    /// Whether every path that fits `later` surely fits this pattern; `false` where that cannot be told.
    pub(super) fn covers(&self, later: &Self) -> bool {
        if self.text == later.text {
            return true;
        }
        if let Some(literal) = later.literal() {
            return self.matches(literal);
        }
        if self.text == "**" {
            return true;
        }
        // What stands for any text without a slash here also takes a character that no path has, and whatever that
        // stands for in the later pattern.
        !self.text.contains(['?', '[']) && !later.text.contains("**") && self.matches(&wildcards_as_nul(&later.text))
    }
}

/// The one path that a pattern stands for.
fn literal(text: &str) -> Option<String> {
    let mut literal = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '*' | '?' => return None,
            '[' => match (rest.next()?, rest.next()?) {
                (only, ']') if only != '!' => literal.push(only),
                _ => return None,
            },
            other => literal.push(other),
        }
    }
    Some(literal)
}

/// The pattern with a NUL for every wildcard; there is no `**` in it.
fn wildcards_as_nul(text: &str) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = if character == '[' { bracket_bytes(rest) } else { character.len_utf8() };
        replaced.push(if matches!(character, '*' | '?' | '[') { '\0' } else { character });
        rest = rest.get(length..).unwrap_or_default();
    }
    replaced
}

/// How long the `[…]` at the start is; its first character, after a `!`, is never its end.
fn bracket_bytes(text: &str) -> usize {
    let first: usize = if text.starts_with("[!") { 2 } else { 1 };
    let mut inner = text.char_indices().skip(first.saturating_add(1));
    inner.find(|(_, character)| *character == ']').map_or(text.len(), |(at, _)| at.saturating_add(1))
}

/// As the library has it, without its capital.
fn lower(reason: &str) -> String {
    reason.to_lowercase()
}

/// How the policy's own folder is written.
pub(super) const ROOT: &str = ".";
const GLOB: glob::MatchOptions =
    glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };
