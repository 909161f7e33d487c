//! The words of the command line as the reference tool spells them, brought into the one spelling that clap knows.

use std::ffi::{OsStr, OsString};

/// Turns `_` into `-` in option names, and writes out the method that `sign` and `verify` mean when none is named.
pub(crate) fn normalize(words: &[OsString]) -> Vec<OsString> {
    let mut normal: Vec<OsString> = Vec::with_capacity(words.len() + 1);
    let mut options_end = false;
    for word in words {
        let text = word.to_str().filter(|text| !options_end && text.starts_with("--"));
        options_end |= word == "--";
        normal.push(match text {
            Some(text) => {
                let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
                let name = name.replace('_', "-");
                value.map_or_else(|| name.clone(), |value| format!("{name}={value}")).into()
            }
            None => word.clone(),
        });
    }
    if let Some(at) = missing_method(&normal) {
        normal.insert(at, "sigstore".into());
    }
    normal
}

/// Where the method has to be written: behind `sign` or `verify`, if something else stands there.
fn missing_method(words: &[OsString]) -> Option<usize> {
    let command = command_index(words)?;
    let next = words.get(command + 1)?.to_str().unwrap_or_default();
    let is_command = words.get(command).is_some_and(|word| word == "sign" || word == "verify");
    (is_command && !METHODS.contains(&next) && !HELP.contains(&next)).then_some(command + 1)
}

/// The first word that is neither the program nor one of the options before the command.
fn command_index(words: &[OsString]) -> Option<usize> {
    let mut at = 1;
    loop {
        let word = words.get(at)?.to_str()?;
        at += match word {
            "--log-level" | "--format" => 2,
            _ if word.starts_with('-') => 1,
            _ => return Some(at),
        };
    }
}

/// Whether JSON is wanted; asked before the words are understood, so that misuse is told in JSON as well.
pub(crate) fn wants_json(words: &[OsString]) -> bool {
    let pair = words.windows(2).any(|pair| {
        pair.first().is_some_and(|word| word == "--format") && pair.last().is_some_and(|word| word == "json")
    });
    pair || words.iter().any(|word| word == OsStr::new("--format=json"))
}

/// The methods of the reference tool.
const METHODS: [&str; 5] = ["sigstore", "key", "certificate", "pkcs11-key", "pkcs11-certificate"];
const HELP: [&str; 3] = ["--help", "-h", "help"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_both_spellings_and_the_unnamed_method() {
        let cases = [
            ("sign key --private_key=a_b m", "sign key --private-key=a_b m"),
            ("verify key --public_key k_1 m_1", "verify key --public-key k_1 m_1"),
            ("sign m", "sign sigstore m"),
            ("sign --use_staging m", "sign sigstore --use-staging m"),
            ("--log_level info verify m", "--log-level info verify sigstore m"),
            ("sign --help", "sign --help"),
            ("sign", "sign"),
            ("digest -- --a_b", "digest -- --a_b"),
        ];
        for (given, expected) in cases {
            let words =
                |text: &str| -> Vec<OsString> { format!("secureml {text}").split(' ').map(OsString::from).collect() };
            assert_eq!(normalize(&words(given)), words(expected));
        }
    }
}
