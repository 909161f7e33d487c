//! Keyless signatures before a verifier: those that the reference tool's makers published, with every byte of them turned
//! over, and those of an instance that these tests make up.

mod bytes;
mod fields;
mod fingerprint;
mod flips;
mod historical;
mod identities;
pub(crate) mod instance;
mod logs;
mod packages;
mod places;
mod published;
pub(crate) mod scene;
mod signers;
mod subject;
mod swaps;
mod timestamps;
