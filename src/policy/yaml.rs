use serde::de::DeserializeOwned;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{DefaultMessageFormatter, Error, MessageFormatter as _, Options};

use super::Fault;
use super::place::{Given, Number, Place};
use super::wire::WirePolicy;

/// Reads the text of a policy, as far as its form goes.
pub(super) fn parse(text: &str) -> Result<WirePolicy, Fault> {
    let wire: Result<WirePolicy, Fault> = read(text);
    // What another version has in other places would be told as unknown keys.
    let version = match &wire {
        Ok(wire) => Some((wire.version.value.0, wire.version.place)),
        Err(_) => read(text).ok().and_then(|Version { version }| version.0.map(|found| (found.value.0, found.place))),
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
    version: Given<Number>,
}

/// Reads the text as anything, within the ceilings.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| match other_word::<T>(text, &error) {
        Some(fault) => fault,
        None => fault(&error),
    })
}

/// Where a number stands in the place of a word, the fault that knows the words: quotes would not mend it.
fn other_word<T: DeserializeOwned>(text: &str, error: &Error) -> Option<Fault> {
    if !matches!(error.without_snippet(), Error::QuotingRequired { .. }) {
        return None;
    }
    let mut lenient = options();
    lenient.no_schema = false;
    let other = serde_saphyr::from_str_with_options::<T>(text, lenient).err()?;
    let is_of_words = matches!(other.without_snippet(), Error::SerdeUnknownVariant { .. });
    (is_of_words && other.location() == error.location()).then(|| fault(&other))
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
        strict_booleans: true,
        no_schema: true,
        reject_unsupported_tags: true,
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
        Error::QuotingRequired { value, .. } => {
            format!("{value} is no text as it stands, put it in quotes if it is meant as one: {value:?}")
        }
        Error::Unexpected { expected: "sequence start", .. } => {
            "this is no list, write `- ` in front of each entry".to_owned()
        }
        Error::Unexpected { expected: "mapping start", .. } => {
            "these are no keys with values, written as `key: value`".to_owned()
        }
        Error::Unexpected { expected: "string scalar", .. } => "this is no text".to_owned(),
        Error::UnknownAnchor { .. } => {
            "`*` at the start names an anchor, and there is none of this name; put a glob in quotes".to_owned()
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => "an alias stands within what it is for".to_owned(),
        Error::UnsupportedTag { .. } => "tags (`!…`) are not read".to_owned(),
        other => of_form(&DefaultMessageFormatter.format_message(other)),
    }
}

/// What the library says of the form, where that needs its source to be understood.
fn of_form(text: &str) -> String {
    let known = [
        ("tabs disallowed", TAB),
        ("found a tab", TAB),
        ("recursion limit exceeded", "this is nested deeper than any policy"),
        ("did not find expected key", "no key is expected here; keys of one rule or signer begin in one column"),
    ];
    let known = known.iter().find(|(part, _)| text.contains(part));
    known.map_or(text, |(_, plain)| plain).to_owned()
}

const TAB: &str = "a tab stands here, YAML is indented by spaces";
const VERSION: u64 = 1;
