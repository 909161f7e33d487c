//! Changes that verifiers must, or by the format may, pass over: all of these are accepted, some with a warning.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secureml::sign::SigningKey as _;
use serde_json::{Value, json};

use super::scene::{Case, Scene, Trust, reroot, resource};
use super::statement::legacy_statement;

/// Every change that is accepted; `rule` and `says` are those of the warning that goes with it, or empty.
pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases = bundles(scene);
    cases.extend(keys(scene));
    cases.extend(statements(scene));
    cases.extend(shards(scene));
    cases.extend(models(scene));
    cases
}

type Edit = fn(&mut Value);

fn bundles(scene: &Scene) -> Vec<Case> {
    const EDITS: &[(&str, Edit)] = &[
        ("keyid absent", |bundle| {
            bundle["dsseEnvelope"]["signatures"][0].as_object_mut().expect("an object").remove("keyid");
        }),
        ("keyid null", |bundle| bundle["dsseEnvelope"]["signatures"][0]["keyid"] = Value::Null),
        ("keyid of any text", |bundle| bundle["dsseEnvelope"]["signatures"][0]["keyid"] = json!("any \u{1f511}")),
        ("no log entries", |bundle| {
            bundle["verificationMaterial"].as_object_mut().expect("an object").remove("tlogEntries");
        }),
        ("time stamps empty", |bundle| bundle["verificationMaterial"]["timestampVerificationData"] = json!({})),
        ("time stamps null", |bundle| bundle["verificationMaterial"]["timestampVerificationData"] = Value::Null),
    ];
    let mut cases = Vec::new();
    for (name, edit) in EDITS {
        let (mut keyed, mut certified) = (scene.bundle.clone(), scene.certified.clone());
        edit(&mut keyed);
        edit(&mut certified);
        cases.push(scene.case(format!("bundle: {name}"), "", "").signature(keyed.to_string()));
        let case = scene.case(format!("bundle with certificates: {name}"), "", "").trust(Trust::Root);
        cases.push(case.signature(certified.to_string()));
    }
    let pretty = serde_json::to_string_pretty(&scene.bundle).expect("JSON");
    let escaped = scene.bundle.to_string().replace("dsse", "\\u0064sse").replace("sig\"", "\\u0073ig\"");
    cases.push(scene.case("bundle: with white space", "", "").signature(format!("\n {pretty}\r\n")));
    cases.push(scene.case("bundle: names and texts with escapes", "", "").signature(escaped));
    cases
}

fn keys(scene: &Scene) -> Vec<Case> {
    let pem = scene.key.key.public_key().to_pem();
    let hint = scene.key.key.public_key().hint();
    let case = |name: &str, warned: bool, key: Value| {
        let (rule, says) = if warned { ("key-not-named", "the signature does not name its key") } else { ("", "") };
        let mut bundle = scene.bundle.clone();
        bundle["verificationMaterial"]["publicKey"] = key;
        scene.case(format!("key: {name}"), rule, says).signature(bundle.to_string())
    };
    vec![
        case("hint empty", true, json!({"hint": ""})),
        case("hint null", true, json!({"hint": null})),
        case("hint absent", true, json!({})),
        case("raw bytes in PEM in place of the hint", false, json!({"rawBytes": STANDARD.encode(&pem)})),
        case(
            "raw bytes in DER in place of the hint",
            false,
            json!({"rawBytes": STANDARD.encode(scene.key.key.public_key().as_spki())}),
        ),
        case("raw bytes beside the hint", false, json!({"hint": hint, "rawBytes": STANDARD.encode(&pem)})),
        case("unknown field", false, json!({"hint": hint, "keyDetails": "PKIX_ECDSA_P256_SHA_256"})),
    ]
}

fn statements(scene: &Scene) -> Vec<Case> {
    const EDITS: &[(&str, Edit)] = &[
        ("unknown field in the statement", |statement| statement["extra"] = json!({"a": [1, null]})),
        ("unknown field in the subject", |statement| statement["subject"][0]["annotations"] = json!({"a": 1})),
        ("unknown digest in the subject", |statement| statement["subject"][0]["digest"]["sha512"] = json!("00")),
        ("unknown field in a resource", |statement| resource(statement, "config.json")["size"] = json!(14)),
        ("name of the subject empty", |statement| statement["subject"][0]["name"] = json!("")),
        ("another name of the subject", |statement| statement["subject"][0]["name"] = json!("../x\u{0}")),
        ("nothing ignored", |statement| {
            statement["predicate"]["serialization"].as_object_mut().expect("an object").remove("ignore_paths");
        }),
        ("ignore paths empty", |statement| statement["predicate"]["serialization"]["ignore_paths"] = json!([])),
        ("an ignore path that is not there", |statement| {
            statement["predicate"]["serialization"]["ignore_paths"] = json!(["nothing/here", "nothing/here"]);
        }),
        ("links allowed", |statement| statement["predicate"]["serialization"]["allow_symlinks"] = json!(true)),
        ("resources in reverse order", |statement| {
            statement["predicate"]["resources"].as_array_mut().expect("a list").reverse();
            reroot(statement);
        }),
    ];
    let edited = |(name, edit): &(&str, Edit)| {
        let mut statement = scene.statement.clone();
        edit(&mut statement);
        scene.case(format!("statement: {name}"), "", "").signature(scene.signed(&statement.to_string()))
    };
    let pretty = serde_json::to_string_pretty(&scene.statement).expect("JSON");
    let legacy = legacy_statement(&scene.statement).to_string();
    let spelt = [
        scene.case("statement: with white space", "", "").signature(scene.signed(&format!("{pretty}\n"))),
        scene.case("statement: of version 0.2.0", "", "").signature(scene.signed_as_legacy(&legacy)),
    ];
    EDITS.iter().map(edited).chain(spelt).collect()
}

fn shards(scene: &Scene) -> Vec<Case> {
    let good = scene.shards.to_string();
    let case =
        |name: &str, statement: &str| scene.case(format!("shards: {name}"), "", "").signature(scene.signed(statement));
    let mut reversed = scene.shards.clone();
    reversed["predicate"]["resources"].as_array_mut().expect("a list").reverse();
    reroot(&mut reversed);
    let labelled = good.replace("\"algorithm\":\"sha256\"", "\"algorithm\":\"sha256-sharded-1000\"");
    vec![
        case("as the program signs them", &good),
        case(
            "size as a fraction, as the reference tool writes it",
            &good.replace(":1000,", ":1000.0,").replace(":1000}", ":1000.0}"),
        ),
        case("algorithm as the reference tool writes it", &labelled),
        case("in reverse order", &reversed.to_string()),
        case("an empty file added", &good).model(|model| fs::write(model.join("more.bin"), b"").expect("a file")),
        case("an empty file removed", &good).model(|model| fs::remove_file(model.join("empty.bin")).expect("a file")),
    ]
}

/// What lies outside the guarantee, as the documentation says.
fn models(scene: &Scene) -> Vec<Case> {
    let case = |name: &str| scene.case(format!("model: {name}"), "", "");
    vec![
        case("untouched"),
        case("an empty folder added").model(|model| fs::create_dir(model.join("new")).expect("a folder")),
        case("content of Git's own folder").model(|model| {
            fs::create_dir(model.join(".git")).expect("a folder");
            fs::write(model.join(".git/config"), b"[core]").expect("a file");
        }),
        case("a signed file of Git").signature(scene.signed_with_git_file(b"* -text\n")).model(|model| {
            fs::write(model.join(".gitattributes"), b"* -text\n").expect("a file");
        }),
        case("a file added and ignored").words(&["--ignore-unsigned-files"]).model(|model| {
            fs::write(model.join("more.bin"), b"more").expect("a file");
        }),
        case("permissions changed").model(|model| {
            let mut permissions = fs::metadata(model.join("config.json")).expect("a file").permissions();
            permissions.set_readonly(true);
            fs::set_permissions(model.join("config.json"), permissions).expect("a file");
        }),
    ]
}
