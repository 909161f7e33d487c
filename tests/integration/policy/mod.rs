//! Policies at work: whose signatures count, what else a rule asks for, and the commands around the file.

mod certificates;
mod commands;
mod files;
mod keyless;
mod lock;
mod place;
mod thresholds;
