//! The package statement and the signatures: exchanged for others, by others, about others.

use serde_json::{Value, json};

use super::super::parts::{Parts, STATEMENT, signed};
use super::super::scene::Scene;
use super::{Case, REPORT, case, further};

const RULE: &str = "package-statement";
const OTHER_FILES: &str = "about another model signature, or other files";
const OTHER_MANIFEST: &str = "about another manifest";

pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    [swaps(scene), subjects(scene), statements(scene), bundles(scene)].into_iter().flatten().collect()
}

/// Whole signatures that are good elsewhere.
fn swaps(scene: &Scene) -> Vec<Case> {
    let parts = || scene.parts.clone();
    let from = |other: &Parts| parts().set(STATEMENT, other.get(STATEMENT)).bytes();
    let manifest = scene.sibling.get("secureml/manifest.json");
    let stranger = parts().with_manifest(|manifest| manifest["model"]["name"] = "bert".into());
    let both_strange = parts().set("model.sig", &*scene.strange_signature).resigned(&scene.stranger);
    vec![
        case("the statement of a sibling", from(&scene.sibling), RULE, OTHER_MANIFEST),
        case("the statement of another model", from(&scene.other), RULE, OTHER_MANIFEST),
        case(
            "the manifest of a sibling",
            parts().set("secureml/manifest.json", manifest).bytes(),
            "package-metadata-changed",
            "report",
        ),
        case(
            "manifest and report of a sibling",
            parts().set("secureml/manifest.json", manifest).set(REPORT, scene.sibling.get(REPORT)).bytes(),
            RULE,
            OTHER_MANIFEST,
        ),
        case(
            "the model signature by somebody else",
            parts().set("model.sig", &*scene.strange_signature).bytes(),
            RULE,
            OTHER_FILES,
        ),
        case(
            "the model signature of another",
            parts().set("model.sig", scene.other.get("model.sig")).bytes(),
            RULE,
            OTHER_FILES,
        ),
        case("no model signature", parts().without("model.sig").bytes(), "package-no-signature", "no model signature"),
        case("no package signature", bare_of_signatures(scene).bytes(), "package-no-signature", "nobody signed"),
        case(
            "signed by a stranger",
            parts().resigned(&scene.stranger).bytes(),
            "signature-key",
            "package.sigstore.json",
        ),
        case(
            "renamed, and signed by a stranger",
            stranger.resigned(&scene.stranger).bytes(),
            "signature-key",
            "package.sig",
        ),
        case("all by a stranger", both_strange.bytes(), "signature-key", "package.sigstore.json"),
        case(
            "the model signature for the package's",
            parts().set(STATEMENT, scene.parts.get("model.sig")).bytes(),
            "statement-invalid",
            "is about \"https://model_signing/signature/v1.0\"",
        ),
    ]
}

fn bare_of_signatures(scene: &Scene) -> Parts {
    scene.parts.clone().without(STATEMENT).without(&further(scene))
}

/// What the statement is about.
fn subjects(scene: &Scene) -> Vec<Case> {
    let stated = |change: fn(&mut Vec<Value>)| {
        let mut statement = scene.parts.statement();
        change(statement["subject"].as_array_mut().expect("a list"));
        scene.parts.clone().stating(&scene.key, &statement).bytes()
    };
    vec![
        case("no subject", stated(Vec::clear), "statement-invalid", "the statement has no subject"),
        case("the manifest alone", stated(|list| list.truncate(1)), RULE, OTHER_FILES),
        case("manifest and model signature alone", stated(|list| list.truncate(2)), RULE, OTHER_FILES),
        case("without the manifest", stated(|list| drop(list.remove(0))), RULE, OTHER_MANIFEST),
        case("without the model signature", stated(|list| drop(list.remove(1))), RULE, OTHER_FILES),
        case("one file less", stated(|list| drop(list.pop())), RULE, OTHER_FILES),
        case(
            "one subject more",
            stated(|list| list.push(json!({"name": "model/x", "digest": {"sha256": "0".repeat(64)}}))),
            RULE,
            OTHER_FILES,
        ),
        case("a subject twice", stated(|list| list.push(list[0].clone())), RULE, OTHER_FILES),
        case("subjects in another order", stated(|list| list.swap(2, 3)), RULE, OTHER_FILES),
        case("manifest and model signature exchanged", stated(|list| list.swap(0, 1)), RULE, OTHER_MANIFEST),
        case(
            "the manifest by another name",
            stated(|list| list[0]["name"] = "manifest.json".into()),
            RULE,
            OTHER_MANIFEST,
        ),
        case("a file by another name", stated(|list| list[2]["name"] = "model/x".into()), RULE, OTHER_FILES),
        case(
            "another digest of the manifest",
            stated(|list| list[0]["digest"]["sha256"] = "0".repeat(64).into()),
            RULE,
            OTHER_MANIFEST,
        ),
        case(
            "another digest of a file",
            stated(|list| list[2]["digest"]["sha256"] = "0".repeat(64).into()),
            RULE,
            OTHER_FILES,
        ),
        case(
            "a digest by another algorithm alone",
            stated(|list| list[0]["digest"] = json!({"sha512": "0".repeat(128)})),
            "statement-invalid",
            "sha256",
        ),
    ]
}

/// What the statement says.
fn statements(scene: &Scene) -> Vec<Case> {
    let stated = |change: fn(&mut Value)| {
        let mut statement = scene.parts.statement();
        change(&mut statement);
        scene.parts.clone().stating(&scene.key, &statement).bytes()
    };
    let form = "does not have the form";
    vec![
        case(
            "another predicate type",
            stated(|statement| statement["predicateType"] = "https://secureml.dev/package/v1".into()),
            "statement-invalid",
            "is about \"https://secureml.dev/package/v1\"",
        ),
        case(
            "the predicate type of a fingerprint",
            stated(|statement| {
                statement["predicateType"] = "https://github.com/secureml/sign/fingerprint/v1".into();
            }),
            "statement-invalid",
            "fingerprint/v1",
        ),
        case(
            "another type of statement",
            stated(|statement| statement["_type"] = "https://in-toto.io/Statement/v0.1".into()),
            "statement-invalid",
            "the statement has the type \"https://in-toto.io/Statement/v0.1\"",
        ),
        case(
            "version 2",
            stated(|statement| statement["predicate"]["formatVersion"] = 2.into()),
            RULE,
            "another version",
        ),
        case("no predicate", stated(|statement| statement["predicate"] = json!({})), RULE, form),
        case("more in the predicate", stated(|statement| statement["predicate"]["more"] = 1.into()), RULE, form),
        case(
            "the version as a text",
            stated(|statement| statement["predicate"]["formatVersion"] = "1".into()),
            RULE,
            form,
        ),
    ]
}

/// The bundle around the statement.
fn bundles(scene: &Scene) -> Vec<Case> {
    let good: Value = serde_json::from_slice(scene.parts.get(STATEMENT)).expect("a bundle");
    let with = |change: fn(&mut Value)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        scene.parts.clone().set(STATEMENT, bundle.to_string()).bytes()
    };
    let invalid = "the signature does not match";
    let strange: Value = serde_json::from_slice(&signed(&scene.stranger, &scene.parts.statement())).expect("a bundle");
    let mut foreign = good.clone();
    foreign["dsseEnvelope"]["signatures"] = strange["dsseEnvelope"]["signatures"].clone();
    let foreign = scene.parts.clone().set(STATEMENT, foreign.to_string()).bytes();
    vec![
        case(
            "garbage for a bundle",
            scene.parts.clone().set(STATEMENT, "garbage").bytes(),
            "signature-malformed",
            "package.sig",
        ),
        case("an empty bundle", scene.parts.clone().set(STATEMENT, "").bytes(), "signature-malformed", "package.sig"),
        case(
            "another type of payload",
            with(|bundle| bundle["dsseEnvelope"]["payloadType"] = "application/json".into()),
            "signature-malformed",
            "the envelope holds \"application/json\"",
        ),
        case(
            "no signature in the bundle",
            with(|bundle| bundle["dsseEnvelope"]["signatures"] = json!([])),
            "signature-malformed",
            "signature",
        ),
        case("a stranger's signature in the signer's bundle", foreign, "signature-invalid", invalid),
    ]
}
