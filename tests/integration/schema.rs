//! Holds answers in JSON against `output.schema.json`, with as much of JSON Schema as that file uses.

use serde_json::Value;

/// What the program promises about its answers.
pub(crate) fn output_schema() -> Value {
    serde_json::from_str(include_str!("../../src/render/output.schema.json")).expect("JSON")
}

/// What is wrong with a value by this schema, each fault with its place; nothing where it conforms.
///
/// Stricter than JSON Schema in one way: a field that the schema does not describe is a fault.
pub(crate) fn faults(schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fault = |text: String| found.push(format!("{place}: {text}"));
    let mut inner = Vec::new();
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "$schema" | "$id" | "title" | "description" => {}
            "type" if !has_type(value, rule.as_str().expect("a type")) => fault(format!("is not of type {rule}")),
            "const" if value != rule => fault(format!("is not {rule}")),
            "enum" if !rule.as_array().expect("a list").contains(value) => fault(format!("is none of {rule}")),
            "minimum" if value.as_f64() < rule.as_f64() => fault(format!("is below {rule}")),
            "pattern" if !matches(rule.as_str().expect("a pattern"), value.as_str().unwrap_or_default()) => {
                fault(format!("does not match {rule}"));
            }
            "type" | "const" | "enum" | "minimum" | "pattern" => {}
            "required" => {
                let names = rule.as_array().expect("a list").iter().filter_map(Value::as_str);
                names.filter(|name| value.get(name).is_none()).for_each(|name| fault(format!("lacks {name:?}")));
            }
            "items" => {
                let items = value.as_array().into_iter().flatten();
                inner.extend((0..).zip(items).flat_map(|(index, item)| faults_at(rule, item, place, &index)));
            }
            "$ref" => {
                // A place in the same document.
                let place_of = rule.as_str().and_then(|text| text.strip_prefix('#')).expect("a place in the schema");
                let root = output_schema();
                inner.extend(faults(root.pointer(place_of).expect("a schema"), value, place));
            }
            "properties" => inner.extend(field_faults(schema, value, place)),
            "oneOf" => {
                let forms = rule.as_array().expect("a list").iter();
                let fitting = forms.filter(|form| faults(form, value, place).is_empty()).count();
                if fitting != 1 {
                    fault(format!("fits {fitting} of the forms"));
                }
            }
            unknown => panic!("this check does not know the keyword {unknown}"),
        }
    }
    found.extend(inner);
    found
}

fn field_faults(schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, field) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(rule) => faults.extend(faults_at(rule, field, place, name)),
            None => faults.push(format!("{place}: {name:?} is not described")),
        }
    }
    faults
}

fn faults_at(schema: &Value, value: &Value, place: &str, name: &dyn std::fmt::Display) -> Vec<String> {
    faults(schema, value, &format!("{place}/{name}"))
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        other => panic!("this check does not know the type {other}"),
    }
}

/// The patterns of the schema, each in code.
fn matches(pattern: &str, text: &str) -> bool {
    let is_hex = |text: &str| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match pattern {
        "^[0-9a-f]{64}$" => is_hex(text),
        "^sha256:[0-9a-f]{64}$" => text.strip_prefix("sha256:").is_some_and(is_hex),
        "^[0-9A-F]{2}(:[0-9A-F]{2}){31}$" => {
            let is_byte = |part: &str| part.len() == 2 && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
            text.split(':').count() == 32 && text.split(':').all(is_byte)
        }
        "^[a-z0-9]+(-[a-z0-9]+)*$" => {
            let is_word =
                |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            text.split('-').all(is_word)
        }
        other => panic!("this check does not know the pattern {other}"),
    }
}

#[test]
fn the_check_finds_faults() {
    let schema = output_schema();
    let good = serde_json::json!({ "version": 1, "command": "sign", "outcome": "accepted", "findings": [] });
    assert_eq!(faults(&schema, &good, ""), [""; 0]);
    let finding = serde_json::json!([{ "rule": "Not A Rule", "severity": "error", "message": "m" }]);
    for (field, value, fault) in [
        ("version", 2.into(), "/version: is not 1"),
        ("outcome", "fine".into(), "/outcome: is none of"),
        ("model", 7.into(), "/model: is not of type"),
        ("more", 7.into(), "\"more\" is not described"),
        ("identity", serde_json::json!({ "method": "key" }), "fits 0 of the forms"),
        ("findings", finding, "/findings/0/rule: does not match"),
        ("error", serde_json::json!({ "message": "m" }), "/error: lacks \"causes\""),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let found = faults(&schema, &bad, "");
        assert!(found.iter().any(|found| found.contains(fault)), "{field}: {found:?}");
    }
}
