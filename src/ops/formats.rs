//! Which formats the files of a model have, held against a policy.

use std::collections::BTreeMap;
use std::io::Read as _;

use crate::finding::Finding;
use crate::manifest::HashError;
use crate::model::{Entry, FileEntry, IgnoreRules, ModelFormat, ModelPath, ModelTree};
use crate::policy::FormatRule;

/// Looks at the first bytes of every file that is not left out, signed or not: a loader does not ask who signed.
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
                if !rule.permits(format) {
                    refused.insert(file.path.to_string(), format!("has the format {format}, {}", in_words(rule)));
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
    let mut head = Vec::new();
    let limit = u64::try_from(ModelFormat::HEAD_BYTES).unwrap_or(u64::MAX);
    file.open().and_then(|opened| opened.take(limit).read_to_end(&mut head)).map_err(failed)?;
    // The name is half of what tells the format; the one file of a model has that of the model.
    let own = if file.path.is_root() { ModelPath::new(tree.name()?).ok() } else { None };
    Ok(ModelFormat::detect(own.as_ref().unwrap_or(&file.path), &head))
}

pub(super) fn in_words(rule: &FormatRule) -> String {
    let list = |formats: &[ModelFormat]| formats.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ");
    match rule {
        FormatRule::Any => "any is allowed".to_owned(),
        FormatRule::Deny(formats) => format!("the rule denies {}", list(formats)),
        FormatRule::Allow(formats) => format!("the rule allows {}", list(formats)),
    }
}
