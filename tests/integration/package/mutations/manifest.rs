//! The manifest, in forms that no writer writes; the right key signs each of them.

use serde_json::{Value, json};

use super::super::parts::{MANIFEST, Parts};
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

/// Other things in the manifest.
#[expect(clippy::too_many_lines, reason = "a table")]
fn fields(scene: &Scene) -> Vec<Case> {
    let vouched = |change: fn(&mut Value)| -> Vec<u8> {
        let parts: Parts = scene.parts.clone().with_manifest(change);
        parts.resigned(&scene.key).bytes()
    };
    let entry = json!({"path": "secureml/manifest.json", "size": 1, "sha256": "0".repeat(64)});
    let own = scene.parts.clone().with_manifest(|manifest| {
        manifest["metadata"].as_array_mut().expect("a list").insert(2, entry);
    });
    vec![
        case(
            "version 2 of the manifest",
            vouched(|json| json["formatVersion"] = 2.into()),
            "package-version",
            "format version 2",
        ),
        case(
            "version 0 of the manifest",
            vouched(|json| json["formatVersion"] = 0.into()),
            "package-version",
            "format version 0",
        ),
        case("an unknown field", vouched(|json| json["extra"] = 1.into()), RULE, "unknown field `extra`"),
        case(
            "an unknown field of a file",
            vouched(|json| json["files"][0]["mode"] = 1.into()),
            RULE,
            "unknown field `mode`",
        ),
        case(
            "no size of a file",
            vouched(|json| drop(json["files"][0].as_object_mut().unwrap().remove("size"))),
            RULE,
            "missing field `size`",
        ),
        case(
            "another size of a file",
            vouched(|json| json["files"][0]["size"] = 9.into()),
            "package-content",
            "has 10 bytes, the package's manifest says 9",
        ),
        case(
            "another size of a report",
            vouched(|json| json["metadata"][0]["size"] = 9.into()),
            "package-content",
            "manifest says 9",
        ),
        case("a negative size", vouched(|json| json["files"][0]["size"] = (-1).into()), RULE, "invalid value"),
        case(
            "a size above 2^53",
            vouched(|json| json["files"][0]["size"] = ((1_u64 << 53) + 1).into()),
            RULE,
            "more than 2^53 bytes",
        ),
        case(
            "a digest in capitals",
            vouched(|json| {
                let digest = json["files"][0]["sha256"].as_str().expect("a text").to_uppercase();
                json["files"][0]["sha256"] = digest.into();
            }),
            RULE,
            "does not follow its format",
        ),
        case(
            "another digest of a file in the manifest",
            vouched(|json| json["files"][0]["sha256"] = "0".repeat(64).into()),
            "file-changed",
            "README.md: changed",
        ),
        case(
            "files of the manifest not sorted",
            vouched(|json| json["files"].as_array_mut().unwrap().swap(0, 1)),
            RULE,
            "does not stand in its place",
        ),
        case(
            "a file of the manifest twice",
            vouched(|json| {
                let first = json["files"][0].clone();
                json["files"].as_array_mut().unwrap().insert(0, first);
            }),
            RULE,
            "stands there twice",
        ),
        case(
            "a file of the manifest outside",
            vouched(|json| json["files"][0]["path"] = "../x".into()),
            RULE,
            "`..` part",
        ),
        case(
            "a device in the manifest",
            vouched(|json| json["files"][0]["path"] = "AUX".into()),
            RULE,
            "Windows device",
        ),
        case("a model without a name", vouched(|json| json["model"]["name"] = "".into()), RULE, "is empty"),
        case(
            "a model's name with a line end",
            vouched(|json| json["model"]["name"] = "a\nb".into()),
            RULE,
            "control characters",
        ),
        case(
            "a model's name of 256 bytes",
            vouched(|json| json["model"]["name"] = "a".repeat(256).into()),
            RULE,
            "longer than 255 bytes",
        ),
        case(
            "a time with a fraction",
            vouched(|json| json["created"] = "2026-01-31T12:00:00.5Z".into()),
            RULE,
            "not a second in UTC",
        ),
        case("a time that is none", vouched(|json| json["created"] = "today".into()), RULE, "not a second in UTC"),
        case(
            "a time in another zone",
            vouched(|json| json["created"] = "2026-01-31T12:00:00+01:00".into()),
            RULE,
            NOT_CANONICAL,
        ),
        case(
            "the manifest in its own list",
            own.resigned(&scene.key).bytes(),
            RULE,
            "is listed as metadata, which it is not",
        ),
    ]
}
