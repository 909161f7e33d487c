use std::fs::File;
use std::io::Write as _;

use super::*;
use crate::crypto::{Certificate, Curve, PublicKey};
use crate::digest::Algorithm;
use crate::model::{ModelFormat, ModelPath};
use crate::policy::{FormatRule, Requirement, Timestamp, Transparency, UnsignedFiles};

/// A folder with `.secureml.yaml`, the key files `keys/security.pub` (P-256), `keys/other.pub` (P-384) and
/// `keys/ca.pem`, and empty models.
pub(in crate::policy) struct TestFolder(tempfile::TempDir);

impl TestFolder {
    pub(in crate::policy) fn new(models: &[&str]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, content) in [("security.pub", P256), ("other.pub", P384), ("ca.pem", CA)] {
            folder.write(&format!("keys/{name}"), content);
        }
        for model in models {
            fs::create_dir_all(folder.path(model)).unwrap();
        }
        folder
    }

    pub(in crate::policy) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(in crate::policy) fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(path).unwrap().write_all(content.as_bytes()).unwrap();
    }

    pub(in crate::policy) fn load(&self, text: &str) -> Result<Policy, PolicyError> {
        self.write(".secureml.yaml", text);
        Policy::load(&self.path(".secureml.yaml"))
    }

    /// The faults, each as `line:column: message`; none where the policy loads.
    pub(in crate::policy) fn faults(&self, text: &str) -> Vec<String> {
        match self.load(text) {
            Ok(_) => Vec::new(),
            Err(PolicyError::Faults { faults, .. }) => faults.iter().map(ToString::to_string).collect(),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Rules for these paths, all signed by the same key.
fn rules_for(paths: &[&str]) -> String {
    let rule = |path: &&str| {
        format!(
            "  - path: '{path}'\n    signature: '{{model}}.sig'\n    signers: [{{role: a, key: keys/security.pub}}]\n"
        )
    };
    format!("version: 1\nmodels:\n{}", paths.iter().map(rule).collect::<String>())
}

/// Both are told with the place of the value that should change.
#[test]
fn what_refuses_by_its_age_or_does_nothing_is_told() {
    let folder = TestFolder::new(&[]);
    let rule =
        |path: &str, more: &str| format!("- path: {path}\n  signers: [{{role: a, key: keys/security.pub}}]\n{more}");
    let idle = "  signature: x.sig\n  ignore: [a]\n  unsigned-files: ignore\n";
    let text = [rule("m", idle), rule("m.sml", idle), rule("n", "  expires: 2020-01-01\n"), rule("o.sml", "")].concat();
    let policy = folder.load(&format!("version: 1\nmodels:\n{text}")).unwrap();
    let told = |faults: Vec<Fault>| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    let of_package = "has no effect on a package: its signatures are in it, and cover every file";
    let expected = [("10:14", "signature"), ("11:11", "ignore"), ("12:19", "unsigned-files")]
        .map(|(place, key)| format!("{place}: `{key}` {of_package}"));
    assert_eq!(told(policy.idle()), expected);
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    assert!(policy.expired(at("2020-01-01T23:59:59Z")).is_empty());
    let expired = "15:12: the rule expired after 2020-01-01, so its models are refused";
    assert_eq!(told(policy.expired(at("2020-01-02T00:00:00Z"))), [expired]);
}

#[test]
fn the_example_means_what_it_says() {
    let folder = TestFolder::new(&["models/bert"]);
    let policy = folder.load(EXAMPLE).unwrap();
    let [rule] = policy.rules() else { panic!("{policy:?}") };
    assert_eq!((rule.line(), rule.path(), rule.threshold()), (3, "models/bert", 2));
    assert_eq!((rule.transparency(), rule.timestamp()), (Transparency::Required, Timestamp::Required));
    assert_eq!(rule.formats(), &FormatRule::Deny(vec![ModelFormat::Pickle]));
    assert!(!rule.formats().permits(ModelFormat::PyTorch) && rule.formats().permits(ModelFormat::Safetensors));
    let [training, security] = rule.signers() else { panic!("{rule:?}") };
    let Requirement::Keyless(identity) = &training.requirement else { panic!("{training:?}") };
    let (issuer, workflow) = (
        "https://token.actions.githubusercontent.com",
        "https://github.com/acme/ml/.github/workflows/train.yml@refs/heads/main",
    );
    assert_eq!(identity.mismatch(workflow, issuer, &[]), None);
    assert!(identity.mismatch(workflow, "https://accounts.google.com", &[]).is_some());
    let Requirement::Key { path, key } = &security.requirement else { panic!("{security:?}") };
    assert_eq!((path.to_str(), key), (Some("keys/security.pub"), &PublicKey::from_pem(P256.as_bytes()).unwrap()));
    assert_eq!((training.role.as_str(), security.role.as_str()), ("training", "security"));
    for (now, expired) in
        [("2027-06-30T23:59:59.999Z", false), ("2027-07-01T00:00:00Z", true), ("2027-07-01T01:00:00+02:00", false)]
    {
        assert_eq!(rule.is_expired(now.parse().unwrap()), expired, "{now}");
    }
}

#[test]
fn what_is_left_out_has_a_strict_default() {
    let folder = TestFolder::new(&["m"]);
    let policy = folder.load("version: 1\nmodels:\n- path: m\n  signers: [{role: a, key: keys/security.pub}, {role: b, key: keys/other.pub}]\n");
    let policy = policy.unwrap();
    let rule = &policy.rules()[0];
    assert_eq!((rule.threshold(), rule.key_bits(), rule.expires()), (2, 256, None));
    assert_eq!((rule.transparency(), rule.timestamp()), (Transparency::Required, Timestamp::Optional));
    assert_eq!((rule.formats(), rule.unsigned_files()), (&FormatRule::Any, UnsignedFiles::Refuse));
    assert_eq!(rule.hashes(), Algorithm::ALL);
    assert!(rule.ignore().is_empty() && rule.permits_curve(Curve::P256));
    assert!(!rule.is_expired("9999-01-01T00:00:00Z".parse().unwrap()));
}

#[test]
fn everything_that_can_be_said_is_heard() {
    let folder = TestFolder::new(&["m"]);
    let policy = folder.load(
        "version: 1
models:
- path: m
  signers:
  - {role: a, certificate-authority: keys/ca.pem, subject: 'CN=signer,O=Acme'}
  - {role: b, issuer: 'https://i.example', identity-glob: '*@acme.example'}
  - {role: c, issuer: 'https://i.example', identity-regex: '(a|b)@acme\\.example'}
  threshold: 1
  transparency: optional
  hashes: [blake3, sha256]
  key-bits: 384
  formats: {allow: [safetensors, other]}
  expires: 9999-12-31
  ignore: [logs, a/b]
  unsigned-files: ignore
",
    );
    let policy = policy.unwrap();
    let rule = &policy.rules()[0];
    assert_eq!((rule.threshold(), rule.key_bits(), rule.transparency()), (1, 384, Transparency::Optional));
    assert_eq!(rule.hashes(), [Algorithm::Sha256, Algorithm::Blake3]);
    assert_eq!(rule.formats(), &FormatRule::Allow(vec![ModelFormat::Safetensors, ModelFormat::Other]));
    assert_eq!(rule.ignore().iter().map(ModelPath::as_str).collect::<Vec<_>>(), ["a/b", "logs"]);
    assert_eq!(rule.unsigned_files(), UnsignedFiles::Ignore);
    assert_eq!(Curve::ALL.map(|curve| rule.permits_curve(curve)), [false, true, true]);
    assert!(!rule.is_expired("9999-12-30T00:00:00Z".parse().unwrap()));
    let Requirement::Certificate { path, anchors, subject } = &rule.signers()[0].requirement else {
        panic!("{rule:?}")
    };
    assert_eq!((path.to_str(), subject.as_str()), (Some("keys/ca.pem"), "CN=signer,O=Acme"));
    assert_eq!(anchors, &Certificate::all_from_pem(CA.as_bytes()).unwrap());
    for (signer, accepted, refused) in
        [(1, "x@acme.example", "x@evil.example"), (2, "b@acme.example", "bb@acme.example")]
    {
        let Requirement::Keyless(pattern) = &rule.signers()[signer].requirement else { panic!("{rule:?}") };
        assert_eq!(pattern.mismatch(accepted, "https://i.example", &[]), None);
        assert!(pattern.mismatch(refused, "https://i.example", &[]).is_some());
    }
}

#[test]
fn the_first_rule_that_fits_holds() {
    let folder = TestFolder::new(&["models/bert", "models/gpt/v1", "other/x"]);
    folder.write("models/tiny.gguf", "");
    let policy = folder.load(&rules_for(&["models/bert", "models/*", "**/v1"])).unwrap();
    let rule = |model: &str| policy.rule_for(&folder.path(model)).map(Rule::path);
    for (model, path) in [
        ("models/bert", Some("models/bert")),
        ("models/bert/", Some("models/bert")),
        ("models/gpt/../bert", Some("models/bert")),
        ("models/gpt", Some("models/*")),
        ("models/tiny.gguf", Some("models/*")),
        ("models/gpt/v1", Some("**/v1")),
        ("other/x", None),
        ("models", None),
        (".", None),
        ("..", None),
        ("models/missing", None),
    ] {
        assert_eq!(rule(model), path, "{model}");
    }
    let looks = policy.explain(&folder.path("models/bert"));
    let looks: Vec<_> = looks.iter().map(|look| (look.line, look.path.as_str(), look.matched)).collect();
    assert_eq!(looks, [(3, "models/bert", true), (6, "models/*", true), (9, "**/v1", false)]);
    assert!(policy.explain(&folder.path("missing")).iter().all(|look| !look.matched));
}

#[test]
fn the_folder_itself_needs_its_own_name() {
    let folder = TestFolder::new(&["models"]);
    let policy = folder.load(&rules_for(&["**"])).unwrap();
    assert!(policy.rule_for(&folder.path("models")).is_some());
    assert!(policy.rule_for(&folder.path("")).is_none());
    let policy = folder.load(&rules_for(&["**", "."])).unwrap();
    assert_eq!(policy.rule_for(&folder.path("models/..")).map(Rule::path), Some("."));
}

#[cfg(unix)]
#[test]
fn a_link_is_the_model_that_it_leads_to() {
    use std::os::unix::fs::symlink;
    let (folder, outside) = (TestFolder::new(&["trusted/a", "b"]), TestFolder::new(&["models/c"]));
    symlink(folder.path("b"), folder.path("trusted/b")).unwrap();
    symlink(folder.path("trusted/a"), folder.path("a")).unwrap();
    symlink(outside.path("models/c"), folder.path("trusted/c")).unwrap();
    symlink(folder.path(""), outside.path("policies")).unwrap();
    folder.load(&rules_for(&["trusted/*"])).unwrap();
    let policy = Policy::load(&outside.path("policies/.secureml.yaml")).unwrap();
    for (model, matched) in [("trusted/a", true), ("a", true), ("trusted/b", false), ("trusted/c", false)] {
        assert_eq!(policy.rule_for(&folder.path(model)).is_some(), matched, "{model}");
    }
}

#[test]
fn signatures_lie_where_the_rule_says() {
    let folder = TestFolder::new(&["models/bert"]);
    folder.write("models/tiny.gguf", "");
    let text = rules_for(&["models/bert"]).replace("'{model}.sig'", "signatures/bert.sig");
    let named = folder.load(&text).unwrap();
    let pattern = folder.load(&rules_for(&["models/*"]).replace("'{model}.sig'", "s/{model}/x.sig")).unwrap();
    let default = folder.load(&text.replace("    signature: signatures/bert.sig\n", "")).unwrap();
    let model = folder.path("models/bert");
    let file = folder.path("models/tiny.gguf");
    let at = |policy: &Policy, model: &Path| policy.rules()[0].signature_path(policy.folder(), model, model.is_file());
    assert_eq!(at(&named, &model), named.folder().join("signatures/bert.sig"));
    assert_eq!(at(&pattern, &model), named.folder().join("s/models/bert/x.sig"));
    assert_eq!(at(&pattern, &file), named.folder().join("s/models/tiny.gguf/x.sig"));
    assert_eq!(at(&default, &model), model.join("model.sig"));
    assert_eq!(at(&default, &file), folder.path("models/tiny.gguf.sig"));
}

#[test]
fn what_cannot_be_read_is_no_policy() {
    let folder = TestFolder::new(&[]);
    let missing = Policy::load(&folder.path("missing/.secureml.yaml")).unwrap_err();
    assert!(matches!(missing, PolicyError::Read(ReadError::Io { .. })), "{missing}");
    let error = folder.load("version: 1\nmodels:\n- {path: /, signers: []}\n").unwrap_err();
    let path = folder.path(".secureml.yaml");
    let path = path.display();
    let first = format!("{path}:3:10: \"/\" is not a path below the policy's folder: it is absolute");
    let second = format!("{path}:3:22: there is no signer, so every model would be refused");
    assert_eq!(error.to_string(), format!("{first}\n{second}"));
    let huge = " ".repeat((1 << 20) + 1);
    let error = folder.load(&huge).unwrap_err();
    assert!(matches!(error, PolicyError::Read(ReadError::TooLarge { limit: 1_048_576, .. })), "{error}");
    File::create(folder.path("latin.yaml")).unwrap().write_all(b"version: 1 # \xe9").unwrap();
    let error = Policy::load(&folder.path("latin.yaml")).unwrap_err();
    assert_eq!(error.to_string(), format!("{}:1:1: the file is not UTF-8 text", folder.path("latin.yaml").display()));
}

#[test]
fn texts_that_unfold_are_refused() {
    let folder = TestFolder::new(&["m"]);
    let head = "version: 1\nmodels:\n- path: m\n  signers: [{role: a, key: keys/security.pub}]\n";
    let mut tower = format!("{head}  ignore:\n  - &a0 x\n");
    for level in 1..9 {
        tower += &format!("  - &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", "));
    }
    let rules = format!("{}{}", head.replace("- path", "- &r\n  path"), "- *r\n".repeat(1000));
    let aliases = format!("{head}  ignore:\n  - &x a\n{}", "  - *x\n".repeat(5000));
    let wide = format!("{head}  ignore: [{}]\n", "a,".repeat(200_000));
    let deep = format!("{head}  ignore: {}{}\n", "[".repeat(500), "]".repeat(500));
    let unknown =
        format!("version: 1\nbomb:\n{}", tower.lines().skip(5).map(|line| format!("{line}\n")).collect::<String>());
    for (text, fault) in [
        (&tower, "7:9: this is no text"),
        (&rules, "775:3: the document is larger than any policy"),
        (&aliases, "1007:5: the document is larger than any policy"),
        (&wide, "5:199978: the document is larger than any policy"),
        (&deep, "5:27: this is nested deeper than any policy"),
        (&unknown, "2:1: unknown key \"bomb\", known are version, models"),
    ] {
        assert_eq!(folder.faults(text), [fault]);
    }
}

const EXAMPLE: &str = "version: 1
models:
  - path: models/bert                      # file, folder or glob, relative to this file
    signature: models/bert/model.sig       # default: PATH/model.sig, or FILE.sig
    signers:
      - role: training
        issuer: https://token.actions.githubusercontent.com
        identity: https://github.com/acme/ml/.github/workflows/train.yml@refs/heads/main   # or identity-glob, identity-regex
      - role: security
        key: keys/security.pub             # or certificate-authority: ca.pem with subject:
    threshold: 2
    transparency: required
    timestamp: required
    formats: {deny: [pickle]}
    expires: 2027-06-30
";
const P256: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE97kJqKVN4z/55pwLH5a3bbXfdTqU
vJJPeAPrFTMmvze8IjxR4SlXhH/vmStVy58G/JVJtOlQveRPJxUzKSuF1w==
-----END PUBLIC KEY-----
";
/// Another key than that of the rules.
pub(in crate::policy) const P384: &str = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEuwrtcpKBvFYxfPApYuTO5HcNul9Sg8Ey
s7gW8yLfPkMmnylFnbrWwyMUeIDvXYJkDBJoqqWplROKA2ezvydT3ehHjdal7FmX
4NdtafghYp968oEund+cAivLdVuaVJNX
-----END PUBLIC KEY-----
";
const CA: &str = "-----BEGIN CERTIFICATE-----
MIIBnTCCAUOgAwIBAgIUGVh2XwuCjztrhV7RdAyzF99qugkwCgYIKoZIzj0EAwIw
IzENMAsGA1UECgwEQWNtZTESMBAGA1UEAwwJQWNtZSBSb290MCAXDTI2MTEyMzAx
MjQ1NVoYDzIwODEwODI2MDEyNDU1WjAjMQ0wCwYDVQQKDARBY21lMRIwEAYDVQQD
DAlBY21lIFJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATjgNkT8v9TwAl6
GFisViqdiyftUyHAsussAo9PIOYwC9LucszJ2M/RX6mh4OlXxlY6r8Tcm3kqym3/
w9hX8JbEo1MwUTAdBgNVHQ4EFgQUwMBktd0ZqTs2wq7jbiXg2/0NLTQwHwYDVR0j
BBgwFoAUwMBktd0ZqTs2wq7jbiXg2/0NLTQwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiEA34m0gGZ1Lcs9/wa/zKIi6tbU/MbQuG1ozL451j2BQVAC
IHjM328oIKqIlJ/4ky394NVJp+Zyd+1cmtljxC5Ropex
-----END CERTIFICATE-----
";
