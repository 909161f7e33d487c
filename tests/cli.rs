//! The command line as data: each file in `tests/cli` is a case or a few, with what is printed and how it ends.
//!
//! After a wanted change, `TRYCMD=overwrite cargo test --test cli` writes the files anew.

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
