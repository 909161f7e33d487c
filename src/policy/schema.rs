use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::Value;

use super::wire::WirePolicy;

/// The JSON Schema (draft 2020-12) of `.secureml.yaml`, for editors; `policy.schema.json` beside this file is the same.
///
/// It holds less than a policy has to: what two keys have to do with one another, and the files that are named, are
/// looked at by [`super::Policy::load`] alone.
#[must_use]
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(plain));
    let mut schema = settings.into_generator().into_root_schema_for::<WirePolicy>();
    schema.insert("$id".to_owned(), "https://github.com/secureml/sign/policy/v1".into());
    schema.to_value()
}

/// Takes out what comes from the sources alone: how their comments are broken, and their types of numbers.
fn plain(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    if schema.get("format").is_some_and(|format| format == "uint64") {
        schema.remove("format");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let committed: Value = serde_json::from_str(include_str!("policy.schema.json")).unwrap();
        let made = schema();
        assert!(committed == made, "src/policy/policy.schema.json should be:\n{made:#}");
    }
}
