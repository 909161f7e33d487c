//! From what is written to what is meant, with every fault on the way.

use std::path::Path;

use jiff::civil::Date;

use super::check_signer::{Context, signers};
use super::error::Faults;
use super::pattern::ModelPattern;
use super::place::{At, Number, Place};
use super::rule::MODEL;
use super::wire::{WireFormats, WireHash, WireNeed, WirePolicy, WireRule, WireUnsignedFiles};
use super::{Fault, FormatRule, Rule, Timestamp, Transparency, UnsignedFiles};
use crate::crypto::Curve;
use crate::digest::Algorithm;
use crate::model::{IgnoreRules, ModelFormat, ModelPath};

/// The rules of a policy, or all that is wrong with them; `folder` is the policy's, absolute and without links.
pub(super) fn rules(wire: &WirePolicy, folder: &Path) -> Result<Vec<Rule>, Vec<Fault>> {
    let mut faults = Faults::default();
    if wire.models.value.is_empty() {
        faults.add(wire.models.place, "there is no rule, so every model would be refused");
    }
    let mut earlier: Vec<(u64, ModelPattern)> = Vec::new();
    let mut rules = Vec::new();
    for written in &wire.models.value {
        let path = &written.value.path;
        let pattern = faults.take(path.place, ModelPattern::new(&path.value));
        if let Some(pattern) = &pattern {
            if let Some((line, taken)) = earlier.iter().find(|(_, taken)| taken.covers(pattern)) {
                let taken = taken.as_str();
                faults
                    .add(path.place, format!("no model reaches this rule, {taken:?} on line {line} takes all of them"));
            }
            earlier.push((written.place.line, pattern.clone()));
        }
        // A rule without a usable path has other faults to tell all the same.
        rules.push(rule(written, pattern.unwrap_or_else(ModelPattern::root), folder, &mut faults));
    }
    let faults = faults.into_sorted();
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

/// The rule; where something has a fault, the rule is not used, and so it does not matter what stands there.
fn rule(written: &At<WireRule>, pattern: ModelPattern, folder: &Path, faults: &mut Faults) -> Rule {
    let wire = &written.value;
    let smallest_curve = smallest_curve(wire, faults);
    let context = Context { folder, model: pattern.literal(), smallest_curve };
    Rule {
        line: written.place.line,
        signature: signature(wire, &pattern, faults),
        signers: signers(&wire.signers, &context, faults),
        threshold: threshold(wire, faults),
        transparency: wire.transparency.as_ref().map_or_else(Transparency::default, |need| need.value.into()),
        timestamp: wire.timestamp.as_ref().map_or_else(Timestamp::default, |need| need.value.into()),
        hashes: hashes(wire, faults),
        smallest_curve,
        formats: wire.formats.as_ref().map_or(FormatRule::Any, |formats| format_rule(formats, faults)),
        expires: wire.expires.as_ref().and_then(|written| last_day(written, faults)),
        idle_in_packages: idle_in_packages(wire),
        ignore: ignore(wire, faults),
        unsigned_files: wire.unsigned_files.as_ref().map_or_else(UnsignedFiles::default, |files| files.value.into()),
        pattern,
    }
}

fn signature(wire: &WireRule, pattern: &ModelPattern, faults: &mut Faults) -> Option<String> {
    let At { value, place } = wire.signature.as_ref()?;
    if value.is_empty() || value.contains('\0') {
        faults.add(*place, "this is no path");
    } else if pattern.literal().is_none() && !value.contains(MODEL) {
        faults.add(*place, format!("one signature for a glob of models, put {MODEL} where the model's path belongs"));
    }
    Some(value.clone())
}

fn threshold(wire: &WireRule, faults: &mut Faults) -> usize {
    let signers = wire.signers.value.len();
    let Some(At { value, place }) = wire.threshold.as_ref() else { return signers };
    match usize::try_from(value.0) {
        Ok(0) => faults.add(*place, "a threshold of 0 would accept models that nobody signed"),
        Ok(threshold) if threshold <= signers => return threshold,
        _ => faults.add(*place, format!("the threshold {} is above the number of signers, {signers}", value.0)),
    }
    signers
}

fn hashes(wire: &WireRule, faults: &mut Faults) -> Vec<Algorithm> {
    let Some(At { value, place }) = wire.hashes.as_ref() else { return Algorithm::ALL.to_vec() };
    if value.is_empty() {
        faults.add(*place, "no hash would be good enough");
    }
    let is_listed = |algorithm: &Algorithm| value.iter().any(|hash| Algorithm::from(hash.value) == *algorithm);
    Algorithm::ALL.into_iter().filter(is_listed).collect()
}

fn smallest_curve(wire: &WireRule, faults: &mut Faults) -> Curve {
    match wire.key_bits.as_ref() {
        None | Some(At { value: Number(256), .. }) => Curve::P256,
        Some(At { value: Number(384), .. }) => Curve::P384,
        Some(At { value: Number(521), .. }) => Curve::P521,
        Some(At { value: Number(bits), place }) => {
            faults.add(*place, format!("there are no keys of {bits} bits, known are 256, 384, 521"));
            Curve::P256
        }
    }
}

fn format_rule(wire: &At<WireFormats>, faults: &mut Faults) -> FormatRule {
    let mut names = |written: &At<Vec<At<String>>>| -> Vec<ModelFormat> {
        if written.value.is_empty() {
            faults.add(written.place, "the list is empty");
        }
        written.value.iter().filter_map(|name| faults.take(name.place, name.value.parse())).collect()
    };
    match (wire.value.deny.as_ref(), wire.value.allow.as_ref()) {
        (Some(denied), None) => FormatRule::Deny(names(denied)),
        (None, Some(allowed)) => FormatRule::Allow(names(allowed)),
        (Some(_), Some(allowed)) => {
            faults.add(allowed.place, "a rule has either `deny` or `allow`, not both");
            FormatRule::Any
        }
        (None, None) => {
            faults.add(wire.place, "give `deny` or `allow`");
            FormatRule::Any
        }
    }
}

/// Keys that say something of the files beside a signature: in a package every file is signed, and signatures are in it.
fn idle_in_packages(wire: &WireRule) -> Vec<(&'static str, Place)> {
    let keys = [
        ("signature", wire.signature.as_ref().map(|given| given.place)),
        ("ignore", wire.ignore.as_ref().map(|given| given.place)),
        ("unsigned-files", wire.unsigned_files.as_ref().map(|given| given.place)),
    ];
    keys.into_iter().filter_map(|(key, place)| Some((key, place?))).collect()
}

fn last_day(written: &At<String>, faults: &mut Faults) -> Option<At<Date>> {
    let date: Option<Date> = written.value.parse().ok().filter(|date: &Date| date.to_string() == written.value);
    if date.is_none() {
        faults.add(written.place, format!("{:?} is not a date as 2027-06-30", written.value));
    }
    date.map(|value| At { value, place: written.place })
}

fn ignore(wire: &WireRule, faults: &mut Faults) -> IgnoreRules {
    let Some(written) = wire.ignore.as_ref() else { return IgnoreRules::default() };
    let mut name = |path: &At<String>| {
        if path.value.contains(['*', '?', '[']) {
            faults.add(path.place, format!("{:?} holds one of `*?[`, names are taken literally here", path.value));
            return None;
        }
        faults.take(path.place, ModelPath::new(path.value.as_str()))
    };
    written.value.iter().filter_map(&mut name).collect()
}

impl From<WireNeed> for Transparency {
    fn from(need: WireNeed) -> Self {
        match need {
            WireNeed::Required => Self::Required,
            WireNeed::Optional => Self::Optional,
        }
    }
}

impl From<WireNeed> for Timestamp {
    fn from(need: WireNeed) -> Self {
        match need {
            WireNeed::Required => Self::Required,
            WireNeed::Optional => Self::Optional,
        }
    }
}

impl From<WireUnsignedFiles> for UnsignedFiles {
    fn from(files: WireUnsignedFiles) -> Self {
        match files {
            WireUnsignedFiles::Refuse => Self::Refuse,
            WireUnsignedFiles::Ignore => Self::Ignore,
        }
    }
}

impl From<WireHash> for Algorithm {
    fn from(hash: WireHash) -> Self {
        match hash {
            WireHash::Sha256 => Self::Sha256,
            WireHash::Blake2b => Self::Blake2b,
            WireHash::Blake3 => Self::Blake3,
        }
    }
}

#[cfg(test)]
mod tests;
