//! Whom a verifier asks for, and who signed: anybody else is refused, however alike the names.

use serde_json::Value;

use super::instance::{Leaf, uri};
use super::published::{Copy, IDENTITY, PROVIDER, PUBLISHED, published};
use super::scene::{IN_TIME, Scene};
use crate::support::{assert_accepted, assert_refused, findings, json};

/// What is asked for, as words, and what is said of the published signer then.
type Question<'a> = (&'a [&'a str], &'a str);

/// Other names, each for the published provider, and what makes them others.
const OTHER_NAMES: [&str; 18] = [
    "somebody@example.org",
    "stefanb@us.ibm",
    "tefanb@us.ibm.com",
    "stefanb",
    "@us.ibm.com",
    "stefanb@us.ibm.com.example.org",
    "xstefanb@us.ibm.com",
    "Stefanb@us.ibm.com",
    "STEFANB@US.IBM.COM",
    "stefanb@us.ibm.com\n",
    "stefanb@us.ibm.com ",
    " stefanb@us.ibm.com",
    "stefanb@us.ibm.com,somebody@example.org",
    "mailto:stefanb@us.ibm.com",
    // Patterns are names like any other here.
    ".*",
    "stefanb@us.ibm.co.",
    "*",
    "*@us.ibm.com",
];

/// Other providers, each with the published name.
const OTHER_PROVIDERS: [&str; 7] = [
    "https://accounts.google.com",
    "https://sigstore.verify.ibm.com/oauth2/",
    "https://sigstore.verify.ibm.com/oauth",
    "http://sigstore.verify.ibm.com/oauth2",
    "https://Sigstore.verify.ibm.com/oauth2",
    "https://sigstore.verify.ibm.com/oauth2\n",
    "https://sigstore.verify.ibm.com/.*",
];

/// Patterns, by the option that takes them, that the published name does not match as a whole.
const OTHER_PATTERNS: [(&str, &str); 15] = [
    ("--identity-glob", "*@us.ibm"),
    ("--identity-glob", "@us.ibm.com"),
    ("--identity-glob", "*@US.IBM.COM"),
    ("--identity-glob", "*/us.ibm.com"),
    ("--identity-glob", "**/us.ibm.com"),
    ("--identity-glob", "stefanb@us.ibm.com?"),
    ("--identity-glob", "?@us.ibm.com"),
    ("--identity-glob", ".*"),
    ("--identity-regex", "stefanb"),
    ("--identity-regex", "ibm"),
    ("--identity-regex", "^stefanb@us"),
    ("--identity-regex", r"us\.ibm\.com$"),
    ("--identity-regex", r"stefanb@us\.ibm\.co"),
    ("--identity-regex", r"stefanb|@us\.ibm\.com"),
    ("--identity-regex", "(?m)^stefanb$"),
];

#[test]
fn anybody_else_is_refused() {
    let Some(root) = published() else { return };
    for published in &PUBLISHED {
        let copy = Copy::new(published, &root);
        let refused = |words: &[&str], says: &str| {
            let output = copy.verify(words);
            let text = assert_refused(&format!("{words:?}"), &output, "signature-identity", says);
            // Not even his name is believed to be of any use.
            assert_eq!(json(&output)["identity"], Value::Null, "{words:?}");
            println!("{words:?}: {text}");
        };
        for name in OTHER_NAMES {
            refused(&["--identity", name, "--identity-provider", PROVIDER], "the identity is \"stefanb@us.ibm.com\"");
        }
        for provider in OTHER_PROVIDERS {
            let says = "the identity provider is \"https://sigstore.verify.ibm.com/oauth2\"";
            refused(&["--identity", IDENTITY, "--identity-provider", provider], says);
        }
        refused(&["--identity", PROVIDER, "--identity-provider", IDENTITY], "the identity provider is");
    }
}

#[test]
fn patterns_match_whole_names_or_not_at_all() {
    let Some(root) = published() else { return };
    let copy = Copy::new(&PUBLISHED[0], &root);
    for (option, pattern) in OTHER_PATTERNS {
        let output = copy.verify(&[option, pattern, "--identity-provider", PROVIDER]);
        assert_refused(pattern, &output, "signature-identity", "the identity is \"stefanb@us.ibm.com\"");
    }
    // Whatever the name, the provider has to be the right one.
    for option in ["--identity-regex", "--identity-glob"] {
        let output = copy.verify(&[option, "stefanb@us.ibm.com", "--identity-provider", "https://login.example.org"]);
        assert_refused(option, &output, "signature-identity", "the identity provider is");
    }
    for (option, pattern, warning) in [
        ("--identity-glob", "*@us.ibm.com", None),
        ("--identity-glob", "stefanb@us.ibm.co?", None),
        ("--identity-regex", r"[a-z]+@us\.ibm\.com", None),
        ("--identity-regex", r"^stefanb@us\.ibm\.com$", None),
        ("--identity-regex", r"nobody|stefanb@us\.ibm\.com", None),
        ("--identity-regex", ".*", Some("identity-too-broad")),
        ("--identity-glob", "*", Some("identity-too-broad")),
        ("--identity-glob", "**", Some("identity-too-broad")),
    ] {
        let output = copy.verify(&[option, pattern, "--identity-provider", PROVIDER]);
        assert_accepted(pattern, &output);
        let rules: Vec<String> = findings(&output).into_iter().map(|(rule, _)| rule).collect();
        assert_eq!(rules, Vec::from_iter(warning.map(str::to_owned)), "{option} {pattern}");
    }
}

#[test]
fn what_is_no_question_is_misuse() {
    let Some(root) = published() else { return };
    let copy = Copy::new(&PUBLISHED[0], &root);
    let provider = ["--identity-provider", PROVIDER];
    let questions: &[Question<'_>] = &[
        (&["--identity-regex", "a)|(b", provider[0], provider[1]], "is not a pattern"),
        (&["--identity-regex", "*@us.ibm.com", provider[0], provider[1]], "is not a pattern"),
        (&["--identity-regex", "(", provider[0], provider[1]], "is not a pattern"),
        (&["--identity-regex", "a{1000000}{1000000}", provider[0], provider[1]], "is not a pattern"),
        (&["--identity-glob", "a**b", provider[0], provider[1]], "is not a pattern"),
        (&["--identity-glob", "[", provider[0], provider[1]], "is not a pattern"),
        (&["--identity", IDENTITY], "who vouches"),
        (&["--identity-provider", PROVIDER], "who must have signed"),
        (&["--github-ref", "refs/heads/main", provider[0], provider[1]], "who must have signed"),
        (&["--github-workflow", "sign.yml", provider[0], provider[1]], "who must have signed"),
        (&["--identity", IDENTITY, "--identity-glob", "*", provider[0], provider[1]], "cannot be used with"),
        (&["--identity", IDENTITY, "--identity-regex", ".*", provider[0], provider[1]], "cannot be used with"),
        (&["--identity-glob", "*", "--identity-regex", ".*", provider[0], provider[1]], "cannot be used with"),
    ];
    for (words, says) in questions {
        let output = copy.verify(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        let said = format!("{}{}", json(&output)["error"], String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(says), "{words:?}: {said}");
    }
}

#[test]
fn claims_are_demanded_of_certificates_that_have_none() {
    let Some(root) = published() else { return };
    let copy = Copy::new(&PUBLISHED[0], &root);
    let who = ["--identity", IDENTITY, "--identity-provider", PROVIDER];
    for (claim, says) in [
        (["--github-repository", "example-org/models"], "the GitHub repository is \"none in the certificate\""),
        (["--github-workflow", "sign.yml"], "the GitHub workflow is \"none in the certificate\""),
        (["--github-ref", "refs/heads/main"], "the GitHub ref is \"none in the certificate\""),
    ] {
        assert_refused(claim[0], &copy.verify(&[&who[..], &claim[..]].concat()), "signature-identity", says);
    }
    // By itself, a repository means GitHub's provider.
    let output = copy.verify(&["--github-repository", "example-org/models"]);
    assert_refused("alone", &output, "signature-identity", "not \"https://token.actions.githubusercontent.com\"");
}

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const WORKFLOW: &str = "https://github.com/example-org/models/.github/workflows/sign.yml@refs/heads/main";

/// A workflow's signature.
fn by_workflow(scene: &Scene) -> Value {
    let claims = [
        (1, GITHUB),
        (8, GITHUB),
        (12, "https://github.com/example-org/models"),
        (14, "refs/heads/main"),
        (18, WORKFLOW),
    ];
    let signed = scene.sign(&Leaf::new(vec![uri(WORKFLOW)], &claims));
    scene.instance.bundle(&signed, &IN_TIME, &[])
}

#[test]
fn a_workflow_is_known_by_its_claims_or_its_name() {
    let scene = Scene::new();
    let bundle = by_workflow(&scene);
    let repository = ["--github-repository", "example-org/models"];
    let named = |option: &'static str, name: &'static str| vec!["--identity-provider", GITHUB, option, name];
    for words in [
        repository.to_vec(),
        [&repository[..], &["--github-workflow", "sign.yml", "--github-ref", "refs/heads/main"]].concat(),
        [&repository[..], &["--github-workflow", ".github/workflows/sign.yml"]].concat(),
        [&repository[..], &["--identity", WORKFLOW]].concat(),
        named("--identity", WORKFLOW),
        named("--identity-glob", "https://github.com/example-org/*/.github/workflows/*@refs/heads/main"),
        named("--identity-glob", "https://github.com/example-org/**"),
        named("--identity-regex", r"https://github\.com/example-org/.+@refs/heads/main"),
    ] {
        let output = scene.verify_as(&bundle, &words);
        assert_accepted(&format!("{words:?}"), &output);
        assert_eq!(json(&output)["identity"]["subject"], WORKFLOW, "{words:?}");
        assert_eq!(findings(&output), [], "{words:?}");
    }
}

/// What is no name of a repository is misuse, and so is a name that a variable should have had.
#[test]
fn names_that_are_none_are_misuse() {
    let scene = Scene::new();
    let bundle = by_workflow(&scene);
    let who = ["--identity-provider", GITHUB];
    for words in [
        ["--github-repository", "example-org/models/"],
        ["--github-repository", "example-org"],
        ["--github-repository", "https://github.com/example-org/models"],
        ["--github-repository", "/"],
        ["--github-repository", ""],
        ["--identity", ""],
        ["--identity-glob", ""],
        ["--identity-regex", ""],
    ] {
        let output = scene.verify_as(&bundle, &[&who[..], &words[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        assert!(json(&output)["error"]["message"].as_str().unwrap().starts_with(words[0]), "{words:?}");
    }
    let output = scene.verify_as(&bundle, &["--identity", WORKFLOW, "--identity-provider", ""]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn another_workflow_is_refused() {
    let scene = Scene::new();
    let bundle = by_workflow(&scene);
    let refused = |words: &[&str], says: &str| {
        assert_refused(&format!("{words:?}"), &scene.verify_as(&bundle, words), "signature-identity", says);
    };
    for repository in ["example-org/model", "example-org/models2", "Example-Org/models", "example-org/*"] {
        refused(&["--github-repository", repository], "GitHub repository");
    }
    let repository = ["--github-repository", "example-org/models"];
    for (more, says) in [
        (["--github-workflow", "release.yml"], "GitHub workflow"),
        (["--github-workflow", "ign.yml"], "GitHub workflow"),
        (["--github-workflow", "workflows/sign.yml"], "GitHub workflow"),
        (["--github-ref", "main"], "GitHub ref"),
        (["--github-ref", "refs/heads/*"], "GitHub ref"),
        (["--identity", "https://github.com/example-org/models"], "the identity is"),
        (["--identity-provider", "https://login.example.org"], "the identity provider is"),
    ] {
        refused(&[&repository[..], &more[..]].concat(), says);
    }
    for (option, pattern) in [
        // A star stops at a slash.
        ("--identity-glob", "*"),
        ("--identity-glob", "https://github.com/*"),
        ("--identity-glob", "https://github.com/*/.github/workflows/sign.yml@refs/heads/main"),
        ("--identity-glob", "https://github.com/example-org/models/.github/workflows/sign.yml@*"),
        ("--identity-regex", "https://github.com/example-org/"),
        ("--identity-regex", "^https://github.com/example-org/models"),
    ] {
        refused(&["--identity-provider", GITHUB, option, pattern], "the identity is");
    }
}
