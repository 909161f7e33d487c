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
    /// Who denies pickles denies what PyTorch saves, and who allows pickles allows it.
    #[must_use]
    pub fn permits(&self, format: ModelFormat) -> bool {
        match self {
            Self::Any => true,
            Self::Deny(denied) => !denied.iter().any(|name| format.is_a(*name)),
            Self::Allow(allowed) => allowed.iter().any(|name| format.is_a(*name)),
        }
    }
}
