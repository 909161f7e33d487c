use crate::model::ModelFormat;

/// Which formats the files of a model may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatRule {
    /// Any.
    Any,
    /// Any but these.
    Deny(Vec<ModelFormat>),
    /// These alone; files that are no weights are [`ModelFormat::Other`].
    Allow(Vec<ModelFormat>),
}

impl FormatRule {
    /// Whether a file of this format may be in the model.
    ///
    /// Who denies pickles denies what PyTorch saves and what cannot be looked into, and who allows pickles allows it.
    #[must_use]
    pub fn permits(&self, format: ModelFormat) -> bool {
        match self {
            Self::Any => true,
            Self::Deny(denied) => !denied.iter().any(|name| format.is_a(*name)),
            Self::Allow(allowed) => allowed.iter().any(|name| format.is_a(*name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pickles_are_meant_in_whatever_they_come() {
        let permitted = |rule: FormatRule| -> Vec<&str> {
            ModelFormat::ALL.into_iter().filter(|format| rule.permits(*format)).map(ModelFormat::name).collect()
        };
        assert_eq!(permitted(FormatRule::Any).len(), ModelFormat::ALL.len());
        assert_eq!(permitted(FormatRule::Allow(vec![ModelFormat::Pickle])), ["pickle", "pytorch", "compressed"]);
        assert_eq!(permitted(FormatRule::Allow(vec![ModelFormat::PyTorch])), ["pytorch"]);
        let left = permitted(FormatRule::Deny(vec![ModelFormat::Pickle, ModelFormat::Keras]));
        assert_eq!(left.len(), ModelFormat::ALL.len() - 4);
        assert!(
            !left.contains(&"pickle")
                && !left.contains(&"pytorch")
                && !left.contains(&"compressed")
                && !left.contains(&"keras")
        );
        assert_eq!(permitted(FormatRule::Deny(vec![ModelFormat::PyTorch])).len(), ModelFormat::ALL.len() - 1);
    }
}
