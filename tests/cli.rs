//! The command line as data: each file in `tests/cli` is a case or a few, with what is printed and how it ends.
//!
//! After a wanted change, `TRYCMD=overwrite cargo test --test cli` writes the files anew.
#![expect(clippy::expect_used, clippy::disallowed_methods, reason = "the project's own files")]

#[test]
fn the_command_line_is_as_the_cases_say() {
    let cases = trycmd::TestCases::new();
    // What the environment says of terminals and continuous integration must not change a case; empty is as unset.
    for name in ["CI", "COLUMNS", "LINES", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "SECUREML_PASSWORD"] {
        cases.env(name, "");
    }
    // Nor may an identity that the environment has, or a trust root that this machine knows.
    for name in
        ["GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "K_SERVICE", "GCE_METADATA_HOST", "SIGSTORE_ID_TOKEN"]
    {
        cases.env(name, "");
    }
    let cache = tempfile::tempdir().expect("a temporary folder");
    cases.env("SECUREML_CACHE", cache.path().display().to_string());
    cases.case("tests/cli/*.trycmd");
}

/// No case prints a hint with an option that the command at hand does not have; what stands between backticks is said of
/// other commands.
#[test]
fn hints_name_options_of_their_command() {
    let mut told = 0;
    for file in std::fs::read_dir("tests/cli").expect("the cases") {
        let path = file.expect("a case").path();
        if path.extension().is_none_or(|extension| extension != "trycmd") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a case in UTF-8");
        let mut command = Vec::new();
        for line in text.lines() {
            if let Some(words) = line.strip_prefix("$ secureml ") {
                command = words.split(' ').collect();
            }
            let Some(help) = line.strip_prefix("  help: ") else { continue };
            let own: String = help.split('`').step_by(2).collect();
            for option in own.split(|c: char| c != '-' && !c.is_ascii_alphanumeric()).filter(|w| w.starts_with("--")) {
                told += 1;
                let known = help_of(&command);
                assert!(
                    known.contains(&format!("{option} ")) || known.contains(&format!("{option}\n")),
                    "{line}: {command:?}"
                );
            }
        }
    }
    assert!(told > 10, "{told}");
}

/// What `--help` says of the command in these words.
fn help_of(words: &[&str]) -> String {
    let mut plain = words.iter().skip_while(|word| word.starts_with('-') || ["json", "text"].contains(*word));
    let (first, second) = (plain.next().copied().unwrap_or_default(), plain.next().copied().unwrap_or_default());
    let method = if words.contains(&"--policy") { "policy" } else { "sigstore" };
    let candidates = [vec![first, second], vec![first, method], vec![first]];
    let help = |words: &Vec<&str>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_secureml"));
        let output = command.args(words).arg("--help").output().expect("the program starts");
        // A second word that is no command of its own, such as a model, shows the help of the first.
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let usage = format!("Usage: secureml {}", words.join(" "));
        text.contains(&usage).then_some(text)
    };
    candidates.iter().find_map(help).expect("a command that has a help")
}
