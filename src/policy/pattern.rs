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
    #[error("{text:?} is not a path below the policy's folder: {}", .source.reason)]
    Path { text: String, source: PathError },
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
        let check = |path: &str| {
            ModelPath::new(path).map_err(|source| PathPatternError::Path { text: text.to_owned(), source })
        };
        if text != ROOT {
            check(text)?;
        }
        let compiled = glob::Pattern::new(text)
            .map_err(|error| PathPatternError::Glob { text: text.to_owned(), reason: error.msg })?;
        let literal = literal(text);
        if let Some(path) = literal.as_deref().filter(|path| *path != text) {
            check(path)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> ModelPattern {
        ModelPattern::new(text).unwrap()
    }

    /// All texts of one or two of these.
    fn up_to_two(pieces: &[String], between: &str) -> Vec<String> {
        let pairs =
            pieces.iter().flat_map(|first| pieces.iter().map(move |second| format!("{first}{between}{second}")));
        pieces.iter().cloned().chain(pairs).collect()
    }

    #[test]
    fn wildcards_stop_at_slashes_and_brackets_of_one_are_literal() {
        for (text, path, matched) in [
            ("a/*", "a/b", true),
            ("a/*", "a/b/c", false),
            ("a/?", "a/b", true),
            ("*", ".hidden", true),
            ("a/**", "a/b/c", true),
            ("a/**", "a", false),
            ("a/**/c", "a/c", true),
            ("a/[bc]", "a/c", true),
            ("a/[!bc]", "a/c", false),
            ("a[[]1]", "a[1]", true),
            ("a[*]", "a*", true),
            ("a[*]", "ab", false),
            ("A", "a", false),
            (".", ".", true),
            ("*", ".", false),
            ("**", ".", false),
            ("?", ".", false),
        ] {
            assert_eq!(pattern(text).matches(path), matched, "{text} {path}");
        }
        for (text, literal) in
            [("a/b", Some("a/b")), ("a[[]1]", Some("a[1]")), ("[ab]", None), ("a*", None), ("[]]", Some("]"))]
        {
            assert_eq!(pattern(text).literal(), literal, "{text}");
        }
    }

    #[test]
    fn covered_patterns_are_found() {
        for (earlier, later, covered) in [
            ("a/*", "a/b", true),
            ("a/*", "a/b*", true),
            ("a/*", "a/?[xy]", true),
            ("**", "a/**", true),
            ("a/**", "a/*/c?", true),
            ("a?", "ab", true),
            ("**", ".", false),
            ("a?", "a[bc]", false),
            ("a*", "*a", false),
            ("a/*", "a/*/b", false),
            // What stands between brackets is no text that the earlier pattern could take.
            ("*b]x", "[ab]x", false),
            ("*a*x", "[ab]x", false),
            ("*!*", "[!a]", false),
        ] {
            assert_eq!(pattern(earlier).covers(&pattern(later)), covered, "{earlier} {later}");
        }
    }

    /// Every pair of small patterns, held against every small path.
    #[test]
    fn no_pattern_is_said_to_be_covered_that_is_not() {
        let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut parts = up_to_two(&texts(&["a", "*", "?", "[ab]", "[!a]"]), "");
        parts.retain(|part| part != "**");
        parts.push("**".to_owned());
        let patterns: Vec<ModelPattern> = up_to_two(&parts, "/").iter().map(|text| pattern(text)).collect();
        let short = up_to_two(&texts(&["a", "b", "!", "]"]), "");
        let paths: Vec<String> =
            up_to_two(&short, "/").into_iter().chain(["a/a/a", "a/b/a", "b/b/b"].map(str::to_owned)).collect();
        let fitting: Vec<Vec<bool>> =
            patterns.iter().map(|pattern| paths.iter().map(|path| pattern.matches(path)).collect()).collect();
        let mut found = 0;
        for (earlier, taken) in patterns.iter().zip(&fitting) {
            for (later, wanted) in patterns.iter().zip(&fitting) {
                if earlier.as_str() != later.as_str() && earlier.covers(later) {
                    found += 1;
                    let left = wanted.iter().zip(taken).position(|(wanted, taken)| *wanted && !taken);
                    let left = left.map(|at| &paths[at]);
                    assert_eq!(left, None, "{} is not covered by {}", later.as_str(), earlier.as_str());
                }
            }
        }
        assert!(found > 1000, "{found}");
    }
}
