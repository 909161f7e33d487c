//! The manifest, in forms that no writer writes; the right key signs each of them.

use serde_json::{Value, json};

use super::super::parts::MANIFEST;
use super::super::scene::Scene;
use super::{Case, case};

const RULE: &str = "package-manifest";
const NOT_CANONICAL: &str = "not canonical JSON";

pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    [spellings(scene), fields(scene)].into_iter().flatten().collect()
}

/// Other bytes for the same manifest.
fn spellings(scene: &Scene) -> Vec<Case> {
    let good = String::from_utf8(scene.parts.get(MANIFEST).to_vec()).expect("text");
    let vouched = |json: String| {
        assert_ne!(json, good, "nothing changed");
        // The statement that fits these bytes; a reader of JSON still finds the files in them.
        let parts = scene.parts.clone().set(MANIFEST, json);
        parts.resigned(&scene.key).bytes()
    };
    let spaced = good.replacen(":", ": ", 1);
    let pretty = format!("{:#}", scene.parts.manifest());
    let escaped = good.replacen("config.json", "config\\u002ejson", 1);
    let number = good.replacen("\"formatVersion\":1", "\"formatVersion\":1.0", 1);
    let turned = good.replacen("\"formatVersion\":1,", "", 1).replacen('{', "{\"formatVersion\":1,", 1);
    let twice = good.replacen("\"formatVersion\":1,", "\"formatVersion\":1,\"formatVersion\":1,", 1);
    vec![
        case("a space in the manifest", vouched(spaced), RULE, NOT_CANONICAL),
        case("a line end behind the manifest", vouched(format!("{good}\n")), RULE, NOT_CANONICAL),
        case("the manifest with indents", vouched(pretty), RULE, NOT_CANONICAL),
        case("a letter of the manifest escaped", vouched(escaped), RULE, NOT_CANONICAL),
        case("keys of the manifest in another order", vouched(turned), RULE, NOT_CANONICAL),
        case("a whole number with a fraction", vouched(number), RULE, "does not follow its format"),
        case("a key of the manifest twice", vouched(twice), RULE, "duplicate field"),
        case("a manifest that is no JSON", plain(scene, "garbage"), RULE, "does not follow its format"),
        case("an empty manifest", plain(scene, ""), RULE, "does not follow its format"),
        case("the manifest as a list", plain(scene, "[]"), RULE, "does not follow its format"),
    ]
}

fn plain(scene: &Scene, manifest: &str) -> Vec<u8> {
    scene.parts.clone().set(MANIFEST, manifest).bytes()
}

/// A change of the manifest: its name, the rule by which it is refused, what is said of it.
type Edit = (&'static str, &'static str, &'static str, fn(&mut Value));

/// Other things in the manifest.
const EDITS: &[Edit] = &[
    ("version 2 of the manifest", "package-version", "format version 2", |json| json["formatVersion"] = 2.into()),
    ("version 0 of the manifest", "package-version", "format version 0", |json| json["formatVersion"] = 0.into()),
    ("an unknown field", RULE, "unknown field `extra`", |json| json["extra"] = 1.into()),
    ("an unknown field of a file", RULE, "unknown field `mode`", |json| json["files"][0]["mode"] = 1.into()),
    ("no size of a file", RULE, "missing field `size`", |json| {
        drop(json["files"][0].as_object_mut().unwrap().remove("size"))
    }),
    ("another size of a file", "package-content", "has 10 bytes, the package's manifest says 9", |json| {
        json["files"][0]["size"] = 9.into()
    }),
    ("another size of a report", "package-content", "manifest says 9", |json| json["metadata"][0]["size"] = 9.into()),
    ("a negative size", RULE, "invalid value", |json| json["files"][0]["size"] = (-1).into()),
    ("a size above 2^53", RULE, "more than 2^53 bytes", |json| json["files"][0]["size"] = ((1_u64 << 53) + 1).into()),
    ("a digest in capitals", RULE, "does not follow its format", |json| {
        let digest = json["files"][0]["sha256"].as_str().expect("a text").to_uppercase();
        json["files"][0]["sha256"] = digest.into();
    }),
    ("another digest of a file in the manifest", "package-fingerprint", "README.md: manifest and", |json| {
        json["files"][0]["sha256"] = "0".repeat(64).into()
    }),
    ("files of the manifest not sorted", RULE, "does not stand in its place", |json| {
        json["files"].as_array_mut().unwrap().swap(0, 1)
    }),
    ("a file of the manifest twice", RULE, "stands there twice", |json| {
        let first = json["files"][0].clone();
        json["files"].as_array_mut().unwrap().insert(0, first);
    }),
    ("a file of the manifest outside", RULE, "`..` part", |json| json["files"][0]["path"] = "../x".into()),
    ("a device in the manifest", RULE, "Windows device", |json| json["files"][0]["path"] = "AUX".into()),
    ("a model without a name", RULE, "is empty", |json| json["model"]["name"] = "".into()),
    ("a model's name with a line end", RULE, "control characters", |json| json["model"]["name"] = "a\nb".into()),
    ("a model's name of 256 bytes", RULE, "longer than 255 bytes", |json| {
        json["model"]["name"] = "a".repeat(256).into()
    }),
    ("a time with a fraction", RULE, "not a second in UTC", |json| json["created"] = "2026-01-31T12:00:00.5Z".into()),
    ("a time that is none", RULE, "not a second in UTC", |json| json["created"] = "today".into()),
    ("a time in another zone", RULE, NOT_CANONICAL, |json| json["created"] = "2026-01-31T12:00:00+01:00".into()),
];

fn fields(scene: &Scene) -> Vec<Case> {
    let edited = |&(name, rule, says, edit): &Edit| {
        case(name, scene.parts.clone().with_manifest(edit).resigned(&scene.key).bytes(), rule, says)
    };
    let entry = json!({"path": "secureml/manifest.json", "size": 1, "sha256": "0".repeat(64)});
    let own = scene.parts.clone().with_manifest(|manifest| {
        manifest["metadata"].as_array_mut().expect("a list").insert(2, entry);
    });
    let own = case(
        "the manifest in its own list",
        own.resigned(&scene.key).bytes(),
        RULE,
        "is listed as metadata, which it is not",
    );
    EDITS.iter().map(edited).chain([own]).collect()
}
