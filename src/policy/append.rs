use std::fmt::Write as _;

use serde_json::Value;

use super::{Fault, Timestamp, Transparency, yaml};

/// A rule that is to be written into a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRule {
    /// The model's path relative to the policy's folder, with `/`; taken literally, also where it looks like a glob.
    pub path: String,
    /// The signature's path relative to the policy's folder, if it is not where rules look by themselves.
    pub signature: Option<String>,
    /// Whose signatures count; at least one.
    pub signers: Vec<NewSigner>,
    /// How many of them are needed, if not all.
    pub threshold: Option<usize>,
    /// Whether keyless signatures must be in the log.
    pub transparency: Transparency,
    /// Whether signatures need a trusted time.
    pub timestamp: Timestamp,
}

/// A signer of such a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSigner {
    /// What the signer is to the model.
    pub role: String,
    /// How the signer is known.
    pub requirement: NewRequirement,
}

/// How such a signer is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewRequirement {
    /// By exactly this name with exactly this identity provider.
    Keyless {
        /// The provider's URL.
        issuer: String,
        /// The e-mail address or URL that it vouches for.
        identity: String,
    },
    /// By a public key.
    Key {
        /// Its PEM file, relative to the policy's folder.
        path: String,
    },
    /// By a certificate.
    Certificate {
        /// The PEM file of the trusted certificates, relative to the policy's folder.
        path: String,
        /// The distinguished name in the signer's certificate.
        subject: String,
    },
}

/// Why a rule cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The policy there is cannot be read.
    #[error("the policy has a fault at {fault}")]
    Policy {
        /// What is wrong with it.
        fault: Fault,
    },
    /// The new rule's text is none.
    #[error("the new rule has a fault: {}", fault.message)]
    Rule {
        /// What is wrong with it, in a policy that holds nothing else.
        fault: Fault,
    },
    /// The list of rules is written in a form that cannot be continued without touching it.
    #[error("the list `models` is not written with one rule below the other")]
    Form,
}

/// The rule as it stands in a policy, ready for [`append`].
#[must_use]
pub fn rule_text(rule: &NewRule) -> String {
    let mut lines = vec![format!("  - path: {}", quoted(&glob::Pattern::escape(&rule.path)))];
    lines.extend(rule.signature.iter().map(|path| format!("    signature: {}", quoted(path))));
    lines.push("    signers:".to_owned());
    for signer in &rule.signers {
        lines.push(format!("      - role: {}", quoted(&signer.role)));
        let (first, second) = match &signer.requirement {
            NewRequirement::Keyless { issuer, identity } => (("issuer", issuer), Some(("identity", identity))),
            NewRequirement::Key { path } => (("key", path), None),
            NewRequirement::Certificate { path, subject } => {
                (("certificate-authority", path), Some(("subject", subject)))
            }
        };
        let keys = [Some(first), second];
        lines.extend(keys.iter().flatten().map(|(key, value)| format!("        {key}: {}", quoted(value))));
    }
    lines.extend(rule.threshold.iter().map(|threshold| format!("    threshold: {threshold}")));
    if rule.transparency == Transparency::Optional {
        lines.push("    transparency: optional".to_owned());
    }
    if rule.timestamp == Timestamp::Required {
        lines.push("    timestamp: required".to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The policy with one more rule at the end; every other byte of it, comments included, stays. Where there is nothing
/// but comments, or nothing at all, a policy is begun.
///
/// `rule` is what [`rule_text`] makes. Whether the rules fit one another is not looked at; see
/// [`super::Policy::from_text`].
///
/// # Errors
/// [`AppendError`] where the old text is no policy, the new one no rule, or the list has a form, such as `[…]`, that
/// cannot be continued.
pub fn append(text: &str, rule: &str) -> Result<String, AppendError> {
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let alone = format!("version: 1\nmodels:\n{rule}");
    yaml::parse(&alone).map_err(|fault| AppendError::Rule { fault })?;
    if text.lines().all(is_blank_or_comment) {
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
        return Ok(format!("{text}{gap}{}", alone.replace('\n', newline)));
    }
    yaml::parse(text).map_err(|fault| AppendError::Policy { fault })?;
    let End { at, indent } = end_of_list(text).ok_or(AppendError::Form)?;
    let (before, after) = text.split_at_checked(at).ok_or(AppendError::Form)?;
    let gap = if before.ends_with('\n') { "" } else { newline };
    let whole = format!("{before}{gap}{}{after}", indented(rule, indent, newline));
    // Finding the end of the list by its lines takes YAML for simpler than it is, so the result is held against what
    // was meant.
    if is_continued(text, &alone, &whole) { Ok(whole) } else { Err(AppendError::Form) }
}

/// Where the list of rules ends.
struct End {
    /// The byte behind the last line of its last rule.
    at: usize,
    /// How far its dashes are indented.
    indent: usize,
}

fn end_of_list(text: &str) -> Option<End> {
    let mut lines = text.split_inclusive('\n').scan(0, |end: &mut usize, line| {
        *end = end.saturating_add(line.len());
        Some((*end, line))
    });
    lines.find(|(_, line)| line.strip_prefix("models:").is_some_and(is_blank_or_comment))?;
    let mut found: Option<End> = None;
    for (at, line) in lines {
        let content = line.trim_start_matches(' ');
        let own = line.len().saturating_sub(content.len());
        let is_item = content.starts_with("- ") || content.trim_end() == "-";
        match found {
            None if is_blank_or_comment(line) => {}
            None if is_item => found = Some(End { at, indent: own }),
            None => return None,
            Some(_) if content.trim_end().is_empty() => {}
            Some(End { indent, .. }) if own > indent || (own == indent && is_item) => found = Some(End { at, indent }),
            Some(_) if content.starts_with('#') => {}
            Some(_) => break,
        }
    }
    found
}

/// The rule with its first line indented this far, and the others with it.
fn indented(rule: &str, indent: usize, newline: &str) -> String {
    let own: String = rule.chars().take_while(|character| *character == ' ').collect();
    let lines = rule.lines().map(|line| format!("{:indent$}{}{newline}", "", line.strip_prefix(&own).unwrap_or(line)));
    lines.collect()
}

/// Whether the new text says what the old one said, and the new rule at the end of it.
fn is_continued(old: &str, alone: &str, new: &str) -> bool {
    let read = |text: &str| yaml::read::<Value>(text).ok();
    let (Some(mut old), Some(alone), Some(new)) = (read(old), read(alone), read(new)) else { return false };
    let added = alone.get("models").and_then(Value::as_array);
    let Some((rules, added)) = old.get_mut("models").and_then(Value::as_array_mut).zip(added) else { return false };
    rules.extend(added.iter().cloned());
    old == new
}

fn is_blank_or_comment(line: &str) -> bool {
    let content = line.trim_start();
    content.is_empty() || content.starts_with('#')
}

/// A double-quoted scalar (YAML 1.2.2, section 7.3.1).
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            printable if printable.is_alphanumeric() => quoted.push(printable),
            other => {
                // Writing to a text cannot fail.
                let _: std::fmt::Result = write!(quoted, "\\U{:08X}", u32::from(other));
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
