//! The `.sml` package: a model, its signatures and what is known about it, in one file. Container, manifest and index;
//! who signed a package, and whether to believe it, is decided above.
//!
//! This page is the format's document, version 1.
//!
//! # What it is
//!
//! A package is a ZIP file of a narrow profile: everything is stored as it is, every field has one permitted value, and
//! every byte of the file belongs to something. From the names, sizes and contents of its entries follows each byte of
//! the file, so that the same input gives the same package, and a reader can hold a package to what a writer would have
//! written. Any ZIP program unpacks it; `unzip model.sml` leaves `model.sig` beside `model/`, as OMS verifiers want it.
//!
//! Files of the model begin at multiples of 4096 bytes. They can be read at any place, mapped into memory, or shared
//! with another file by file systems that share blocks.
//!
//! # Entries
//!
//! They stand in this order, within each line sorted by the bytes of their names. The first two are always there.
//!
//! | name | content | most bytes |
//! |---|---|---|
//! | `mimetype` | `application/vnd.secureml.package+zip`, without a line end | 64 |
//! | `secureml/manifest.json` | the manifest, below | 256 MiB |
//! | `model.sig` | the OMS bundle over what is below `model/` | 256 MiB |
//! | `secureml/package.sigstore.json` | the signed package statement, below | 256 MiB |
//! | `secureml/signatures/NN-ID.sigstore.json` | further signatures; two digits, then lower-case letters, digits, `-`, `_`, `.` | 256 MiB |
//! | `secureml/fingerprint.json` | more digests of the model | 256 MiB |
//! | `secureml/attestations/NAME.sigstore.json` | signed statements of others | 64 MiB |
//! | `secureml/reports/NAME` | reports | 64 MiB |
//! | `secureml/imported/…` | files of an older package, as they were; no program acts on them | 64 MiB |
//! | `README` | a text for people | 64 MiB |
//! | `model/…` | the files of the model | 2⁵³ |
//! | `secureml/signatures/NN-ID.sigstore.json` | signatures that were added later; their names go on rising | 256 MiB |
//!
//! There are no entries for folders, and no links.
//!
//! A name is UTF-8 of at most 1024 bytes and 64 parts, separated by `/`. No part is empty, `.` or `..`, ends in a dot or
//! a space, holds a control character, `\` or `:`, or is the name of a Windows device with or without an ending. No two
//! names, and no two folders in them, are the same after case folding and normalisation to NFC, or differ only in
//! characters that nobody sees; no file has the name of a folder. [`EntryName`] and [`Names`] hold these rules.
//!
//! # Records
//!
//! The entries, header and content each, fill the file from its first byte to the directory. Directory, ZIP64 end
//! record, ZIP64 locator and old end record fill the rest. Numbers are little-endian; "wide" is a value of 2³² − 1 or
//! more, which has all ones in its narrow field and stands in a ZIP64 field instead.
//!
//! | field | header of an entry | record in the directory |
//! |---|---|---|
//! | signature | `PK 03 04` | `PK 01 02` |
//! | made by | | 0x032d: Unix, version 4.5 |
//! | version needed | 45 with a ZIP64 field, else 10 | the same, by its own fields |
//! | flags | 0x0800: UTF-8, no encryption, no descriptor | the same |
//! | method | 0 | 0 |
//! | time, date | 0, 0x0021: 1980-01-01 00:00 | the same |
//! | CRC-32 | of the content | the same |
//! | compressed size, size | both the size | the same |
//! | lengths of name, extra field | as they are | as they are |
//! | comment, disk, internal attributes | | 0, 0, 0 |
//! | external attributes | | 0o100644 in the upper half, 0 in the lower |
//! | place of the header | | from the start of the file |
//! | name | | the same |
//! | extra field 0x0001 | size twice, if wide | size twice, if wide; place, if wide; else none |
//! | extra field 0xd935 | for `model/…` that would not begin at a multiple of 4096: 4096 in two bytes, then as few zeros as align the content | none |
//!
//! The ZIP64 end record has its shortest form (44), both versions as above, disks 0, the number of entries twice, size and
//! place of the directory. The locator has disk 0, the place of that record, and 1 disk. The old record has disks 0, and
//! the same numbers, all ones where they do not fit; there is no comment.
//!
//! # The manifest
//!
//! `secureml/manifest.json` is canonical JSON ([RFC 8785](https://www.rfc-editor.org/rfc/rfc8785)): keys sorted, no white
//! space. A reader writes again what it read, and refuses what differs. No other fields are there than these:
//!
//! | field | value |
//! |---|---|
//! | `formatVersion` | 1 |
//! | `created` | optional: whole seconds in UTC, `2026-01-31T12:00:00Z`; it makes two builds differ |
//! | `model.name`, `model.version` | up to 255 bytes without control characters; the version is optional |
//! | `model.omsRoot` | the SHA-256 digest in the subject of the OMS statement |
//! | `files[]` | each file of the model: `path` below `model/`, `size`, `sha256`, and where they were made `sha512`, `blake2b`, `merkleRoot` |
//! | `metadata[]` | each other entry, but `mimetype`, the manifest and signatures: `path`, `size`, `sha256` |
//!
//! Both lists are sorted by the bytes of `path`, and name nothing twice. Digests are lower-case hexadecimal, sizes whole
//! numbers up to 2⁵³. Package and manifest list the same files with the same sizes ([`PackageManifest::check`]).
//!
//! # The package statement
//!
//! Who makes a package signs an in-toto statement of version 1 in a Sigstore bundle, `secureml/package.sigstore.json`.
//! Its predicate type is `https://github.com/secureml/sign/package/v1`. Its subjects are, each with its SHA-256 digest:
//! `secureml/manifest.json`; then `model.sig`, if there is one; then every file of the model by its name in the package,
//! in the order of the package, if there are at most 1,024 of them, so that tools that know nothing of packages find the
//! file that they hold. The predicate is `{"formatVersion":1}`.
//!
//! Further signatures in `secureml/signatures/` are bundles over one of two payloads, byte for byte: that of `model.sig`,
//! those that stood beside it when the package was made; or that of `secureml/package.sigstore.json`, those that were
//! added to the package. Whoever verifies takes the first kind for signatures of the model alone; nothing but a package
//! statement vouches for the manifest. Others may be there, and count for nothing.
//!
//! # Adding a signature
//!
//! Only `secureml/signatures/NN-ID.sigstore.json` is ever added to a finished package. The new entry begins where the old
//! directory began; the new directory and end records follow it. No byte before them changes, however large the package.
//!
//! The old directory and end records are first saved to `NAME.tail` beside the package: the line
//! `secureml package tail 1`, their place, their length, the SHA-256 digest of these three and of them, and they
//! themselves. This file reaches the disk before the package is touched, and is removed after the new end reached it.
//! Whoever finds it later puts the old end back, provided that the package is then acceptable and holds what its manifest
//! lists; a saved end that is not
//! whole shows that the package was never touched ([`recover`]).
//!
//! # Reading
//!
//! *By position* ([`Index`]), in a file or over a network that serves ranges: the end records, the directory, every
//! header, the first entry. Then the manifest and the signatures are read; then any single file can be read and held to
//! the manifest, without the others.
//!
//! *As a stream* ([`StreamReader`]), each byte once: manifest and signatures come before the model, so that each file is
//! compared as it arrives. What was read counts only when the directory and the end records were found to say the same
//! and the stream ended; until then, nothing may be given out or put where it will be used.
//!
//! Both take and refuse the same packages. In either, a package is verified when
//!
//! 1. the container follows this document,
//! 2. a trusted signer signed a package statement, first or further, with exactly the subjects above,
//! 3. package and manifest list the same files, every entry that the manifest lists has its SHA-256 digest, and
//!    `secureml/fingerprint.json`, where it is there, is a fingerprint of the same files: names, sizes, and each digest and
//!    Merkle root that both have,
//! 4. `model.sig` is there, is over the same files, and its root is `omsRoot`. By the trusted signer it has to hold; by
//!    somebody else, the package's signer vouches for it as it is.
//!
//! `sha512`, `blake2b` and `merkleRoot` are what the signer says, unless the reader computes them: a verdict names what was
//! computed.
//!
//! # Limits
//!
//! 1,000,000 entries, 256 MiB of directory, and the sizes above; all further signatures together have at most 128 MiB.
//! No number in a package is trusted with memory: a reader
//! allocates for what has come. An index takes about 190 bytes an entry.
//!
//! # Security considerations
//!
//! - **Swapped parts.** The signed statement covers the manifest, and that every report, fingerprint and file. A part of
//!   another package, however well signed there, has another digest. Signatures do not cover each other: whoever holds
//!   a package can leave out a further signature or add one, so that policies must say which ones they require.
//! - **What is not covered.** `mimetype`, the signatures, and the container itself, of which no byte is free to choose once
//!   the entries are given. The CRC-32 finds accidents and proves nothing.
//! - **Bombs.** Nothing is compressed, no two entries share a byte, and sizes and overhead add up to the size of the file:
//!   a package unpacks to less than its own size. Counts and lengths have ceilings.
//! - **Two readings of one file.** ZIP readers differ in where they look: at headers or the directory, the first or the
//!   last of two equal names, the end record with or without a comment, one of two sizes, bytes before or behind. Here
//!   all of these are equal or absent. The content of a file can still hold whole ZIP records; a program that
//!   searches a package for them, instead of reading it from its end or its start, is deceived, and no format can help it.
//! - **Twins.** Names that one file system tells apart and another does not would let the last one win. They are refused,
//!   as are names that lead out of the folder, to a device, a stream or a drive, on whatever system the reader runs.
//! - **Truncation.** A package without its end is refused by position at once, as a stream at its end. A program that acts
//!   on the first part of a stream is what the rule above forbids.
//! - **Interrupted additions.** A package in the middle of one is no package, and refused. `NAME.tail` is believed only if
//!   the package is acceptable with it, and as its manifest says; a planted one can take back additions, and nothing else.
//! - **Unpacking unverified.** The safety of names does not make contents safe. Programs that unpack must verify first, or
//!   be told in plain words not to; what is unpacked goes to a new folder and never over an old one. A plain `unzip`
//!   verifies nothing.
//! - **Changes while reading.** A file that somebody else can write may change between check and use; digests must be
//!   taken of the bytes that are used.

mod append;
mod central;
mod content;
mod end;
mod entry;
mod error;
mod index;
mod local;
mod manifest;
mod manifest_json;
mod name;
mod names;
mod record;
mod sequence;
mod source;
mod stream;
mod tail;
mod writer;

pub use append::{AppendError, Appender, Recovered, is_interrupted, recover};
pub use content::{Content, Section};
pub use entry::{ALIGNMENT, Entry};
pub use error::PackageError;
pub use index::Index;
pub use manifest::{FileRecord, MetadataRecord, ModelRecord, PackageManifest, PackageManifestError};
pub use name::{EntryKind, EntryName, NameError};
pub use names::{Names, TwinError};
pub use source::{Source, read_exact_at};
pub use stream::{StreamContent, StreamReader};
pub use writer::{Hole, Writer};
