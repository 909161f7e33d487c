use super::*;
use crate::policy::file::tests::TestFolder;

fn keyless(path: &str) -> NewRule {
    let requirement = NewRequirement::Keyless {
        issuer: "https://accounts.google.com".to_owned(),
        identity: "a@b.example".to_owned(),
    };
    NewRule {
        path: path.to_owned(),
        signature: None,
        signers: vec![NewSigner { role: "signer".to_owned(), requirement }],
        threshold: None,
        transparency: Transparency::Required,
        timestamp: Timestamp::Optional,
    }
}

const KEYLESS: &str = "  - path: \"new\"
    signers:
      - role: \"signer\"
        issuer: \"https://accounts.google.com\"
        identity: \"a@b.example\"
";

const OLD: &str = "\
# Who signs what.
version: 1   # the only one

models:
  # The big one.
  - path: m  # inline
    signers:
      - role: a
        key: keys/security.pub
        # about the key
";

/// The policy is one, and the paths of its rules are these.
fn paths(text: &str) -> Vec<String> {
    let policy = TestFolder::new(&[]).load(text).unwrap();
    policy.rules().iter().map(|rule| rule.path().to_owned()).collect()
}

#[test]
fn a_policy_is_begun() {
    assert_eq!(rule_text(&keyless("new")), KEYLESS);
    let begun = format!("version: 1\nmodels:\n{KEYLESS}");
    for (old, new) in [
        ("", begun.clone()),
        ("\n", format!("\n{begun}")),
        ("# mine", format!("# mine\n{begun}")),
        ("# mine\r\n", format!("# mine\r\n{}", begun.replace('\n', "\r\n"))),
    ] {
        let appended = append(old, KEYLESS).unwrap();
        assert_eq!(appended, new);
        assert_eq!(paths(&appended), ["new"]);
    }
}

#[test]
fn every_other_byte_stays() {
    let behind = "\n  # to do: more\n# the end\n";
    for (old, new) in [
        (OLD.to_owned(), format!("{OLD}{KEYLESS}")),
        (format!("{OLD}{behind}"), format!("{OLD}{KEYLESS}{behind}")),
        (OLD.trim_end().to_owned(), format!("{OLD}{KEYLESS}")),
        (format!("{OLD}...\n"), format!("{OLD}{KEYLESS}...\n")),
    ] {
        let appended = append(&old, KEYLESS).unwrap();
        assert_eq!(appended, new);
        assert_eq!(paths(&appended), ["m", "new"]);
    }
    // What looks like a comment may be a text's last line.
    let block = OLD.replace("        # about the key\n", "    signature: >-\n      a\n\n      # b\n");
    assert_eq!(append(&block, KEYLESS).unwrap(), format!("{block}{KEYLESS}"));
    let windows = OLD.replace('\n', "\r\n");
    assert_eq!(append(&windows, KEYLESS).unwrap(), format!("{OLD}{KEYLESS}").replace('\n', "\r\n"));
}

#[test]
fn the_list_may_be_anywhere_and_indented_anyhow() {
    let rule = "path: m\n  signers: [{role: a, key: keys/security.pub}]\n";
    let cases = [
        (format!("models:\n- {rule}version: 1\n"), format!("models:\n- {rule}"), "version: 1\n", 0),
        (format!("version: 1\nmodels: # all\n-\n  {rule}"), format!("version: 1\nmodels: # all\n-\n  {rule}"), "", 0),
        (
            format!("version: 1\nmodels:\n      - {}", rule.replace("\n  ", "\n        ")),
            format!("version: 1\nmodels:\n      - {}", rule.replace("\n  ", "\n        ")),
            "",
            6,
        ),
    ];
    for (old, before, after, indent) in cases {
        let appended = append(&old, KEYLESS).unwrap();
        let added: String = KEYLESS.lines().map(|line| format!("{:indent$}{}\n", "", &line[2..])).collect();
        assert_eq!(appended, format!("{before}{added}{after}"));
        assert_eq!(paths(&appended), ["m", "new"]);
        assert_eq!(paths(&append(&appended, &rule_text(&keyless("newer"))).unwrap()), ["m", "new", "newer"]);
    }
}

#[test]
fn what_cannot_be_continued_stays_as_it_is() {
    let rule = "{path: m, signers: [{role: a, key: keys/security.pub}]}";
    for text in [
        format!("version: 1\nmodels: [{rule}]\n"),
        format!("version: 1\nmodels:\n  [{rule}]\n"),
        format!("{{version: 1, models: [{rule}]}}\n"),
        format!("version: 1\n\"models\":\n- {rule}\n"),
        format!("---\n version: 1\n models:\n - {rule}\n"),
    ] {
        assert_eq!(append(&text, KEYLESS), Err(AppendError::Form), "{text}");
    }
    let broken = append("version: 1\nmodels:\n- path\n", KEYLESS).unwrap_err();
    assert_eq!(
        broken.to_string(),
        "the policy has a fault at 3:3: these are no keys with values, written as `key: value`"
    );
    let no_rule = append(OLD, "  - path: x\n").unwrap_err();
    assert_eq!(no_rule.to_string(), "the new rule has a fault: the key \"signers\" is missing");
    let more = append(OLD, &format!("{KEYLESS}version: 1\n")).unwrap_err();
    assert_eq!(more.to_string(), "the new rule has a fault: the key \"version\" is given twice");
}

// Other systems have no files of such names.
#[cfg(unix)]
#[test]
fn whatever_stands_in_a_rule_is_read_back() {
    use crate::policy::{Policy, Requirement};
    let odd = "a \"b\" \\ # : é \u{7f}\u{85}\u{2028}\u{feff}\u{1f600}\n- x: {y}\t'";
    let folder = TestFolder::new(&["a[1] é*"]);
    folder.write("keys/a \"b\".pub", crate::policy::file::tests::P384);
    let mut rule = keyless("a[1] é*");
    rule.signature = Some("signed/a \"é\".sig".to_owned());
    rule.signers = vec![
        NewSigner {
            role: odd.to_owned(),
            requirement: NewRequirement::Keyless { issuer: "https://i.example".to_owned(), identity: odd.to_owned() },
        },
        NewSigner { role: "b".to_owned(), requirement: NewRequirement::Key { path: "keys/a \"b\".pub".to_owned() } },
        NewSigner {
            role: "c".to_owned(),
            requirement: NewRequirement::Certificate { path: "keys/ca.pem".to_owned(), subject: odd.to_owned() },
        },
    ];
    rule.threshold = Some(2);
    rule.transparency = Transparency::Optional;
    rule.timestamp = Timestamp::Required;
    let text = append(OLD, &rule_text(&rule)).unwrap();
    let policy = Policy::from_text(&folder.path(".secureml.yaml"), &text).unwrap();
    let model = folder.path("a[1] é*");
    let read = policy.rule_for(&model).unwrap();
    assert_eq!(read.signature_path(policy.folder(), &model, false), policy.folder().join("signed/a \"é\".sig"));
    assert_eq!((read.threshold(), read.transparency(), read.timestamp()), (2, rule.transparency, rule.timestamp));
    let [keyless, key, certificate] = read.signers() else { panic!("{read:?}") };
    assert_eq!(keyless.role, odd);
    let Requirement::Keyless(pattern) = &keyless.requirement else { panic!("{keyless:?}") };
    assert_eq!(pattern.mismatch(odd, "https://i.example", &[]), None);
    let Requirement::Key { path, .. } = &key.requirement else { panic!("{key:?}") };
    assert_eq!(path.to_str(), Some("keys/a \"b\".pub"));
    let Requirement::Certificate { subject, .. } = &certificate.requirement else { panic!("{certificate:?}") };
    assert_eq!(subject, odd);
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_quoted(text in "\\PC*|.*|[\\x00-\\x7f]*") {
        let read: String = yaml::read(&quoted(&text)).unwrap();
        proptest::prop_assert_eq!(read, text);
    }
}
