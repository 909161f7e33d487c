//! SecureML signs machine-learning models and verifies them, in the format of
//! [OpenSSF Model Signing](https://github.com/ossf/model-signing-spec) (OMS) 1.0: a Sigstore bundle around a DSSE
//! envelope around an in-toto statement that lists the model's files. The program `secureml` is a thin face of this
//! library.
//!
//! # Signing
//!
//! ```
//! # use std::path::Path;
//! use secureml::crypto::Curve;
//! use secureml::ops::{DigestRequest, Selection, SignRequest, SingleFileName, sign};
//! use secureml::progress::NoProgress;
//! use secureml::sign::{FileKey, KeySigner};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (path, signature) = (folder.path().join("model"), folder.path().join("model.sig"));
//! # std::fs::create_dir(&path)?;
//! # std::fs::File::create(path.join("weights.bin"))?;
//! let key = FileKey::generate(Curve::P256)?; // or FileKey::from_pem(&content, || passphrase)
//! let selection = Selection::default();
//! let model = DigestRequest {
//!     model: &path,
//!     method: Default::default(),
//!     algorithm: Default::default(),
//!     symlinks: Default::default(),
//!     selection: &selection,
//! };
//! let request = SignRequest { model, signature: &signature, single_file: SingleFileName::Dot, fingerprint: None };
//! let signed = sign(&request, &KeySigner::new(&key), &NoProgress)?;
//! println!("signed {}", signed.manifest.root_digest());
//! # Ok(())
//! # }
//! ```
//!
//! # Verifying
//!
//! ```
//! # use std::path::Path;
//! use std::time::{SystemTime, UNIX_EPOCH};
//!
//! use secureml::crypto::PublicKey;
//! use secureml::ops::{Links, Selection, Verdict, VerifyRequest, verify};
//! use secureml::{manifest::UnsignedFiles, progress::NoProgress, trust::TrustRoot};
//!
//! # fn check(model: &Path, signature: &Path, pem: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let trust = TrustRoot::Key(PublicKey::from_pem(pem)?);
//! let selection = Selection::default();
//! let (unsigned_files, links) = (UnsignedFiles::Refuse, Links::AsSigned);
//! let request = VerifyRequest { model, signature, selection: &selection, unsigned_files, links };
//! let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
//! match verify(&request, &trust, now, &NoProgress)? {
//!     Verdict::Accepted { verified, .. } => println!("signed by {}", verified.authentic().identity()),
//!     Verdict::Refused(refused) => println!("do not use it: {:?}", refused.findings),
//! }
//! # Ok(())
//! # }
//! # let folder = tempfile::tempdir().unwrap();
//! # assert!(check(folder.path(), &folder.path().join("model.sig"), b"").is_err());
//! ```
//!
//! # What it guards against
//!
//! Whoever can change a model, its signature, or both, between signer and user: in a registry, a bucket, a cache, a
//! repository, on the wire. An accepted model holds exactly the files that the trusted signer signed, by name and
//! content, besides what the signer or the verifier left out by name. The bundle, the model and every name in them are
//! taken for hostile: nothing in a bundle counts before its signature holds, whom to trust never comes from it, and
//! every read of it has a ceiling.
//!
//! It does not say that a model is harmless, that the signer was right to sign it, or that a file does not change after
//! it was read. It does not guard against whoever holds the signer's key, or can change this program.
//!
//! # Floors
//!
//! A module uses modules of lower floors only; `tests/architecture.rs` holds it to that.
//!
//! | floor | modules | question it answers |
//! |---|---|---|
//! | 8 | [`render`] | one output format each |
//! | 7 | [`ops`] | one use case each |
//! | 6 | [`package`], [`sign`], [`verify`] | carry a model; make a bundle; believe a bundle |
//! | 5 | [`oms`] | the signed documents: statement, envelope, bundle |
//! | 4 | [`fingerprint`] | several digests of each file, and Merkle trees |
//! | 3 | [`manifest`], [`policy`] | what a model consists of; who must have signed what |
//! | 2 | [`model`], [`trust`] | the files of a model; whom we trust |
//! | 1 | [`crypto`], [`digest`], [`mod@env`], [`finding`], [`http`], [`io`], [`progress`], [`prompt`] | nouns without a domain |

pub mod crypto;
pub mod digest;
pub mod env;
pub mod finding;
pub mod fingerprint;
pub mod http;
pub mod io;
pub mod manifest;
pub mod model;
pub mod oms;
pub mod ops;
pub mod package;
pub mod policy;
pub mod progress;
pub mod prompt;
pub mod render;
pub mod sign;
pub mod trust;
pub mod verify;
