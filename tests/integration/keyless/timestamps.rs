//! RFC 3161 timestamps: what an authority may say, and what may be written around it.

use std::slice;

use super::instance::{LIFE, Log, START, TimestampAuthority, Token, VALIDITY};
use super::scene::{IN_TIME, Scene};
use crate::support::der::{bits, integer, name, octets, oid, sequence, set, tagged, text, time, value};
use crate::support::{assert_accepted, assert_refused, json};

/// Authorities that send their whole chain write it leaf first, which is not the order of a set in DER; the token as a
/// whole need not be DER (RFC 5652, section 5.1).
#[test]
fn a_whole_chain_is_accepted_in_any_order() {
    let scene = Scene::new();
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    let chain = [tsa.certificate.clone(), tsa.root.clone()];
    let mut turned = chain.clone();
    turned.reverse();
    for certificates in [chain.to_vec(), turned.to_vec()] {
        let token = Token { certificates, ..Token::new(&signed.signature, START + 60, tsa) }.signed_by(tsa);
        assert_accepted("chain", &scene.verify(&scene.instance.bundle(&signed, &Log::V2, &[token])));
    }
}

/// An odd response: its name, what is said of it, and what is odd.
type Oddity = (&'static str, &'static str, fn(&mut Token<'_>));

#[test]
fn every_form_of_a_token_is_accepted() {
    let scene = Scene::new();
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    let usual = || Token::new(&signed.signature, START + 60, tsa);
    let bare = Token { status: None, ..usual() };
    let without = Token { certificates: Vec::new(), ..usual() };
    for (name, token) in [("response", usual()), ("bare token", bare), ("no certificate", without)] {
        for log in [Log::V2, Log::V2Dsse, Log::V1Timeless] {
            let output = scene.verify(&scene.instance.bundle(&signed, &log, &[token.signed_by(tsa)]));
            assert_accepted(&format!("{name}, {log:?}"), &output);
            assert_eq!(json(&output)["signed_at"], serde_json::json!(["2025-06-15T15:07:40Z"]), "{name}");
        }
    }
    let two = [usual().signed_by(tsa), Token::new(&signed.signature, START + 61, tsa).signed_by(tsa)];
    let output = scene.verify(&scene.instance.bundle(&signed, &IN_TIME, &two));
    assert_accepted("two, and the log's own", &output);
    let times = serde_json::json!(["2025-06-15T15:07:40Z", "2025-06-15T15:07:41Z", "2025-06-15T15:07:40Z"]);
    assert_eq!(json(&output)["signed_at"], times);
}

const ODDITIES: &[Oddity] = &[
    ("of something else", "hash mismatch", |token| token.message = b"something else"),
    ("of nothing", "hash mismatch", |token| token.message = b""),
    ("before its authority", "", |token| token.time = VALIDITY.0 - 1),
    ("after its authority", "", |token| token.time = VALIDITY.1 + 1),
    ("granted with changes", "more than a granted response", |token| token.status = Some(integer(1))),
    ("rejected", "granted response", |token| token.status = Some(integer(2))),
    ("waiting", "granted response", |token| token.status = Some(integer(3))),
    ("no status", "", |token| token.status = Some(Vec::new())),
    ("granted, with words", "more than a granted response", |token| {
        token.status = Some([integer(0), sequence(&[&text("hello")])].concat());
    }),
    ("granted, with a failure", "more than a granted response", |token| {
        token.status = Some([integer(0), bits(&[0x80])].concat());
    }),
    ("version 1", "more than its authority signed", |token| token.version = 1),
    ("version 5", "more than its authority signed", |token| token.version = 5),
    ("with an unsigned attribute", "more than its authority signed", |token| {
        token.unsigned = tagged(1, &[&sequence(&[&oid("1.2.3.4"), &set(&[&octets(b"unsigned")])])]);
    }),
    ("with a revocation list", "more than its authority signed", |token| {
        let algorithm = sequence(&[&oid("1.2.840.10045.4.3.2")]);
        let list = sequence(&[&integer(1), &algorithm, &name("the tests' CA of time"), &time(START)]);
        token.revocations = tagged(1, &[&sequence(&[&list, &algorithm, &bits(b"unsigned")])]);
    }),
    ("with the hash of another algorithm", "in an unknown way", |token| token.algorithm = "1.2.840.10045.4.3.3"),
    ("with an algorithm that is none", "in an unknown way", |token| token.algorithm = "1.2.3.4"),
    ("with a certificate that is none", "", |token| token.certificates.push(octets(b"no certificate"))),
    ("with its certificate twice", "", |token| token.certificates.push(token.certificates[0].clone())),
];

#[test]
fn odd_timestamps_are_refused() {
    let scene = Scene::new();
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    for (name, says, odd) in ODDITIES {
        let mut token = Token::new(&signed.signature, START + 60, tsa);
        odd(&mut token);
        let token = token.signed_by(tsa);
        for log in [Log::V2, IN_TIME] {
            let bundle = scene.instance.bundle(&signed, &log, slice::from_ref(&token));
            let reason = assert_refused(name, &scene.verify(&bundle), "signature-time", says);
            println!("{name}: {reason}");
        }
    }
}

#[test]
fn timestamps_of_other_authorities_are_refused() {
    let scene = Scene::new();
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    let (other, careless) = (TimestampAuthority::new(), TimestampAuthority::with_purpose("1.3.6.1.5.5.7.3.3"));
    let usual = Token::new(&signed.signature, START + 60, tsa);
    let theirs = Token::new(&signed.signature, START + 60, &other);
    let with_both = Token { certificates: vec![tsa.certificate.clone(), other.certificate.clone()], ..usual.clone() };
    for (name, token) in [
        ("another authority", theirs.signed_by(&other)),
        ("another authority under this one's certificate", usual.signed_by(&other)),
        ("this authority under another's certificate", theirs.signed_by(tsa)),
        ("another's certificate beside its own", with_both.signed_by(tsa)),
        ("an authority for code", Token::new(&signed.signature, START + 60, &careless).signed_by(&careless)),
    ] {
        let bundle = scene.instance.bundle(&signed, &Log::V2, &[token]);
        let reason = assert_refused(name, &scene.verify(&bundle), "signature-time", "");
        println!("{name}: {reason}");
    }
    // The very authority for code, where the trust root names it.
    let mut scene = scene;
    scene.instance.tsa = careless;
    scene.trust(&scene.instance.trusted_root());
    let token = Token::new(&signed.signature, START + 60, &scene.instance.tsa).signed_by(&scene.instance.tsa);
    let bundle = scene.instance.bundle(&signed, &Log::V2, &[token]);
    assert_refused("for code", &scene.verify(&bundle), "signature-time", "RequiredEkuNotFound");
}

#[test]
fn one_bad_timestamp_spoils_the_others() {
    let scene = Scene::new();
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    let good = Token::new(&signed.signature, START + 60, tsa).signed_by(tsa);
    let bad = Token::new(b"something else", START + 60, tsa).signed_by(tsa);
    for timestamps in [[good.clone(), bad.clone()], [bad, good]] {
        let bundle = scene.instance.bundle(&signed, &IN_TIME, &timestamps);
        assert_refused("good and bad", &scene.verify(&bundle), "signature-time", "hash mismatch");
    }
}

#[test]
fn bytes_around_a_timestamp_are_refused() {
    let scene = Scene::new();
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    let response = Token::new(&signed.signature, START + 60, tsa).signed_by(tsa);
    let bare = Token { status: None, ..Token::new(&signed.signature, START + 60, tsa) }.signed_by(tsa);
    let behind = |token: &[u8]| [token, &[0]].concat();
    // The same length, written in more bytes than it needs.
    let long = |token: &[u8]| [&[0x30, 0x83, 0], &token[2..]].concat();
    // No length at all, and an end instead (BER).
    let open = |token: &[u8]| [&[0x30, 0x80], &token[4..], &[0, 0]].concat();
    let more = sequence(&[&response[4..], &octets(b"more")]);
    for (name, token) in [
        ("a byte behind the response", behind(&response)),
        ("a byte behind the token", behind(&bare)),
        ("a long length", long(&response)),
        ("a long length of the token", long(&bare)),
        ("no length", open(&response)),
        ("no length of the token", open(&bare)),
        ("a value more in the response", more),
        ("two responses", [response.clone(), response.clone()].concat()),
        ("a response in a response", sequence(&[&sequence(&[&integer(0)]), &response])),
        ("a token in an octet string", octets(&bare)),
        ("half a response", response[..response.len() / 2].to_vec()),
        ("a byte less", response[..response.len() - 1].to_vec()),
        ("a status alone", sequence(&[&sequence(&[&integer(0)])])),
        ("an empty sequence", sequence(&[])),
        ("another tag", value(0x31, &[&response[4..]])),
    ] {
        let bundle = scene.instance.bundle(&signed, &Log::V2, &[token]);
        let reason = assert_refused(name, &scene.verify(&bundle), "signature-time", "a timestamp does not hold");
        println!("{name}: {reason}");
    }
}

#[test]
fn every_time_must_be_in_the_certificates_life() {
    let scene = Scene::new();
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    let verify = |log: Log, times: &[u64]| {
        let tokens: Vec<Vec<u8>> =
            times.iter().map(|time| Token::new(&signed.signature, *time, tsa).signed_by(tsa)).collect();
        scene.verify(&scene.instance.bundle(&signed, &log, &tokens))
    };
    let (first, last) = (START, START + LIFE);
    let by_log = |time| Log::V1 { time };
    for (log, times) in [
        (by_log(first), &[][..]),
        (by_log(last), &[]),
        (by_log(last), &[first, last]),
        (Log::V2, &[first]),
        (Log::V2, &[last]),
        (Log::V2Dsse, &[first, last]),
        (Log::V1Timeless, &[last, first]),
    ] {
        assert_accepted(&format!("{log:?} {times:?}"), &verify(log, times));
    }
    for (log, times) in [
        (by_log(first - 1), &[][..]),
        (by_log(last + 1), &[]),
        // A good time does not make up for a bad one, whoever tells it.
        (by_log(last + 1), &[first]),
        (by_log(first), &[last + 1]),
        (by_log(first), &[first - 1]),
        (by_log(first), &[first, last + 1]),
        (Log::V2, &[first - 1]),
        (Log::V2, &[last + 1]),
        (Log::V2, &[first, last + 1]),
        (Log::V2Dsse, &[first - 1]),
        (Log::V1Timeless, &[last + 1]),
    ] {
        let (name, output) = (format!("{log:?} {times:?}"), verify(log, times));
        let reason = assert_refused(&name, &output, "signature-certificate", "certificate is not trusted");
        assert!(reason.contains("when it was not good"), "{name}: {reason}");
    }
    for log in [Log::V2, Log::V2Dsse, Log::V1Timeless] {
        assert_refused(&format!("{log:?}"), &verify(log, &[]), "signature-time", "nobody trusted says when");
    }
}
