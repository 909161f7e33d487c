//! Ways to spoil each field of a JSON document, one of which JSON values cannot hold: a field that stands twice.

use serde_json::{Value, json};

/// A document with one field spoilt.
pub(crate) struct Spoilt {
    /// Which field, and what happened to it.
    pub(crate) what: String,
    /// The field's name.
    pub(crate) name: String,
    pub(crate) spoil: Spoil,
    pub(crate) text: String,
}

/// The document with each of its fields, however deep, removed, doubled, made null and retyped; of lists, the first entry
/// stands for all.
pub(crate) fn spoil_each_field(document: &Value) -> Vec<Spoilt> {
    let mut all = Vec::new();
    for pointer in pointers(document) {
        let field = document.pointer(&pointer).expect("a field");
        let name = pointer.rsplit('/').next().expect("a name");
        for spoil in Spoil::ALL.into_iter().filter(|spoil| !spoil.keeps_type_of(field)) {
            let (what, text) = (format!("{pointer} {spoil:?}"), spoil.apply(document, &pointer));
            all.push(Spoilt { what, name: name.to_owned(), spoil, text });
        }
    }
    all
}

fn pointers(value: &Value) -> Vec<String> {
    let below = |name: &str, child: &Value| -> Vec<String> {
        pointers(child).into_iter().map(|rest| format!("/{name}{rest}")).collect()
    };
    match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, child)| [vec![format!("/{name}")], below(name, child)].concat()).collect()
        }
        Value::Array(items) => items.first().map(|first| below("0", first)).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// What happens to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoil {
    Removed,
    Doubled,
    Null,
    Number,
    Text,
    List,
    Object,
}

impl Spoil {
    const ALL: [Self; 7] =
        [Self::Removed, Self::Doubled, Self::Null, Self::Number, Self::Text, Self::List, Self::Object];

    /// The document as text, with the field at `pointer` spoilt.
    fn apply(self, document: &Value, pointer: &str) -> String {
        let mut changed = document.clone();
        let field = changed.pointer_mut(pointer).unwrap_or_else(|| panic!("no field {pointer}"));
        match self {
            Self::Doubled => return with_doubled(document, pointer),
            Self::Removed => {
                let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
                let parent = changed.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
                parent.remove(name);
            }
            Self::Null => *field = Value::Null,
            Self::Number => *field = json!(7),
            Self::Text => *field = json!("text"),
            Self::List => *field = json!([]),
            Self::Object => *field = json!({}),
        }
        changed.to_string()
    }

    /// What the parser says about the field with this name.
    pub(crate) fn complaint(self, name: &str) -> String {
        match self {
            Self::Removed => format!("missing field `{name}`"),
            Self::Doubled => format!("duplicate field `{name}`"),
            Self::Null => "invalid type: null".to_owned(),
            Self::Number => "invalid type: integer `7`".to_owned(),
            Self::Text => "invalid type: string \"text\"".to_owned(),
            Self::List => "invalid type: sequence".to_owned(),
            Self::Object => "invalid type: map".to_owned(),
        }
    }

    /// Whether it leaves a field of this value what it is.
    fn keeps_type_of(self, value: &Value) -> bool {
        match self {
            Self::Removed | Self::Doubled | Self::Null => false,
            Self::Number => value.is_number(),
            Self::Text => value.is_string(),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

/// The document as text in which the field at `pointer` stands twice, with the same value.
fn with_doubled(value: &Value, pointer: &str) -> String {
    let (name, rest) = pointer.trim_start_matches('/').split_once('/').unwrap_or((&pointer[1..], ""));
    let below = |key: &str, child: &Value| {
        if key == name && !rest.is_empty() { with_doubled(child, &format!("/{rest}")) } else { child.to_string() }
    };
    match value {
        Value::Object(fields) => {
            let member = |(key, child): (&String, &Value)| {
                let text = format!("{}:{}", json!(key), below(key, child));
                if key == name && rest.is_empty() { format!("{text},{text}") } else { text }
            };
            format!("{{{}}}", fields.iter().map(member).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            let items = items.iter().enumerate().map(|(index, child)| below(&index.to_string(), child));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        other => panic!("no fields in {other}"),
    }
}

#[test]
fn finds_each_field_and_the_first_of_a_list() {
    let document = json!({"a": [{"b": 1, "c": {"d": 2}}, {"x": 1}], "e": []});
    assert_eq!(pointers(&document), ["/a", "/a/0/b", "/a/0/c", "/a/0/c/d", "/e"]);
}

#[test]
fn doubles_one_field_and_nothing_else() {
    let document = json!({"a": [{"b": 1, "c": {"d": 2}}], "e": 3});
    assert_eq!(with_doubled(&document, "/a/0/b"), r#"{"a":[{"b":1,"b":1,"c":{"d":2}}],"e":3}"#);
    assert_eq!(with_doubled(&document, "/a/0/c/d"), r#"{"a":[{"b":1,"c":{"d":2,"d":2}}],"e":3}"#);
    assert_eq!(with_doubled(&document, "/e"), r#"{"a":[{"b":1,"c":{"d":2}}],"e":3,"e":3}"#);
}
