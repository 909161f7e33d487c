use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Location, Spanned};

/// Where something stands in a policy, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// A value that may be left out, but not be left empty: a key without a value would otherwise lift what it was to set.
#[derive(Debug)]
pub(super) struct Given<T>(pub(super) Option<At<T>>);

impl<T> Given<T> {
    pub(super) fn as_ref(&self) -> Option<&At<T>> {
        self.0.as_ref()
    }
}

impl<T> Default for Given<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self { line: location.line().max(1), column: location.column().max(1) }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = Spanned::<T>::deserialize(deserializer)?;
        Ok(Self { value: found.value, place: found.referenced.into() })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        At::deserialize(deserializer).map(|value| Self(Some(value)))
    }
}

/// Places are no part of the format.
macro_rules! schema_of_the_value {
    ($outer:ident) => {
        impl<T: JsonSchema> JsonSchema for $outer<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }

            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }

            fn schema_id() -> Cow<'static, str> {
                T::schema_id()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                T::json_schema(generator)
            }
        }
    };
}

/// A whole number. One in quotes is a text, here as for every other reader of YAML.
#[derive(Debug, Clone, Copy, JsonSchema)]
#[schemars(inline)]
pub(super) struct Number(pub(super) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NUMBER)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        match text.parse::<u64>() {
            Ok(number) => Err(E::custom(format!("{text:?} is a text, write the number without quotes: {number}"))),
            Err(_) => no_number(),
        }
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Number, E> {
        no_number()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Number, E> {
        no_number()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Number, E> {
        no_number()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Number, A::Error> {
        no_number()
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Number, A::Error> {
        no_number()
    }

    fn visit_unit<E: Error>(self) -> Result<Number, E> {
        Err(E::custom("the value is missing"))
    }
}

fn no_number<E: Error>() -> Result<Number, E> {
    Err(E::custom(format!("this is no {NUMBER}")))
}

const NUMBER: &str = "whole number from 0 up";

schema_of_the_value!(At);
schema_of_the_value!(Given);
