use std::path::Path;

use clap::Args;
use secureml::oms::{Bundle, Inspection};
use secureml::ops::package::OpenPackage;

use super::open::{read, report};
use super::source;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;
use crate::printer::plain;

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The package: a file, or a URL whose server serves ranges of bytes.
    #[arg(value_name = "PACKAGE")]
    package: String,
}

pub(super) fn list(args: &ShowArgs, host: &Host) -> Result<Exit, Failure> {
    let source = source::open(&args.package)?;
    let open = read(&args.package, &*source)?;
    let lines: Vec<String> = open
        .index()
        .entries()
        .iter()
        .map(|entry| format!("{:>15}  {}", entry.size, plain(entry.name.as_str())))
        .collect();
    let printer = host.printer();
    printer.result(&lines.join("\n"))?;
    printer.report(&report(Exit::Accepted, &args.package, None).with_package_content(open.index(), open.manifest()))?;
    Ok(Exit::Accepted)
}

pub(super) fn inspect(args: &ShowArgs, host: &Host) -> Result<Exit, Failure> {
    let source = source::open(&args.package)?;
    let open = read(&args.package, &*source)?;
    let printer = host.printer();
    printer.result(text(&open).trim_end())?;
    printer.report(&report(Exit::Accepted, &args.package, None).with_package_content(open.index(), open.manifest()))?;
    Ok(Exit::Accepted)
}

/// The package for people, a line for each thing.
fn text(open: &OpenPackage) -> String {
    let manifest = open.manifest();
    let model = manifest.model();
    let bytes = manifest.files().iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
    let mut lines = vec![NOT_VERIFIED.to_owned()];
    let mut add = |label: &str, value: &str| lines.push(format!("{label:12} {}", plain(value)));
    add("model", &model.name);
    if let Some(version) = &model.version {
        add("version", version);
    }
    add("digest", &model.oms_root.to_string());
    add("files", &format!("{}, {bytes} bytes", manifest.files().len()));
    if let Some(created) = manifest.created() {
        add("created", &created.to_string());
    }
    for record in manifest.metadata() {
        add("holds", &format!("{}, {} bytes", record.path, record.size));
    }
    for (name, bundle) in open.bundles() {
        add("signed", &format!("{name} by {}", signer(bundle)));
    }
    lines.join("\n")
}

/// Who signed, by the signature's own word.
fn signer(bundle: &Bundle) -> String {
    let inspection = Inspection::of(bundle);
    match (&inspection.certificate, &inspection.key) {
        (Some(certificate), _) => format!("{} ({})", certificate.subject, certificate.issuer),
        (None, Some(key)) => format!("key {key}"),
        (None, None) => "a key that is not named".to_owned(),
    }
}

/// The signatures in a package, by their own word, for those who show what a policy makes of it.
pub(crate) fn signatures(package: &Path) -> Result<Vec<String>, Failure> {
    let open = read(&package.display().to_string(), &source::local(package)?)?;
    let line = |name: &str, bundle| format!("signature: {name} in the package, which says it is by {}", signer(bundle));
    Ok(open.bundles().map(|(name, bundle)| line(name, bundle)).collect())
}

const NOT_VERIFIED: &str =
    "not verified: this is what the package says of itself; `secureml package verify` tells whether it holds";
