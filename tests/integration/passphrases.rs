//! Encrypted private keys: where the passphrase comes from, what is said without it, and that it is never shown.

use std::process::{Command, Output};

use secureml::crypto::Curve;

use crate::openssl::OpenSsl;
use crate::support::{Fixture, secureml};

const PASSPHRASE: &str = "corvus-corax-41";
const WRONG: &str = "pica-pica-17";

#[test]
fn comes_from_the_option_or_the_environment() {
    let fixture = Fixture::new();
    if !make_key(&fixture, "-v2 aes-256-cbc") {
        return;
    }
    let cases: [(&str, &[&str], Option<&str>); 5] = [
        ("option", &["--password", PASSPHRASE], None),
        ("option with =", &[&format!("--password={PASSPHRASE}")], None),
        ("environment", &[], Some(PASSPHRASE)),
        ("option before environment", &["--password", PASSPHRASE], Some(WRONG)),
        ("both the same", &["--password", PASSPHRASE], Some(PASSPHRASE)),
    ];
    for (name, words, variable) in cases {
        let output = sign(&fixture, words, variable);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", both(&output));
        assert_never_shown(name, &fixture, &output);
        std::fs::remove_file(fixture.signature()).unwrap();
    }
}

#[test]
fn without_one_the_ways_to_give_it_are_named() {
    let fixture = Fixture::new();
    if !make_key(&fixture, "-scrypt") {
        return;
    }
    for variable in [None, Some("")] {
        let output = sign(&fixture, &[], variable);
        assert_eq!(output.status.code(), Some(3));
        let text = both(&output);
        assert!(text.contains("the private key is encrypted, and no passphrase was given"), "{text}");
        for way in ["SECUREML_PASSWORD", "--password", "at a terminal"] {
            assert!(text.contains(way), "{text}");
        }
    }
}

#[test]
fn a_wrong_one_is_told_from_none_and_from_another_key() {
    let fixture = Fixture::new();
    for options in ["-v2 aes-256-cbc", "-v2 aes-128-cbc -v2prf hmacWithSHA512", "-scrypt"] {
        if !make_key(&fixture, options) {
            return;
        }
        for (words, variable) in [(["--password", WRONG].as_slice(), None), (&[], Some(WRONG))] {
            for format in ["text", "json"] {
                let words = [words, &["--format", format]].concat();
                let output = sign(&fixture, &words, variable);
                assert_eq!(output.status.code(), Some(3), "{options}");
                let text = both(&output);
                assert!(text.contains("the passphrase does not open the private key"), "{options}: {text}");
                assert!(text.contains("check the passphrase"), "{options}: {text}");
                assert_never_shown(options, &fixture, &output);
            }
        }
    }
}

/// Older OpenSSL encrypts so by default, and other tools still do; a right passphrase must not be called wrong.
#[test]
fn an_encryption_that_is_not_known_is_no_wrong_passphrase() {
    let fixture = Fixture::new();
    for options in ["-v2 aes-256-cbc -v2prf hmacWithSHA1", "-v2 des3", "-v1 PBE-SHA1-3DES"] {
        if !make_key(&fixture, options) {
            return;
        }
        let output = sign(&fixture, &["--password", PASSPHRASE], None);
        let text = both(&output);
        assert!(!text.contains("the passphrase does not open"), "{options}: {text}");
        if output.status.code() != Some(0) {
            assert_eq!(output.status.code(), Some(3), "{options}: {text}");
            assert!(text.contains("an encrypted private key"), "{options}: {text}");
        }
    }
}

#[test]
fn is_not_asked_for_where_the_key_is_open() {
    let fixture = Fixture::new();
    let Some(openssl) = OpenSsl::find(&fixture.path("")) else { return };
    openssl.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    for (words, variable) in [([].as_slice(), None), (&["--password", PASSPHRASE], None), (&[], Some(PASSPHRASE))] {
        let output = sign(&fixture, words, variable);
        assert_eq!(output.status.code(), Some(0), "{}", both(&output));
        assert_never_shown("open key", &fixture, &output);
    }
}

#[test]
fn is_not_repeated_by_complaints_about_the_command_line() {
    let lines: [&[&str]; 5] = [
        &["sign", "key", "--password", PASSPHRASE],
        &["sign", "key", "--pasword", PASSPHRASE, "--private-key", "k"],
        &["sign", "key", "--passwort=corvus-corax-41", "--private-key", "k"],
        &["verify", "key", "--password=corvus-corax-41", "m"],
        &["sign", "--password", PASSPHRASE, "m"],
    ];
    for line in lines {
        for format in ["text", "json"] {
            let output = secureml().args(["--format", format]).args(line).output().expect("the program starts");
            assert_eq!(output.status.code(), Some(2), "{line:?}");
            assert!(!both(&output).contains(PASSPHRASE), "{line:?}: {}", both(&output));
        }
    }
}

/// Makes `key.pem`, encrypted with [`PASSPHRASE`] as the options of `openssl pkcs8` say.
fn make_key(fixture: &Fixture, options: &str) -> bool {
    let Some(openssl) = OpenSsl::find(&fixture.path("")) else { return false };
    openssl.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.pem");
    openssl.run(&format!("pkcs8 -topk8 -in plain.pem {options} -passout pass:{PASSPHRASE} -out key.pem"));
    true
}

fn sign(fixture: &Fixture, words: &[&str], variable: Option<&str>) -> Output {
    let mut command: Command = secureml();
    if let Some(value) = variable {
        command.env("SECUREML_PASSWORD", value);
    }
    command.args(["sign", "key", "--private-key"]).arg(fixture.path("key.pem")).args(words);
    command.arg("--signature").arg(fixture.signature()).arg(fixture.model());
    command.output().expect("the program starts")
}

fn assert_never_shown(name: &str, fixture: &Fixture, output: &Output) {
    let mut shown = both(output);
    if let Ok(signature) = std::fs::read(fixture.signature()) {
        shown.push_str(&String::from_utf8_lossy(&signature));
    }
    for secret in [PASSPHRASE, WRONG] {
        assert!(!shown.contains(secret), "{name}: {shown}");
    }
}

/// All that the program said.
fn both(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Who gives a passphrase thinks that the key is protected.
#[test]
fn a_passphrase_that_no_key_needs_is_told() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    for (words, told) in [(&["--password", "corvus"][..], true), (&[], false)] {
        let output = fixture.sign(&key, words);
        assert_eq!(output.status.code(), Some(0));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.contains("--password has no effect, the private key is not encrypted"), told, "{said}");
        assert!(!said.contains("corvus"), "{said}");
    }
}
