//! Certificates that are refused, each for its own reason.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::pki::{CA, Draft, FUTURE, INTERMEDIATE, LEAF, P384, PAST, Pki, ROOT, RSA, SIGNER};
use crate::support::{Fixture, assert_accepted, assert_refused, json};

/// A name, the certificate that is issued in another way, and why that is refused.
type Fault<'a> = (&'a str, Draft<'a>, &'a str);

#[test]
fn each_fault_of_a_signer_has_its_reason() {
    let extensions = |extensions| Draft { extensions, ..LEAF };
    let commitment = "basicConstraints=CA:FALSE|keyUsage=critical,nonRepudiation";
    let unknown = format!("{SIGNER}|1.2.3.4=critical,ASN1:NULL");
    let unused = "the certificate of CN=leaf was issued neither for digital signatures nor for code signing";
    assert_faults(&[
        ("expired", Draft { validity: PAST, ..LEAF }, "the certificate of CN=leaf expired on 2021-01-01"),
        ("early", Draft { validity: FUTURE, ..LEAF }, "the certificate of CN=leaf is not valid before 2047-01-01"),
        ("contentCommitment alone", extensions(commitment), unused),
        ("no usage at all", extensions("basicConstraints=CA:FALSE"), unused),
        ("unknown extension", extensions(&unknown), "the certificate of CN=leaf has the extension 1.2.3.4"),
    ]);
}

#[test]
fn each_fault_of_an_intermediate_has_its_reason() {
    let extensions = |extensions| Draft { extensions, ..INTERMEDIATE };
    let no_cert_sign = "basicConstraints=critical,CA:TRUE|keyUsage=critical,cRLSign,digitalSignature";
    let unknown = format!("{CA}|1.2.3.4=critical,ASN1:NULL");
    let constrained = format!("{CA}|nameConstraints=critical,permitted;email:example.org");
    let no_issuer = "the certificate of CN=intermediate may not issue others";
    assert_faults(&[
        ("expired", Draft { validity: PAST, ..INTERMEDIATE }, "CN=intermediate expired on 2021-01-01"),
        ("early", Draft { validity: FUTURE, ..INTERMEDIATE }, "CN=intermediate is not valid before 2047-01-01"),
        ("no basic constraints", extensions("keyUsage=critical,keyCertSign"), no_issuer),
        ("a signer that issues", extensions(SIGNER), no_issuer),
        ("no keyCertSign", extensions(no_cert_sign), no_issuer),
        ("unknown extension", extensions(&unknown), "the certificate of CN=intermediate has the extension 1.2.3.4"),
        (
            "name constraints",
            extensions(&constrained),
            "the certificate of CN=intermediate has the extension 2.5.29.30",
        ),
    ]);
}

#[test]
fn each_fault_of_a_root_has_its_reason() {
    let path_length = CA.replace("CA:TRUE", "CA:TRUE,pathlen:0");
    let extensions = |extensions| Draft { extensions, ..ROOT };
    assert_faults(&[
        ("expired", Draft { validity: PAST, ..ROOT }, "the certificate of CN=root expired on 2021-01-01"),
        ("early", Draft { validity: FUTURE, ..ROOT }, "the certificate of CN=root is not valid before 2047-01-01"),
        ("no basic constraints", extensions("keyUsage=keyCertSign"), "the certificate of CN=root may not issue others"),
        ("path length", extensions(&path_length), "more certificates stand below that of CN=root than it allows"),
    ]);
}

#[test]
fn a_path_must_end_in_a_trusted_self_signed_certificate() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    pki.issue(&Draft { name: "stranger", issuer: "stranger", ..ROOT });
    // The right name, another key.
    pki.openssl.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out impostor.key.pem");
    pki.openssl.run("req -x509 -new -key impostor.key.pem -subj /CN=root -days 30 -out impostor.pem");
    let absent = |subject: &str, issuer: &str| {
        format!(
            "the certificate of CN={subject} was issued by CN={issuer}, which is neither trusted nor in the signature"
        )
    };
    let untrusted = "the self-signed certificate of CN=root is not among the trusted ones".to_owned();
    for (name, sent, trusted, reason) in [
        ("wrong root", ["intermediate"].as_slice(), "stranger", absent("intermediate", "root")),
        ("wrong root, the right one sent", &["intermediate", "root"], "stranger", untrusted.clone()),
        ("a root of the same name", &["intermediate"], "impostor", absent("intermediate", "root")),
        ("intermediate missing", &[], "root", absent("leaf", "intermediate")),
        ("only the intermediate trusted", &[], "intermediate", absent("intermediate", "root")),
        ("only the intermediate trusted, the root sent", &["root"], "intermediate", untrusted),
        ("only the leaf trusted", &[], "leaf", absent("leaf", "intermediate")),
    ] {
        assert_accepted(name, &pki.sign("leaf", sent));
        assert_refused(name, &pki.verify(&[trusted], &[]), "signature-certificate", &reason);
    }
}

/// The issuer is there, what is wrong is the kind of its signature: the reason must not send the reader looking for a
/// certificate.
#[test]
fn signatures_of_an_unknown_kind_are_not_called_a_missing_issuer() {
    let pss = "-md sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:60";
    for (name, key, signing, algorithm) in [
        ("SHA-1 with RSA", RSA, "-md sha1", "1.2.840.113549.1.1.5"),
        ("SHA-1 with ECDSA", P384, "-md sha1", "1.2.840.10045.4.1"),
        ("SHA-224", P384, "-md sha224", "1.2.840.10045.4.3.1"),
        ("Ed448", "-algorithm ed448", "-md null", "1.3.101.113"),
        ("secp256k1", "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "-md sha256", "1.2.840.10045.4.3.2"),
        ("RSA with 1024 bits", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "-md sha256", "1.2.840.113549.1.1.11"),
        ("PSS with a long salt", RSA, pss, "1.2.840.113549.1.1.10"),
    ] {
        let fixture = Fixture::new();
        let Some(pki) = Pki::new(&fixture) else { return };
        pki.issue(&Draft { key, ..if key.contains("ed448") { Draft { signing: "-md null", ..ROOT } } else { ROOT } });
        pki.issue(&Draft { issuer: "root", signing, ..LEAF });
        assert_accepted(name, &pki.sign("leaf", &[]));
        let reason =
            format!("the certificate of CN=leaf is signed with the algorithm {algorithm}, which is not accepted");
        assert_refused(name, &pki.verify(&["root"], &[]), "signature-certificate", &reason);
    }
}

#[test]
fn the_certificate_must_be_that_of_the_key() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    pki.issue(&Draft { name: "other", ..LEAF });
    std::fs::copy(pki.path("other"), pki.path("leaf")).unwrap();
    let output = pki.sign("leaf", &["intermediate"]);
    assert_eq!(output.status.code(), Some(3));
    let error = &json(&output)["error"];
    assert_eq!(error["message"], "cannot use the signing certificate");
    assert_eq!(error["causes"][0], "the private key does not belong to the certificate of CN=other");
    assert!(error["help"].as_str().unwrap().contains("issued for this private key"), "{error}");
    assert!(!fixture.signature().exists());
}

#[test]
fn a_signer_with_rsa_cannot_sign_and_is_not_believed() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    pki.issue(&Draft { name: "rsa", key: RSA, ..LEAF });
    let output = pki.sign("rsa", &["intermediate"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(json(&output)["error"]["causes"][0].as_str().unwrap().starts_with("found an RSA private key"));
    // An EC key that comes with an RSA certificate.
    std::fs::copy(pki.openssl.path("leaf.key.pem"), pki.openssl.path("rsa.key.pem")).unwrap();
    let output = pki.sign("rsa", &["intermediate"]);
    assert_eq!(output.status.code(), Some(3));
    let error = &json(&output)["error"];
    assert_eq!(error["message"], "cannot use the signing certificate");
    assert!(error["causes"][1].as_str().unwrap().starts_with("found an RSA public key"), "{error}");
    // A signature whose certificate somebody swapped for one with an RSA key, issued by the same CA.
    assert_accepted("sign", &pki.sign("leaf", &["intermediate"]));
    swap_leaf(&pki, "rsa");
    let reason = "the key of the signer's certificate does not sign models: found an RSA public key";
    assert_refused("verify", &pki.verify(&["root"], &[]), "signature-certificate", reason);
}

#[test]
fn another_certificate_of_the_same_ca_does_not_fit_the_signature() {
    let fixture = Fixture::new();
    let Some(pki) = Pki::usual(&fixture) else { return };
    pki.issue(&Draft { name: "other", ..LEAF });
    assert_accepted("sign", &pki.sign("leaf", &["intermediate"]));
    swap_leaf(&pki, "other");
    assert_refused("verify", &pki.verify(&["root"], &[]), "signature-invalid", "the signature does not match");
}

/// Issues root, intermediate and leaf with one of them spoilt, and asserts that this is why they are refused; unspoilt,
/// they are accepted.
fn assert_faults(faults: &[Fault<'_>]) {
    let good = ("good", LEAF, "");
    for (name, spoilt, reason) in faults.iter().chain([&good]) {
        let fixture = Fixture::new();
        let Some(pki) = Pki::new(&fixture) else { return };
        for draft in [ROOT, INTERMEDIATE, LEAF] {
            pki.issue(if draft.name == spoilt.name { spoilt } else { &draft });
        }
        assert_accepted(name, &pki.sign("leaf", &["intermediate"]));
        let output = pki.verify(&["root"], &[]);
        if reason.is_empty() {
            assert_accepted(name, &output);
        } else {
            assert_refused(name, &output, "signature-certificate", reason);
        }
    }
}

/// Puts this certificate in the place of the signer's.
fn swap_leaf(pki: &Pki<'_>, name: &str) {
    let path = pki.fixture.signature();
    let mut bundle: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let certificate = pem::parse(std::fs::read(pki.path(name)).unwrap()).unwrap();
    let chain = &mut bundle["verificationMaterial"]["x509CertificateChain"]["certificates"];
    chain[0]["rawBytes"] = STANDARD.encode(certificate.contents()).into();
    std::fs::write(path, bundle.to_string()).unwrap();
}
