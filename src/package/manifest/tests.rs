use super::*;
use crate::package::index::sample::{ENTRIES, build, manifest, read, sha256, with_manifest};

/// A manifest that uses every field.
fn full() -> PackageManifest {
    let file = FileRecord {
        path: ModelPath::new("a \"quoted\" name/\u{6a21}\u{578b}.bin").unwrap(),
        size: 1 << 53,
        sha256: sha256("a"),
        sha512: Some(Digest::from_hex(Algorithm::Sha512, &"0a".repeat(64)).unwrap()),
        blake2b: Some(Digest::from_hex(Algorithm::Blake2b, &"0b".repeat(64)).unwrap()),
        merkle_root: Some(sha256("root")),
    };
    let plain = FileRecord {
        path: ModelPath::new("Z").unwrap(),
        size: 0,
        sha256: sha256(""),
        sha512: None,
        blake2b: None,
        merkle_root: None,
    };
    let report = |name: &str| MetadataRecord { path: EntryName::new(name).unwrap(), size: 1, sha256: sha256("b") };
    let model = ModelRecord { name: "bert \u{1f600}".into(), version: Some("1.0".into()), oms_root: sha256("oms") };
    let created = Timestamp::from_second(1_700_000_000).unwrap();
    let metadata = vec![report("secureml/reports/r"), report("README"), report("secureml/fingerprint.json")];
    PackageManifest::new(Some(created), model, vec![file, plain], metadata).unwrap()
}

/// The canonical JSON of [`full`].
fn full_json() -> String {
    let (a, b, root, oms, none) = (sha256("a"), sha256("b"), sha256("root"), sha256("oms"), sha256(""));
    let (sha512, blake2b) = ("0a".repeat(64), "0b".repeat(64));
    let report = |name: &str| format!(r#"{{"path":"{name}","sha256":"{}","size":1}}"#, b.to_hex());
    let metadata = ["README", "secureml/fingerprint.json", "secureml/reports/r"].map(report).join(",");
    format!(
        r#"{{"created":"2023-11-14T22:13:20Z","files":[{{"path":"Z","sha256":"{}","size":0}},{{"blake2b":"{blake2b}","merkleRoot":"{}","path":"a \"quoted\" name/模型.bin","sha256":"{}","sha512":"{sha512}","size":9007199254740992}}],"formatVersion":1,"metadata":[{metadata}],"model":{{"name":"bert 😀","omsRoot":"{}","version":"1.0"}}}}"#,
        none.to_hex(),
        root.to_hex(),
        a.to_hex(),
        oms.to_hex(),
    )
}

#[test]
fn writes_and_reads_canonical_json() {
    let json = full_json();
    assert_eq!(String::from_utf8(full().to_bytes().unwrap()).unwrap(), json);
    assert_eq!(PackageManifest::from_bytes(json.as_bytes()).unwrap(), full());
    let small = manifest(&[]);
    let bytes = small.to_bytes().unwrap();
    assert!(bytes.starts_with(br#"{"files":[],"formatVersion":1,"metadata":[],"model":{"name":"sample","omsRoot":""#));
    assert_eq!(PackageManifest::from_bytes(&bytes).unwrap(), small);
}

#[test]
fn refuses_every_other_spelling() {
    let cases: &[(&str, &str, &str, &str)] = &[
        ("white space", r#","formatVersion""#, r#", "formatVersion""#, "canonical"),
        ("a line end", r#""1.0"}}"#, "\"1.0\"}}\n", "canonical"),
        ("other order", r#""path":"Z","sha256""#, r#""size":0,"path":"Z","sha256""#, "duplicate field"),
        ("escaped letters", r#""path":"Z""#, r#""path":"\u005a""#, "canonical"),
        ("a float", r#""size":0}"#, r#""size":0.0}"#, "floating point"),
        ("an exponent", r#""size":0}"#, r#""size":0e0}"#, "floating point"),
        ("a negative size", r#""size":0}"#, r#""size":-1}"#, "-1"),
        ("an unknown field", r#""files""#, r#""extra":1,"files""#, "unknown field `extra`"),
        ("an unknown field of a file", r#""path":"Z""#, r#""mode":1,"path":"Z""#, "unknown field `mode`"),
        ("a field twice", r#""formatVersion":1"#, r#""formatVersion":1,"formatVersion":1"#, "duplicate field"),
        ("a null", r#""created":"2023-11-14T22:13:20Z""#, r#""created":null"#, "canonical"),
        ("another version", r#""formatVersion":1"#, r#""formatVersion":2"#, "format version 2"),
        ("no version", r#""formatVersion":1,"#, "", "missing field `formatVersion`"),
        ("no model", r#""model""#, r#""module""#, "unknown field `module`"),
        ("a fraction of a second", "20Z", "20.5Z", "second in UTC"),
        ("another time zone", "20Z", "20+00:00", "canonical"),
        ("a time before 1970", "2023-", "1969-", "second in UTC"),
        ("no time at all", "2023-11-14T22:13:20Z", "yesterday", "second in UTC"),
        ("upper-case digits", "0a0a", "0A0A", "lower-case"),
        ("a short digest", "0b0b", "0b", "64 bytes"),
        ("a size above 2^53", "9007199254740992", "9007199254740993", "2^53"),
        ("a file out of the model", r#""path":"Z""#, r#""path":"../Z""#, "`..` part"),
        ("a device", r#""path":"Z""#, r#""path":"NUL""#, "Windows device"),
        ("files not sorted", r#""path":"Z""#, r#""path":"b""#, "does not stand in its place"),
        ("a file twice", r#""path":"Z""#, r#""path":"a \"quoted\" name/模型.bin""#, "stands there twice"),
        ("a signature as metadata", "README", "model.sig", "listed as metadata"),
        ("a file as metadata", "README", "model/a", "listed as metadata"),
        ("a model without a name", "bert 😀", "", "name of the model"),
        ("a line break in a version", "\"1.0\"", "\"1\\n0\"", "version of the model"),
    ];
    let json = full_json();
    for (what, from, to, says) in cases {
        assert!(json.contains(from), "{what}");
        let error = PackageManifest::from_bytes(json.replacen(from, to, 1).as_bytes()).unwrap_err();
        let mut message = error.to_string();
        if let PackageManifestError::Json(source) = &error {
            message = source.to_string();
        }
        assert!(message.contains(says), "{what}: {message}");
        let rule = if *what == "another version" { "package-version" } else { "package-manifest" };
        assert_eq!(error.rule(), rule, "{what}");
    }
}

#[test]
fn refuses_digests_of_other_algorithms() {
    let mut other = full();
    other.files[0].sha256 = Digest::from_hex(Algorithm::Blake2b, &"0b".repeat(64)).unwrap();
    let made = PackageManifest::new(None, other.model, other.files, Vec::new());
    let error = made.unwrap_err();
    assert!(matches!(error, PackageManifestError::Algorithm { expected: Algorithm::Sha256, .. }), "{error:?}");
}

type Entries = Vec<(&'static str, &'static str)>;

#[test]
fn holds_the_package_to_the_manifest() {
    let package = |entries: &[(&str, &str)]| {
        let mut all = with_manifest(ENTRIES);
        all.truncate(1);
        all.extend(entries.iter().map(|(name, content)| (String::from(*name), content.as_bytes().to_vec())));
        read(&build(&all).unwrap()).unwrap()
    };
    let manifest = manifest(ENTRIES);
    let changed = |change: &dyn Fn(&mut Entries)| {
        let mut entries = ENTRIES.to_vec();
        change(&mut entries);
        let refused = manifest.check(&package(&entries)).unwrap_err();
        assert_eq!(refused.rule(), "package-content");
        refused.to_string()
    };
    manifest.check(&package(ENTRIES)).unwrap();
    // Signatures are not the manifest's.
    manifest.check(&package(&ENTRIES[3..])).unwrap();
    assert_eq!(changed(&|all| all.truncate(11)), "model/empty is in the package's manifest and not in the package");
    assert_eq!(
        changed(&|all| all.retain(|(name, _)| *name != "model/a.bin")),
        "model/a.bin is in the package's manifest and not in the package"
    );
    assert_eq!(changed(&|all| all.push(("model/new", ""))), "model/new is in the package and not in its manifest");
    assert_eq!(changed(&|all| all[9].1 = "longer weights"), "model/a.bin has 14 bytes, the package's manifest says 7");
    assert_eq!(
        changed(&|all| all.retain(|(name, _)| *name != "secureml/reports/a.txt")),
        "secureml/reports/a.txt is in the package's manifest and not in the package"
    );
    assert_eq!(
        changed(&|all| all.insert(7, ("secureml/reports/c.txt", ""))),
        "secureml/reports/c.txt is in the package and not in its manifest"
    );
    assert_eq!(
        changed(&|all| all[3].1 = "{\"swapped\": 1}"),
        "secureml/fingerprint.json has 14 bytes, the package's manifest says 2"
    );
}
