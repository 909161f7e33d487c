//! What only a terminal has.

mod progress;
mod prompt;

pub(crate) use progress::Bars;
pub(crate) use prompt::TerminalPrompt;
