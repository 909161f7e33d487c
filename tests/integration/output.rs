//! What the program prints: JSON that its schema describes, silence on demand, no colour in files, harmless names.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use secureml::crypto::Curve;
use serde_json::Value;

use crate::schema::{faults, output_schema};
use crate::support::{
    Authority, Draft, Fixture, KeyFiles, assert_accepted, certificates_pem, findings, json, secureml,
};

/// A command line, what it is an example of, and how it must end.
type Case = (&'static str, Vec<PathBuf>, i32);

const OUTCOMES: [&str; 4] = ["accepted", "refused", "misuse", "undecided"];

#[test]
fn every_answer_in_json_fits_the_schema() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    make_certificates(&fixture, &key);
    let schema = output_schema();
    for (name, words, code) in cases(&fixture, &key) {
        for format in [["--format", "json"].as_slice(), &["--format=json"]] {
            let output = again(&fixture, name).args(format).args(&words).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(code), "{name}: {said}");
            let answer = json(&output);
            assert_eq!(faults(&schema, &answer, ""), [""; 0], "{name}: {answer}");
            assert_eq!(answer["outcome"], OUTCOMES[usize::try_from(code).unwrap()], "{name}");
            assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1, "{name}: one line");
            assert_fields(name, &answer, words[0].to_str().unwrap());
            if code == 0 {
                assert!(!said.contains("error"), "{name}: {said}");
            }
        }
    }
}

#[test]
fn format_may_stand_behind_the_command() {
    let fixture = Fixture::new();
    for words in [["digest", "--format", "json", "model"].as_slice(), &["digest", "model", "--format=json"]] {
        let output = secureml().current_dir(fixture.path("")).args(words).output().unwrap();
        assert_accepted("digest", &output);
    }
    let output = secureml().args(["sign", "key", "--format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(json(&output)["command"], "secureml");
    assert!(json(&output)["error"]["message"].as_str().unwrap().contains("--private-key"));
}

#[test]
fn text_goes_to_one_stream_each() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    make_certificates(&fixture, &key);
    for (name, words, code) in without_demo(cases(&fixture, &key)) {
        let output = again(&fixture, name).args(&words).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}");
        assert_eq!(output.stdout.is_empty(), code != 0, "{name}: results on standard output, and nothing else");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(said.starts_with("error: "), code != 0, "{name}: {said}");
    }
}

#[test]
fn quiet_says_nothing_but_errors() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    make_certificates(&fixture, &key);
    let warned = in_words("digest --ignore-paths elsewhere model");
    for (name, words, code) in without_demo(cases(&fixture, &key)).into_iter().chain([("warned", warned, 0)]) {
        for flag in ["--quiet", "-q"] {
            let output = again(&fixture, name).arg(flag).args(&words).output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{name}");
            assert!(output.stdout.is_empty(), "{name}");
            assert_eq!(output.stderr.is_empty(), code == 0, "{name}");
        }
    }
}

#[test]
fn warnings_are_silenced_by_level() {
    let fixture = Fixture::new();
    for (level, shown) in
        [("DEBUG", true), ("info", true), ("WARNING", true), ("ERROR", false), ("critical", false), ("Error", false)]
    {
        let mut command = secureml();
        command.args(["--log-level", level, "digest", "--ignore-paths", "elsewhere", "model"]);
        let output = command.current_dir(fixture.path("")).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{level}");
        let warning = "warning: elsewhere: lies outside the model, so leaving it out has no effect\n";
        assert_eq!(String::from_utf8_lossy(&output.stderr), if shown { warning } else { "" }, "{level}");
    }
}

#[test]
fn there_is_no_colour_where_nobody_looks() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    make_certificates(&fixture, &key);
    for (name, words, code) in without_demo(cases(&fixture, &key)) {
        for (variable, value, coloured) in
            [("TERM", "xterm-256color", false), ("CLICOLOR", "1", false), ("CLICOLOR_FORCE", "1", code != 0)]
        {
            let output = again(&fixture, name).env(variable, value).args(&words).output().unwrap();
            assert_eq!(is_coloured(&output), coloured, "{name} with {variable}: {output:?}");
        }
    }
}

/// All control characters, and the marks that turn the direction of text around.
#[test]
#[cfg(unix)]
fn names_cannot_write_on_the_terminal() {
    let controls = (1..0x20).chain(0x7f..0xa0).filter_map(char::from_u32);
    let directions =
        ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter().chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
    for c in controls.chain(directions) {
        let name = format!("a{c}[31mb");
        let fixture = Fixture::with(&[("a", b"a")]);
        let key = fixture.key("key", Curve::P256);
        assert_accepted("sign", &fixture.sign(&key, &[]));
        fs::write(fixture.model().join(&name), "extra").unwrap();
        let odd = fixture.path(&name);
        let commands = [
            vec![
                "verify".into(),
                "key".into(),
                "--public-key".into(),
                key.public.clone(),
                "--signature".into(),
                fixture.signature(),
                fixture.model(),
            ],
            vec!["digest".into(), odd.clone()],
            vec!["digest".into(), "--ignore-paths".into(), odd.clone(), fixture.model()],
            vec![
                "verify".into(),
                "key".into(),
                "--public-key".into(),
                odd.clone(),
                "--signature".into(),
                "x".into(),
                "y".into(),
            ],
        ];
        for words in commands {
            let output = secureml().args(&words).output().unwrap();
            let said = String::from_utf8(output.stderr).expect("text");
            assert!(!said.replace('\n', "").contains(c), "{c:?}: {said:?}");
            assert!(
                said.lines().any(|line| line.contains(&format!("a{}[31mb", c.escape_default()))),
                "{c:?}: {said:?}"
            );
        }
        // In JSON the name is the name.
        let found = findings(&fixture.verify(&key, &[]));
        assert_eq!(found, [("file-unsigned".to_owned(), format!("{name}: not signed"))]);
    }
}

#[test]
fn certificates_cannot_write_on_the_terminal() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    let authority = Authority::new("root", Curve::P256);
    let leaf = authority.issue(&Draft::leaf("safe\u{202e}evil"), &key.key);
    fs::write(fixture.path("leaf.pem"), certificates_pem(&[&leaf])).unwrap();
    let mut sign = secureml();
    sign.current_dir(fixture.path("")).args(["sign", "certificate", "--private-key", "key.pem", "model"]);
    assert!(sign.args(["--signing-certificate", "leaf.pem"]).output().unwrap().status.success());
    let mut verify = secureml();
    verify.current_dir(fixture.path("")).args(["verify", "certificate", "--certificate-chain", "leaf.pem"]);
    let output = verify.args(["--signature", "model.sig", "model"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("CN=safe\\u{202e}evil") && !said.contains('\u{202e}'), "{said:?}");
}

/// Every command with every way to end that it has. The words are relative to the fixture's folder.
fn cases(fixture: &Fixture, key: &KeyFiles) -> Vec<Case> {
    assert_accepted("sign", &fixture.sign(key, &[]));
    fs::write(fixture.path("changed.sig"), fs::read(fixture.signature()).unwrap()).unwrap();
    fs::create_dir_all(fixture.path("other/empty")).unwrap();
    fs::write(fixture.path("broken.sig"), "{}").unwrap();
    let root = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
    fs::write(fixture.path("trusted_root.json"), root).unwrap();
    let lines = LINES.into_iter().chain(of_policies(fixture)).chain(OF_PACKAGES);
    lines.map(|(name, line, code)| (name, in_words(line), code)).collect()
}

/// The commands around policies.
fn of_policies(fixture: &Fixture) -> [(&'static str, &'static str, i32); 12] {
    let policy = "version: 1\nmodels: [{path: model, signature: model.sig, signers: [{role: a, key: key.pub.pem}]}]\n";
    fs::write(fixture.path("p.yaml"), policy).unwrap();
    fs::write(fixture.path("faulty.yaml"), "version: 1\nmodels: []\n").unwrap();
    [
        ("verify by a policy", "verify --policy p.yaml model", 0),
        ("verify without a rule", "verify --policy p.yaml other", 1),
        ("verify several", "verify --policy p.yaml other absent", 3),
        ("verify by a policy with faults", "verify --policy faulty.yaml model", 2),
        ("check a policy", "policy check p.yaml", 0),
        ("check a policy with faults", "policy check faulty.yaml", 2),
        ("check no policy", "policy check absent.yaml", 3),
        ("show a rule", "policy show --policy p.yaml model", 0),
        ("pin signers", "policy lock --policy new.yaml --public-key key.pub.pem --signature absent.sig --yes model", 3),
        ("pin signers without a key", "policy lock --policy new.yaml --signature model.sig --yes model", 2),
        ("pin signers again", "policy lock --policy p.yaml --public-key key.pub.pem --yes model", 1),
        ("print the schema", "policy schema", 0),
    ]
}

fn in_words(line: &str) -> Vec<PathBuf> {
    line.split(' ').map(PathBuf::from).collect()
}

/// All but the demonstration, which shows an error on its way to a good end.
fn without_demo(mut cases: Vec<Case>) -> Vec<Case> {
    cases.retain(|(name, ..)| *name != "demo");
    cases
}

/// The program in the fixture's folder, where it leaves its temporary files as well.
fn program(fixture: &Fixture) -> Command {
    let mut command = secureml();
    command.current_dir(fixture.path("")).env("TMPDIR", fixture.path(""));
    command
}

/// The program as if this case had not run before: a signed fingerprint is not overwritten.
fn again(fixture: &Fixture, name: &str) -> Command {
    let print = fixture.path("print.sig");
    if ["sign with a fingerprint", "fingerprint with a key"].contains(&name) && print.exists() {
        fs::remove_file(print).unwrap();
    }
    program(fixture)
}

/// Makes `root.pem`, and `leaf.pem` for the key.
fn make_certificates(fixture: &Fixture, key: &KeyFiles) {
    let authority = Authority::new("root", Curve::P384);
    let leaf = authority.issue(&Draft::leaf("leaf"), &key.key);
    fs::write(fixture.path("leaf.pem"), certificates_pem(&[&leaf])).unwrap();
    fs::write(fixture.path("root.pem"), certificates_pem(&[&authority.root()])).unwrap();
}

/// Which fields an answer has, besides those that all have.
fn assert_fields(name: &str, answer: &Value, command: &str) {
    let outcome = answer["outcome"].as_str().unwrap();
    let understood = answer["command"] != "secureml";
    assert!(!understood || answer["command"] == command, "{name}: {answer}");
    let has = |field: &str| answer.get(field).is_some();
    match (command, outcome) {
        ("sign" | "digest", "accepted") => {
            assert!(has("model") && has("manifest") && !has("error"), "{name}: {answer}");
            assert_eq!(has("signature"), command == "sign", "{name}: {answer}");
        }
        ("verify", "accepted" | "refused") if has("models") => {
            let models = answer["models"].as_array().unwrap();
            assert!(models.iter().all(|model| model["outcome"] == outcome), "{name}: {answer}");
            assert_eq!(models[0].get("signers").is_some(), outcome == "accepted", "{name}: {answer}");
        }
        ("verify", "accepted") => {
            assert!(has("model") && has("signature") && has("manifest") && has("identity"), "{name}: {answer}");
        }
        ("verify", "refused") => {
            assert!(has("model") && has("signature") && !has("error"), "{name}: {answer}");
            assert!(!answer["findings"].as_array().unwrap().is_empty(), "{name}: {answer}");
        }
        ("fingerprint", "accepted") => {
            assert!(has("model") && !has("error"), "{name}: {answer}");
            let summed_up = name.starts_with("fingerprint") || name == "compare by a key";
            assert_eq!(has("fingerprint"), summed_up, "{name}: {answer}");
        }
        ("package", "accepted") => assert!(has("package") || has("model") && has("output"), "{name}: {answer}"),
        ("migrate", "accepted") => assert!(has("migration") && has("output"), "{name}: {answer}"),
        ("fingerprint" | "package" | "migrate", "refused") => {
            assert!(!answer["findings"].as_array().unwrap().is_empty() || has("error"), "{name}")
        }
        ("demo", "accepted") => {
            let codes = answer["steps"].as_array().unwrap().iter().map(|step| step["exit_code"].as_u64().unwrap());
            // Two commands for the key, signing, verifying, one for the change, and the refusal.
            assert_eq!(codes.collect::<Vec<_>>(), [0, 0, 0, 0, 0, 1], "{name}: {answer}");
        }
        ("completions" | "trust" | "policy", "accepted") => assert!(has("text"), "{name}"),
        ("inspect", "accepted") => assert_eq!(answer["inspection"]["verified"], false, "{name}: {answer}"),
        (_, "misuse" | "undecided" | "refused") => assert!(has("error"), "{name}: {answer}"),
        _ => panic!("{name}: {answer}"),
    }
}

fn is_coloured(output: &Output) -> bool {
    output.stdout.contains(&0x1b) || output.stderr.contains(&0x1b)
}

/// A command line, what it is about, and how it ends.
type Line = (&'static str, &'static str, i32);

const LINES: [Line; 50] = [
    ("sign", "sign key --private-key key.pem --signature new.sig model", 0),
    ("sign in shards", "sign key --private-key key.pem --method shards --shard-size 7 --signature new.sig model", 0),
    ("sign a file", "sign key --private-key key.pem --signature new.sig model/config.json", 0),
    (
        "sign with a certificate",
        "sign certificate --private-key key.pem --signing-certificate leaf.pem --signature c.sig model",
        0,
    ),
    ("sign nothing", "sign key --private-key key.pem --signature new.sig other/empty", 1),
    ("sign over the model", "sign key --private-key key.pem --signature model/config.json model/config.json", 2),
    ("sign with a public key", "sign key --private-key key.pub.pem --signature new.sig model", 3),
    ("sign by an absent method", "sign pkcs11-key model", 2),
    ("sign as nobody", "sign --signature new.sig model", 3),
    ("sign with a fingerprint", "sign key --private-key key.pem --fingerprint=print.sig --signature new.sig model", 0),
    ("sign once more", "sign key --add --private-key key.pem --signature new.sig model", 0),
    ("sign another model once more", "sign key --add --private-key key.pem --signature new.sig other", 1),
    ("sign nothing once more", "sign key --add --private-key key.pem --signature absent.sig model", 3),
    ("sign once more with a hash", "sign key --add --hash sha256 --private-key key.pem model", 2),
    ("fingerprint", "fingerprint create --output print.json model", 0),
    ("fingerprint without trees", "fingerprint create --no-merkle --output plain.json model", 0),
    ("fingerprint with a key", "fingerprint create --sign --key key.pem --output print.sig model", 0),
    ("fingerprint of nothing", "fingerprint create other/empty", 1),
    ("fingerprint in too many places", "fingerprint create --output key.pem model", 2),
    ("compare by a key", "fingerprint verify --fingerprint print.sig --public-key key.pub.pem model", 0),
    ("compare another model", "fingerprint verify --fingerprint print.sig --public-key key.pub.pem other", 1),
    ("compare with nothing", "fingerprint verify --fingerprint absent.json model", 3),
    ("prove", "fingerprint prove --fingerprint print.json --range 0-2 --output proof.json config.json", 0),
    (
        "check a proof",
        "fingerprint check-proof --fingerprint print.sig --public-key key.pub.pem proof.json model/config.json",
        0,
    ),
    (
        "check a proof of other bytes",
        "fingerprint check-proof --fingerprint print.sig --public-key key.pub.pem proof.json model/README.md",
        1,
    ),
    ("compare fingerprints", "fingerprint diff print.json plain.json", 0),
    ("verify", "verify key --public-key key.pub.pem --signature model.sig model", 0),
    ("verify with a certificate", "verify certificate --certificate-chain root.pem --signature c.sig model", 0),
    ("verify another model", "verify key --public-key key.pub.pem --signature model.sig other", 1),
    ("verify a file", "verify key --public-key key.pub.pem --signature model.sig model/config.json", 1),
    ("verify by another method", "verify certificate --certificate-chain root.pem --signature model.sig model", 1),
    ("verify nonsense", "verify key --public-key key.pub.pem --signature broken.sig model", 1),
    ("verify without a signature", "verify key --public-key key.pub.pem --signature absent.sig model", 3),
    ("verify without a model", "verify key --public-key key.pub.pem --signature model.sig absent", 3),
    ("verify by no method", "verify --signature model.sig model", 2),
    ("verify nobody's signature", "verify --identity a --identity-provider b --trust-config absent --signature s m", 3),
    ("inspect", "inspect model.sig", 0),
    ("inspect nonsense", "inspect broken.sig", 1),
    ("inspect nothing", "inspect absent.sig", 3),
    ("show a trust root", "trust show --trust-config trusted_root.json", 0),
    ("show no trust root", "trust show --trust-config broken.sig", 3),
    ("digest", "digest model", 0),
    ("digest of nothing", "digest other", 1),
    ("digest of what is not there", "digest absent", 3),
    ("digest by an unknown hash", "digest --hash md5 model", 2),
    ("digest of no model", "digest", 2),
    ("demo", "demo", 0),
    ("completions", "completions bash", 0),
    ("completions of an unknown shell", "completions tcsh", 2),
    ("an unknown command", "destroy model", 2),
];

/// The commands around packages.
const OF_PACKAGES: [Line; 14] = [
    ("package", "package create model --signature model.sig -o model.sml --key key.pem --fingerprint --overwrite", 0),
    ("package over another file", "package create model --signature model.sig -o key.pem --key key.pem", 2),
    ("package another model", "package create other --signature model.sig -o other.sml --key key.pem", 1),
    ("package nothing", "package create absent --signature model.sig -o other.sml --key key.pem", 3),
    ("verify a package", "package verify model.sml --public-key key.pub.pem", 0),
    ("verify no package", "package verify key.pem --public-key key.pub.pem", 1),
    ("verify a package of nobody's", "package verify model.sml", 2),
    ("verify a package that is not there", "package verify absent.sml --public-key key.pub.pem", 3),
    ("show a package", "package inspect model.sml", 0),
    ("list a package", "package ls model.sml", 0),
    ("sign a package once more", "package add-signature model.sml --key key.pem", 0),
    ("extract a package onto something", "package extract model.sml -o model --public-key key.pub.pem", 2),
    (
        "migrate",
        "migrate model --signature model.sig --public-key key.pub.pem --to new.sml --overwrite --key key.pem",
        0,
    ),
    (
        "migrate another model",
        "migrate other --signature model.sig --public-key key.pub.pem --to n.sml --key key.pem",
        1,
    ),
];
