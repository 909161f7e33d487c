//! Certificates: whom they name, what they were issued for, who issued them, and who logged that.

use serde_json::json;

use super::instance::{Instance, LIFE, Leaf, Log, START, TIME_STAMPING, Token, email, host, uri};
use super::scene::{IDENTITY, IN_TIME, PROVIDER, Scene, usual};
use crate::support::{assert_accepted, assert_refused, json as answer, now};

/// An odd certificate: its name, the rule by which it is refused, what is said of it, and what is odd.
type Oddity = (&'static str, &'static str, &'static str, fn(&mut Leaf));

const CERTIFICATE: &str = "signature-certificate";

const ODDITIES: &[Oddity] = &[
    ("nobody", CERTIFICATE, "names nobody", |leaf| leaf.names.clear()),
    ("two people", CERTIFICATE, "it names 2 subjects", |leaf| leaf.names.push(email("other@example.org"))),
    ("one person twice", CERTIFICATE, "it names 2 subjects", |leaf| leaf.names.push(email(IDENTITY))),
    ("a person and a workload", CERTIFICATE, "it names 2 subjects", |leaf| leaf.names.push(uri("https://example.org"))),
    ("a host", CERTIFICATE, "neither a mailbox nor a URI", |leaf| leaf.names = vec![host(IDENTITY)]),
    ("another person", "signature-identity", "the identity is \"other@example.org\"", |leaf| {
        leaf.names = vec![email("other@example.org")];
    }),
    ("a longer name", "signature-identity", "the identity is \"signer@example.org.example\"", |leaf| {
        leaf.names = vec![email("signer@example.org.example")];
    }),
    ("a name with a NUL", "signature-identity", "the identity is \"signer@example.org\\0.example\"", |leaf| {
        leaf.names = vec![email("signer@example.org\0.example")];
    }),
    ("a name in capitals", "signature-identity", "the identity is \"SIGNER@example.org\"", |leaf| {
        leaf.names = vec![email("SIGNER@example.org")];
    }),
    ("an empty name", "signature-identity", "the identity is \"\"", |leaf| leaf.names = vec![email("")]),
    ("no provider", CERTIFICATE, "it names no identity provider", |leaf| leaf.claims.clear()),
    ("two providers", CERTIFICATE, "it names two identity providers", |leaf| {
        leaf.claims[0].1 = "https://other.example.org".to_owned();
    }),
    ("two providers, the right one first", CERTIFICATE, "it names two identity providers", |leaf| {
        leaf.claims[1].1 = "https://other.example.org".to_owned();
    }),
    ("another provider", "signature-identity", "the identity provider is \"https://other.example.org\"", |leaf| {
        leaf.claims.iter_mut().for_each(|claim| claim.1 = "https://other.example.org".to_owned());
    }),
    ("for time stamping", CERTIFICATE, "", |leaf| leaf.purpose = TIME_STAMPING),
    ("for servers", CERTIFICATE, "", |leaf| leaf.purpose = "1.3.6.1.5.5.7.3.1"),
    ("for any purpose", CERTIFICATE, "", |leaf| leaf.purpose = "2.5.29.37.0"),
    ("for encryption", CERTIFICATE, "not issued for signing code", |leaf| leaf.usage = 0x20),
    ("for issuing", CERTIFICATE, "", |leaf| leaf.ca = true),
    ("without a receipt", CERTIFICATE, "", |leaf| leaf.receipts = 0),
    ("with two receipts", CERTIFICATE, "", |leaf| leaf.receipts = 2),
    ("good before it was signed", CERTIFICATE, "when it was not good", |leaf| {
        leaf.validity = (START - LIFE, START - 1)
    }),
    ("good after it was signed", CERTIFICATE, "when it was not good", |leaf| {
        leaf.validity = (START + 61, START + LIFE)
    }),
];

#[test]
fn odd_certificates_are_refused() {
    let scene = Scene::new();
    for (name, rule, says, odd) in ODDITIES {
        let mut leaf = usual();
        odd(&mut leaf);
        let bundle = scene.instance.bundle(&scene.sign(&leaf), &IN_TIME, &[]);
        let reason = assert_refused(name, &scene.verify(&bundle), rule, says);
        println!("{name}: {rule}: {reason}");
    }
}

#[test]
fn providers_are_read_from_old_and_new_certificates() {
    let scene = Scene::new();
    for claims in [&[(1, PROVIDER)][..], &[(8, PROVIDER)], &[(8, PROVIDER), (1, PROVIDER)]] {
        let leaf = Leaf::new(vec![email(IDENTITY)], claims);
        let output = scene.verify(&scene.instance.bundle(&scene.sign(&leaf), &IN_TIME, &[]));
        assert_accepted(&format!("{claims:?}"), &output);
        assert_eq!(answer(&output)["identity"]["issuer"], PROVIDER, "{claims:?}");
    }
}

#[test]
fn every_part_of_an_instance_has_to_be_the_trusted_one() {
    let scene = Scene::new();
    type Part = (&'static str, &'static str, &'static str, fn(&mut Instance, Instance));
    let parts: [Part; 3] = [
        ("CA", CERTIFICATE, "no authority of this instance", |own, other| own.ca = other.ca),
        ("log of certificates", CERTIFICATE, "SCT", |own, other| own.ct_log = other.ct_log),
        ("log", "signature-log", "a transparency log that is not trusted", |own, other| own.rekor = other.rekor),
    ];
    for (name, rule, says, exchange) in parts {
        // An instance that shares all keys but one with the trusted one.
        let mut scene = Scene::new();
        let trusted = scene.instance.trusted_root();
        exchange(&mut scene.instance, Instance::new());
        let bundle = scene.instance.bundle(&scene.signed(), &IN_TIME, &[]);
        assert_refused(name, &scene.verify(&bundle), rule, says);
        // With that part trusted as well, there is nothing else to say against it.
        assert_ne!(scene.instance.trusted_root(), trusted, "{name}");
        scene.trust(&scene.instance.trusted_root());
        assert_accepted(name, &scene.verify(&bundle));
    }
    let bundle = scene.instance.bundle(&scene.signed(), &IN_TIME, &[]);
    assert_accepted("all of one instance", &scene.verify(&bundle));
}

#[test]
fn every_part_of_an_instance_counts_for_its_own_time() {
    let scene = Scene::new();
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    let token = Token::new(&signed.signature, START + 60, tsa).signed_by(tsa);
    let bundle = scene.instance.bundle(&signed, &IN_TIME, &[token]);
    let (before, after) =
        (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::from_second(START.try_into().unwrap()).unwrap());
    for (window, rule, says) in [
        ("/tlogs/0/publicKey/validFor", "signature-log", "No log key valid at integrated time"),
        ("/ctlogs/0/publicKey/validFor", CERTIFICATE, "not valid at"),
        ("/certificateAuthorities/0/validFor", CERTIFICATE, ""),
        ("/timestampAuthorities/0/validFor", "signature-time", "outside"),
    ] {
        let judge = |start: jiff::Timestamp, end: jiff::Timestamp| {
            let mut root = scene.instance.trusted_root();
            *root.pointer_mut(window).expect("a window") = json!({"start": start.to_string(), "end": end.to_string()});
            scene.trust(&root);
            scene.verify(&bundle)
        };
        let hour = jiff::SignedDuration::from_hours(1);
        assert_accepted(window, &judge(before, after + hour));
        assert_accepted(window, &judge(after - hour, after + hour));
        assert_refused(window, &judge(before, after - hour), rule, says);
        assert_refused(window, &judge(after + hour, after + hour * 2), rule, says);
    }
}

#[test]
fn a_log_does_not_know_the_future() {
    let scene = Scene::new();
    let tomorrow = now().as_secs() + 24 * 60 * 60;
    let leaf = Leaf { validity: (tomorrow, tomorrow + LIFE), ..usual() };
    let bundle = scene.instance.bundle(&scene.sign(&leaf), &Log::V1 { time: tomorrow + 60 }, &[]);
    assert_refused("tomorrow", &scene.verify(&bundle), "signature-time", "is in the future");
}
