//! The program and the library as users meet them: one binary, one module a subject.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that fails here says where, and reads only files that it made"
)]

mod added;
mod certificate_faults;
mod certificates;
mod changing;
mod fingerprint;
mod hashing;
mod ignores;
mod key_faults;
mod keyless;
mod keys;
mod killed;
mod links;
mod many_files;
mod migrating;
mod mutation;
mod oms_data;
mod openssl;
mod output;
mod package;
mod passphrases;
mod pipes_and_modes;
mod pki;
mod places;
mod policy;
mod properties;
mod refusals;
mod schema;
mod signature_place;
mod signed;
mod special_files;
mod streams;
mod support;
mod terminal;
