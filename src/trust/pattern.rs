use std::fmt;

use regex::Regex;

use crate::crypto::FulcioClaim;

/// Who must have signed, for keyless signatures. Given by the verifier, never taken from a bundle.
#[derive(Debug, Clone)]
pub struct IdentityPattern {
    subject: SubjectPattern,
    issuer: String,
    claims: Vec<ClaimRule>,
}

/// Which names are accepted; each pattern has to match the whole name.
#[derive(Debug, Clone)]
enum SubjectPattern {
    Exact(String),
    Glob(glob::Pattern),
    Regex {
        whole: Box<Regex>,
        given: String,
    },
    /// Any name: the claims decide.
    Claims,
}

/// What a claim of the certificate must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimRule {
    /// The GitHub repository that the workflow ran for, `owner/name`.
    GitHubRepository(String),
    /// The workflow's file, by its path in the repository (`.github/workflows/sign.yml`) or its name (`sign.yml`).
    GitHubWorkflow(String),
    /// The Git reference that the workflow ran for (`refs/heads/main`).
    GitHubRef(String),
}

impl IdentityPattern {
    /// Exactly this name, vouched for by exactly this provider.
    #[must_use]
    pub fn exact(subject: impl Into<String>, issuer: impl Into<String>) -> Self {
        Self { subject: SubjectPattern::Exact(subject.into()), issuer: issuer.into(), claims: Vec::new() }
    }

    /// Names that a glob matches: `*` and `?` stand for anything but a slash, `**` as a whole part of a path for
    /// several parts.
    ///
    /// # Errors
    /// [`PatternError`] where it is no glob.
    pub fn glob(pattern: &str, issuer: impl Into<String>) -> Result<Self, PatternError> {
        let compiled = glob::Pattern::new(pattern).map_err(|error| PatternError::new(pattern, error.msg))?;
        Ok(Self { subject: SubjectPattern::Glob(compiled), issuer: issuer.into(), claims: Vec::new() })
    }

    /// Names that a regular expression matches from end to end.
    ///
    /// # Errors
    /// [`PatternError`] where it is none.
    pub fn regex(pattern: &str, issuer: impl Into<String>) -> Result<Self, PatternError> {
        // The library draws the place on several lines; the last one says what is wrong.
        let failed = |error: &regex::Error| {
            let text = error.to_string();
            PatternError::new(pattern, text.lines().last().unwrap_or_default().trim_start_matches("error: "))
        };
        // By itself first: a stray parenthesis must not reach beyond the one around it.
        Regex::new(pattern).map_err(|error| failed(&error))?;
        let whole = Regex::new(&format!(r"\A(?:{pattern})\z")).map_err(|error| failed(&error))?;
        let subject = SubjectPattern::Regex { whole: Box::new(whole), given: pattern.to_owned() };
        Ok(Self { subject, issuer: issuer.into(), claims: Vec::new() })
    }

    /// Whatever name these claims go with; at least one is needed to be of any use.
    #[must_use]
    pub fn claims(claims: Vec<ClaimRule>, issuer: impl Into<String>) -> Self {
        Self { subject: SubjectPattern::Claims, issuer: issuer.into(), claims }
    }

    /// Demands more claims.
    #[must_use]
    pub fn with_claims(mut self, claims: Vec<ClaimRule>) -> Self {
        self.claims.extend(claims);
        self
    }

    /// Whether about anybody matches.
    #[must_use]
    pub fn is_too_broad(&self) -> bool {
        let nobody = ["nobody", "nobody@nowhere.invalid", "https://nowhere.invalid/a/b@c"];
        self.claims.is_empty() && nobody.iter().filter(|name| self.subject_matches(name)).count() > 1
    }

    /// The URI of the workflow that signed, if the repository alone was asked for and it is not one of its own: a job may
    /// call workflows of others.
    pub(crate) fn foreign_workflow<'a>(&self, claims: &'a [FulcioClaim]) -> Option<&'a str> {
        let claim = |number: u32| claims.iter().find(|claim| claim.number == number).map(|claim| claim.value.as_str());
        let (own, signer) = (claim(SOURCE_REPOSITORY)?, claim(BUILD_SIGNER)?);
        let is_asked = matches!(self.subject, SubjectPattern::Claims);
        (is_asked && workflow_file(own, signer).is_none()).then_some(signer)
    }

    /// Why this signer is not the one that is asked for; `None` where it is.
    pub(crate) fn mismatch(&self, subject: &str, issuer: &str, claims: &[FulcioClaim]) -> Option<Mismatch> {
        if issuer != self.issuer {
            return Some(Mismatch {
                what: "identity provider",
                expected: self.issuer.clone(),
                found: issuer.to_owned(),
            });
        }
        if !self.subject_matches(subject) {
            return Some(Mismatch { what: "identity", expected: self.subject.to_string(), found: subject.to_owned() });
        }
        if matches!(self.subject, SubjectPattern::Claims) && self.claims.is_empty() {
            return Some(Mismatch {
                what: "identity",
                expected: "none was named".to_owned(),
                found: subject.to_owned(),
            });
        }
        self.claims.iter().find_map(|rule| rule.mismatch(claims))
    }

    fn subject_matches(&self, subject: &str) -> bool {
        match &self.subject {
            SubjectPattern::Exact(expected) => subject == expected,
            SubjectPattern::Glob(pattern) => pattern.matches_with(subject, GLOB),
            SubjectPattern::Regex { whole, .. } => whole.is_match(subject),
            SubjectPattern::Claims => true,
        }
    }
}

impl ClaimRule {
    fn mismatch(&self, claims: &[FulcioClaim]) -> Option<Mismatch> {
        let claim = |number: u32| claims.iter().find(|claim| claim.number == number).map(|claim| claim.value.as_str());
        let (what, expected, found, holds) = match self {
            Self::GitHubRepository(expected) => {
                let found = claim(SOURCE_REPOSITORY).and_then(path_of_url);
                ("GitHub repository", expected, found, found == Some(expected))
            }
            Self::GitHubWorkflow(expected) => {
                let config = claim(BUILD_CONFIG);
                let found = claim(SOURCE_REPOSITORY).zip(config).and_then(|(own, config)| workflow_file(own, config));
                let name = found.and_then(|file| file.strip_prefix(WORKFLOWS));
                ("GitHub workflow", expected, found.or(config), found == Some(expected) || name == Some(expected))
            }
            Self::GitHubRef(expected) => {
                let found = claim(SOURCE_REF);
                ("GitHub ref", expected, found, found == Some(expected))
            }
        };
        let found = found.unwrap_or("none in the certificate").to_owned();
        (!holds).then(|| Mismatch { what, expected: expected.clone(), found })
    }
}

/// The signer is somebody else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {what} is {found:?}, not {expected:?}")]
pub struct Mismatch {
    what: &'static str,
    expected: String,
    found: String,
}

/// A pattern that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pattern:?} is not a pattern: {reason}")]
pub struct PatternError {
    pattern: String,
    reason: String,
}

impl PatternError {
    fn new(pattern: &str, reason: impl fmt::Display) -> Self {
        Self { pattern: pattern.to_owned(), reason: reason.to_string() }
    }
}

impl fmt::Display for IdentityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.subject {
            SubjectPattern::Exact(_) | SubjectPattern::Claims => "",
            SubjectPattern::Glob(_) => "the glob ",
            SubjectPattern::Regex { .. } => "the regular expression ",
        };
        write!(f, "{kind}{} (according to {})", self.subject, self.issuer)
    }
}

impl fmt::Display for SubjectPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Glob(pattern) => f.write_str(pattern.as_str()),
            Self::Regex { given, .. } => f.write_str(given),
            Self::Claims => f.write_str("anybody with the right claims"),
        }
    }
}

/// What follows host and slash: `owner/name`, perhaps with more behind it.
fn path_of_url(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split_once('/').map(|(_, path)| path)
}

/// The file in `REPOSITORY/.github/workflows/sign.yml@refs/heads/main`, if it is one of this repository.
fn workflow_file<'a>(repository: &str, config: &'a str) -> Option<&'a str> {
    config.strip_prefix(repository)?.strip_prefix('/')?.split_once('@').map(|(file, _)| file)
}

/// The folder of all workflows.
const WORKFLOWS: &str = ".github/workflows/";
const BUILD_SIGNER: u32 = 9;
const SOURCE_REPOSITORY: u32 = 12;
const SOURCE_REF: u32 = 14;
const BUILD_CONFIG: u32 = 18;
const GLOB: glob::MatchOptions =
    glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

#[cfg(test)]
mod tests {
    use super::*;

    const WORKFLOW: &str = "https://github.com/o/r/.github/workflows/sign.yml@refs/heads/main";

    fn accepts(pattern: &IdentityPattern, subject: &str) -> bool {
        pattern.mismatch(subject, "issuer", &[]).is_none()
    }

    #[test]
    fn exact_is_exact() {
        let pattern = IdentityPattern::exact("a@b.example", "issuer");
        assert!(accepts(&pattern, "a@b.example"));
        for other in ["a@b.example.evil", "aa@b.example", "A@b.example", "a@bxexample", ".*", "", "a@b.example\n"] {
            assert!(!accepts(&pattern, other), "{other}");
        }
        assert!(pattern.mismatch("a@b.example", "issuer/", &[]).is_some());
    }

    #[test]
    fn globs_stop_at_slashes_and_match_all() {
        let glob = |text| IdentityPattern::glob(text, "issuer").unwrap();
        assert!(accepts(&glob("https://github.com/o/*/.github/workflows/sign.yml@refs/heads/*"), WORKFLOW));
        assert!(!accepts(&glob("https://github.com/*/.github/workflows/sign.yml@refs/heads/main"), WORKFLOW));
        assert!(!accepts(&glob("https://github.com/o/*"), WORKFLOW));
        assert!(accepts(&glob("https://github.com/o/**"), WORKFLOW));
        assert!(!accepts(&glob("*@b.example"), "a@b.example/x"));
        assert!(IdentityPattern::glob("a**b", "issuer").is_err());
    }

    #[test]
    fn expressions_match_from_end_to_end() {
        let regex = |text| IdentityPattern::regex(text, "issuer").unwrap();
        assert!(accepts(&regex(r"https://github\.com/o/.+@refs/heads/main"), WORKFLOW));
        assert!(!accepts(&regex("github"), WORKFLOW));
        assert!(!accepts(&regex("a|b"), "ac"));
        assert!(!accepts(&regex("(?m)^a$"), "a\nb"));
        assert!(!accepts(&regex("a"), "a\n"));
        assert!(IdentityPattern::regex("a)|(b", "issuer").is_err());
    }

    #[test]
    fn claims_are_read_from_the_urls_that_fulcio_writes() {
        let claims = [
            FulcioClaim { number: 12, value: "https://github.com/o/r".to_owned() },
            FulcioClaim { number: 14, value: "refs/heads/main".to_owned() },
            FulcioClaim { number: 18, value: WORKFLOW.to_owned() },
        ];
        let holds = |rule| IdentityPattern::claims(vec![rule], "i").mismatch(WORKFLOW, "i", &claims).is_none();
        assert!(holds(ClaimRule::GitHubRepository("o/r".to_owned())));
        assert!(holds(ClaimRule::GitHubWorkflow(".github/workflows/sign.yml".to_owned())));
        assert!(holds(ClaimRule::GitHubWorkflow("sign.yml".to_owned())));
        assert!(holds(ClaimRule::GitHubRef("refs/heads/main".to_owned())));
        for wrong in ["o/r2", "o", "r", "o/r/", "github.com/o/r", "O/r", ""] {
            assert!(!holds(ClaimRule::GitHubRepository(wrong.to_owned())), "{wrong}");
        }
        for wrong in ["workflows/sign.yml", "ign.yml", "sign.yml@refs/heads/main", ""] {
            assert!(!holds(ClaimRule::GitHubWorkflow(wrong.to_owned())), "{wrong}");
        }
        // A workflow of another repository, even one whose name begins alike.
        for other in ["https://github.com/x/y/.github/workflows/sign.yml@r", "https://github.com/o/r2/sign.yml@r"] {
            let claims = [claims[0].clone(), FulcioClaim { number: 18, value: other.to_owned() }];
            let rule = IdentityPattern::claims(vec![ClaimRule::GitHubWorkflow("sign.yml".to_owned())], "i");
            assert!(rule.mismatch(WORKFLOW, "i", &claims).is_some(), "{other}");
        }
        assert!(!holds(ClaimRule::GitHubRef("main".to_owned())));
        assert!(IdentityPattern::claims(Vec::new(), "i").mismatch(WORKFLOW, "i", &claims).is_some());
    }

    #[test]
    fn patterns_that_take_anybody_are_known() {
        assert!(IdentityPattern::regex(".*", "i").unwrap().is_too_broad());
        assert!(IdentityPattern::glob("**", "i").unwrap().is_too_broad());
        assert!(!IdentityPattern::glob("*@b.example", "i").unwrap().is_too_broad());
    }
}
