//! Where the bytes of a keyless bundle stand: every text in it, however deep, so that nothing is passed over.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// One text of a bundle, cut out of it.
pub(super) struct Place {
    /// What it is, which several places may be.
    pub(super) field: &'static str,
    /// The bytes behind the text: those that base64 stands for, or its own.
    pub(super) bytes: Vec<u8>,
    encoded: bool,
    around: Around,
}

impl Place {
    /// The bundle with these bytes in this place; `None` where they cannot stand in JSON, being no UTF-8.
    pub(super) fn filled(&self, bytes: &[u8]) -> Option<String> {
        let text = if self.encoded { STANDARD.encode(bytes) } else { String::from_utf8(bytes.to_vec()).ok()? };
        Some(self.around.filled(&json!(text).to_string()))
    }
}

/// Every text in the bundle, in the order in which they stand.
pub(super) fn places(bundle: &Value) -> Vec<Place> {
    pointers(bundle).iter().filter_map(|pointer| place(bundle, pointer)).collect()
}

/// Where each value of the bundle stands, however deep, lists and objects before what is in them.
pub(super) fn pointers(value: &Value) -> Vec<String> {
    let below = |name: &str, child: &Value| -> Vec<String> {
        let inside = pointers(child).into_iter().map(|rest| format!("/{name}{rest}"));
        [format!("/{name}")].into_iter().chain(inside).collect()
    };
    match value {
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, item)| below(&index.to_string(), item)).collect()
        }
        Value::Object(fields) => fields.iter().flat_map(|(name, field)| below(name, field)).collect(),
        _ => Vec::new(),
    }
}

/// A bundle's JSON without one value.
pub(super) struct Around {
    before: String,
    after: String,
}

impl Around {
    /// What stands around the value at this pointer.
    pub(super) fn new(bundle: &Value, pointer: &str) -> Self {
        let mut marked = bundle.clone();
        *marked.pointer_mut(pointer).expect("a place") = json!(MARK);
        let marked = marked.to_string();
        let (before, after) = marked.split_once(&json!(MARK).to_string()).expect("the mark");
        Self { before: before.to_owned(), after: after.to_owned() }
    }

    /// The bundle with this JSON in the value's place.
    pub(super) fn filled(&self, json: &str) -> String {
        format!("{}{json}{}", self.before, self.after)
    }
}

fn place(bundle: &Value, pointer: &str) -> Option<Place> {
    let text = match bundle.pointer(pointer)? {
        Value::String(text) => text,
        Value::Array(_) | Value::Object(_) => return None,
        other => panic!("{pointer} is {other}, which no flip would reach"),
    };
    let (field, encoded) = kind(pointer);
    let bytes = if encoded { STANDARD.decode(text).expect("base64") } else { text.as_bytes().to_vec() };
    if field == "keyid" {
        // Nothing vouches for this name of a key, and nothing goes by it.
        assert!(bytes.is_empty(), "{pointer} is {text}");
        return None;
    }
    Some(Place { field, bytes, encoded, around: Around::new(bundle, pointer) })
}

/// What stands at a pointer, and whether in base64. A place that this does not know would be a hole in the test.
fn kind(pointer: &str) -> (&'static str, bool) {
    let name = pointer.rsplit('/').find(|name| name.parse::<usize>().is_err()).expect("a name");
    match name {
        "payload" => ("payload", true),
        "sig" => ("signature", true),
        "rawBytes" => ("certificate", true),
        "signedEntryTimestamp" => ("promise", true),
        "hashes" => ("proof hashes", true),
        "rootHash" => ("root hash", true),
        "canonicalizedBody" => ("entry's body", true),
        "keyId" => ("log id", true),
        "signedTimestamp" => ("timestamp", true),
        "envelope" => ("checkpoint", false),
        "logIndex" | "integratedTime" | "treeSize" => ("numbers", false),
        "kind" | "version" | "mediaType" | "payloadType" => ("types", false),
        "keyid" => ("keyid", false),
        name => panic!("nobody knows what {name} is"),
    }
}

const MARK: &str = "the place that was cut out";

#[test]
fn finds_every_value_and_fills_its_place() {
    let bundle = json!({"a": [{"sig": "AQI="}, {"kind": "x"}], "b": {}});
    assert_eq!(pointers(&bundle), ["/a", "/a/0", "/a/0/sig", "/a/1", "/a/1/kind", "/b"]);
    let places = places(&bundle);
    let found: Vec<(&str, &[u8])> = places.iter().map(|place| (place.field, &place.bytes[..])).collect();
    assert_eq!(found, [("signature", &[1, 2][..]), ("types", b"x")]);
    assert_eq!(places[0].filled(&[3]).unwrap(), bundle.to_string().replace("AQI=", "Aw=="));
    assert_eq!(places[1].filled(b"\""), Some(bundle.to_string().replace("\"x\"", r#""\"""#)));
    assert_eq!(places[1].filled(&[0xff]), None);
}
