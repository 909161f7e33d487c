//! Certificates that are accepted: CAs of every kind, signers of every use, chains given in every way.

use std::fs;

use crate::pki::{CA, Draft, ED25519, INTERMEDIATE, LEAF, P384, P521, PAST, Pki, ROOT, RSA, SIGNER};
use crate::support::{Fixture, assert_accepted, assert_refused, findings, json, run, secureml, skip};

#[test]
fn a_chain_of_three_names_its_signer() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    assert_accepted("sign", &pki.sign("leaf", &["intermediate"]));
    let output = pki.verify(&["root"], &[]);
    assert_accepted("verify", &output);
    let identity = &json(&output)["identity"];
    assert_eq!(identity["method"], "certificate");
    assert_eq!(identity["subject"], "CN=leaf");
    assert_eq!(identity["issuer"], "CN=intermediate");
    assert_eq!(identity["fingerprint"], pki.fingerprint("leaf"));
    assert_eq!(findings(&output), [], "no warnings");
}

#[test]
fn cas_of_every_kind() {
    for (name, key, signing) in [
        ("P-384", P384, "-md sha384"),
        ("P-521", P521, "-md sha512"),
        ("P-384 with SHA-256", P384, "-md sha256"),
        ("P-521 with SHA-256", P521, "-md sha256"),
        ("RSA", RSA, "-md sha256"),
        ("RSA with SHA-384", RSA, "-md sha384"),
        ("RSA with SHA-512", RSA, "-md sha512"),
        ("RSA with PSS", RSA, PSS),
        ("RSA with PSS and SHA-512", RSA, &PSS.replace("256", "512")),
        ("Ed25519", ED25519, "-md null"),
    ] {
        assert_ca_is_accepted(name, key, signing);
    }
}

/// RFC 4055 keys that are good for PSS alone; OpenSSL issues and accepts them.
#[test]
fn cas_with_a_pss_key() {
    assert_ca_is_accepted("RSA-PSS key", "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", PSS);
}

#[test]
fn signers_on_every_curve() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    for key in [P384, P521] {
        pki.issue(&Draft { name: "other", key, ..LEAF });
        assert_accepted(key, &pki.sign("other", &["intermediate"]));
        assert_accepted(key, &pki.verify(&["root"], &[]));
    }
}

/// The reference tool's rule: digital signatures by key usage, or else code signing by extended key usage.
#[test]
fn signers_of_every_use() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    let ca_that_signs = "basicConstraints=critical,CA:TRUE|keyUsage=critical,keyCertSign,digitalSignature";
    let identifiers = "subjectKeyIdentifier=hash|authorityKeyIdentifier=keyid:always,issuer:always";
    for (name, extensions) in [
        ("digitalSignature", "keyUsage=digitalSignature"),
        ("digitalSignature for TLS servers", "keyUsage=digitalSignature|extendedKeyUsage=serverAuth"),
        ("code signing without key usage", "extendedKeyUsage=codeSigning"),
        (
            "code signing in spite of key usage",
            "keyUsage=critical,keyEncipherment|extendedKeyUsage=critical,codeSigning",
        ),
        ("both", "keyUsage=critical,digitalSignature|extendedKeyUsage=critical,codeSigning"),
        ("a CA", ca_that_signs),
        ("key identifiers", &format!("{SIGNER}|{identifiers}")),
        ("alternative name, critical", &format!("{SIGNER}|subjectAltName=critical,email:a@example.org")),
        ("certificate policy, critical", &format!("{SIGNER}|certificatePolicies=critical,1.2.3.4")),
        ("an unknown extension", &format!("{SIGNER}|1.2.3.4=ASN1:NULL")),
    ] {
        pki.issue(&Draft { name: "other", extensions, ..LEAF });
        assert_accepted(name, &pki.sign("other", &["intermediate"]));
        assert_accepted(name, &pki.verify(&["root"], &[]));
    }
}

#[test]
fn a_trusted_self_signed_signer_needs_no_ca() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::new(&fixture) else { return };
    for (name, extensions) in [
        ("no CA", SIGNER),
        ("no basic constraints", "keyUsage=digitalSignature"),
        ("a CA", &CA.replace("keyCertSign", "keyCertSign,digitalSignature")),
    ] {
        pki.issue(&Draft { name: "alone", issuer: "alone", extensions, ..ROOT });
        assert_accepted(name, &pki.sign("alone", &[]));
        assert_accepted(name, &pki.verify(&["alone"], &[]));
    }
    pki.issue(&ROOT);
    let reason = "the self-signed certificate of CN=alone is not among the trusted ones";
    assert_refused("another root", &pki.verify(&["root"], &[]), "signature-certificate", reason);
}

#[test]
fn path_length_counts_cas_between() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::new(&fixture) else { return };
    let limited = |limit: u8| CA.replace("CA:TRUE", &format!("CA:TRUE,pathlen:{limit}"));
    pki.issue(&Draft { extensions: &limited(1), ..ROOT });
    pki.issue(&Draft { extensions: &limited(0), ..INTERMEDIATE });
    pki.issue(&LEAF);
    assert_accepted("sign", &pki.sign("leaf", &["intermediate"]));
    assert_accepted("verify", &pki.verify(&["root"], &[]));
}

#[test]
fn chains_come_in_any_number_of_files_in_any_order() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    pki.issue(&Draft { name: "stranger", issuer: "stranger", ..ROOT });
    let bundle = ["stranger", "root", "intermediate"].map(|name| fs::read_to_string(pki.path(name)).unwrap()).concat();
    pki.openssl.write("bundle.pem", format!("Our CAs\n{bundle}"));
    for (sent, trusted) in [
        (["intermediate"].as_slice(), ["root"].as_slice()),
        (&["intermediate", "root"], &["root"]),
        (&["root", "intermediate"], &["root"]),
        (&["stranger", "intermediate"], &["stranger", "root"]),
        (&["bundle"], &["root"]),
        (&[], &["root", "intermediate"]),
        (&[], &["intermediate", "root"]),
        (&[], &["bundle"]),
    ] {
        let name = format!("{sent:?} trusting {trusted:?}");
        assert_accepted(&name, &pki.sign("leaf", sent));
        assert_accepted(&name, &pki.verify(trusted, &[]));
    }
}

#[test]
fn only_the_first_certificate_of_the_signing_file_is_used() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    let both = ["leaf", "intermediate"].map(|name| fs::read_to_string(pki.path(name)).unwrap());
    pki.openssl.write("leaf.pem", both.concat());
    assert_accepted("sign", &pki.sign("leaf", &[]));
    let reason =
        "the certificate of CN=leaf was issued by CN=intermediate, which is neither trusted nor in the signature";
    assert_refused("verify", &pki.verify(&["root"], &[]), "signature-certificate", reason);
}

#[test]
fn expired_ones_are_accepted_on_demand_and_with_a_warning() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    pki.certify(&Draft { validity: PAST, ..LEAF });
    assert_accepted("sign", &pki.sign("leaf", &["intermediate"]));
    assert_refused(
        "now",
        &pki.verify(&["root"], &[]),
        "signature-certificate",
        "the certificate of CN=leaf expired on",
    );
    let output = pki.verify(&["root"], &["--allow-expired-certificates"]);
    assert_accepted("then", &output);
    let warning = "the certificates were judged at the start of the signer's own, not now";
    assert_eq!(findings(&output), [("certificate-time-not-checked".to_owned(), warning.to_owned())]);
    assert_eq!(json(&output)["findings"][0]["severity"], "warning");
    // Other faults are still found.
    pki.issue(&Draft { name: "stranger", issuer: "stranger", ..ROOT });
    let output = pki.verify(&["stranger"], &["--allow-expired-certificates"]);
    assert_refused("stranger", &output, "signature-certificate", "issued by CN=root");
}

#[test]
fn fingerprints_are_those_of_openssl() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    pki.issue(&Draft { name: "stranger", issuer: "stranger", ..ROOT });
    assert_accepted("sign", &pki.sign("leaf", &["intermediate", "root"]));
    let (root, stranger) = (pki.path("root"), pki.path("stranger"));
    let mut words = vec!["verify", "certificate", "--log-fingerprints"];
    words.extend(["--certificate-chain", root.to_str().unwrap(), "--certificate-chain", stranger.to_str().unwrap()]);
    let (signature, model) = (fixture.signature(), fixture.model());
    words.extend(["--signature", signature.to_str().unwrap(), model.to_str().unwrap()]);
    let output = run(&words);
    assert_eq!(output.status.code(), Some(0));
    let line = |when, name| format!("[ {when} ] sha256 Fingerprint: {}\n", pki.fingerprint(name));
    let expected = [line(" init ", "root"), line(" init ", "stranger"), line("verify", "intermediate")].concat();
    let expected = format!("{expected}{}{}", line("verify", "root"), line("verify", "leaf"));
    assert_eq!(String::from_utf8_lossy(&output.stderr), expected);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Verification succeeded\n");
}

#[test]
fn without_a_chain_the_roots_of_the_system_count() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    assert_accepted("sign", &pki.sign("leaf", &["intermediate", "root"]));
    let verify = |roots: &str| {
        let mut command = secureml();
        // Where the system's certificates lie, for whoever asks the system.
        command.env("SSL_CERT_FILE", pki.path(roots)).env_remove("SSL_CERT_DIR");
        command.args(["--format", "json", "verify", "certificate", "--signature"]);
        command.arg(fixture.signature()).arg(fixture.model()).output().expect("the program starts")
    };
    pki.issue(&Draft { name: "system", issuer: "system", key: RSA, ..ROOT });
    let reason = "the self-signed certificate of CN=root is not among the trusted ones";
    assert_refused("a private CA", &verify("system"), "signature-certificate", reason);
    assert_accepted("the system's CA", &verify("root"));
    pki.openssl.write("empty.pem", "");
    let output = verify("empty");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(json(&output)["error"]["message"], "the operating system has no trusted certificates");
}

#[test]
fn a_private_ca_is_unknown_to_this_system() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    assert_accepted("sign", &pki.sign("leaf", &["intermediate", "root"]));
    let output = pki.verify(&[], &[]);
    if json(&output)["error"]["message"] == "the operating system has no trusted certificates" {
        skip("this machine has no trusted certificates");
        assert_eq!(output.status.code(), Some(3));
        return;
    }
    let reason = "the self-signed certificate of CN=root is not among the trusted ones";
    assert_refused("a private CA", &output, "signature-certificate", reason);
}

/// A root and an intermediate with such keys, and the model signed below them.
fn assert_ca_is_accepted(name: &str, key: &str, signing: &str) {
    let fixture = Fixture::new();
    let Some(pki) = Pki::new(&fixture) else { return };
    pki.issue(&Draft { key, signing, ..ROOT });
    pki.issue(&Draft { key, signing, ..INTERMEDIATE });
    pki.issue(&Draft { signing, ..LEAF });
    assert_accepted(name, &pki.sign("leaf", &["intermediate"]));
    assert_accepted(name, &pki.verify(&["root"], &[]));
}

const PSS: &str = "-md sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:-1";
