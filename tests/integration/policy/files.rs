//! What a rule asks for besides signatures: that it has not expired, the hash, the files and their formats.

use std::fs;

use super::place::{Place, by_key, roles};
use crate::support::{assert_accepted, assert_refused, findings, json};

/// What `pickle.dumps({"a": 1})` writes.
const PICKLE: &[u8] = b"\x80\x04\x95\x0a\0\0\0\0\0\0\0}\x94\x8c\x01a\x94K\x01s.";

fn signed() -> Place {
    let place = Place::new();
    let a = place.signer("a");
    place.sign(&a, &[]);
    place
}

#[test]
fn a_rule_holds_through_its_last_day() {
    let place = signed();
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for (day, holds) in [("2020-02-29".to_owned(), false), ("9999-12-31".to_owned(), true)] {
        place.policy(&[&by_key("a")], &format!("expires: {day}"));
        if holds {
            assert_accepted(&day, &place.verify());
        } else {
            let text = assert_refused(&day, &place.verify(), "policy-expired", "");
            assert_eq!(text, format!("the rule on line 3 expired after {day}"));
        }
    }
    // Around midnight it may be over by the time it is asked.
    place.policy(&[&by_key("a")], &format!("expires: {today}"));
    let output = place.verify();
    let is_over = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date() > today;
    assert!(output.status.success() || is_over, "{output:?}");
}

#[test]
fn no_rule_is_a_reason_to_refuse() {
    let place = signed();
    place.policy(&[&by_key("a")], "");
    place.fixture.key("elsewhere", secureml::crypto::Curve::P256);
    for model in ["model/weights", "model/config.json", "."] {
        let output = place.run(&["verify", "--policy", ".secureml.yaml", model]);
        assert_refused(model, &output, "policy-no-rule", "no rule for this model");
        assert!(json(&output)["models"][0].get("rule").is_none());
    }
    let output = place.run(&["verify", "--policy", ".secureml.yaml", "absent"]);
    assert_eq!(output.status.code(), Some(3), "what is not there is not judged");
    // A model outside the policy's folder has no rule, whatever its name.
    let other = signed();
    let outside = other.fixture.model().display().to_string();
    let output = place.run(&["verify", "--policy", ".secureml.yaml", &outside]);
    assert_refused("outside", &output, "policy-no-rule", "");
}

#[test]
fn a_changed_model_is_refused_although_enough_have_signed() {
    let place = signed();
    place.policy(&[&by_key("a")], "");
    fs::write(place.fixture.model().join("config.json"), "{\"layers\": 3}\n").unwrap();
    fs::write(place.fixture.model().join("more.txt"), "more").unwrap();
    let output = place.verify();
    assert_refused("changed", &output, "file-changed", "config.json: changed");
    assert_refused("changed", &output, "file-unsigned", "more.txt: not signed");
    assert_eq!(roles(&output), ["a"], "who signed is said all the same");
}

#[test]
fn unsigned_files_are_the_rules_matter() {
    let place = signed();
    fs::write(place.fixture.model().join("more.txt"), "more").unwrap();
    fs::create_dir(place.fixture.model().join("notes")).unwrap();
    fs::write(place.fixture.model().join("notes/a.txt"), "a").unwrap();
    place.policy(&[&by_key("a")], "");
    assert_refused("refuse", &place.verify(), "file-unsigned", "notes/a.txt");
    place.policy(&[&by_key("a")], "ignore: [notes]");
    let output = place.verify();
    assert_refused("one of two", &output, "file-unsigned", "more.txt");
    assert_eq!(findings(&output).len(), 1);
    place.policy(&[&by_key("a")], "ignore: [notes, more.txt]");
    assert_accepted("both are left out", &place.verify());
    place.policy(&[&by_key("a")], "unsigned-files: ignore");
    assert_accepted("ignore", &place.verify());
    // What is signed cannot be left out.
    place.policy(&[&by_key("a")], "ignore: [notes, more.txt, config.json]");
    assert_refused("signed", &place.verify(), "file-ignored", "config.json");
}

#[test]
fn hashes_that_the_rule_does_not_have() {
    let place = signed();
    place.policy(&[&by_key("a")], "hashes: [blake2b, blake3]");
    let text = assert_refused("sha256", &place.verify(), "policy-hash", "");
    assert!(text.ends_with("model.sig: a: the files are hashed with sha256, the rule has blake2b, blake3"), "{text}");
    assert_refused("sha256", &place.verify(), "policy-threshold", "0 of 1");
    let a = place.signer("a");
    place.sign(&a, &["--hash", "blake3"]);
    assert_accepted("blake3", &place.verify());
}

#[test]
fn formats_are_told_by_content() {
    let place = Place::new();
    let a = place.signer("a");
    fs::write(place.fixture.model().join("weights/data.txt"), PICKLE).unwrap();
    fs::write(place.fixture.model().join("m.gguf"), b"GGUF\x03\0\0\0").unwrap();
    place.sign(&a, &[]);
    for (formats, refused) in [
        ("{deny: [pickle]}", vec!["weights/data.txt: has the format pickle, the rule denies pickle"]),
        ("{deny: [gguf, onnx]}", vec!["m.gguf: has the format gguf, the rule denies gguf, onnx"]),
        ("{allow: [gguf, other]}", vec!["weights/data.txt: has the format pickle, the rule allows gguf, other"]),
        ("{allow: [gguf, other, pickle]}", vec![]),
        ("{deny: [onnx]}", vec![]),
    ] {
        place.policy(&[&by_key("a")], &format!("formats: {formats}"));
        let output = place.verify();
        if refused.is_empty() {
            assert_accepted(formats, &output);
        } else {
            let found: Vec<(String, String)> = findings(&output);
            let expected: Vec<(String, String)> =
                refused.into_iter().map(|text| ("policy-format".to_owned(), text.to_owned())).collect();
            assert_eq!(found, expected, "{formats}");
            assert_eq!(output.status.code(), Some(1), "{formats}");
        }
    }
}

/// That nobody signed a file does not keep a loader from it.
#[test]
fn formats_hold_for_unsigned_files_too() {
    let place = signed();
    fs::write(place.fixture.model().join("more.pkl"), PICKLE).unwrap();
    place.policy(&[&by_key("a")], "unsigned-files: ignore");
    assert_accepted("any format", &place.verify());
    place.policy(&[&by_key("a")], "unsigned-files: ignore\nformats: {deny: [pickle]}");
    assert_refused("denied", &place.verify(), "policy-format", "more.pkl: has the format pickle");
    place.policy(&[&by_key("a")], "ignore: [more.pkl]\nformats: {deny: [pickle]}");
    assert_accepted("left out by name", &place.verify());
    #[cfg(unix)]
    {
        fs::rename(place.fixture.model().join("more.pkl"), place.fixture.path("more.pkl")).unwrap();
        std::os::unix::fs::symlink("../more.pkl", place.fixture.model().join("more.bin")).unwrap();
        place.policy(&[&by_key("a")], "unsigned-files: ignore");
        assert_accepted("a link, any format", &place.verify());
        place.policy(&[&by_key("a")], "unsigned-files: ignore\nformats: {deny: [pickle]}");
        assert_refused(
            "a link",
            &place.verify(),
            "policy-format",
            "more.bin: is a symbolic link, so its format is not",
        );
    }
}

/// Nor does it help that a signer left it out: the loader does not ask him either.
#[test]
fn formats_hold_for_what_signers_left_out() {
    let place = Place::new();
    let a = place.signer("a");
    fs::write(place.fixture.model().join("more.pkl"), PICKLE).unwrap();
    place.sign(&a, &["--ignore-paths", &place.fixture.model().join("more.pkl").display().to_string()]);
    place.policy(&[&by_key("a")], "");
    assert_accepted("any format", &place.verify());
    place.policy(&[&by_key("a")], "formats: {deny: [pickle]}");
    assert_refused("denied", &place.verify(), "policy-format", "more.pkl: has the format pickle");
}

#[test]
fn a_model_of_one_file_has_its_own_name() {
    let place = Place::new();
    place.signer("a");
    fs::write(place.fixture.path("model.pkl"), "(dp0\nVa\np1\n(lp2\nI1\naF2.5\naNas.").unwrap();
    let words = ["sign", "key", "--private-key", "a.pem", "--signature", "model.pkl.sig", "model.pkl"];
    assert_accepted("sign", &place.run(&words));
    let rule = "version: 1\nmodels:\n  - {path: '*.pkl', signers: [{role: a, key: a.pub.pem}], formats: {FORMATS}}\n";
    let verify = || place.run(&["verify", "--policy", ".secureml.yaml", "model.pkl"]);
    place.write_policy(&rule.replace("FORMATS", "deny: [onnx]"));
    assert_accepted("the signature beside it", &verify());
    place.write_policy(&rule.replace("FORMATS", "deny: [pickle]"));
    assert_refused("told by its name", &verify(), "policy-format", "has the format pickle");
}

#[test]
fn several_models_and_the_worst_verdict() {
    let place = signed();
    place.policy(&[&by_key("a")], "");
    for (models, code, outcomes) in [
        (vec!["model", "model"], 0, vec!["accepted", "accepted"]),
        (vec!["model", "model/weights"], 1, vec!["accepted", "refused"]),
        (vec!["model/weights", "absent", "model"], 3, vec!["refused", "undecided", "accepted"]),
    ] {
        let output = place.run(&[&["verify", "--policy", ".secureml.yaml"], models.as_slice()].concat());
        assert_eq!(output.status.code(), Some(code), "{models:?}");
        let answer = json(&output);
        let found: Vec<&str> =
            answer["models"].as_array().unwrap().iter().map(|model| model["outcome"].as_str().unwrap()).collect();
        assert_eq!(found, outcomes);
        assert_eq!(answer.get("error").is_some(), code == 3);
    }
}

/// The signatures in the model's folder are no files of the model, and the policy's default place.
#[test]
fn signatures_inside_the_model() {
    let place = Place::new();
    let words = |key: &'static str| ["sign", "key", "--private-key", key, "--signature", "model/model.sig"];
    place.signer("a");
    place.signer("b");
    assert_accepted("sign", &place.run(&[&words("a.pem")[..], &["model"]].concat()));
    assert_accepted("add", &place.run(&[&words("b.pem")[..], &["--add", "model"]].concat()));
    let (a, b) = (by_key("a"), by_key("b"));
    place.write_policy(&format!("version: 1\nmodels:\n  - {{path: '*', signers: [{{{a}}}, {{{b}}}]}}\n"));
    assert_accepted("verify", &place.verify());
    fs::write(place.fixture.model().join("model.sig2"), "x").unwrap();
    assert_refused("more", &place.verify(), "file-unsigned", "model.sig2");
}

/// What passes for a signature must not hide files of the model: no link leads to what is left out.
#[test]
#[cfg(unix)]
fn nothing_hides_behind_signatures() {
    use std::os::unix::fs::symlink;
    let place = signed();
    place.policy(&[&by_key("a")], "formats: {deny: [pickle]}");
    let model = place.fixture.model();
    let hidden = |name: &str, output: &std::process::Output, file: &str| {
        assert_refused(name, output, "file-unsigned", &format!("{file}: not signed"));
        assert_refused(name, output, "policy-format", &format!("{file}: has the format pickle"));
    };
    fs::create_dir_all(place.added()).unwrap();
    fs::write(model.join("evil.py"), PICKLE).unwrap();
    symlink("../model/evil.py", place.added().join("x.sig")).unwrap();
    hidden("a bundle that is a link", &place.verify(), "evil.py");
    fs::remove_file(place.added().join("x.sig")).unwrap();
    symlink("../model", place.added().join("x.sig")).unwrap();
    hidden("a link to the model", &place.verify(), "evil.py");
    fs::remove_dir_all(place.added()).unwrap();

    fs::create_dir(model.join("code")).unwrap();
    fs::rename(model.join("evil.py"), model.join("code/evil.py")).unwrap();
    symlink("model/code", place.added()).unwrap();
    hidden("a set that is a link", &place.verify(), "code/evil.py");
    fs::create_dir(model.join("code/y.sig")).unwrap();
    fs::rename(model.join("code/evil.py"), model.join("code/y.sig/evil.py")).unwrap();
    hidden("a folder by the name of a bundle", &place.verify(), "code/y.sig/evil.py");
    fs::remove_file(place.added()).unwrap();

    // The first signature is a link into the model, and another one is enough.
    fs::rename(model.join("code/y.sig/evil.py"), model.join("evil.py")).unwrap();
    fs::create_dir(place.added()).unwrap();
    fs::rename(place.fixture.signature(), place.added().join("a.sig")).unwrap();
    symlink("model/evil.py", place.fixture.signature()).unwrap();
    hidden("the first bundle", &place.verify(), "evil.py");
    fs::remove_file(model.join("evil.py")).unwrap();
    assert_accepted("without it", &place.verify());
}
