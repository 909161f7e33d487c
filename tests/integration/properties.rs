//! What must hold for every name, payload, manifest and model, tried on random ones.

mod names;
mod payloads;
mod trees;

use proptest::prelude::{ProptestConfig, Strategy, prop_oneof};
use proptest::sample::select;

/// How often a property is tried; failures print the smallest input, so no files with old ones are kept.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// One part of a file name: plain, odd, or anything that Unicode can print.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-c]{1,2}",
        3 => select(ODD_PARTS).prop_map(str::to_owned),
        2 => "\\PC{1,8}",
    ]
    .prop_filter("a part that leads nowhere else", |part| !part.contains('/') && part != "." && part != "..")
}

/// A file name of up to four parts.
fn name() -> impl Strategy<Value = String> {
    proptest::collection::vec(part(), 1..=4).prop_map(|parts| parts.join("/"))
}

/// Parts that have broken a tool before: dots, quotes, colons, control characters, spellings of one letter, characters
/// that sort otherwise in UTF-16, patterns, options.
const ODD_PARTS: &[&str] = &[
    "...",
    "..a",
    "a..",
    ".hidden",
    " ",
    "a b",
    "quote'\"",
    "a:0:5",
    ":",
    "new\nline",
    "\r",
    "\t",
    "\u{1}",
    "\u{7f}",
    "back\\slash",
    "\\u0041",
    "\u{e9}",
    "e\u{301}",
    "\u{6a21}\u{578b}",
    "\u{ff21}",
    "\u{1f600}",
    "\u{202e}x",
    "\u{feff}",
    "*",
    "?",
    "[x]",
    "-",
    "--help",
    "~",
    "%2e%2e",
    "model.sig",
];
