//! Files that are no usable key: the error names what was found, what is needed, and the next step.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::openssl::OpenSsl;
use crate::support::{Fixture, json, run};

const PRIVATE: &str = "a PEM private key on P-256, P-384 or P-521";
const PUBLIC: &str = "a PEM public key on P-256, P-384 or P-521";

/// One file: what it is called, what is found in it, and a word of the help.
type Case = (&'static str, &'static str, &'static str);

const PRIVATE_CASES: &[Case] = &[
    ("rsa.pem", "an RSA private key", "openssl genpkey"),
    ("rsa-pkcs1.pem", "an RSA private key", "openssl genpkey"),
    ("rsa-pss.pem", "an RSA private key", "openssl genpkey"),
    ("rsa-encrypted.pem", "an RSA private key", "openssl genpkey"),
    ("ed25519.pem", "an Ed25519 private key", "openssl genpkey"),
    ("ed448.pem", "an Ed448 private key", "openssl genpkey"),
    ("x25519.pem", "an X25519 private key", "openssl genpkey"),
    ("dsa.pem", "a DSA private key", "openssl genpkey"),
    ("secp256k1.pem", "an EC private key on the curve secp256k1", "openssl genpkey"),
    ("secp256k1-sec1.pem", "an EC private key on the curve secp256k1", "openssl genpkey"),
    ("secp224r1.pem", "an EC private key on the curve secp224r1", "openssl genpkey"),
    ("brainpool.pem", "an EC private key on the curve 1.3.36.3.3.2.8.1.1.7", "openssl genpkey"),
    ("key.der", "DER, the binary form", "openssl pkey -inform DER"),
    ("key-sec1.der", "DER, the binary form", "openssl pkey -inform DER"),
    ("empty.pem", "an empty file", "openssl genpkey"),
    ("blank.pem", "an empty file", "openssl genpkey"),
    ("truncated.pem", "a PEM file that is cut off", "openssl genpkey"),
    ("damaged.pem", "a damaged PEM file", "openssl genpkey"),
    ("text.pem", "something that is not PEM", "openssl genpkey"),
    ("openssh.pem", "an OpenSSH private key", "openssl genpkey"),
    ("openssh.pub", "an OpenSSH public key", "give the private one"),
    ("proc-type.pem", "a key encrypted in OpenSSL's old way (Proc-Type header)", "openssl pkcs8 -topk8"),
    ("certificate.pem", "a certificate", "openssl genpkey"),
    ("request.pem", "a certificate request", "openssl genpkey"),
    ("parameters.pem", "curve parameters", "openssl genpkey"),
    ("key.pub.pem", "a public key", "give the private one with --private-key"),
];

const PUBLIC_CASES: &[Case] = &[
    ("rsa.pub.pem", "an RSA public key", "--public-key"),
    ("rsa-pkcs1.pub.pem", "an RSA public key", "--public-key"),
    ("rsa-pss.pub.pem", "an RSA public key", "--public-key"),
    ("ed25519.pub.pem", "an Ed25519 public key", "--public-key"),
    ("ed448.pub.pem", "an Ed448 public key", "--public-key"),
    ("x25519.pub.pem", "an X25519 public key", "--public-key"),
    ("dsa.pub.pem", "a DSA public key", "--public-key"),
    ("secp256k1.pub.pem", "an EC public key on the curve secp256k1", "--public-key"),
    ("secp224r1.pub.pem", "an EC public key on the curve secp224r1", "--public-key"),
    ("brainpool.pub.pem", "an EC public key on the curve 1.3.36.3.3.2.8.1.1.7", "--public-key"),
    ("pub.der", "DER, the binary form", "openssl pkey -pubin -inform DER"),
    ("empty.pem", "an empty file", "--public-key"),
    ("truncated.pub.pem", "a PEM file that is cut off", "--public-key"),
    ("damaged.pub.pem", "a damaged PEM file", "--public-key"),
    ("text.pem", "something that is not PEM", "--public-key"),
    ("openssh.pub", "an OpenSSH public key", "--public-key"),
    ("certificate.pem", "a certificate", "secureml verify certificate"),
    ("request.pem", "a certificate request", "--public-key"),
    ("parameters.pem", "curve parameters", "--public-key"),
    ("key.pem", "a private key", "openssl pkey -in PRIVATE.pem -pubout"),
    ("key-sec1.pem", "a private key", "openssl pkey -in PRIVATE.pem -pubout"),
    ("key-encrypted.pem", "an encrypted private key", "openssl pkey -in PRIVATE.pem -pubout"),
];

#[test]
fn private_keys_that_cannot_sign() {
    let fixture = Fixture::new();
    let Some(openssl) = OpenSsl::find(&fixture.path("")) else { return };
    make_files(&openssl);
    for (name, found, help) in PRIVATE_CASES {
        let answer = answer(&["sign", "key", "--password", "open", "--private-key"], &openssl.path(name), &fixture);
        assert_fault(name, &answer, "cannot use the private key", found, PRIVATE, help);
        assert!(!fixture.signature().exists(), "{name}");
    }
}

#[test]
fn public_keys_that_cannot_verify() {
    let fixture = Fixture::new();
    let Some(openssl) = OpenSsl::find(&fixture.path("")) else { return };
    make_files(&openssl);
    fs::write(fixture.signature(), "{}").unwrap();
    for (name, found, help) in PUBLIC_CASES {
        let answer = answer(&["verify", "key", "--public-key"], &openssl.path(name), &fixture);
        assert_fault(name, &answer, "cannot use the public key", found, PUBLIC, help);
    }
}

#[test]
fn certificates_that_are_none() {
    let fixture = Fixture::new();
    let Some(openssl) = OpenSsl::find(&fixture.path("")) else { return };
    make_files(&openssl);
    fs::write(fixture.signature(), "{}").unwrap();
    let key = openssl.path("key.pem");
    let sign = ["sign", "certificate", "--private-key", key.to_str().unwrap(), "--signing-certificate"];
    let verify = ["verify", "certificate", "--certificate-chain"];
    for (name, found) in [
        ("key.pem", "a private key"),
        ("key.pub.pem", "a public key"),
        ("request.pem", "a certificate request"),
        ("certificate.der", "DER, the binary form"),
        ("empty.pem", "an empty file"),
        ("truncated-certificate.pem", "a PEM file that is cut off"),
        ("damaged-certificate.pem", "a damaged certificate"),
        ("text.pem", "something that is not PEM"),
    ] {
        for words in [sign.as_slice(), &verify] {
            let answer = answer(words, &openssl.path(name), &fixture);
            let needed = "one or more PEM certificates";
            assert_fault(name, &answer, "cannot use the certificates of", found, needed, "-----BEGIN CERTIFICATE-----");
        }
    }
}

#[test]
fn key_files_that_cannot_be_read() {
    let fixture = Fixture::new();
    fs::write(fixture.signature(), "{}").unwrap();
    fs::write(fixture.path("large.pem"), vec![b'\n'; (8 << 20) + 1]).unwrap();
    let commands: [(&[&str], &str); 3] = [
        (&["sign", "key", "--private-key"], "cannot read the private key"),
        (&["verify", "key", "--public-key"], "cannot read the public key"),
        (&["verify", "certificate", "--certificate-chain"], "cannot read the certificates"),
    ];
    let files = [("absent.pem", "No such file"), ("model", "directory"), ("large.pem", "larger than 8388608 bytes")];
    for (words, message) in commands {
        for (name, cause) in files {
            let answer = answer(words, &fixture.path(name), &fixture);
            assert_eq!(answer["error"]["message"], message, "{name}");
            assert!(causes(&answer).contains(cause), "{name}: {answer}");
            assert!(causes(&answer).contains(name), "{name}: {answer}");
        }
    }
}

/// Makes every file that the tables name.
fn make_files(openssl: &OpenSsl) {
    for words in [
        "genrsa -out rsa.pem 2048",
        "genrsa -traditional -out rsa-pkcs1.pem 2048",
        "genpkey -algorithm RSA-PSS -out rsa-pss.pem",
        "pkcs8 -topk8 -in rsa.pem -passout pass:open -out rsa-encrypted.pem",
        "genpkey -algorithm ed25519 -out ed25519.pem",
        "genpkey -algorithm ed448 -out ed448.pem",
        "genpkey -algorithm x25519 -out x25519.pem",
        "dsaparam -out dsa-parameters.pem 1024",
        "genpkey -paramfile dsa-parameters.pem -out dsa.pem",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out secp256k1.pem",
        "ecparam -name secp256k1 -genkey -noout -out secp256k1-sec1.pem",
        "ecparam -name secp224r1 -genkey -noout -out secp224r1.pem",
        "ecparam -name brainpoolP256r1 -genkey -noout -out brainpool.pem",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem",
        "ec -in key.pem -out key-sec1.pem",
        "pkcs8 -topk8 -in key.pem -passout pass:open -out key-encrypted.pem",
        "ec -in key.pem -aes256 -passout pass:open -out proc-type.pem",
        "pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.der",
        "ec -in key.pem -outform DER -out key-sec1.der",
        "pkey -in key.pem -pubout -outform DER -out pub.der",
        "rsa -in rsa.pem -RSAPublicKey_out -out rsa-pkcs1.pub.pem",
        "req -x509 -key key.pem -subj /CN=signer -out certificate.pem",
        "x509 -in certificate.pem -outform DER -out certificate.der",
        "req -new -key key.pem -subj /CN=signer -out request.pem",
        "ecparam -name prime256v1 -out parameters.pem",
    ] {
        openssl.run(words);
    }
    for name in ["rsa", "rsa-pss", "ed25519", "ed448", "x25519", "dsa", "secp256k1", "secp224r1", "brainpool", "key"] {
        openssl.public_half(name, "");
    }
    let text = |name: &str| fs::read_to_string(openssl.path(name)).unwrap();
    for (name, of) in [
        ("truncated.pem", "key.pem"),
        ("truncated.pub.pem", "key.pub.pem"),
        ("truncated-certificate.pem", "certificate.pem"),
    ] {
        openssl.write(name, &text(of)[..100]);
    }
    for (name, of) in [("damaged.pem", "key.pem"), ("damaged.pub.pem", "key.pub.pem")] {
        openssl.write(name, text(of).replacen("\nM", "\n!", 1));
    }
    // A certificate's outer SEQUENCE that becomes a SET.
    openssl.write("damaged-certificate.pem", text("certificate.pem").replacen("\nMI", "\nMY", 1));
    openssl.write("empty.pem", "");
    openssl.write("blank.pem", " \r\n\t\n");
    openssl.write("text.pem", "hunter2\n");
    openssl.write("openssh.pub", "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= somebody@somewhere\n");
    let marker = |end: &str| format!("-----{end} OPENSSH PRIVATE KEY-----\n");
    openssl.write("openssh.pem", format!("{}b3BlbnNzaC1rZXktdjE=\n{}", marker("BEGIN"), marker("END")));
}

/// What a command says to this key file; it has to end without a verdict.
fn answer(words: &[&str], file: &Path, fixture: &Fixture) -> Value {
    let mut all: Vec<std::ffi::OsString> = ["--format", "json"].iter().chain(words).map(Into::into).collect();
    all.extend([file.into(), "--signature".into(), fixture.signature().into(), fixture.model().into()]);
    let output = run(all);
    assert_eq!(output.status.code(), Some(3), "{words:?} {}", file.display());
    let answer = json(&output);
    assert_eq!(answer["outcome"], "undecided");
    answer
}

fn assert_fault(name: &str, answer: &Value, message: &str, found: &str, needed: &str, help: &str) {
    let error = &answer["error"];
    let text = error["message"].as_str().unwrap();
    assert!(text.starts_with(message) && text.ends_with(name), "{name}: {text}");
    let cause = causes(answer);
    assert!(cause.starts_with(&format!("found {found}")), "{name}: {cause}");
    assert!(cause.ends_with(&format!(", needed {needed}")), "{name}: {cause}");
    assert!(error["help"].as_str().is_some_and(|text| text.contains(help)), "{name}: {error}");
}

/// All causes as one text.
fn causes(answer: &Value) -> String {
    let causes = answer["error"]["causes"].as_array().expect("causes");
    causes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(": ")
}
