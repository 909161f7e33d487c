//! Fingerprints: taken, signed, compared, proved in part, and forged.

mod algorithms;
mod changes;
mod chunks;
mod content;
mod documents;
mod forgeries;
mod misuse;
mod oracle;
mod proofs;
mod scene;
mod signed;
mod statements;
#[cfg(unix)]
mod writing;
