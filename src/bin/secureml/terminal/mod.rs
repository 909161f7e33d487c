//! What only a terminal has.

mod interrupt;
mod progress;
mod prompt;

pub(crate) use interrupt::Interruptible;
pub(crate) use progress::Bars;
pub(crate) use prompt::TerminalPrompt;
