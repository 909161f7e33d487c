//! The program under test, and what it says.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The program with nobody at the keyboard, and without the variables that change what it does: a test must end the
/// same way at a desk and in CI.
pub(crate) fn secureml() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secureml"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_scrubbed) {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the program with these words.
pub(crate) fn run<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> Output {
    secureml().args(words).output().expect("the program starts")
}

/// The one JSON object that `--format json` prints.
pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error} in {}", in_words(output)))
}

/// The findings of a JSON answer as pairs of rule and text, which is the path, if there is one, and the message.
pub(crate) fn findings(output: &Output) -> Vec<(String, String)> {
    let answer = json(output);
    let findings = answer["findings"].as_array().expect("findings are a list");
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    findings
        .iter()
        .map(|finding| {
            let (path, message) = (text(finding, "path"), text(finding, "message"));
            let line = if path.is_empty() { message } else { format!("{path}: {message}") };
            (text(finding, "rule"), line)
        })
        .collect()
}

/// Asserts that the program accepted.
pub(crate) fn assert_accepted(name: &str, output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{name}: {}", in_words(output));
    assert_eq!(json(output)["outcome"], "accepted", "{name}");
}

/// Asserts that the program refused for this reason: exit code 1, and a finding of severity `error` with this rule whose
/// path and message, as `path: message`, contain `fragment`. Gives the text of that finding.
pub(crate) fn assert_refused(name: &str, output: &Output, rule: &str, fragment: &str) -> String {
    assert_eq!(output.status.code(), Some(1), "{name}: {}", in_words(output));
    assert_eq!(json(output)["outcome"], "refused", "{name}");
    let found = findings(output);
    let reason = found.iter().find(|(found, text)| found == rule && text.contains(fragment));
    let (_, text) = reason.unwrap_or_else(|| panic!("{name}: wanted {rule} with {fragment:?}, found {found:#?}"));
    text.clone()
}

fn in_words(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\nstdout: {}\nstderr: {}", output.status, text(&output.stdout), text(&output.stderr))
}

fn is_scrubbed(name: &str) -> bool {
    SCRUBBED.contains(&name) || SCRUBBED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Variables that change what the program says, where it keeps things, or as whom it would sign.
const SCRUBBED: [&str; 8] =
    ["CI", "GCE_METADATA_HOST", "GITLAB_CI", "K_SERVICE", "LOCALAPPDATA", "NO_COLOR", "RUST_LOG", "XDG_CACHE_HOME"];

/// How the names of more such variables begin.
const SCRUBBED_PREFIXES: [&str; 7] =
    ["ACTIONS_", "BUILDKITE", "CIRCLE", "GITHUB_", "RUNNER_", "SECUREML_", "SIGSTORE_"];
