use clap::{Args, Subcommand};
use secureml::render::Report;
use secureml::trust::sigstore::{Access, Authority, Instance, Log, SigstoreRoot, update};

use super::instance::{InstanceArgs, described, no_trust_root};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;
use crate::options::TRUST;
use crate::printer::plain;

/// Keeps the trust root of a Sigstore instance.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    #[command(subcommand)]
    action: TrustAction,
}

#[derive(Debug, Subcommand)]
enum TrustAction {
    /// Fetch the trust root from the instance's TUF repository now.
    Update(InstanceArgs),
    /// Show the trust root that is on this machine: where it is from, how old it is, and whom it trusts.
    Show(InstanceArgs),
}

pub(crate) fn run(args: &TrustArgs, host: &Host) -> Result<Exit, Failure> {
    let root = match &args.action {
        TrustAction::Update(instance) => {
            let instance = instance.instance()?;
            if matches!(instance, Instance::File(_)) {
                return Err(Failure::plain(Exit::Misuse, "a trust root in a file is not updated by this command")
                    .with_help("get a new file from those who run the instance"));
            }
            let loaded = update(&instance, host.cache().as_deref(), host.now);
            let loaded = loaded.map_err(|error| no_trust_root(&error, TRUST))?;
            if !loaded.is_kept {
                return Err(Failure::plain(Exit::Undecided, "the trust root was fetched and cannot be kept")
                    .with_help("name a folder that can be written to in SECUREML_CACHE"));
            }
            loaded.root
        }
        TrustAction::Show(instance) => instance.load(Access::Offline, host)?.root,
    };
    let text = text(&root, host);
    host.printer().result(text.trim_end())?;
    host.printer().report(&Report::new("trust", Exit::Accepted.outcome()).with_text(&text))?;
    Ok(Exit::Accepted)
}

fn text(root: &SigstoreRoot, host: &Host) -> String {
    let mut text = format!("trust root: {}\n", plain(&described(root.origin(), host)));
    let mut add = |what: &str, who: &str, (from, until): (Option<jiff::Timestamp>, Option<jiff::Timestamp>)| {
        let time = |time: Option<jiff::Timestamp>| time.map_or_else(String::new, |time| format!(" {time:.0}"));
        let end = until.map_or_else(String::new, |until| format!(" until {until:.0}"));
        text.push_str(&format!("{what:23} {}, from{}{end}\n", plain(who), time(from)));
    };
    let logs = [("transparency log", root.transparency_logs()), ("certificate log", root.certificate_logs())];
    for (what, logs) in logs {
        for Log { url, valid, .. } in logs {
            add(what, &url, valid);
        }
    }
    let authorities = [
        ("certificate authority", root.certificate_authorities()),
        ("timestamp authority", root.timestamp_authorities()),
    ];
    for (what, authorities) in authorities {
        for Authority { url, subject, valid } in authorities {
            add(what, &format!("{url} ({subject})"), valid);
        }
    }
    text
}
