use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The name of a file inside a model: relative, separated by `/`, without empty, `.` or `..` parts.
///
/// The model itself, where it is a single file, is called `.` ([`ModelPath::root`]). Names are ordered by their UTF-8
/// bytes, which is the code point order that OMS 1.0, section 5.2.1, asks for. No Unicode normalisation takes place. Clones share the
/// text: the lists that are held beside each other name every file of a model again.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelPath(Arc<str>);

impl ModelPath {
    /// Takes a name as it stands in a manifest.
    ///
    /// # Errors
    /// [`PathError`] where following the name could lead out of the model, or two spellings could mean one file
    /// (OMS 1.0, section 6.1.2).
    pub fn new(name: impl Into<Box<str>>) -> Result<Self, PathError> {
        let name = name.into();
        let refused = |reason| PathError { name: name.to_string(), reason };
        if name.is_empty() {
            return Err(refused("it is empty"));
        }
        if name.contains('\0') {
            return Err(refused("it contains a NUL character"));
        }
        if name.starts_with('/') {
            return Err(refused("it is absolute"));
        }
        for part in name.split('/') {
            match part {
                "" => return Err(refused("it has an empty part")),
                "." => return Err(refused("it has a `.` part")),
                ".." => return Err(refused("it has a `..` part")),
                _ => {}
            }
        }
        // On Windows these two lead elsewhere: a drive, a stream, a second separator.
        if cfg!(windows) && name.contains(['\\', ':']) {
            return Err(refused(r"it contains `\` or `:`"));
        }
        Ok(Self(name.into()))
    }

    /// The model itself, `.`.
    #[must_use]
    pub fn root() -> Self {
        Self(".".into())
    }

    /// Whether this is the model itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        &*self.0 == "."
    }

    /// The name of `part` in this directory; `part` is a single part.
    ///
    /// # Errors
    /// [`PathError`] where `part` is not a valid part.
    pub fn join(&self, part: &str) -> Result<Self, PathError> {
        let part = Self::new(part)?;
        Ok(if self.is_root() { part } else { Self(format!("{}/{part}", self.0).into()) })
    }

    /// Whether this name is `ancestor` or lies below it, part by part.
    #[must_use]
    pub fn is_within(&self, ancestor: &Self) -> bool {
        ancestor.is_root()
            || self.0.strip_prefix(&*ancestor.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ModelPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ModelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A name that cannot be a file of a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a file name inside a model: {reason}")]
pub struct PathError {
    /// The name as it was found.
    pub name: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_names_that_lead_elsewhere() {
        for name in ["", "/a", "a/", "a//b", ".", "./a", "a/./b", "..", "../a", "a/../b", "a/..", "a\0b"] {
            assert!(ModelPath::new(name).is_err(), "{name:?}");
        }
        for name in ["a", "a/b", "..a", "a..", "...", "a b", "é", "a\\b", "a:b", "\u{1f600}", "-", "\n"] {
            assert_eq!(ModelPath::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn within_goes_by_whole_parts() {
        let path = |name: &str| ModelPath::new(name).unwrap();
        assert!(path("f").is_within(&path("f")));
        assert!(path("f/x").is_within(&path("f")));
        assert!(!path("f1").is_within(&path("f")));
        assert!(!path("f").is_within(&path("f/x")));
        assert!(path("f").is_within(&ModelPath::root()));
        assert_eq!(ModelPath::root().join("a").unwrap(), path("a"));
        assert_eq!(path("a").join("b").unwrap(), path("a/b"));
        assert!(path("a").join("..").is_err());
    }
}
