//! Every form of key that users have, made by OpenSSL, signs and verifies.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Output;

use sha2::{Digest as _, Sha256};

use crate::openssl::OpenSsl;
use crate::support::{Fixture, assert_accepted, json, run};

/// The three curves as OpenSSL calls them.
const CURVES: [&str; 3] = ["prime256v1", "secp384r1", "secp521r1"];

/// The forms of a private key file, and how OpenSSL makes each: with a new key, or with that of `plain.pem`.
const FORMS: &[(&str, &str)] = &[
    ("sec1", "ecparam -name CURVE -genkey -noout -out sec1.pem"),
    ("sec1-parameters", "ecparam -name CURVE -genkey -out sec1-parameters.pem"),
    ("plain", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:CURVE -out plain.pem"),
    ("pbkdf2-aes256", "pkcs8 -topk8 -in plain.pem -v2 aes-256-cbc -passout pass:open -out pbkdf2-aes256.pem"),
    (
        "pbkdf2-sha512-aes128",
        "pkcs8 -topk8 -in plain.pem -v2 aes-128-cbc -v2prf hmacWithSHA512 -passout pass:open -out \
         pbkdf2-sha512-aes128.pem",
    ),
    ("scrypt", "pkcs8 -topk8 -in plain.pem -scrypt -passout pass:open -out scrypt.pem"),
    ("explicit", "ecparam -name CURVE -genkey -noout -param_enc explicit -out explicit.pem"),
];

#[test]
fn every_form_on_every_curve_signs_and_verifies() {
    let fixture = Fixture::new();
    let Some(openssl) = OpenSsl::find(&fixture.path("")) else { return };
    for curve in CURVES {
        for (form, command) in FORMS {
            let name = format!("{form} on {curve}");
            openssl.run(&command.replace("CURVE", curve));
            let public = openssl.public_half(form, "-passin pass:open");
            let private = openssl.path(&format!("{form}.pem"));
            assert_accepted(&name, &sign(&fixture, &private, &["--password", "open"]));
            let verified = verify(&fixture, &public);
            assert_accepted(&name, &verified);
            if *form != "explicit" {
                let fingerprint = hex::encode(Sha256::digest(fs::read(&public).unwrap()));
                assert_eq!(
                    json(&verified)["identity"]["hint"],
                    fingerprint,
                    "{name}: as OpenSSL prints the public key"
                );
            }
        }
    }
}

#[test]
fn spellings_of_a_public_key_are_one_key() {
    let fixture = Fixture::new();
    let Some(openssl) = OpenSsl::find(&fixture.path("")) else { return };
    openssl.run("ecparam -name prime256v1 -genkey -noout -out key.pem");
    let public = openssl.public_half("key", "");
    openssl.run("ec -in key.pem -pubout -conv_form compressed -out compressed.pem");
    openssl.run("ec -in key.pem -pubout -param_enc explicit -out explicit.pem");
    let text = fs::read_to_string(&public).unwrap();
    openssl.write("crlf.pem", text.replace('\n', "\r\n"));
    openssl.write("comment.pem", format!("The key of the modelling team, since 2026.\n\n{text}"));
    assert_accepted("sign", &sign(&fixture, &openssl.path("key.pem"), &[]));
    let hint = json(&verify(&fixture, &public))["identity"]["hint"].clone();
    for name in ["compressed.pem", "explicit.pem", "crlf.pem", "comment.pem"] {
        let output = verify(&fixture, &openssl.path(name));
        assert_accepted(name, &output);
        assert_eq!(json(&output)["identity"]["hint"], hint, "{name}");
    }
}

#[test]
fn text_around_a_private_key_does_not_matter() {
    let fixture = Fixture::new();
    let Some(openssl) = OpenSsl::find(&fixture.path("")) else { return };
    openssl.run("ecparam -name secp384r1 -genkey -noout -out key.pem");
    let public = openssl.public_half("key", "");
    let text = fs::read_to_string(openssl.path("key.pem")).unwrap();
    for (name, content) in [("crlf", text.replace('\n', "\r\n")), ("comment", format!("# mine\n{text}\n# end\n"))] {
        let private = openssl.write(&format!("{name}.pem"), content);
        assert_accepted(name, &sign(&fixture, &private, &[]));
        assert_accepted(name, &verify(&fixture, &public));
    }
}

#[test]
fn another_key_of_the_same_curve_is_refused_by_name() {
    let fixture = Fixture::new();
    let Some(openssl) = OpenSsl::find(&fixture.path("")) else { return };
    for name in ["mine", "yours"] {
        openssl.run(&format!("ecparam -name prime256v1 -genkey -noout -out {name}.pem"));
        openssl.public_half(name, "");
    }
    assert_accepted("sign", &sign(&fixture, &openssl.path("mine.pem"), &[]));
    let fingerprint = |name: &str| hex::encode(Sha256::digest(fs::read(openssl.path(name)).unwrap()));
    let (mine, yours) = (fingerprint("mine.pub.pem"), fingerprint("yours.pub.pem"));
    let refused = verify(&fixture, &openssl.path("yours.pub.pem"));
    let reason = format!("the signature names the key {mine}, the trusted key is {yours}");
    crate::support::assert_refused("yours", &refused, "signature-key", &reason);
}

/// Signs the model with this private key.
fn sign(fixture: &Fixture, private: &Path, more: &[&str]) -> Output {
    let (signature, model) = (fixture.signature(), fixture.model());
    let words = ["--format", "json", "sign", "key", "--private-key"].map(OsStr::new).into_iter();
    let more = more.iter().map(OsStr::new);
    let places = ["--signature".as_ref(), signature.as_os_str(), model.as_os_str()];
    run(words.chain([private.as_os_str()]).chain(more).chain(places))
}

/// Verifies the model with this public key.
fn verify(fixture: &Fixture, public: &Path) -> Output {
    let (signature, model) = (fixture.signature(), fixture.model());
    let words = ["--format", "json", "verify", "key", "--public-key"].map(OsStr::new).into_iter();
    run(words.chain([public.as_os_str(), "--signature".as_ref(), signature.as_os_str(), model.as_os_str()]))
}
