//! Mutations of the statement, signed again with the right key: the statement itself is what has to be refused.

use serde_json::{Value, json};

use super::edit::{Spoil, Spoilt, spoil_each_field};
use super::scene::{Case, Scene};

/// Every mutation of statement, subject, predicate and serialization.
pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases = fields(scene);
    cases.extend(edits(scene));
    cases.extend(ignore_paths(scene));
    cases.extend(texts(scene));
    cases.extend(generations(scene));
    cases
}

/// Each field removed, doubled and retyped.
fn fields(scene: &Scene) -> Vec<Case> {
    let spoilt = spoil_each_field(&scene.statement);
    assert!(spoilt.len() > 80, "{}", spoilt.len());
    let case = |Spoilt { what, name, spoil, text }| {
        let says = match (name.as_str(), spoil) {
            ("ignore_paths", Spoil::Removed) => return None,
            ("predicate", Spoil::Removed | Spoil::Null) => "the statement has no predicate".to_owned(),
            _ => spoil.complaint(&name),
        };
        Some(scene.case(format!("statement {what}"), "statement-invalid", says).signature(scene.signed(&text)))
    };
    spoilt.into_iter().filter_map(case).collect()
}

type Edit = fn(&mut Value);

/// Values that a statement must not have: name, reason, change.
const EDITS: &[(&str, &str, Edit)] = &[
    ("type of another version", "the statement has the type \"https://in-toto.io/Statement/v0.1\"", |statement| {
        statement["_type"] = json!("https://in-toto.io/Statement/v0.1");
    }),
    ("type empty", "the statement has the type \"\"", |statement| statement["_type"] = json!("")),
    ("predicate type v1.1", "the statement is about \"https://model_signing/signature/v1.1\"", |statement| {
        statement["predicateType"] = json!("https://model_signing/signature/v1.1");
    }),
    ("predicate type of build provenance", "the statement is about \"https://slsa.dev", |statement| {
        statement["predicateType"] = json!("https://slsa.dev/provenance/v1");
    }),
    ("predicate type of version 0.2.0", "the statement is about \"https://model_signing/Digests/v0.1\"", |statement| {
        statement["predicateType"] = json!("https://model_signing/Digests/v0.1");
    }),
    ("no subject", "the statement has 0 subjects", |statement| statement["subject"] = json!([])),
    ("two subjects", "the statement has 2 subjects", |statement| {
        statement["subject"] = json!([statement["subject"][0], statement["subject"][0]]);
    }),
    ("subject null", "invalid type: null", |statement| statement["subject"][0] = Value::Null),
    ("subject with another hash alone", "missing field `sha256`", |statement| {
        statement["subject"][0]["digest"] = json!({"sha512": "00"});
    }),
    ("root digest of nothing", "the subject has the digest \"e3b0c442", |statement| {
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        statement["subject"][0]["digest"]["sha256"] = json!(nothing);
    }),
    ("root digest with one digit changed", "the listed files come to", |statement| {
        let root = statement["subject"][0]["digest"]["sha256"].as_str().expect("a text").to_owned();
        let last = if root.ends_with('0') { "1" } else { "0" };
        statement["subject"][0]["digest"]["sha256"] = json!(format!("{}{last}", &root[..63]));
    }),
    ("root digest in capitals", "the listed files come to", |statement| {
        let root = statement["subject"][0]["digest"]["sha256"].as_str().expect("a text").to_uppercase();
        statement["subject"][0]["digest"]["sha256"] = json!(root);
    }),
    ("root digest cut short", "the listed files come to", |statement| {
        let root = statement["subject"][0]["digest"]["sha256"].as_str().expect("a text")[..62].to_owned();
        statement["subject"][0]["digest"]["sha256"] = json!(root);
    }),
    ("root digest empty", "the subject has the digest \"\"", |statement| {
        statement["subject"][0]["digest"]["sha256"] = json!("");
    }),
    ("field added to the predicate", "unknown field `extra`", |statement| statement["predicate"]["extra"] = json!(1)),
    ("field added to the serialization", "unknown field `extra`", |statement| {
        statement["predicate"]["serialization"]["extra"] = json!(1);
    }),
    ("method unknown", "the serialization method \"dirs\" is unknown", |statement| {
        statement["predicate"]["serialization"]["method"] = json!("dirs");
    }),
    ("method in capitals", "the serialization method \"Files\" is unknown", |statement| {
        statement["predicate"]["serialization"]["method"] = json!("Files");
    }),
    ("hash unknown", "unknown hash algorithm \"md5\"", |statement| {
        statement["predicate"]["serialization"]["hash_type"] = json!("md5");
    }),
    ("hash in capitals", "unknown hash algorithm \"SHA256\"", |statement| {
        statement["predicate"]["serialization"]["hash_type"] = json!("SHA256");
    }),
    ("hash by the name of the reference tool's API", "unknown hash algorithm \"blake2\"", |statement| {
        statement["predicate"]["serialization"]["hash_type"] = json!("blake2");
    }),
    ("hash empty", "unknown hash algorithm \"\"", |statement| {
        statement["predicate"]["serialization"]["hash_type"] = json!("");
    }),
    ("hash another than that of the files", "the manifest says blake3", |statement| {
        statement["predicate"]["serialization"]["hash_type"] = json!("blake3");
    }),
    ("method shards without a size", "the shard size is missing", |statement| {
        statement["predicate"]["serialization"]["method"] = json!("shards");
    }),
    ("shard size with whole files", "the shard size stands where whole files are hashed", |statement| {
        statement["predicate"]["serialization"]["shard_size"] = json!(1000);
    }),
    ("links allowed by a text", "invalid type: string", |statement| {
        statement["predicate"]["serialization"]["allow_symlinks"] = json!("false");
    }),
    ("statement written as a list", "invalid type: sequence", |statement| {
        let subject = statement["subject"].clone();
        *statement = json!([statement["_type"], subject, statement["predicateType"], statement["predicate"]]);
    }),
    ("subject written as a list", "invalid type: sequence", |statement| {
        statement["subject"][0] = json!([statement["subject"][0]["name"], statement["subject"][0]["digest"]]);
    }),
    ("subject's digests written as a list", "invalid type: sequence", |statement| {
        statement["subject"][0]["digest"] = json!([statement["subject"][0]["digest"]["sha256"]]);
    }),
    ("predicate written as a list", "invalid type: sequence", |statement| {
        statement["predicate"] = json!([statement["predicate"]["resources"], statement["predicate"]["serialization"]]);
    }),
];

fn edits(scene: &Scene) -> Vec<Case> {
    let edited = |&(name, says, edit): &(&str, &str, Edit)| {
        let mut statement = scene.statement.clone();
        edit(&mut statement);
        scene
            .case(format!("statement: {name}"), "statement-invalid", says)
            .signature(scene.signed(&statement.to_string()))
    };
    EDITS.iter().map(edited).collect()
}

/// Ignore paths that would leave out the model, or what is outside it.
fn ignore_paths(scene: &Scene) -> Vec<Case> {
    const PATHS: &[(&str, &str)] = &[
        (".", "it has a `.` part"),
        ("..", "it has a `..` part"),
        ("../weights", "it has a `..` part"),
        ("weights/../..", "it has a `..` part"),
        ("weights/.", "it has a `.` part"),
        ("/", "it is absolute"),
        ("/weights", "it is absolute"),
        ("", "it is empty"),
        ("weights//part-1.bin", "it has an empty part"),
        ("weights/", "it has an empty part"),
        ("weights\0", "it contains a NUL character"),
    ];
    let case = |&(path, reason): &(&str, &str)| {
        let mut statement = scene.statement.clone();
        statement["predicate"]["serialization"]["ignore_paths"] = json!([path]);
        let says = format!(
            "the manifest may not leave out what it says: {path:?} is not a file name inside a model: {reason}"
        );
        scene
            .case(format!("ignore path {path:?}"), "statement-invalid", says)
            .signature(scene.signed(&statement.to_string()))
    };
    let mut null = scene.statement.clone();
    null["predicate"]["serialization"]["ignore_paths"] = json!([null]);
    let mut signed_file = scene.statement.clone();
    signed_file["predicate"]["serialization"]["ignore_paths"] = json!(["weights"]);
    let left_out = "weights/part-1.bin: signed, but left out by the ignore path \"weights\"";
    PATHS
        .iter()
        .map(case)
        .chain([
            scene
                .case("ignore path null", "statement-invalid", "invalid type")
                .signature(scene.signed(&null.to_string())),
            scene
                .case("ignore path over signed files", "file-ignored", left_out)
                .signature(scene.signed(&signed_file.to_string())),
        ])
        .collect()
}

/// Payloads that are no statement.
fn texts(scene: &Scene) -> Vec<Case> {
    let good = scene.statement.to_string();
    let table: [(&str, &str, String); 9] = [
        ("white space alone", "EOF while parsing", " ".to_owned()),
        ("no JSON", "expected value", "model".to_owned()),
        ("null", "invalid type: null", "null".to_owned()),
        ("cut short", "EOF while parsing", good[..good.len() - 1].to_owned()),
        ("garbage behind", "trailing characters", format!("{good}}}")),
        ("a second statement behind", "trailing characters", format!("{good}{good}")),
        ("byte order mark", "expected value", format!("\u{feff}{good}")),
        ("half a surrogate pair", "surrogate", good.replace("README.md", "\\udc00")),
        ("a comment", "expected value", format!("/**/{good}")),
    ];
    let case = |(name, says, statement): (&str, &str, String)| {
        scene.case(format!("payload: {name}"), "statement-invalid", says).signature(scene.signed(&statement))
    };
    table.into_iter().map(case).collect()
}

/// The two generations of the format must not vouch for each other, and the old one is held to the same rules.
fn generations(scene: &Scene) -> Vec<Case> {
    let legacy = legacy_statement(&scene.statement);
    let spoilt = |edit: Edit| {
        let mut statement = legacy.clone();
        edit(&mut statement);
        scene.signed_as_legacy(&statement.to_string())
    };
    let case = |name: &str, says: &str, signature| {
        scene.case(format!("version 0.2.0: {name}"), "statement-invalid", says).signature(signature)
    };
    let current = scene.signed_as_legacy(&scene.statement.to_string());
    let mut both = scene.statement.clone();
    both["old"] = json!("https://model_signing/Digests/v0.1");
    let both = scene.signed_as_legacy(&both.to_string());
    let not_tried = "the signature does not match what it should have signed, or the key";
    vec![
        scene
            .case("version 0.2.0: old encoding around a statement of today", "signature-invalid", not_tried)
            .signature(current),
        case(
            "old encoding around a statement of today that names the old one",
            "is about \"https://model_signing/signature/v1.0\"",
            both,
        ),
        case(
            "encoding of today around an old statement",
            "is about \"https://model_signing/Digests/v0.1\"",
            scene.signed(&legacy.to_string()),
        ),
        case("no file", "the manifest lists no file", spoilt(|statement| statement["subject"] = json!([]))),
        case(
            "a file twice",
            "lists \"README.md\" twice",
            spoilt(|statement| statement["subject"][1]["name"] = json!("README.md")),
        ),
        case(
            "a name that leads out",
            "it has a `..` part",
            spoilt(|statement| statement["subject"][0]["name"] = json!("../x")),
        ),
        case("a name that is empty", "it is empty", spoilt(|statement| statement["subject"][0]["name"] = json!(""))),
        case(
            "a digest cut short",
            "a sha256 digest has 32 bytes, found 1",
            spoilt(|statement| statement["subject"][0]["digest"]["sha256"] = json!("00")),
        ),
        scene
            .case("version 0.2.0: a digest of other bytes", "file-changed", "README.md: changed")
            .signature(spoilt(|statement| statement["subject"][0]["digest"]["sha256"] = json!("0".repeat(64)))),
        scene
            .case("version 0.2.0: a file not listed", "file-unsigned", "README.md: not signed")
            .signature(spoilt(|statement| drop(statement["subject"].as_array_mut().expect("a list").remove(0)))),
    ]
}

/// The same model as version 0.2.0 stated it: the files as subjects.
pub(super) fn legacy_statement(statement: &Value) -> Value {
    let resources = statement["predicate"]["resources"].as_array().expect("a list");
    let subjects: Vec<Value> = resources
        .iter()
        .map(|resource| json!({"name": resource["name"], "digest": {"sha256": resource["digest"]}}))
        .collect();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://model_signing/Digests/v0.1",
    })
}
