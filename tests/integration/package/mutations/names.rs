//! Names that lead elsewhere, or mean one file on one system and another on the next. Manifest and statement are signed by
//! the right key as far as they can name such a thing.

use super::super::archive::Archive;
use super::super::scene::Scene;
use super::{Case, case};

const FILE: &str = "model/config.json";
const RULE: &str = "package-name";

pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    [odd(scene), twins(scene), long(scene)].into_iter().flatten().collect()
}

/// One file gets another name.
fn odd(scene: &Scene) -> Vec<Case> {
    let named = |name: &'static str, new: &[u8], says: &'static str| {
        let spelled = |(name, content): &(String, Vec<u8>)| {
            (if name == FILE { new.to_vec() } else { name.clone().into_bytes() }, content.clone())
        };
        let entries: Vec<(Vec<u8>, Vec<u8>)> = scene.parts.entries.iter().map(spelled).collect();
        case(name, Archive::of(&entries).bytes, RULE, says)
    };
    vec![
        named("a name that leads out", b"model/../../x.txt", "it has a `..` part"),
        named("a name that leads out at once", b"../../../../x.txt", "it has a `..` part"),
        named("a name with a dot part", b"model/./conf.json", "it has a `.` part"),
        named("an absolute name", b"/etc/cron.d/x.job", "it is absolute"),
        named("a drive", b"C:/Windows/x.json", "it contains `:`"),
        named("a stream of a file", b"model/a:evil.json", "it contains `:`"),
        named("backslashes", b"model\\config.json", r"it contains `\`"),
        named("a way out with backslashes", b"model/..\\..\\x.js", r"it contains `\`"),
        named("the name of a device", b"model/NUL.abcjson", "the name of a Windows device"),
        named("a device with a number", b"model/com1.tar.gz", "the name of a Windows device"),
        named("a folder by its name", b"model/config.jso/", "it has an empty part"),
        named("an empty part", b"model//onfig.json", "it has an empty part"),
        named("a NUL", b"model/conf\0g.json", "a control character"),
        named("a line end", b"model/conf\ng.json", "a control character"),
        named("an escape sequence", b"model/conf\x1bg.json", "a control character"),
        named("a dot at the end", b"model/config.jso.", "ends in a dot or a space"),
        named("a space at the end", b"model/config.jso ", "ends in a dot or a space"),
        named("a name that is not UTF-8", b"model/conf\xffg.json", "it is not UTF-8"),
        named("a root that no package has", b".ssh/authorized__", "no entry of a package has such a name"),
        named("a folder that no package has", b"secureml/x/x.json", "no entry of a package has such a name"),
    ]
}

/// Two names for one file.
fn twins(scene: &Scene) -> Vec<Case> {
    let added = |name: &'static str, before: &str, twin: &str, says: &'static str| {
        let parts = scene.parts.clone().with(before, twin, "twin").listed().resigned(&scene.key);
        case(name, parts.bytes(), "package-twin", says)
    };
    let pair = |name: &'static str, first: &str, second: &str| {
        let parts = scene.parts.clone().with("model/tokenizer/vocab.txt", first, "1");
        let parts = parts.with("model/tokenizer/vocab.txt", second, "2").listed().resigned(&scene.key);
        case(name, parts.bytes(), "package-twin", "it is there in another spelling")
    };
    let last = |name: &'static str, twin: &str, says: &'static str| {
        let mut parts = scene.parts.clone();
        parts.entries.push((twin.to_owned(), b"twin".to_vec()));
        case(name, parts.listed().resigned(&scene.key).bytes(), "package-twin", says)
    };
    vec![
        added("a name in capitals", "model/README.md", "model/CONFIG.json", "it is there in another spelling"),
        added("a folder in capitals", FILE, "model/Weights/a.bin", "its folder is there in another spelling"),
        added("a folder as a file", "model/weights/part-1.bin", "model/weights", "its folder is there as a file"),
        added("a folder as a file, in capitals", FILE, "model/WEIGHTS", "its folder is there as a file"),
        pair("one letter in two normal forms", "model/e\u{301}", "model/\u{e9}"),
        pair("letters that fold to two", "model/strasse", "model/stra\u{df}e"),
        pair("a letter that is a sign", "model/k", "model/\u{212a}"),
        last("a letter that nobody sees", "model/weights/part-2\u{200b}.copy.bin", "another spelling"),
        last("a file as a folder", "model/weights/part-2.copy.bin/x", "its folder is there as a file"),
    ]
}

/// Names that are too long, and too deep.
fn long(scene: &Scene) -> Vec<Case> {
    let last = |name: &'static str, new: String, says: &'static str| {
        let mut parts = scene.parts.clone();
        parts.entries.push((new, b"long".to_vec()));
        case(name, parts.bytes(), RULE, says)
    };
    vec![
        last("a name of 1025 bytes", format!("model/z{}", "y".repeat(1018)), "it has more than 1024 bytes"),
        last("a name of 65 parts", format!("model{}", "/z".repeat(64)), "it is more than 64 parts deep"),
    ]
}
