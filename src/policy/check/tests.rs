use crate::policy::file::tests::{P384, TestFolder};

/// Each text, and its faults with their places.
fn hold(cases: &[(&str, &[&str])]) {
    let folder = TestFolder::new(&["m"]);
    folder.write("m/own.pub", P384);
    folder.write("keys/broken.pub", "hello");
    for (text, expected) in cases {
        let found = folder.faults(text);
        assert_eq!(&found, expected, "{text}");
    }
}

/// A policy with one rule for `m`, signed by one key, and these lines, the first of which is line 6.
macro_rules! rule_with {
    ($lines:literal) => {
        concat!("version: 1\nmodels:\n- path: m\n  signers:\n  - {role: a, key: keys/security.pub}\n", $lines, "\n")
    };
}

/// A policy with rules for these paths.
fn rules_for(paths: &[&str]) -> String {
    let rule = |path: &&str| {
        format!("- path: '{path}'\n  signature: '{{model}}.sig'\n  signers: [{{role: a, key: keys/security.pub}}]\n")
    };
    format!("version: 1\nmodels:\n{}", paths.iter().map(rule).collect::<String>())
}

#[test]
fn the_form_has_to_be_right() {
    hold(&[
        ("", &["1:1: the file holds no policy"]),
        ("# nothing\n", &["2:1: the file holds no policy"]),
        ("- a\n", &["1:1: these are no keys with values, written as `key: value`"]),
        ("version: 1\n", &["1:1: the key \"models\" is missing"]),
        ("models: []\n", &["1:1: the key \"version\" is missing"]),
        ("version: 1\nmodels: []\n", &["2:9: there is no rule, so every model would be refused"]),
        ("version: 1\nmodels:\n", &["2:7: this is no list, write `- ` in front of each entry"]),
        ("version: 2\nmodels: []\n", &["1:10: version 2 is not known, this program reads version 1"]),
        ("version: 2\nrules: []\n", &["1:10: version 2 is not known, this program reads version 1"]),
        ("version: 1.0\nmodels: []\n", &["1:10: this is no whole number from 0 up"]),
        ("version: -1\nmodels: []\n", &["1:10: this is no whole number from 0 up"]),
        ("version: 1\nmodels: m\n", &["2:9: this is no list, write `- ` in front of each entry"]),
        ("version: 1\nmodels:\n- m\n", &["3:3: these are no keys with values, written as `key: value`"]),
        ("version: 1\nmodels: []\nmodel: []\n", &["3:1: unknown key \"model\", known are version, models"]),
        ("version: 1\nmodels: []\nversion: 1\n", &["3:1: the key \"version\" is given twice"]),
        ("version: 1\nmodels: []\n---\nversion: 1\n", &["4:1: there is more than one YAML document"]),
        ("version: 1\nmodels: [\n", &["2:9: unclosed bracket '['"]),
        ("version: 1\n\tmodels: []\n", &["1:10: a tab stands here, YAML is indented by spaces"]),
        ("version: 1\nmodels:\n- path: m\n", &["3:3: the key \"signers\" is missing"]),
        ("version: 1\nmodels:\n- signers: []\n", &["3:3: the key \"path\" is missing"]),
        (
            rule_with!("  treshold: 1"),
            &[
                "6:3: unknown key \"treshold\", known are path, signature, signers, threshold, transparency, timestamp, hashes, key-bits, formats, expires, ignore, unsigned-files",
            ],
        ),
        (rule_with!("  path: n"), &["6:3: the key \"path\" is given twice"]),
        (rule_with!("  threshold: two"), &["6:14: this is no whole number from 0 up"]),
        (rule_with!("  threshold: -1"), &["6:14: this is no whole number from 0 up"]),
        (rule_with!("  threshold:"), &["6:12: the value is missing"]),
        (rule_with!("  transparency: yes"), &["6:17: unknown value \"yes\", known are required, optional"]),
        (rule_with!("  transparency: Required"), &["6:17: unknown value \"Required\", known are required, optional"]),
        (rule_with!("  transparency:"), &["6:15: the value is missing"]),
        (rule_with!("  timestamp: ~"), &["6:14: the value is missing"]),
        (rule_with!("  unsigned-files: allow"), &["6:19: unknown value \"allow\", known are refuse, ignore"]),
        (rule_with!("  hashes: sha256"), &["6:11: this is no list, write `- ` in front of each entry"]),
        (rule_with!("  hashes: [md5]"), &["6:12: unknown value \"md5\", known are sha256, blake2b, blake3"]),
        (rule_with!("  formats: {dny: [pickle]}"), &["6:13: unknown key \"dny\", known are deny, allow"]),
        (rule_with!("  formats: [pickle]"), &["6:12: these are no keys with values, written as `key: value`"]),
        (rule_with!("  formats:"), &["6:10: these are no keys with values, written as `key: value`"]),
        (rule_with!("  expires:"), &["6:10: the value is missing"]),
        (
            rule_with!("  expires: 20270630"),
            &["6:12: 20270630 is no text as it stands, put it in quotes if it is meant as one: \"20270630\""],
        ),
        (rule_with!("  ignore:"), &["6:9: this is no list, write `- ` in front of each entry"]),
        (rule_with!("  signature: [a]"), &["6:14: this is no text"]),
        (rule_with!("  <<: {threshold: 1}"), &["6:3: merge keys (`<<`) are not read"]),
        (
            rule_with!("  ignore: [*x]"),
            &["6:12: `*` at the start names an anchor, and there is none of this name; put a glob in quotes"],
        ),
    ]);
}

#[test]
fn so_has_that_of_signers() {
    hold(&[
        (
            rule_with!("  - {role: b, key: keys/other.pub, \"k\\ney\": x}"),
            &[
                "6:36: unknown key \"k\\ney\", known are role, issuer, identity, identity-glob, identity-regex, key, certificate-authority, subject",
            ],
        ),
        (rule_with!("  - {role: b, key: }"), &["6:18: the value is missing"]),
        (rule_with!("  - {key: keys/other.pub}"), &["6:6: the key \"role\" is missing"]),
        (
            rule_with!("  - {role: b, key: keys/other.pub, key: keys/other.pub}"),
            &["6:36: the key \"key\" is given twice"],
        ),
    ]);
}

/// What is a number to one reader of YAML must not be a text to another.
#[test]
fn numbers_stand_without_quotes_and_texts_that_look_like_others_with() {
    let number = "this is no whole number from 0 up";
    for (lines, fault) in [
        ("threshold: '1'", "6:14: \"1\" is a text, write the number without quotes: 1"),
        ("key-bits: \"384\"", "6:13: \"384\" is a text, write the number without quotes: 384"),
        ("threshold: '1x'", &format!("6:14: {number}")),
        ("threshold: 1.0", &format!("6:14: {number}")),
        ("threshold: true", &format!("6:14: {number}")),
        ("threshold: [1]", &format!("6:14: {number}")),
        ("threshold: {a: 1}", &format!("6:14: {number}")),
        ("threshold: 99999999999999999999", &format!("6:14: {number}")),
        ("signature: true", "6:14: true is no text as it stands, put it in quotes if it is meant as one: \"true\""),
        ("ignore: [1.5]", "6:12: 1.5 is no text as it stands, put it in quotes if it is meant as one: \"1.5\""),
        ("transparency: true", "6:17: unknown value \"true\", known are required, optional"),
        ("hashes: [1]", "6:12: unknown value \"1\", known are sha256, blake2b, blake3"),
        ("signature: !x y", "6:17: tags (`!…`) are not read"),
    ] {
        let text = format!("{}  {lines}\n", rule_with!(""));
        hold(&[(&text.replace("\n\n", "\n"), &[fault])]);
    }
    hold(&[
        ("version: '1'\nmodels: []\n", &["1:10: \"1\" is a text, write the number without quotes: 1"]),
        (rule_with!("  expires: '2027-06-30'"), &[]),
        (rule_with!("  signature: '1'"), &[]),
    ]);
}

/// Slips of those who write YAML by hand.
#[test]
fn slips_of_the_form_are_told_in_plain_words() {
    let deep = format!("version: 1\nmodels: {}{}\n", "[".repeat(17), "]".repeat(17));
    hold(&[
        (rule_with!("\tthreshold: 1"), &["6:2: a tab stands here, YAML is indented by spaces"]),
        (
            rule_with!("   threshold: 1"),
            &["6:4: no key is expected here; keys of one rule or signer begin in one column"],
        ),
        (&deep, &["2:25: this is nested deeper than any policy"]),
        ("version: 1\nmodels: &a [*a]\n", &["2:13: an alias stands within what it is for"]),
    ]);
}

#[test]
fn values_have_to_make_sense() {
    hold(&[
        (
            "version: 1\nmodels:\n- {path: m, signers: []}\n",
            &["3:22: there is no signer, so every model would be refused"],
        ),
        (rule_with!("  threshold: 0"), &["6:14: a threshold of 0 would accept models that nobody signed"]),
        (rule_with!("  threshold: 2"), &["6:14: the threshold 2 is above the number of signers, 1"]),
        (
            rule_with!("  threshold: 18446744073709551615"),
            &["6:14: the threshold 18446744073709551615 is above the number of signers, 1"],
        ),
        (rule_with!("  signature: ''"), &["6:14: this is no path"]),
        (rule_with!("  hashes: []"), &["6:11: no hash would be good enough"]),
        (rule_with!("  key-bits: 2048"), &["6:13: there are no keys of 2048 bits, known are 256, 384, 521"]),
        (rule_with!("  key-bits: 384"), &["5:20: the key is on P-256, and `key-bits` asks for 384 at least"]),
        (rule_with!("  formats: {}"), &["6:12: give `deny` or `allow`"]),
        (rule_with!("  formats: {deny: []}"), &["6:19: the list is empty"]),
        (
            rule_with!("  formats: {deny: [pickle], allow: [gguf]}"),
            &["6:36: a rule has either `deny` or `allow`, not both"],
        ),
        (
            rule_with!("  formats: {deny: [pickle, Pickle, zip]}"),
            &[
                "6:28: unknown format \"Pickle\", known are safetensors, gguf, ggml, onnx, pickle, pytorch, keras, hdf5, tflite, npy, npz, saved-model, msgpack, compressed, other",
                "6:36: unknown format \"zip\", known are safetensors, gguf, ggml, onnx, pickle, pytorch, keras, hdf5, tflite, npy, npz, saved-model, msgpack, compressed, other",
            ],
        ),
        (rule_with!("  expires: 2027-6-30"), &["6:12: \"2027-6-30\" is not a date as 2027-06-30"]),
        (rule_with!("  expires: 2027-02-29"), &["6:12: \"2027-02-29\" is not a date as 2027-06-30"]),
        (rule_with!("  expires: 2027-06-30T12:00:00"), &["6:12: \"2027-06-30T12:00:00\" is not a date as 2027-06-30"]),
        (
            rule_with!("  ignore: [a/../b, /c, '*.log', ok]"),
            &[
                "6:12: \"a/../b\" is not a file name inside a model: it has a `..` part",
                "6:20: \"/c\" is not a file name inside a model: it is absolute",
                "6:24: \"*.log\" holds one of `*?[`, names are taken literally here",
            ],
        ),
    ]);
}

#[test]
fn paths_have_to_stay_below_the_policy() {
    let text = rules_for(&["/m", "../m", "a/./b", "a//b", "m/", "", "a\\b", "a**b", "[a", "***", "[.][.]/m", "a/[!]"]);
    hold(&[(
        &text,
        &[
            "3:9: \"/m\" is not a path below the policy's folder: it is absolute",
            "6:9: \"../m\" is not a path below the policy's folder: it has a `..` part",
            "9:9: \"a/./b\" is not a path below the policy's folder: it has a `.` part",
            "12:9: \"a//b\" is not a path below the policy's folder: it has an empty part",
            "15:9: \"m/\" is not a path below the policy's folder: it has an empty part",
            "18:9: \"\" is not a path below the policy's folder: it is empty",
            "21:9: \"a\\\\b\" contains `\\`, paths are written with `/`",
            "24:9: \"a**b\" is not a pattern: recursive wildcards must form a single path component",
            "27:9: \"[a\" is not a pattern: invalid range pattern",
            "30:9: \"***\" is not a pattern: wildcards are either regular `*` or recursive `**`",
            "33:9: \"[.][.]/m\" is not a path below the policy's folder: it has a `..` part",
            "36:9: \"a/[!]\" is not a pattern: invalid range pattern",
        ],
    )]);
    hold(&[(
        "version: 1\nmodels:\n- path: models/*\n  signature: models.sig\n  signers: [{role: a, key: keys/security.pub}]\n",
        &["4:14: one signature for a glob of models, put {model} where the model's path belongs"],
    )]);
}

#[test]
fn signers_have_to_be_somebody() {
    hold(&[
        (
            rule_with!("  - {role: b}"),
            &[
                "6:5: it does not say who signs, give `issuer` with `identity`, or `key`, or `certificate-authority` with `subject`",
            ],
        ),
        (
            rule_with!("  - {role: b, kms: 'awskms://alias/a'}"),
            &["6:20: KMS keys are not in this version, give the key's public half with `key`"],
        ),
        (
            rule_with!("  - {role: b, key: keys/other.pub, certificate-authority: keys/ca.pem, subject: CN=a}"),
            &["6:59: a signer has either `key` or `certificate-authority`, not both"],
        ),
        (
            rule_with!("  - {role: b, key: keys/other.pub, subject: CN=a, identity: x}"),
            &[
                "6:45: `subject` goes with `certificate-authority`, not with `key`",
                "6:61: `identity` goes with `issuer`, not with `key`",
            ],
        ),
        (
            rule_with!("  - {role: b, identity: a@b.example}"),
            &[
                "6:5: it does not say who signs, give `issuer` with `identity`, or `key`, or `certificate-authority` with `subject`",
            ],
        ),
    ]);
}

#[test]
fn keyless_signers_need_a_provider_and_a_name() {
    hold(&[
        (
            rule_with!("  - {role: b, issuer: 'https://i.example'}"),
            &["6:23: anybody whom this provider knows would do, give `identity`, `identity-glob` or `identity-regex`"],
        ),
        (rule_with!("  - {role: b, issuer: 'https://i.example', identity: ''}"), &["6:54: the identity is empty"]),
        (
            rule_with!("  - {role: b, issuer: i.example, identity: a@b.example}"),
            &["6:23: \"i.example\" is not the URL of an identity provider"],
        ),
        (
            rule_with!("  - {role: b, issuer: 'https://i.example', identity: a, identity-glob: 'a*'}"),
            &["6:72: a signer has either `identity` or `identity-glob`, not both"],
        ),
        (
            rule_with!("  - {role: b, issuer: 'https://i.example', identity-glob: 'a**b'}"),
            &["6:59: \"a**b\" is not a pattern: recursive wildcards must form a single path component"],
        ),
        (
            rule_with!("  - {role: b, issuer: 'https://i.example', identity-regex: 'a)|(b'}"),
            &["6:60: \"a)|(b\" is not a pattern: unopened group"],
        ),
    ]);
}

#[test]
fn files_have_to_be_what_they_are_named_for() {
    hold(&[
        (
            rule_with!("  - {role: b, certificate-authority: keys/ca.pem}"),
            &["6:38: any holder of a certificate of this authority would do, give `subject`"],
        ),
        (
            rule_with!("  - {role: b, certificate-authority: keys/ca.pem, subject: ' '}"),
            &["6:60: any holder of a certificate of this authority would do, give `subject`"],
        ),
        (rule_with!("  - {role: '', key: keys/other.pub}"), &["6:12: the role is empty"]),
        (rule_with!("  - {role: a, key: keys/other.pub}"), &["6:12: the role \"a\" is given to two signers"]),
        (rule_with!("  - {role: b, key: ''}"), &["6:20: this is no path"]),
        (
            rule_with!("  - {role: b, key: keys/broken.pub}"),
            &[
                "6:20: \"keys/broken.pub\": found something that is not PEM, needed a PEM public key on P-256, P-384 or P-521",
            ],
        ),
        (
            rule_with!("  - {role: b, key: keys/ca.pem}"),
            &["6:20: \"keys/ca.pem\": found a certificate, needed a PEM public key on P-256, P-384 or P-521"],
        ),
        (
            rule_with!("  - {role: b, certificate-authority: keys/other.pub, subject: CN=a}"),
            &["6:38: \"keys/other.pub\": found a public key, needed one or more PEM certificates"],
        ),
        (
            rule_with!("  - {role: b, key: m/own.pub}"),
            &["6:20: \"m/own.pub\" lies in the model, and who can change the model could change it"],
        ),
    ]);
}

#[cfg(unix)]
#[test]
fn files_have_to_be_there() {
    hold(&[
        (
            rule_with!("  - {role: b, key: keys/missing.pub}"),
            &["6:20: cannot read \"keys/missing.pub\": No such file or directory (os error 2)"],
        ),
        (rule_with!("  - {role: b, key: keys}"), &["6:20: cannot read \"keys\": Is a directory (os error 21)"]),
    ]);
}

#[test]
fn nobody_counts_twice() {
    hold(&[
        (
            rule_with!("  - {role: b, key: ./keys/../keys/security.pub}"),
            &["6:20: this is the signer with the role \"a\" again, the two would count once"],
        ),
        (
            rule_with!(
                "  - {role: b, issuer: 'https://i.example', identity: a}\n  - {role: c, issuer: 'https://i.example', identity: a}\n  - {role: d, issuer: 'https://j.example', identity: a}"
            ),
            &["7:23: this is the signer with the role \"b\" again, the two would count once"],
        ),
        (
            rule_with!(
                "  - {role: b, certificate-authority: keys/ca.pem, subject: CN=a}\n  - {role: c, certificate-authority: keys/ca.pem, subject: CN=a}\n  - {role: d, certificate-authority: keys/ca.pem, subject: CN=b}"
            ),
            &["7:38: this is the signer with the role \"b\" again, the two would count once"],
        ),
    ]);
}

#[test]
fn rules_have_to_be_within_reach() {
    hold(&[
        (&rules_for(&["m", "n", "m"]), &["9:9: no model reaches this rule, \"m\" on line 3 takes all of them"]),
        (
            &rules_for(&["models/*", "models/bert", "models/b*", "models/b?rt", "models/[ab]x", "models/a/b"]),
            &[
                "6:9: no model reaches this rule, \"models/*\" on line 3 takes all of them",
                "9:9: no model reaches this rule, \"models/*\" on line 3 takes all of them",
                "12:9: no model reaches this rule, \"models/*\" on line 3 takes all of them",
                "15:9: no model reaches this rule, \"models/*\" on line 3 takes all of them",
            ],
        ),
        (&rules_for(&["**", "a/**", "."]), &["6:9: no model reaches this rule, \"**\" on line 3 takes all of them"]),
        (
            &rules_for(&["*b*", "[ab]", "?b", "m?", "m*"]),
            &["9:9: no model reaches this rule, \"*b*\" on line 3 takes all of them"],
        ),
    ]);
}

#[test]
fn all_faults_are_told_in_the_order_of_the_file() {
    hold(&[(
        "version: 1
models:
- path: ../m
  signers:
  - {role: a, key: keys/broken.pub}
  - {role: a, kms: x}
  threshold: 3
  expires: soon
- path: m
  signers: []
  key-bits: 1
",
        &[
            "3:9: \"../m\" is not a path below the policy's folder: it has a `..` part",
            "5:20: \"keys/broken.pub\": found something that is not PEM, needed a PEM public key on P-256, P-384 or P-521",
            "6:12: the role \"a\" is given to two signers",
            "6:20: KMS keys are not in this version, give the key's public half with `key`",
            "7:14: the threshold 3 is above the number of signers, 2",
            "8:12: \"soon\" is not a date as 2027-06-30",
            "10:12: there is no signer, so every model would be refused",
            "11:13: there are no keys of 1 bits, known are 256, 384, 521",
        ],
    )]);
}
