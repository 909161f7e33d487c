//! Log entries of both generations, with parts that belong to the other, and what is left when nobody looks at the log.

use std::slice;

use serde_json::{Value, json};

use super::instance::{Log, START, Token};
use super::scene::{IDENTITY, IN_TIME, PROVIDER, Scene};
use crate::support::{assert_accepted, assert_refused, findings};

/// A change to a bundle, what is said of it, and its name.
type Edit = (&'static str, &'static str, fn(&mut Value));

fn entry(bundle: &mut Value) -> &mut Value {
    &mut bundle["verificationMaterial"]["tlogEntries"][0]
}

const EDITS: &[Edit] = &[
    ("a time", "a time that the log did not promise", |b| entry(b)["integratedTime"] = json!((START + 60).to_string())),
    ("a promise", "", |b| entry(b)["inclusionPromise"] = json!({"signedEntryTimestamp": "AAAA"})),
    ("another number", "different numbers", |b| entry(b)["logIndex"] = json!("0")),
    ("another number in the proof", "different numbers", |b| entry(b)["inclusionProof"]["logIndex"] = json!("0")),
    ("another number in both", "", |b| {
        entry(b)["logIndex"] = json!("0");
        entry(b)["inclusionProof"]["logIndex"] = json!("0");
    }),
    ("another tree size", "about different trees", |b| entry(b)["inclusionProof"]["treeSize"] = json!("3")),
    ("another root", "about different trees", |b| {
        entry(b)["inclusionProof"]["rootHash"] = entry(b)["inclusionProof"]["hashes"][0].clone();
    }),
    ("no proof", "no inclusion proof", |b| {
        entry(b).as_object_mut().expect("an object").remove("inclusionProof");
    }),
    ("the other kind", "", |b| {
        let other = match entry(b)["kindVersion"]["kind"].as_str() {
            Some("dsse") => json!({"kind": "hashedrekord", "version": "0.0.2"}),
            _ => json!({"kind": "dsse", "version": "0.0.1"}),
        };
        entry(b)["kindVersion"] = other;
    }),
];

#[test]
fn entries_without_a_promise_say_nothing_that_the_log_did_not() {
    let scene = Scene::new();
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    let token = Token::new(&signed.signature, START + 60, tsa).signed_by(tsa);
    for log in [Log::V2, Log::V2Dsse, Log::V1Timeless] {
        let good = scene.instance.bundle(&signed, &log, slice::from_ref(&token));
        assert_accepted(&format!("{log:?}"), &scene.verify(&good));
        for (name, says, edit) in EDITS {
            let mut bundle = good.clone();
            edit(&mut bundle);
            let reason = assert_refused(&format!("{log:?}, {name}"), &scene.verify(&bundle), "signature-log", says);
            println!("{log:?}, {name}: {reason}");
        }
    }
}

#[test]
fn an_entry_is_about_one_signature() {
    let scene = Scene::new();
    let (signed, other, tsa) = (scene.signed(), scene.signed(), &scene.instance.tsa);
    let token = Token::new(&signed.signature, START + 60, tsa).signed_by(tsa);
    for log in [IN_TIME, Log::V2, Log::V2Dsse, Log::V1Timeless] {
        let mut bundle = scene.instance.bundle(&signed, &log, slice::from_ref(&token));
        *entry(&mut bundle) = entry(&mut scene.instance.bundle(&other, &log, &[])).clone();
        // The same signer, payload, moment and log: only signature and certificate differ.
        assert_refused(&format!("{log:?}"), &scene.verify(&bundle), "signature-log", "");
        let own = scene.instance.bundle(&signed, &log, slice::from_ref(&token));
        for second in [IN_TIME, Log::V2] {
            let mut bundle = own.clone();
            let second = entry(&mut scene.instance.bundle(&signed, &second, &[])).clone();
            bundle["verificationMaterial"]["tlogEntries"] = json!([*entry(&mut bundle), second]);
            let output = scene.verify(&bundle);
            assert_refused(&format!("{log:?}, two"), &output, "signature-log", "2 transparency log entries");
        }
    }
}

/// Where a timestamp tells the time, it is that time at which the log's key had to be in service.
#[test]
fn a_log_that_is_out_of_service_vouches_for_nothing_new() {
    let scene = Scene::new();
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    let token = Token::new(&signed.signature, START + 60, tsa).signed_by(tsa);
    for log in [Log::V2, Log::V2Dsse, Log::V1Timeless] {
        let bundle = scene.instance.bundle(&signed, &log, slice::from_ref(&token));
        for (start, end, refused) in [
            ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z", false),
            ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", true),
            ("2025-06-16T00:00:00Z", "2030-01-01T00:00:00Z", true),
        ] {
            let mut root = scene.instance.trusted_root();
            root["tlogs"][0]["publicKey"]["validFor"] = json!({"start": start, "end": end});
            scene.trust(&root);
            let output = scene.verify(&bundle);
            if refused {
                assert_refused(&format!("{log:?} until {end}"), &output, "signature-log", "was not in service");
            } else {
                assert_accepted(&format!("{log:?} until {end}"), &output);
            }
        }
        scene.trust(&scene.instance.trusted_root());
    }
}

/// The words for the usual signer, and for not looking at the log.
const BLIND: [&str; 5] = ["--identity", IDENTITY, "--identity-provider", PROVIDER, "--insecure-skip-tlog"];

#[test]
fn not_looking_at_the_log_is_said_aloud_and_skips_nothing_else() {
    let scene = Scene::new();
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    let token = Token::new(&signed.signature, START + 60, tsa).signed_by(tsa);
    let mut bundle = scene.instance.bundle(&signed, &Log::V2, slice::from_ref(&token));
    let checkpoint = &mut entry(&mut bundle)["inclusionProof"]["checkpoint"]["envelope"];
    *checkpoint = json!(checkpoint.as_str().unwrap().replace("rekor.example", "other.example"));
    assert_refused("looking", &scene.verify(&bundle), "signature-log", "did not sign the checkpoint");
    let output = scene.verify_as(&bundle, &BLIND);
    assert_accepted("not looking", &output);
    let rules: Vec<String> = findings(&output).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules, ["log-not-checked"]);

    // A log that nobody looks at tells no time either.
    let timeless = scene.instance.bundle(&signed, &IN_TIME, &[]);
    assert_refused("no time", &scene.verify_as(&timeless, &BLIND), "signature-time", "nobody trusted says when");
    let other = Token::new(b"something else", START + 60, tsa).signed_by(tsa);
    let other = scene.instance.bundle(&signed, &Log::V2, &[other]);
    assert_refused("bad time", &scene.verify_as(&other, &BLIND), "signature-time", "hash mismatch");
    let words = [&["--identity", "other@example.org"], &BLIND[2..]].concat();
    assert_refused("identity", &scene.verify_as(&bundle, &words), "signature-identity", "the identity is");
    bundle["dsseEnvelope"]["payload"] = json!("e30=");
    assert_refused("payload", &scene.verify_as(&bundle, &BLIND), "signature-invalid", "does not match");
}

#[test]
fn a_signature_in_no_log_is_accepted_by_who_does_not_look() {
    let scene = Scene::new();
    let (signed, tsa) = (scene.signed(), &scene.instance.tsa);
    let token = Token::new(&signed.signature, START + 60, tsa).signed_by(tsa);
    let mut bundle = scene.instance.bundle(&signed, &Log::V2, &[token]);
    bundle["verificationMaterial"]["tlogEntries"] = json!([]);
    assert_refused("looking", &scene.verify(&bundle), "signature-malformed", "no transparency log entry");
    assert_accepted("not looking", &scene.verify_as(&bundle, &BLIND));
}
