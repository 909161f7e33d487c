use std::path::PathBuf;

use clap::Args;
use secureml::oms::{Bundle, BundleError, InspectedCertificate, InspectedEntry, Inspection};
use secureml::render::Report;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;
use crate::printer::plain;

/// Shows what a signature says of itself, without judging it.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The signature.
    #[arg(value_name = "SIGNATURE")]
    signature: PathBuf,
}

pub(crate) fn run(args: &InspectArgs, host: &Host) -> Result<Exit, Failure> {
    let name = args.signature.display().to_string();
    let bundle = Bundle::read(&args.signature).map_err(|error| {
        let exit = if matches!(error, BundleError::Read(_)) { Exit::Undecided } else { Exit::Refused };
        Failure::new(exit, format!("cannot show {name}"), &error)
    })?;
    let inspection = Inspection::of(&bundle);
    let printer = host.printer();
    printer.result(&format!("{NOT_VERIFIED}\n{}", text(&inspection).trim_end()))?;
    let report = Report::new("inspect", Exit::Accepted.outcome()).with_signature(name).with_inspection(&inspection);
    printer.report(&report)?;
    Ok(Exit::Accepted)
}

/// The inspection for people, a line for each thing.
fn text(inspection: &Inspection) -> String {
    let mut lines = Lines(String::new());
    lines.add("method", inspection.method);
    lines.add_if("key", inspection.key.as_deref());
    if let Some(certificate) = &inspection.certificate {
        add_certificate(&mut lines, certificate);
    }
    for entry in &inspection.log_entries {
        add_entry(&mut lines, entry);
    }
    for time in &inspection.timestamps {
        lines.add("timestamp", &time.map_or_else(|| "cannot be read".to_owned(), |time| time.to_string()));
    }
    lines.add_if("model", inspection.model_name.as_deref());
    lines.add_if("digest", inspection.digest.as_deref());
    lines.add_if("files", inspection.files.map(|files| files.to_string()).as_deref());
    lines.add_if("statement", inspection.statement_error.as_deref());
    lines.0
}

fn add_certificate(lines: &mut Lines, certificate: &InspectedCertificate) {
    lines.add("signer", &certificate.subject);
    lines.add("issuer", &certificate.issuer);
    let time = |time: Option<jiff::Timestamp>| time.map_or_else(|| "?".to_owned(), |time| time.to_string());
    lines.add("certificate", &format!("{} until {}", time(certificate.not_before), time(certificate.not_after)));
    lines.add("fingerprint", &certificate.fingerprint);
    for claim in &certificate.claims {
        lines.add("claim", &format!("{} ({}): {}", claim.name.unwrap_or("unknown"), claim.oid, claim.value));
    }
}

fn add_entry(lines: &mut Lines, entry: &InspectedEntry) {
    let time = entry.integrated.map(|time| format!(" at {time}")).unwrap_or_default();
    lines.add("log", &format!("{}, entry {} ({}){time}", entry.log, entry.index, entry.kind));
    lines.add_if("log page", entry.link.as_deref());
}

/// Lines of a label and what belongs to it.
struct Lines(String);

impl Lines {
    fn add(&mut self, label: &str, value: &str) {
        self.0.push_str(&format!("{label:12} {}\n", plain(value)));
    }

    fn add_if(&mut self, label: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(label, value);
        }
    }
}

const NOT_VERIFIED: &str =
    "not verified: this is what the signature says of itself; `secureml verify` tells whether it holds";
