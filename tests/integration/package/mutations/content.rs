//! What is in a package is exchanged, taken away, added or changed, with the container in order.

use super::super::archive::crc32;
use super::super::parts::Parts;
use super::super::scene::Scene;
use super::{Case, REPORT, case, further};

const FILE: &str = "model/config.json";
const FINGERPRINT: &str = "secureml/fingerprint.json";
const ATTESTATION: &str = "secureml/attestations/scan.sigstore.json";
const CONTENT: &str = "package-content";
const CHANGED: &str = "package-metadata-changed";

pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    [metadata(scene), files(scene), listed_files(scene), checksums(scene), vouched(scene)]
        .into_iter()
        .flatten()
        .collect()
}

/// Reports and the like.
fn metadata(scene: &Scene) -> Vec<Case> {
    let parts = || scene.parts.clone();
    let flipped = |name: &str| {
        let mut content = scene.parts.get(name).to_vec();
        content[0] ^= 1;
        parts().set(name, content).bytes()
    };
    let (report, print) = (scene.sibling.get(REPORT), scene.other.get(FINGERPRINT));
    vec![
        case("the report of another package", parts().set(REPORT, report).bytes(), CHANGED, "report.json: is not"),
        case("a longer report", parts().set(REPORT, "{\"score\": 10}").bytes(), CONTENT, "report.json has 13 bytes"),
        case("an empty report", parts().set(REPORT, "").bytes(), CONTENT, "report.json has 0 bytes"),
        case("a bit of the fingerprint", flipped(FINGERPRINT), CHANGED, "fingerprint.json: is not what"),
        case("another model's fingerprint", parts().set(FINGERPRINT, print).bytes(), CONTENT, "fingerprint.json has"),
        case("a bit of an attestation", flipped(ATTESTATION), CHANGED, "scan.sigstore.json: is not what"),
        case("a bit of the README", flipped("README"), CHANGED, "README: is not what"),
        case("no report", parts().without(REPORT).bytes(), CONTENT, "report.json is in the package's manifest and not"),
        case("no fingerprint", parts().without(FINGERPRINT).bytes(), CONTENT, "fingerprint.json is in the package's"),
        case("no attestation", parts().without(ATTESTATION).bytes(), CONTENT, "scan.sigstore.json is in the package's"),
        case("no README", parts().without("README").bytes(), CONTENT, "README is in the package's manifest and not"),
        case(
            "one report more",
            parts().with("README", "secureml/reports/z.json", "{}").bytes(),
            CONTENT,
            "secureml/reports/z.json is in the package and not in its manifest",
        ),
        case(
            "one attestation more",
            parts().with(ATTESTATION, "secureml/attestations/a.sigstore.json", "{}").bytes(),
            CONTENT,
            "secureml/attestations/a.sigstore.json is in the package and not",
        ),
        case(
            "an imported file more",
            parts().with("README", "secureml/imported/old/manifest.json", "{}").bytes(),
            CONTENT,
            "secureml/imported/old/manifest.json is in the package and not",
        ),
        case(
            "a report renamed",
            parts().renamed(REPORT, "secureml/reports/reporz.json").bytes(),
            CONTENT,
            "report.json is in the package's manifest and not",
        ),
        case(
            "a report that became an attestation",
            parts().without(REPORT).with(REPORT_BEFORE, "secureml/attestations/report.sigstore.json", "{}").bytes(),
            CONTENT,
            "secureml/attestations/report.sigstore.json is in the package and not",
        ),
    ]
}

const REPORT_BEFORE: &str = ATTESTATION;

/// The model's files.
fn files(scene: &Scene) -> Vec<Case> {
    let parts = || scene.parts.clone();
    let (one, two) = ("model/weights/part-1.bin", "model/weights/part-2.bin");
    let swapped = parts().set(one, scene.parts.get(two)).set(two, scene.parts.get(one));
    vec![
        case(
            "a file changed, with its checksum",
            parts().set(FILE, b"{\"layers\": 3}\n").bytes(),
            "file-changed",
            "config.json: changed",
        ),
        case("a file longer", parts().set(FILE, b"{\"layers\": 22}\n").bytes(), CONTENT, "model/config.json has 15"),
        case("a file empty", parts().set(FILE, b"").bytes(), CONTENT, "model/config.json has 0 bytes"),
        case(
            "a file added",
            parts().with("model/empty.bin", "model/d.bin", "d").bytes(),
            CONTENT,
            "model/d.bin is in the package and",
        ),
        case(
            "a file removed",
            parts().without(FILE).bytes(),
            CONTENT,
            "model/config.json is in the package's manifest",
        ),
        case("every file removed", no_files(scene).bytes(), CONTENT, "model/README.md is in the package's manifest"),
        case("two files exchanged", swapped.bytes(), CONTENT, "model/weights/part-1.bin has 1000 bytes"),
        case(
            "another content of the same size",
            parts().set(two, vec![8; 1000]).bytes(),
            "file-changed",
            "weights/part-2.bin: changed",
        ),
        case(
            "a file renamed",
            parts().renamed(FILE, "model/configs.json").bytes(),
            CONTENT,
            "model/config.json is in the package's manifest and not",
        ),
        case(
            "a file moved out of the model",
            parts()
                .without(FILE)
                .with("model/README.md", "secureml/imported/config.json", scene.parts.get(FILE))
                .bytes(),
            "package-order",
            "secureml/imported/config.json",
        ),
    ]
}

/// The model's files, and the manifest with them: it is then another one than the signed.
fn listed_files(scene: &Scene) -> Vec<Case> {
    // A fingerprint would contradict the manifest first.
    let parts = || scene.parts.clone().without(FINGERPRINT);
    let listed = |parts: Parts| parts.listed().bytes();
    vec![
        case(
            "a file renamed, and in the manifest",
            listed(parts().renamed(FILE, "model/configs.json")),
            "package-statement",
            "about another manifest",
        ),
        case(
            "a file changed, and in the manifest",
            listed(parts().set(FILE, "{}")),
            "package-statement",
            "about another manifest",
        ),
        case(
            "a file added, and to the manifest",
            listed(parts().with("model/empty.bin", "model/d.bin", "d")),
            "package-statement",
            "about another manifest",
        ),
        case(
            "a file removed, and from the manifest",
            listed(parts().without(FILE)),
            "package-statement",
            "about another manifest",
        ),
    ]
}

fn no_files(scene: &Scene) -> Parts {
    let mut parts = scene.parts.clone().without(FINGERPRINT);
    parts.entries.retain(|(name, _)| !name.starts_with("model/"));
    parts
}

/// The checksums, which prove nothing and must fit all the same.
fn checksums(scene: &Scene) -> Vec<Case> {
    let archive = || scene.parts.archive();
    let content = archive().place(FILE).content.start;
    let report = archive().place(REPORT).content.start;
    let wrong = crc32(b"other").to_le_bytes();
    vec![
        case(
            "a file changed, its checksum not",
            archive().patched(content, b"[").bytes,
            "file-changed",
            "config.json: changed",
        )
        .streamed("package-crc", "model/config.json does not have the recorded checksum"),
        case(
            "a report changed, its checksum not",
            archive().patched(report, b"[").bytes,
            "package-crc",
            "report.json does",
        ),
        case("a file's checksum changed", archive().in_both(FILE, 14, &wrong).bytes, "package-crc", "config.json")
            .streamed("package-crc", "model/config.json does not have the recorded checksum"),
        case(
            "a manifest's checksum changed",
            archive().in_both("secureml/manifest.json", 14, &wrong).bytes,
            "package-crc",
            "manifest.json",
        ),
        case(
            "a signature's checksum changed",
            archive().in_both("model.sig", 14, &wrong).bytes,
            "package-crc",
            "model.sig",
        ),
    ]
}

/// What the right key signed by mistake, or was made to sign: manifest and statement are in order, and contradict the
/// model signature.
fn vouched(scene: &Scene) -> Vec<Case> {
    let vouched = |parts: Parts| parts.listed().resigned(&scene.key).bytes();
    let parts = || scene.parts.clone().without(FINGERPRINT);
    let (one, two) = ("model/weights/part-1.bin", "model/weights/part-2.bin");
    let swapped = parts().set(one, scene.parts.get(two)).set(two, scene.parts.get(one));
    let model = "package-model";
    let only_package = "in the package, and not in the model signature";
    let root = scene.parts.clone().with_manifest(|manifest| manifest["model"]["omsRoot"] = "0".repeat(64).into());
    vec![
        case("another root digest, signed", root.resigned(&scene.key).bytes(), model, "names another model than"),
        case("a file changed, signed", vouched(parts().set(FILE, "{}")), model, "config.json: not what the model"),
        case("a file added, signed", vouched(parts().with("model/empty.bin", "model/d", "d")), model, only_package),
        case(
            "a Git file added, signed",
            vouched(parts().with("model/README.md", "model/.gitignore", "d")),
            model,
            only_package,
        ),
        case("a file removed, signed", vouched(parts().without(FILE)), model, "in the model signature, and not in the"),
        case(
            "a file renamed, signed",
            vouched(parts().renamed(FILE, "model/configs.json")),
            model,
            "config.json: not what the model signature lists",
        ),
        case("two files exchanged, signed", vouched(swapped), model, "weights/part-1.bin: not what the model"),
        case("no files, signed", vouched(no_files(scene)), model, "in the model signature, and not in the package"),
        case(
            "the model signature of another model, signed",
            vouched(parts().set("model.sig", scene.other.get("model.sig"))),
            model,
            "names another model than",
        ),
        case(
            "a model signature that is none, signed",
            vouched(parts().set("model.sig", "{}")),
            "signature-malformed",
            "model.sig",
        ),
        case(
            "a package signature for a model signature, signed",
            vouched(parts().set("model.sig", scene.parts.get("secureml/package.sigstore.json"))),
            "statement-invalid",
            "model.sig: the signed statement is not acceptable",
        ),
        case(
            "a further signature in the place of the first",
            scene.parts.clone().set("secureml/package.sigstore.json", scene.parts.get(&further(scene))).bytes(),
            "signature-key",
            "secureml/package.sigstore.json",
        ),
    ]
}
