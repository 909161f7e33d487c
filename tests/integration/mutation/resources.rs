//! Mutations of the list of files, signed again with the right key and a fitting root digest.

use serde_json::{Value, json};

use super::scene::{Case, Scene, reroot, resource};

/// Every mutation of a resource, and of the list.
pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases = names(scene);
    cases.extend(edits(scene));
    cases
}

/// Names that lead elsewhere, or mean one file twice; `config.json` gets each of them.
const NAMES: &[(&str, &str)] = &[
    ("", "it is empty"),
    ("..", "it has a `..` part"),
    ("../outside", "it has a `..` part"),
    ("weights/../config.json", "it has a `..` part"),
    ("weights/..", "it has a `..` part"),
    ("/etc/passwd", "it is absolute"),
    ("//config.json", "it is absolute"),
    ("weights//config.json", "it has an empty part"),
    ("config.json/", "it has an empty part"),
    ("./config.json", "it has a `.` part"),
    ("weights/./config.json", "it has a `.` part"),
    ("config.json/.", "it has a `.` part"),
    ("config.json\0", "it contains a NUL character"),
    ("\0", "it contains a NUL character"),
    (".", "the manifest lists the model itself beside other files"),
    ("README.md", "the manifest lists \"README.md\" twice"),
];

fn names(scene: &Scene) -> Vec<Case> {
    let named = |name: &str| {
        let mut statement = scene.statement.clone();
        resource(&mut statement, "config.json")["name"] = json!(name);
        scene.signed(&statement.to_string())
    };
    let mut cases: Vec<Case> = NAMES
        .iter()
        .map(|(name, says)| scene.case(format!("name {name:?}"), "statement-invalid", *says).signature(named(name)))
        .collect();
    cases.push(
        scene
            .case("name that leads out, unsigned files ignored", "statement-invalid", "it has a `..` part")
            .signature(named("../config.json"))
            .words(&["--ignore-unsigned-files"])
            .model(|model| std::fs::write(model.join("../config.json"), b"{\"layers\": 2}\n").expect("a file")),
    );
    cases
}

type Edit = fn(&mut Value);

/// Changes of the list: name, rule, reason, change.
const EDITS: &[(&str, &str, &str, Edit)] = &[
    ("no file listed", "statement-invalid", "the manifest lists no file", |statement| {
        statement["predicate"]["resources"] = json!([]);
    }),
    ("resource null", "statement-invalid", "invalid type: null", |statement| {
        statement["predicate"]["resources"][0] = Value::Null;
    }),
    ("resource a text", "statement-invalid", "invalid type: string", |statement| {
        statement["predicate"]["resources"][0] = json!("README.md");
    }),
    ("resource written as a list", "statement-invalid", "invalid type: sequence", |statement| {
        let first = &statement["predicate"]["resources"][0];
        statement["predicate"]["resources"][0] = json!([first["name"], first["algorithm"], first["digest"]]);
    }),
    ("resource twice", "statement-invalid", "the manifest lists \"config.json\" twice", |statement| {
        let double = resource(statement, "config.json").clone();
        statement["predicate"]["resources"].as_array_mut().expect("a list").push(double);
    }),
    ("resource removed", "file-unsigned", "config.json: not signed", |statement| {
        statement["predicate"]["resources"].as_array_mut().expect("a list").retain(|one| one["name"] != "config.json");
    }),
    ("resource added", "file-missing", "more.bin: missing", |statement| {
        let added = json!({"name": "more.bin", "algorithm": "sha256", "digest": "0".repeat(64)});
        statement["predicate"]["resources"].as_array_mut().expect("a list").push(added);
    }),
    ("resource renamed", "file-renamed", "settings.json: renamed to \"config.json\"", |statement| {
        resource(statement, "config.json")["name"] = json!("settings.json");
    }),
    ("name in another case", "file-renamed", "Config.json: renamed to \"config.json\"", |statement| {
        resource(statement, "config.json")["name"] = json!("Config.json");
    }),
    ("name of a folder", "file-missing", "weights: missing", |statement| {
        let added = json!({"name": "weights", "algorithm": "sha256", "digest": "0".repeat(64)});
        statement["predicate"]["resources"].as_array_mut().expect("a list").push(added);
    }),
    ("name with the range of a shard", "file-renamed", "config.json:0:14: renamed to", |statement| {
        resource(statement, "config.json")["name"] = json!("config.json:0:14");
    }),
    ("digests of two files swapped", "file-changed", "config.json: changed", |statement| {
        let other = resource(statement, "README.md")["digest"].take();
        let own = std::mem::replace(&mut resource(statement, "config.json")["digest"], other);
        resource(statement, "README.md")["digest"] = own;
    }),
    ("digest of other bytes", "file-changed", "config.json: changed", |statement| {
        resource(statement, "config.json")["digest"] = json!("0".repeat(64));
    }),
    ("digest in capitals", "statement-invalid", "pairs of lower-case hexadecimal digits", |statement| {
        let digest = resource(statement, "config.json")["digest"].as_str().expect("a text").to_uppercase();
        resource(statement, "config.json")["digest"] = json!(digest);
    }),
    ("digest cut short", "statement-invalid", "a sha256 digest has 32 bytes, found 31", |statement| {
        let digest = resource(statement, "config.json")["digest"].as_str().expect("a text")[..62].to_owned();
        resource(statement, "config.json")["digest"] = json!(digest);
    }),
    ("digest with a byte behind", "statement-invalid", "a sha256 digest has 32 bytes, found 33", |statement| {
        let digest = format!("{}00", resource(statement, "config.json")["digest"].as_str().expect("a text"));
        resource(statement, "config.json")["digest"] = json!(digest);
    }),
    ("digest with half a byte", "statement-invalid", "pairs of lower-case hexadecimal digits", |statement| {
        resource(statement, "config.json")["digest"] = json!("0".repeat(63));
    }),
    ("digest without end", "statement-invalid", "a sha256 digest has 32 bytes, found 5000", |statement| {
        resource(statement, "config.json")["digest"] = json!("0".repeat(10_000));
    }),
    ("digest empty", "statement-invalid", "a sha256 digest has 32 bytes, found 0", |statement| {
        resource(statement, "config.json")["digest"] = json!("");
    }),
    ("digest not hexadecimal", "statement-invalid", "pairs of lower-case hexadecimal digits", |statement| {
        resource(statement, "config.json")["digest"] = json!("g".repeat(64));
    }),
    ("digest with the name of its hash", "statement-invalid", "pairs of lower-case hexadecimal digits", |statement| {
        resource(statement, "config.json")["digest"] = json!(format!("sha256:{}", "0".repeat(57)));
    }),
    ("algorithm unknown", "statement-invalid", "\"config.json\" is said to be hashed with \"md5\"", |statement| {
        resource(statement, "config.json")["algorithm"] = json!("md5");
    }),
    (
        "algorithm known, but another",
        "statement-invalid",
        "hashed with \"blake3\", the manifest says sha256",
        |statement| {
            resource(statement, "config.json")["algorithm"] = json!("blake3");
        },
    ),
    ("algorithm in capitals", "statement-invalid", "hashed with \"SHA256\"", |statement| {
        resource(statement, "config.json")["algorithm"] = json!("SHA256");
    }),
    ("algorithm of shards with whole files", "statement-invalid", "hashed with \"sha256-sharded-1000\"", |statement| {
        resource(statement, "config.json")["algorithm"] = json!("sha256-sharded-1000");
    }),
    (
        "the model itself alone, over a folder",
        "model-kind",
        "the model is a folder, a single file was signed",
        |statement| {
            let first = json!({"name": ".", "algorithm": "sha256", "digest": "0".repeat(64)});
            statement["predicate"]["resources"] = json!([first]);
        },
    ),
];

fn edits(scene: &Scene) -> Vec<Case> {
    let edited = |&(name, rule, says, edit): &(&str, &'static str, &str, Edit)| {
        let mut statement = scene.statement.clone();
        edit(&mut statement);
        reroot(&mut statement);
        scene.case(format!("resources: {name}"), rule, says).signature(scene.signed(&statement.to_string()))
    };
    EDITS.iter().map(edited).collect()
}
