//! Which formats the files of a model have, held against a policy.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::manifest::HashError;
use crate::model::{Entry, FileEntry, IgnoreRules, ModelFormat, ModelPath, ModelTree};
use crate::policy::FormatRule;

/// Looks into every file that is not left out, signed or not: a loader does not ask who signed.
///
/// What is neither file nor folder has no format that could be told, and is refused.
pub(super) fn check_formats(
    tree: &ModelTree,
    ignore: &IgnoreRules,
    rule: &FormatRule,
) -> Result<Vec<Finding>, HashError> {
    if *rule == FormatRule::Any {
        return Ok(Vec::new());
    }
    // Sorted by name: the walk has the file system's order.
    let mut refused: BTreeMap<String, String> = BTreeMap::new();
    for entry in tree.walk(ignore, None) {
        match entry? {
            Entry::File(file) => {
                let format = format(tree, &file)?;
                if let Some(message) = refused_format(format, rule) {
                    refused.insert(file.path.to_string(), message);
                }
            }
            Entry::Odd(odd) => {
                refused.insert(odd.path, format!("{}, so its format is not known", odd.kind));
            }
        }
    }
    Ok(refused.into_iter().map(|(path, message)| Finding::error("policy-format", message).at(path)).collect())
}

fn format(tree: &ModelTree, file: &FileEntry) -> Result<ModelFormat, HashError> {
    let failed = |source| HashError::Read { path: file.path.clone(), source };
    // The name is half of what tells the format; the one file of a model has that of the model.
    let own = if file.path.is_root() { ModelPath::new(tree.name()?).ok() } else { None };
    let opened = file.open().map_err(failed)?;
    ModelFormat::read(own.as_ref().unwrap_or(&file.path), opened).map_err(failed)
}

/// Why a rule does not permit a format, if it does not.
pub(super) fn refused_format(format: ModelFormat, rule: &FormatRule) -> Option<String> {
    if rule.permits(format) {
        return None;
    }
    let unseen = if format == ModelFormat::Compressed { " and may hold a pickle unseen" } else { "" };
    Some(format!("has the format {format}{unseen}, {}", in_words(rule)))
}

fn in_words(rule: &FormatRule) -> String {
    let list = |formats: &[ModelFormat]| formats.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ");
    match rule {
        FormatRule::Any => "any is allowed".to_owned(),
        FormatRule::Deny(formats) => format!("the rule denies {}", list(formats)),
        FormatRule::Allow(formats) => format!("the rule allows {}", list(formats)),
    }
}
