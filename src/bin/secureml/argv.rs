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
    if let Some((at, method)) = missing_method(&normal) {
        normal.insert(at, method.into());
    }
    normal
}

/// Where the method has to be written, and which one: behind `sign` or `verify`, if something else stands there.
fn missing_method(words: &[OsString]) -> Option<(usize, &'static str)> {
    let command = command_index(words)?;
    let next = words.get(command + 1)?.to_str().unwrap_or_default();
    let verifies = words.get(command)? == "verify";
    if !verifies && words.get(command)? != "sign" || METHODS.contains(&next) || HELP.contains(&next) {
        return None;
    }
    let mut options = words.iter().skip(command + 1).take_while(|word| *word != "--").filter_map(|word| word.to_str());
    let method = match verifies {
        true if next == POLICY => return None,
        true if options.any(|word| word == "--policy" || word.starts_with("--policy=")) => POLICY,
        _ => "sigstore",
    };
    Some((command + 1, method))
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
/// The method of `verify` that is ours alone.
const POLICY: &str = "policy";
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
            ("verify --policy p m", "verify policy --policy p m"),
            ("verify m --policy=p", "verify policy m --policy=p"),
            ("verify policy m", "verify policy m"),
            ("verify key --policy p", "verify key --policy p"),
            ("verify -- --policy m", "verify sigstore -- --policy m"),
            ("sign policy", "sign sigstore policy"),
            ("sign --policy p m", "sign sigstore --policy p m"),
        ];
        for (given, expected) in cases {
            let words =
                |text: &str| -> Vec<OsString> { format!("secureml {text}").split(' ').map(OsString::from).collect() };
            assert_eq!(normalize(&words(given)), words(expected));
        }
    }
}
