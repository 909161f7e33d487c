use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};
use secureml::finding::{Finding, Severity};
use secureml::render::{Report, write_json};

use crate::failure::Failure;
use crate::flags::Format;

/// The only owner of standard output and standard error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    pub(crate) format: Format,
    pub(crate) quiet: bool,
    pub(crate) warnings: bool,
    /// Says nothing at all, errors included.
    pub(crate) muted: bool,
}

impl Printer {
    /// A command's result for people, on one or more lines of standard output.
    pub(crate) fn result(self, text: &str) -> io::Result<()> {
        if self.quiet || self.format == Format::Json {
            return Ok(());
        }
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// A command's result for programs.
    pub(crate) fn report(self, report: &Report<'_>) -> io::Result<()> {
        if self.format != Format::Json || self.muted {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        write_json(report, &mut out)?;
        out.flush()
    }

    /// Something for people to know, on standard error.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet && self.format == Format::Text {
            to_stderr(&format!("{text}\n"));
        }
    }

    /// What is wrong with the command line, as clap puts it.
    pub(crate) fn misuse(self, text: &str) {
        to_stderr(text);
    }

    /// One of many reasons, on a line of its own on standard error.
    pub(crate) fn line(self, text: &str) {
        if !self.muted {
            to_stderr(&format!("{text}\n"));
        }
    }

    /// Warnings on standard error.
    pub(crate) fn warnings(self, findings: &[Finding]) {
        if self.muted {
            return;
        }
        let silent = self.quiet || !self.warnings;
        let is_shown = |finding: &&Finding| {
            finding.severity == Severity::Warning && (!silent || ALWAYS_SAID.contains(&finding.rule))
        };
        let (shown, more) = split(findings.iter().filter(is_shown));
        if shown.is_empty() {
            return;
        }
        let mut lines: Vec<String> = shown.into_iter().map(line).collect();
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        let text: String = lines.iter().map(|line| format!("{WARNING}warning:{WARNING:#} {line}\n")).collect();
        to_stderr(&text);
    }

    /// Why a command came to no good end, on standard error; the first twenty findings, then counts.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.muted {
            return;
        }
        let mut lines = vec![format!("{ERROR}error:{ERROR:#} {}", plain(&failure.message))];
        lines.extend(failure.causes.iter().map(|cause| format!("  cause: {}", plain(cause))));
        let (shown, more) = split(failure.findings.iter().filter(|finding| finding.severity == Severity::Error));
        lines.extend(shown.into_iter().map(|finding| format!("  {}", line(finding))));
        if more > 0 {
            lines.push(format!("  and {more} more: {}", counts(&failure.findings)));
        }
        lines.extend(failure.help.iter().map(|help| format!("  {HELP}help:{HELP:#} {}", plain(help))));
        to_stderr(&format!("{}\n", lines.join("\n")));
    }
}

/// What cannot be said on standard error can be said nowhere, and the exit code still says what counts.
fn to_stderr(text: &str) {
    let written = anstream::stderr().lock().write_all(text.as_bytes());
    drop(written);
}

/// Makes text from elsewhere harmless for a terminal: control characters are written out.
pub(crate) fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        // Bidirectional controls reorder what a reader sees.
        let turns =
            matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

fn line(finding: &Finding) -> String {
    match &finding.path {
        Some(path) => format!("{}: {}", plain(path), plain(&finding.message)),
        None => plain(&finding.message),
    }
}

fn split<'a>(mut findings: impl Iterator<Item = &'a Finding>) -> (Vec<&'a Finding>, usize) {
    let shown = findings.by_ref().take(SHOWN).collect();
    (shown, findings.count())
}

/// How many findings there are of each kind, over all of them.
fn counts(findings: &[Finding]) -> String {
    let mut rules: Vec<(&str, usize)> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
        match rules.iter_mut().find(|(rule, _)| *rule == finding.rule) {
            Some((_, count)) => *count += 1,
            None => rules.push((finding.rule, 1)),
        }
    }
    let parts: Vec<String> = rules.iter().map(|(rule, count)| format!("{count} {rule}")).collect();
    format!("{} in all", parts.join(", "))
}

/// Warnings that nothing silences: a check was switched off.
const ALWAYS_SAID: [&str; 2] = ["log-not-checked", "package-not-verified"];
/// How many findings are shown one by one.
const SHOWN: usize = 20;
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();
