use std::cell::Cell;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secureml::env::Env;
use secureml::progress::{NoProgress, Progress};
use secureml::prompt::{NoPrompt, Prompt};

use crate::argv::wants_json;
use crate::exit::Exit;
use crate::flags::{Format, GlobalArgs};
use crate::printer::Printer;
use crate::terminal::{Bars, TerminalPrompt};

/// The world as the commands see it, built once.
pub(crate) struct Host {
    pub(crate) env: Env,
    /// Since the Unix epoch.
    pub(crate) now: Duration,
    printer: Cell<Printer>,
    attended: bool,
    program: String,
}

impl Host {
    pub(crate) fn of_process(words: &[OsString]) -> Result<Self, Exit> {
        let env = Env::of_process();
        let now = clock().ok_or(Exit::Undecided)?;
        let format = if wants_json(words) { Format::Json } else { Format::Text };
        let attended = std::io::stderr().is_terminal() && env.text("CI").is_none();
        let program = words.first().map_or_else(|| "secureml".to_owned(), |word| word.to_string_lossy().into_owned());
        let printer = Cell::new(Printer { format, quiet: false, warnings: true, muted: false });
        Ok(Self { env, now, printer, attended, program })
    }

    /// Takes what the command line says of output.
    pub(crate) fn set_output(&self, global: &GlobalArgs) {
        let warnings = !matches!(global.log_level.to_ascii_uppercase().as_str(), "ERROR" | "CRITICAL");
        self.printer.set(Printer { format: global.format, quiet: global.quiet, warnings, muted: false });
    }

    /// Keeps commands that run inside another one from writing JSON of their own.
    pub(crate) fn mute_json(&self) {
        let printer = self.printer.get();
        self.printer.set(Printer { muted: printer.format == Format::Json, ..printer });
    }

    /// Ends [`Host::mute_json`].
    pub(crate) fn unmute(&self) -> Printer {
        self.printer.set(Printer { muted: false, ..self.printer.get() });
        self.printer.get()
    }

    /// The name by which the program was called.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    pub(crate) fn printer(&self) -> Printer {
        self.printer.get()
    }

    /// The folder for what can be fetched again: `SECUREML_CACHE`, or `secureml` in the user's cache folder; `None` where
    /// there is no home.
    pub(crate) fn cache(&self) -> Option<PathBuf> {
        let below = |variable: &str, folders: &str| self.env.text(variable).map(|base| Path::new(base).join(folders));
        self.env
            .text("SECUREML_CACHE")
            .map(PathBuf::from)
            .or_else(|| below("XDG_CACHE_HOME", "secureml"))
            .or_else(|| below("LOCALAPPDATA", "secureml/cache"))
            .or_else(|| below("HOME", ".cache/secureml"))
    }

    /// The time since the Unix epoch at this very moment; before 1970 it is 1970.
    pub(crate) fn time(&self) -> Duration {
        clock().unwrap_or_default()
    }

    /// Whether somebody is there who can answer.
    pub(crate) fn is_attended(&self) -> bool {
        self.attended && std::io::stdin().is_terminal()
    }

    /// Bars where somebody watches, nothing elsewhere.
    pub(crate) fn progress(&self) -> Box<dyn Progress> {
        let printer = self.printer.get();
        if self.attended && !printer.quiet && printer.format == Format::Text {
            Box::new(Bars::default())
        } else {
            Box::new(NoProgress)
        }
    }

    /// Questions where somebody can answer.
    pub(crate) fn prompt(&self) -> Box<dyn Prompt> {
        if self.is_attended() { Box::new(TerminalPrompt) } else { Box::new(NoPrompt) }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the time enters the program")]
fn clock() -> Option<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok()
}
