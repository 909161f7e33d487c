use std::fs;
use std::path::{Path, PathBuf};

use super::error::Faults;
use super::pattern::ROOT;
use super::place::{At, Given, Place};
use super::rule::bits;
use super::wire::WireSigner;
use super::{Requirement, RuleSigner};
use crate::crypto::{Certificate, Curve, KeyError, PublicKey};
use crate::io::{ReadError, read_to_limit};
use crate::trust::IdentityPattern;

/// What a rule says of all its signers.
pub(super) struct Context<'a> {
    /// The policy's folder, absolute and without links.
    pub(super) folder: &'a Path,
    /// The model's path, where the rule is for one model.
    pub(super) model: Option<&'a str>,
    pub(super) smallest_curve: Curve,
}

/// A signer, and what tells it from others.
struct Checked {
    signer: RuleSigner,
    same: Same,
    /// Where the signer is named.
    place: Place,
}

/// Equal for signers that one signature would serve both.
#[derive(PartialEq)]
enum Same {
    Keyless { issuer: String, kind: &'static str, identity: String },
    Key(PublicKey),
    Certificate { anchors: Vec<Certificate>, subject: String },
}

/// The signers of a rule; those with a fault are left out.
pub(super) fn signers(
    written: &At<Vec<At<WireSigner>>>,
    context: &Context<'_>,
    faults: &mut Faults,
) -> Vec<RuleSigner> {
    if written.value.is_empty() {
        faults.add(written.place, "there is no signer, so every model would be refused");
    }
    roles(&written.value, faults);
    let mut checked: Vec<Checked> = Vec::new();
    for signer in &written.value {
        let Some(new) = check(signer, context, faults) else { continue };
        if let Some(twin) = checked.iter().find(|twin| twin.same == new.same) {
            let role = &twin.signer.role;
            faults.add(new.place, format!("this is the signer with the role {role:?} again, the two would count once"));
        }
        checked.push(new);
    }
    checked.into_iter().map(|checked| checked.signer).collect()
}

fn roles(signers: &[At<WireSigner>], faults: &mut Faults) {
    for (number, signer) in signers.iter().enumerate() {
        let role = &signer.value.role;
        if role.value.trim().is_empty() {
            faults.add(role.place, "the role is empty");
        } else if signers.iter().take(number).any(|earlier| earlier.value.role.value == role.value) {
            faults.add(role.place, format!("the role {:?} is given to two signers", role.value));
        }
    }
}

fn check(signer: &At<WireSigner>, context: &Context<'_>, faults: &mut Faults) -> Option<Checked> {
    let wire = &signer.value;
    if let Some(kms) = wire.kms.as_ref() {
        faults.add(kms.place, "KMS keys are not in this version, give the key's public half with `key`");
        return None;
    }
    let kinds = [("issuer", &wire.issuer), ("key", &wire.key), ("certificate-authority", &wire.certificate_authority)];
    let mut given = kinds.into_iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value)));
    let (kind, named) = match (given.next(), given.next()) {
        (Some(first), None) => first,
        (Some((first, _)), Some((second, at))) => {
            faults.add(at.place, format!("a signer has either `{first}` or `{second}`, not both"));
            return None;
        }
        (None, _) => {
            faults.add(
                signer.place,
                "it does not say who signs, give `issuer` with `identity`, or `key`, or `certificate-authority` with `subject`",
            );
            return None;
        }
    };
    strays(wire, kind, faults);
    let place = named.place;
    let (requirement, same) = match kind {
        "issuer" => keyless(wire, named, faults)?,
        "key" => key(named, context, faults)?,
        _ => certificate(wire, named, context, faults)?,
    };
    Some(Checked { signer: RuleSigner { role: wire.role.value.clone(), requirement }, same, place })
}

/// Keys that belong to another kind of signer.
fn strays(wire: &WireSigner, kind: &str, faults: &mut Faults) {
    let owned = [
        ("identity", &wire.identity, "issuer"),
        ("identity-glob", &wire.identity_glob, "issuer"),
        ("identity-regex", &wire.identity_regex, "issuer"),
        ("subject", &wire.subject, "certificate-authority"),
    ];
    for (name, value, owner) in owned {
        if let Some(stray) = value.as_ref().filter(|_| owner != kind) {
            faults.add(stray.place, format!("`{name}` goes with `{owner}`, not with `{kind}`"));
        }
    }
}

fn keyless(wire: &WireSigner, issuer: &At<String>, faults: &mut Faults) -> Option<(Requirement, Same)> {
    let has_host = ["https://", "http://"].iter().any(|scheme| {
        issuer.value.strip_prefix(scheme).is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace))
    });
    if !has_host {
        faults.add(issuer.place, format!("{:?} is not the URL of an identity provider", issuer.value));
    }
    let names = [
        ("identity", &wire.identity),
        ("identity-glob", &wire.identity_glob),
        ("identity-regex", &wire.identity_regex),
    ];
    let mut given =
        names.into_iter().filter_map(|(kind, value): (_, &Given<String>)| value.as_ref().map(|at| (kind, at)));
    let (kind, name) = match (given.next(), given.next()) {
        (Some(only), None) => only,
        (Some((first, _)), Some((second, at))) => {
            faults.add(at.place, format!("a signer has either `{first}` or `{second}`, not both"));
            return None;
        }
        (None, _) => {
            let text =
                "anybody whom this provider knows would do, give `identity`, `identity-glob` or `identity-regex`";
            faults.add(issuer.place, text);
            return None;
        }
    };
    if name.value.is_empty() {
        faults.add(name.place, "the identity is empty");
        return None;
    }
    let pattern = match kind {
        "identity" => Ok(IdentityPattern::exact(&name.value, &issuer.value)),
        "identity-glob" => IdentityPattern::glob(&name.value, &issuer.value),
        _ => IdentityPattern::regex(&name.value, &issuer.value),
    };
    let same = Same::Keyless { issuer: issuer.value.clone(), kind, identity: name.value.clone() };
    faults.take(name.place, pattern).map(|pattern| (Requirement::Keyless(pattern), same))
}

fn key(file: &At<String>, context: &Context<'_>, faults: &mut Faults) -> Option<(Requirement, Same)> {
    let content = content(file, context, faults)?;
    let key = faults.take(file.place, PublicKey::from_pem(&content).map_err(|error| in_file(file, &error)))?;
    let (curve, needed) = (key.curve(), bits(context.smallest_curve));
    if bits(curve) < needed {
        faults.add(file.place, format!("the key is on {curve}, and `key-bits` asks for {needed} at least"));
    }
    Some((Requirement::Key { path: PathBuf::from(&file.value), key: key.clone() }, Same::Key(key)))
}

fn certificate(
    wire: &WireSigner,
    file: &At<String>,
    context: &Context<'_>,
    faults: &mut Faults,
) -> Option<(Requirement, Same)> {
    let subject = wire.subject.as_ref().filter(|subject| !subject.value.trim().is_empty());
    if subject.is_none() {
        let place = wire.subject.as_ref().map_or(file.place, |empty| empty.place);
        faults.add(place, "any holder of a certificate of this authority would do, give `subject`");
    }
    let content = content(file, context, faults)?;
    let anchors = Certificate::all_from_pem(&content).map_err(|error| in_file(file, &error));
    let anchors = faults.take(file.place, anchors)?;
    let subject = subject?.value.clone();
    let same = Same::Certificate { anchors: anchors.clone(), subject: subject.clone() };
    Some((Requirement::Certificate { path: PathBuf::from(&file.value), anchors, subject }, same))
}

/// The content of a file that says whom to trust, which must not be part of what is to be trusted.
fn content(file: &At<String>, context: &Context<'_>, faults: &mut Faults) -> Option<Vec<u8>> {
    if file.value.is_empty() {
        faults.add(file.place, "this is no path");
        return None;
    }
    let path = context.folder.join(&file.value);
    let content = read_to_limit(&path, MAX_FILE_BYTES).map_err(|error| match error {
        ReadError::Io { source, .. } => format!("cannot read {:?}: {source}", file.value),
        ReadError::TooLarge { limit, .. } => format!("{:?} is larger than {limit} bytes", file.value),
    });
    let content = faults.take(file.place, content)?;
    if let Some(model) = context.model.filter(|model| *model != ROOT)
        && is_inside(&path, &context.folder.join(model))
    {
        let text = format!("{:?} lies in the model, and who can change the model could change it", file.value);
        faults.add(file.place, text);
    }
    Some(content)
}

/// Whether a file that was read lies in a model that need not be there.
fn is_inside(file: &Path, model: &Path) -> bool {
    let resolved = fs::canonicalize(model);
    fs::canonicalize(file)
        .is_ok_and(|file| file.starts_with(model) || resolved.is_ok_and(|model| file.starts_with(model)))
}

fn in_file(file: &At<String>, error: &KeyError) -> String {
    format!("{:?}: {error}", file.value)
}

/// More than the certificates of all known authorities take.
const MAX_FILE_BYTES: u64 = 1 << 20;
