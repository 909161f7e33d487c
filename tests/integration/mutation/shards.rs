//! Mutations of a list of shards, signed again with the right key and a fitting root digest. The shards of
//! `weights/part-1.bin` are 0-1000, 1000-2000 and 2000-2500.

use serde_json::{Value, json};

use super::scene::{Case, Scene, reroot, resource};

/// Every mutation of shards and of their size.
pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let edited = |&(name, rule, says, edit): &(&str, &'static str, &str, Edit)| {
        let mut statement = scene.shards.clone();
        edit(&mut statement);
        reroot(&mut statement);
        scene.case(format!("shards: {name}"), rule, says).signature(scene.signed(&statement.to_string()))
    };
    let sized = |&(name, says, text): &(&str, &str, &str)| {
        let statement = scene.shards.to_string().replace("\"shard_size\":1000", &format!("\"shard_size\":{text}"));
        assert_ne!(statement, scene.shards.to_string(), "{name}");
        scene.case(format!("shard size {name}"), "statement-invalid", says).signature(scene.signed(&statement))
    };
    let whole = scene.shards.to_string().replace("\"shard_size\":1000", "\"shard_size\":1000,\"shard_size\":1000");
    let doubled = scene.case("shard size doubled", "statement-invalid", "duplicate field `shard_size`");
    EDITS.iter().map(edited).chain(SIZES.iter().map(sized)).chain([doubled.signature(scene.signed(&whole))]).collect()
}

/// Sizes that no shard has: name, reason, JSON.
const SIZES: &[(&str, &str, &str)] = &[
    ("zero", "the shard size is not a positive integer", "0"),
    ("zero as a fraction", "the shard size is not a positive integer", "0.0"),
    ("negative", "the shard size is not a positive integer", "-1000"),
    ("a fraction", "the shard size is not a positive integer", "1000.5"),
    ("beyond 64 bits", "the shard size is not a positive integer", "18446744073709551616"),
    ("beyond all numbers", "number out of range", "1e999"),
    ("without end", "the shard size is not a positive integer", "1e300"),
    ("null", "invalid type: null", "null"),
    ("a text", "invalid type: string", "\"1000\""),
    ("a list", "invalid type: sequence", "[1000]"),
    ("an object", "invalid type: map", "{}"),
    ("true", "invalid type: boolean", "true"),
    ("another one", "have a gap, overlap or differ in size", "500"),
    ("another one, larger", "have a gap, overlap or differ in size", "2000"),
];

type Edit = fn(&mut Value);

fn rename(statement: &mut Value, from: &str, to: &str) {
    resource(statement, from)["name"] = json!(to);
}

fn remove(statement: &mut Value, name: &str) {
    statement["predicate"]["resources"].as_array_mut().expect("a list").retain(|one| one["name"] != name);
}

const LIST: &str = "the shards of \"weights/part-1.bin\" have a gap, overlap or differ in size";
const RANGE: &str = "is not the name of a shard, which ends in :start:end";

/// Changes of the list: name, rule, reason, change.
const EDITS: &[(&str, &str, &str, Edit)] = &[
    ("the first missing", "statement-invalid", LIST, |statement| remove(statement, "weights/part-1.bin:0:1000")),
    ("one in the middle missing", "statement-invalid", LIST, |statement| {
        remove(statement, "weights/part-1.bin:1000:2000");
    }),
    ("the last missing", "file-changed", "weights/part-1.bin: changed in bytes 2000-2500", |statement| {
        remove(statement, "weights/part-1.bin:2000:2500");
    }),
    ("all of a file missing", "file-unsigned", "config.json: not signed", |statement| {
        remove(statement, "config.json:0:14");
    }),
    ("a gap", "statement-invalid", LIST, |statement| {
        rename(statement, "weights/part-1.bin:1000:2000", "weights/part-1.bin:1001:2000");
    }),
    ("an overlap", "statement-invalid", LIST, |statement| {
        rename(statement, "weights/part-1.bin:1000:2000", "weights/part-1.bin:999:1999");
    }),
    ("one longer than the size", "statement-invalid", LIST, |statement| {
        rename(statement, "weights/part-1.bin:2000:2500", "weights/part-1.bin:2000:3001");
    }),
    ("the last longer than the file", "file-changed", "changed in bytes 2000-3000", |statement| {
        rename(statement, "weights/part-1.bin:2000:2500", "weights/part-1.bin:2000:3000");
    }),
    ("the last shorter than the file", "file-changed", "changed in bytes 2000-2499", |statement| {
        rename(statement, "weights/part-1.bin:2000:2500", "weights/part-1.bin:2000:2499");
    }),
    ("one without bytes behind the last", "statement-invalid", LIST, |statement| {
        let added = json!({"name": "weights/part-1.bin:2500:2500", "algorithm": "sha256", "digest": "0".repeat(64)});
        statement["predicate"]["resources"].as_array_mut().expect("a list").push(added);
    }),
    ("a file without bytes", "statement-invalid", "the shards of \"empty.bin\"", |statement| {
        let added = json!({"name": "empty.bin:0:0", "algorithm": "sha256", "digest": "0".repeat(64)});
        statement["predicate"]["resources"].as_array_mut().expect("a list").push(added);
    }),
    ("one twice", "statement-invalid", "lists \"weights/part-1.bin:1000:2000\" twice", |statement| {
        let double = resource(statement, "weights/part-1.bin:1000:2000").clone();
        statement["predicate"]["resources"].as_array_mut().expect("a list").push(double);
    }),
    ("the first twice with other bytes", "statement-invalid", "lists \"config.json:0:14\" twice", |statement| {
        let mut double = resource(statement, "config.json:0:14").clone();
        double["digest"] = json!("0".repeat(64));
        statement["predicate"]["resources"].as_array_mut().expect("a list").push(double);
    }),
    ("end before start", "statement-invalid", "the shards of \"config.json\"", |statement| {
        rename(statement, "config.json:0:14", "config.json:14:0");
    }),
    ("digests of two swapped", "file-changed", "weights/part-1.bin: changed in bytes 0-1000, 2000-2500", |statement| {
        let last = resource(statement, "weights/part-1.bin:2000:2500")["digest"].take();
        let first = std::mem::replace(&mut resource(statement, "weights/part-1.bin:0:1000")["digest"], last);
        resource(statement, "weights/part-1.bin:2000:2500")["digest"] = first;
    }),
    ("no range", "statement-invalid", RANGE, |statement| rename(statement, "config.json:0:14", "config.json")),
    ("half a range", "statement-invalid", RANGE, |statement| rename(statement, "config.json:0:14", "config.json:14")),
    ("a range that is no number", "statement-invalid", RANGE, |statement| {
        rename(statement, "config.json:0:14", "config.json:0:0xe");
    }),
    ("a number with a zero in front", "statement-invalid", RANGE, |statement| {
        rename(statement, "config.json:0:14", "config.json:00:14");
    }),
    ("a number with a sign", "statement-invalid", RANGE, |statement| {
        rename(statement, "config.json:0:14", "config.json:0:+14");
    }),
    ("a negative number", "statement-invalid", RANGE, |statement| {
        rename(statement, "config.json:0:14", "config.json:-1:14");
    }),
    ("a number left out", "statement-invalid", RANGE, |statement| {
        rename(statement, "config.json:0:14", "config.json::14");
    }),
    ("a number beyond 64 bits", "statement-invalid", RANGE, |statement| {
        rename(statement, "config.json:0:14", "config.json:0:18446744073709551616");
    }),
    ("digits that are not ASCII", "statement-invalid", RANGE, |statement| {
        rename(statement, "config.json:0:14", "config.json:0:\u{661}\u{664}");
    }),
    ("a name that is empty", "statement-invalid", "it is empty", |statement| {
        rename(statement, "config.json:0:14", ":0:14");
    }),
    ("a name that leads out", "statement-invalid", "it has a `..` part", |statement| {
        rename(statement, "config.json:0:14", "../config.json:0:14");
    }),
    ("the model itself among files", "statement-invalid", "the model itself beside other files", |statement| {
        rename(statement, "config.json:0:14", ".:0:14");
    }),
    ("algorithm with another size", "statement-invalid", "hashed with \"sha256-sharded-999\"", |statement| {
        resource(statement, "config.json:0:14")["algorithm"] = json!("sha256-sharded-999");
    }),
    ("algorithm with another hash", "statement-invalid", "hashed with \"blake3-sharded-1000\"", |statement| {
        resource(statement, "config.json:0:14")["algorithm"] = json!("blake3-sharded-1000");
    }),
    ("method files with shards", "file-missing", "weights/part-1.bin:0:1000: missing", |statement| {
        statement["predicate"]["serialization"]["method"] = json!("files");
        statement["predicate"]["serialization"].as_object_mut().expect("an object").remove("shard_size");
    }),
];
