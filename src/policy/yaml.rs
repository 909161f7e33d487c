use serde::de::DeserializeOwned;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{DefaultMessageFormatter, Error, MessageFormatter as _, Options};

use super::Fault;
use super::place::{Given, Place};
use super::wire::WirePolicy;

/// Reads the text of a policy, as far as its form goes.
pub(super) fn parse(text: &str) -> Result<WirePolicy, Fault> {
    let wire: Result<WirePolicy, Fault> = read(text);
    // What another version has in other places would be told as unknown keys.
    let version = match &wire {
        Ok(wire) => Some((wire.version.value, wire.version.place)),
        Err(_) => read(text).ok().and_then(|Version { version }| version.0.map(|found| (found.value, found.place))),
    };
    match version {
        Some((version, place)) if version != VERSION => {
            Err(Fault::new(place, format!("version {version} is not known, this program reads version {VERSION}")))
        }
        _ => wire,
    }
}

/// The one key that every version has.
#[derive(serde::Deserialize)]
struct Version {
    #[serde(default)]
    version: Given<u64>,
}

/// Reads the text as anything, within the ceilings.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| fault(&error))
}

/// Strict, and with ceilings far above any policy: a short text must not unfold to a long document.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 200_000,
            max_nodes: 100_000,
            max_depth: 16,
            max_documents: 2,
            max_anchors: 100,
            max_aliases: 1000,
            max_merge_keys: 0,
            flow_nesting_limit: 16,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 10_000,
            max_replay_stack_depth: 4,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        with_snippet: false,
    }
}

fn fault(error: &Error) -> Fault {
    let place = error.location().map_or(Place { line: 1, column: 1 }, Place::from);
    Fault::new(place, message(error))
}

/// What the library found, in the words of a policy.
fn message(error: &Error) -> String {
    match error {
        Error::AliasError { error, .. } | Error::WithSnippet { error, .. } => message(error),
        Error::Eof { .. } => "the file holds no policy".to_owned(),
        Error::SerdeUnknownField { field, expected, .. } => {
            let known: Vec<&str> = expected.iter().copied().filter(|known| *known != "kms").collect();
            format!("unknown key {field:?}, known are {}", known.join(", "))
        }
        Error::SerdeUnknownVariant { variant, .. } if matches!(variant.as_str(), "~" | "") => {
            "the value is missing".to_owned()
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            format!("unknown value {variant:?}, known are {}", expected.join(", "))
        }
        Error::SerdeMissingField { field, .. } => format!("the key {field:?} is missing"),
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key {key:?} is given twice"),
        Error::DuplicateMappingKey { key: None, .. } => "a key is given twice".to_owned(),
        Error::NullIntoString { .. } => "the value is missing".to_owned(),
        Error::MergeKeyNotAllowed { .. } => "merge keys (`<<`) are not read".to_owned(),
        Error::MultipleDocuments { .. } => "there is more than one YAML document".to_owned(),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => "the document is larger than any policy".to_owned(),
        Error::InvalidScalar { ty: "u64", .. } => "this is no whole number from 0 up".to_owned(),
        Error::Unexpected { expected: "sequence start", .. } => "this is no list".to_owned(),
        Error::Unexpected { expected: "mapping start", .. } => "these are no keys with values".to_owned(),
        Error::Unexpected { expected: "string scalar", .. } => "this is no text".to_owned(),
        other => DefaultMessageFormatter.format_message(other).into_owned(),
    }
}

const VERSION: u64 = 1;
