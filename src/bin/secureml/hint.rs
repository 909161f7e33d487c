//! What to do next, in flags and commands: only the program knows them, so the library's errors leave it out.

use std::io::ErrorKind;

use secureml::crypto::ChainError;
use secureml::finding::Finding;
use secureml::http::HttpError;
use secureml::manifest::{HashError, ManifestError};
use secureml::model::{Oddity, TreeError};
use secureml::ops::package::{CreateError, OpenError};
use secureml::ops::{CompareError, HashAllError, SignModelError, VerifyModelError};
use secureml::package::{AppendError, PackageError};
use secureml::sign::{KeylessError, SignError, TokenError};
use secureml::trust::sigstore::SigstoreError;
use secureml::verify::{BundleFault, KeylessFault};

use crate::exit::Exit;
use crate::options::{self, Options};

/// How signing ends with this error, and what to do.
pub(crate) fn for_signing(error: &SignModelError, options: Options) -> (Exit, Option<String>) {
    let target = options.with_target();
    match error {
        SignModelError::Hash(error) => for_hashing(error, options),
        SignModelError::Ignore(_) => (Exit::Misuse, None),
        SignModelError::OverModel { .. } => (Exit::Misuse, Some(format!("give another path{target}"))),
        SignModelError::OverOtherFile { .. } => {
            (Exit::Misuse, Some(format!("give another path{target}, or remove the file first")))
        }
        SignModelError::OverSigned { .. } => {
            (Exit::Misuse, text("give another path for the fingerprint, or move the file away first"))
        }
        SignModelError::Write(error) if error.source.kind() == ErrorKind::NotFound => {
            (Exit::Undecided, Some(format!("make the folder first, or give another path{target}")))
        }
        SignModelError::Write(_) => {
            (Exit::Undecided, Some(format!("give a place that can be written to and has room{target}")))
        }
        SignModelError::Sign(SignError::Keyless(error)) => (Exit::Undecided, for_signing_keyless(error)),
        SignModelError::Check(_) => (
            Exit::Undecided,
            text("check this machine's clock; if it is right, the Sigstore instance is not the one of this trust root"),
        ),
        SignModelError::Differs { .. } => (
            Exit::Refused,
            text(
                "restore the model that was signed, or sign this one anew, without --add, and let the others sign again",
            ),
        ),
        SignModelError::NoFirst(_) => (Exit::Undecided, text("name the first signature with --signature")),
        SignModelError::First { .. } | SignModelError::FirstStatement { .. } => (
            Exit::Refused,
            text("get the first signature again from where it came from, or sign the model anew, without --add"),
        ),
        _ => (Exit::Undecided, None),
    }
}

/// What to do where an identity does not sign.
pub(crate) fn for_signing_keyless(error: &KeylessError) -> Option<String> {
    match error {
        KeylessError::NoIdentity { .. } => text(
            "run it in such an environment, give a token with --identity-token or SIGSTORE_ID_TOKEN, or log in at a \
             terminal; or sign with a key: `secureml sign key …`",
        ),
        KeylessError::NoPermission { .. } => text(
            "add `permissions: id-token: write` (and `contents: read`) to the job; workflows of pull requests from \
             forks never get it",
        ),
        KeylessError::Token(TokenError::Expired { .. }) => {
            text("get a new token; if it is new, check this machine's clock")
        }
        KeylessError::Token(_) => text("give the token itself, three parts with dots between them"),
        KeylessError::LoggedAlready { .. } => text("sign again; the entry that nobody uses does no harm"),
        KeylessError::NoClaim { .. } => {
            text("ask for a token with the scope `email`, or use another identity provider")
        }
        KeylessError::Login { .. } => {
            text("try again, or log in elsewhere and type the code in with --oauth-force-oob")
        }
        KeylessError::Http(HttpError::Status { service: "Fulcio", status: 400 | 401 | 403, .. }) => text(
            "Fulcio does not accept the identity token: check that it is fresh, that its issuer is one that this Fulcio \
             knows, and that its audience is `sigstore` (or what --client-id says)",
        ),
        KeylessError::Http(error) => for_network(error)
            .or_else(|| text("check the network and the URL, and try again; no signature was written")),
        KeylessError::Ambient { environment: "GitLab", .. } => {
            text("add `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore` to the job")
        }
        KeylessError::Ambient { .. } => text("see whether the job may ask for identity tokens, and try again"),
        _ => text("try again; if it happens again, tell those who run the Sigstore instance"),
    }
}

/// How describing a model ends with this error, and what to do.
pub(crate) fn for_hashing(error: &HashAllError, options: Options) -> (Exit, Option<String>) {
    match error {
        HashAllError::Hash(error) => for_reading(error, options),
        HashAllError::Odd { findings } => {
            let links = findings.iter().any(|finding| finding.message == Oddity::Link.to_string());
            let help = match (options.has("--ignore-paths"), links && options.has("--allow-symlinks")) {
                (true, true) => {
                    "leave them out with --ignore-paths, or sign what the links point to with --allow-symlinks"
                }
                (true, false) => "leave them out with --ignore-paths, or remove them",
                (false, _) => {
                    "remove them, or sign the model anew: `secureml sign --ignore-paths PATH` leaves them out"
                }
            };
            (Exit::Refused, text(help))
        }
        HashAllError::Manifest(ManifestError::Empty) => {
            let check = if options.has("--ignore-paths") { ", and check --ignore-paths" } else { "" };
            (Exit::Refused, Some(format!("give the folder or file that holds the model{check}")))
        }
        HashAllError::Manifest(_) => (Exit::Refused, None),
        HashAllError::Chunks(_) => (Exit::Misuse, text("give a larger --chunk-size, or none")),
        _ => (Exit::Misuse, None),
    }
}

/// How verifying ends with this error, and what to do.
pub(crate) fn for_verifying(error: &VerifyModelError, options: Options) -> (Exit, Option<String>) {
    match error {
        VerifyModelError::Ignore(_) => (Exit::Misuse, None),
        VerifyModelError::Hash(error) => for_reading(error, options),
        VerifyModelError::TrustRoot { .. } => {
            (Exit::Undecided, text("run `secureml trust update`, or give another file with --trust-config"))
        }
        _ => (Exit::Undecided, Some(given("check the path", &options.with_signature()))),
    }
}

/// How making a package, or adding to one, ends with this error, and what to do.
pub(crate) fn for_packaging(error: &CreateError, options: Options) -> (Exit, Option<String>) {
    let target = options.with_target();
    match error {
        CreateError::Hash(error) => for_hashing(error, options),
        CreateError::Sign(error) => for_signing(error, options),
        CreateError::Differs { .. } => {
            (Exit::Refused, text("restore the model that was signed, or sign this one anew, and package it then"))
        }
        CreateError::Signature { .. } | CreateError::Statement { .. } => {
            (Exit::Refused, text("give the model's signature with --signature; `secureml sign` makes one"))
        }
        CreateError::Attestation { .. } => {
            (Exit::Refused, text("give a Sigstore bundle; other files go in as reports"))
        }
        CreateError::OtherSubject { .. } => (
            Exit::Refused,
            text("check that it is the statement about this model; what belongs with it otherwise goes in as a report"),
        ),
        CreateError::Name(_) => (
            Exit::Refused,
            text("rename the file, sign the model anew, and package it then: no such name unpacks everywhere"),
        ),
        CreateError::SameName { .. } => {
            (Exit::Misuse, text("rename one of them: the package keeps file names, not folders"))
        }
        CreateError::OtherStatement { .. } => {
            (Exit::Refused, text("sign the package itself, with --private-key or an identity"))
        }
        CreateError::Exists { .. } => {
            (Exit::Misuse, Some(format!("give another path{target}, or replace it with --overwrite")))
        }
        CreateError::OverOtherFile { .. } | CreateError::NotAFile { .. } | CreateError::InModel { .. } => {
            (Exit::Misuse, Some(format!("give another path{target}")))
        }
        CreateError::Read(_) => (Exit::Undecided, text("check the path")),
        CreateError::Write(error) if error.source.kind() == ErrorKind::NotFound => {
            (Exit::Undecided, Some(format!("make the folder first, or give another path{target}")))
        }
        CreateError::Write(_) => {
            (Exit::Undecided, Some(format!("give a place that can be written to and has room{target}")))
        }
        CreateError::Broken { .. } => {
            (Exit::Refused, text("get the package again from where it came from, and do not use this one"))
        }
        CreateError::Open(error) => for_package(error),
        CreateError::Package(error) if error.is_refusal() => (Exit::Refused, None),
        CreateError::Package(PackageError::Write(_)) => {
            (Exit::Undecided, Some(format!("give a place that can be written to and has room{target}")))
        }
        CreateError::Append(AppendError::Package(error)) if error.is_refusal() => {
            (Exit::Refused, text("get the package again from where it came from, and do not use this one"))
        }
        CreateError::Manifest(_) | CreateError::Full => (Exit::Refused, None),
        _ => (Exit::Undecided, None),
    }
}

/// How reading a package ends with this error, and what to do.
pub(crate) fn for_package(error: &OpenError) -> (Exit, Option<String>) {
    match error {
        OpenError::Package(error) if error.is_refusal() => {
            (Exit::Refused, text("get the package again from where it came from, and do not use this one"))
        }
        OpenError::Hash(error) => for_reading(error, options::PACKAGE_VERIFY),
        OpenError::Verify(error) => for_verifying(error, options::PACKAGE_VERIFY),
        OpenError::Exists { .. } => (Exit::Misuse, text("give another folder with --output, or move it away first")),
        OpenError::NoFile { .. } => (Exit::Misuse, text("`secureml package ls` lists the files")),
        OpenError::Aside(_) => (Exit::Undecided, text("name a folder that can be written to, and has room, in TMPDIR")),
        OpenError::Write(_) => (Exit::Undecided, text("give a place that can be written to, and has room")),
        _ => (Exit::Undecided, text("check the path")),
    }
}

/// How comparing a model with a fingerprint ends with this error, and what to do.
pub(crate) fn for_comparing(error: &CompareError) -> (Exit, Option<String>) {
    match error {
        CompareError::Hash(error) => for_reading(error, options::FINGERPRINT_VERIFY),
        _ => (Exit::Misuse, None),
    }
}

fn for_reading(error: &HashError, options: Options) -> (Exit, Option<String>) {
    match error {
        HashError::Tree(TreeError::Root { kind: Oddity::Link, .. }) => {
            let or = if options.has("--allow-symlinks") { ", or --allow-symlinks" } else { "" };
            (Exit::Refused, Some(format!("give the path that the link points to{or}")))
        }
        HashError::Tree(TreeError::Root { .. }) => (Exit::Refused, text("a model is a file or a folder")),
        HashError::Tree(TreeError::Read { source, .. }) | HashError::Read { source, .. } => {
            (Exit::Undecided, for_io(source.kind(), options))
        }
        HashError::Unstable { .. } => (Exit::Undecided, text("wait until nothing writes to the model, and try again")),
        HashError::TooMany { .. } if options.has("--shard-size") => (Exit::Misuse, text("give a larger --shard-size")),
        _ => (Exit::Undecided, None),
    }
}

/// What to do where there is no trust root.
pub(crate) fn for_trust_root(error: &SigstoreError, options: Options) -> Option<String> {
    let network = || {
        let offline = if options.has("--offline") { "--offline or " } else { "" };
        Some(format!("check the network, or go by what is on this machine with {offline}--trust-config FILE"))
    };
    match error {
        SigstoreError::Http(error) => for_network(error).or_else(network),
        SigstoreError::Expired { .. } => text(
            "run `secureml trust update` where there is a network; where there never is one, give a current one with \
             --trust-config FILE",
        ),
        SigstoreError::NeverAsked { .. } => text("run `secureml trust update` with the same --tuf-url and --tuf-root"),
        SigstoreError::Repository { .. } => text(
            "check this machine's clock and, where you gave it, --tuf-root; if they are right, tell those who run the \
             repository, and sign or verify nothing",
        ),
        SigstoreError::Interrupted { .. } => network(),
        SigstoreError::Workspace(_) => {
            text("name a folder that can be written to in TMPDIR, or give --trust-config FILE")
        }
        SigstoreError::Kept { .. } => text(
            "run `secureml trust update` where there is a network; where there never is one, give a current one with \
             --trust-config FILE",
        ),
        SigstoreError::Read(_) => text("check the path given with --trust-config"),
        SigstoreError::Malformed { .. } => {
            text("give the instance's ClientTrustConfig or TrustedRoot with --trust-config")
        }
        _ => None,
    }
}

/// What to do about a service that does not answer as it should; `None` where that depends on who asks.
pub(crate) fn for_network(error: &HttpError) -> Option<String> {
    match error {
        HttpError::Status { status: 301..=308, location: Some(location), .. } => {
            Some(format!("redirects are not followed; if you trust it, name {location} itself"))
        }
        HttpError::Status { status: 407, .. } => text("check the proxy's user and password in HTTPS_PROXY"),
        HttpError::Status { status: 429, .. } => text("the service is busy: try again later"),
        HttpError::Status { status: 500.., .. } => {
            text("the service has a fault: try again later, or see its status page")
        }
        HttpError::Url { .. } => text("give the URL with https://"),
        _ => None,
    }
}

/// What to do about a signature that does not hold.
pub(crate) fn for_fault(fault: &BundleFault, options: Options) -> String {
    match fault {
        BundleFault::OtherMethod { signed } if options == options::VERIFY => {
            format!("verify it with `secureml verify {signed} …`")
        }
        BundleFault::OtherMethod { .. } => {
            "name whom you trust in the way in which it was signed: --public-key, --certificate-chain, or --identity"
                .to_owned()
        }
        BundleFault::OtherKey { .. } => "give the public key of this model's signer with --public-key".to_owned(),
        BundleFault::Chain(ChainError::Expired { .. }) => {
            "ask for a signature with a valid certificate, or judge as of signing with --allow-expired-certificates"
                .to_owned()
        }
        BundleFault::Chain(ChainError::NotYetValid { .. }) => {
            "check this machine's clock, or ask the signer for a valid certificate".to_owned()
        }
        BundleFault::Chain(ChainError::NoIssuer { .. } | ChainError::Untrusted { .. }) => {
            "give the CA that you trust, up to its self-signed root, with --certificate-chain".to_owned()
        }
        BundleFault::Chain(_) | BundleFault::Usage { .. } | BundleFault::CertificateKey(_) => {
            "ask the signer for a signature with a certificate that was issued for signing".to_owned()
        }
        BundleFault::Keyless(fault) => for_keyless(fault),
        BundleFault::Signature => {
            "get the signature again from where the model came from, and check whose key you trust".to_owned()
        }
        _ => "ask the signer to sign the model anew, and do not use it until then".to_owned(),
    }
}

fn for_keyless(fault: &KeylessFault) -> String {
    match fault {
        KeylessFault::Identity(_) => {
            "do not use the model unless you know this signer; `secureml inspect SIGNATURE` shows all that is claimed"
        }
        KeylessFault::UnknownLog { .. } | KeylessFault::Untrusted { .. } => {
            "give the Sigstore instance of the signer with --trust-config or --use-staging, or run `secureml trust update`"
        }
        KeylessFault::Timestamp { .. } => {
            "check this machine's clock, and that the trust root is that of the signer's instance (`secureml trust \
             show`); if both are right, get the signature again and do not use the model until then"
        }
        KeylessFault::NoTime { .. } => "check this machine's clock; if it is right, ask the signer to sign with a timestamp authority",
        KeylessFault::TrustRoot { .. } => "run `secureml trust update`, or give another file with --trust-config",
        KeylessFault::LogEntries { found: 0 } => "ask the signer to sign with a transparency log",
        _ => "get the signature again from where the model came from, and do not use the model until then",
    }
    .to_owned()
}

/// What to do about a model that is not what was signed: the next step for the first reason that has one.
pub(crate) fn for_findings(findings: &[Finding], options: Options) -> Option<String> {
    findings.iter().find_map(|finding| {
        text(match finding.rule {
            "signature-malformed" => "get the signature again from where the model came from",
            "file-lfs-pointer" => "run `git lfs pull`, then verify again",
            "file-line-endings" => "mark model files as binary in .gitattributes (`* -text`), and check them out again",
            "file-link" => {
                "replace the link by what was signed in its place; whether links are followed was the signer's choice"
            }
            "file-unsigned" if options.has("--ignore-unsigned-files") => {
                "remove what was added, leave it out with --ignore-paths, or accept it with --ignore-unsigned-files"
            }
            "file-unsigned" if options.has("--ignore-paths") => {
                "remove what was added, or leave it out with --ignore-paths"
            }
            "file-unsigned" => "remove what was added, or sign the model anew with it",
            "file-ignored" => "verify without --ignore-paths for what was signed",
            "file-changed" | "file-missing" | "file-renamed" => {
                "get the model again from its source, and do not use this copy"
            }
            "model-kind" | "model-not-a-file" => "give the model that was signed, as a folder or as a file",
            _ => return None,
        })
    })
}

/// The findings that an error brings along.
pub(crate) fn findings(error: &HashAllError) -> Vec<Finding> {
    match error {
        HashAllError::Odd { findings } => findings.clone(),
        _ => Vec::new(),
    }
}

fn for_io(kind: ErrorKind, options: Options) -> Option<String> {
    match kind {
        ErrorKind::NotFound => text("check the path of the model"),
        ErrorKind::PermissionDenied if options.has("--ignore-paths") => {
            text("make it readable for this user, or leave it out with --ignore-paths")
        }
        ErrorKind::PermissionDenied => text("make it readable for this user"),
        _ => None,
    }
}

/// Which path is meant, where an option gave it.
fn given(what: &str, with: &str) -> String {
    if with.is_empty() { what.to_owned() } else { format!("{what} given{with}") }
}

fn text(help: &str) -> Option<String> {
    Some(help.to_owned())
}
