//! Proofs that a range of bytes belongs to a model.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Args;
use secureml::digest::{Algorithm, Digest};
use secureml::finding::Finding;
use secureml::fingerprint::ChunkProof;
use secureml::io::read_to_limit;
use secureml::model::ModelPath;
use secureml::render::Report;

use super::fingerprint::{say_signer, write_file};
use super::read;
use super::trusted::TrustedArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;
use crate::printer::plain;

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct ProveArgs {
    /// The file, by its name in the model; `.` for a model that is a single file.
    #[arg(value_name = "FILE")]
    file: String,
    /// The bytes from A to B, B not included; whole chunks around them are proved.
    #[arg(long, value_name = "A-B", value_parser = range)]
    range: Range<u64>,
    /// The model's fingerprint, with Merkle trees.
    #[arg(long, value_name = "FILE", default_value = "fingerprint.json")]
    fingerprint: PathBuf,
    /// Where the proof is written.
    #[arg(long, short, value_name = "FILE", default_value = "proof.json")]
    output: PathBuf,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct CheckProofArgs {
    /// The proof.
    #[arg(value_name = "PROOF")]
    proof: PathBuf,
    /// The bytes that it is about, in a file of their own; or the whole file that they belong to.
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// The model's Merkle root, where you know it: sha256:… as `fingerprint create` prints it.
    #[arg(long, value_name = "DIGEST", value_parser = root, conflicts_with = "fingerprint")]
    root: Option<Digest>,
    /// The model's signed fingerprint; goes with --public-key, --certificate-chain or --identity.
    #[arg(long, value_name = "FILE", required_unless_present = "root")]
    fingerprint: Option<PathBuf>,
    #[command(flatten)]
    trusted: TrustedArgs,
}

pub(crate) fn prove(args: &ProveArgs, host: &Host) -> Result<Exit, Failure> {
    let fingerprint = read::fingerprint(&args.fingerprint)?;
    let path = if args.file == "." { Ok(ModelPath::root()) } else { ModelPath::new(&*args.file) };
    let path = path.map_err(|error| Failure::new(Exit::Misuse, "cannot prove anything about this file", &error))?;
    let proof = ChunkProof::new(&fingerprint, &path, args.range.clone()).map_err(|error| {
        Failure::new(Exit::Misuse, format!("cannot prove anything about {}", args.file), &error).with_help(
            "name a file of the fingerprint and bytes that it has; `secureml fingerprint create` builds the trees",
        )
    })?;
    if args.output.is_file() && read_proof(&args.output).is_err() {
        return Err(Failure::plain(Exit::Misuse, format!("{} exists and is not a proof", args.output.display()))
            .with_help("give another path with --output, or remove the file first"));
    }
    let text = proof.to_json().map_err(std::io::Error::other).map_err(Failure::from)?;
    write_file(&args.output, |sink| sink.write_all(text.as_bytes()))?;
    let Range { start, end } = proof.range;
    let printer = host.printer();
    let (output, file) = (args.output.display().to_string(), plain(&args.file));
    printer.result(&format!("{} proves bytes {start}-{end} of {file}", plain(&output)))?;
    let report = Report::new("fingerprint", Exit::Accepted.outcome())
        .about(&*args.file, None)
        .with_output(args.output.display().to_string());
    printer.report(&report)?;
    Ok(Exit::Accepted)
}

pub(crate) fn check(args: &CheckProofArgs, host: &Host) -> Result<Exit, Failure> {
    if args.fingerprint.is_none() && args.trusted.is_any_given() {
        return Err(Failure::plain(Exit::Misuse, "a root is given, and somebody to trust for a signed fingerprint")
            .with_help("leave one of the two out: no signature is looked at where --root is given"));
    }
    let proof = read_proof(&args.proof)?;
    let known = match &args.fingerprint {
        None => None,
        Some(path) => Some(read::verified_fingerprint(path, Some(&args.trusted.required(host)?), host)?),
    };
    let signed = known.as_ref().and_then(|known| known.fingerprint.merkle_root());
    let Some(root) = args.root.or(signed) else {
        return Err(Failure::plain(Exit::Refused, "the fingerprint has no Merkle trees")
            .with_help("make one with `secureml fingerprint create`, without `--no-merkle`"));
    };
    let name = format!("bytes {}-{} of {}", proof.range.start, proof.range.end, proof.path);
    let fault = fault(&args.data, &proof, &root)?;
    let findings: Vec<Finding> = fault.map(|text| Finding::error("proof-invalid", text)).into_iter().collect();
    let exit = if findings.is_empty() { Exit::Accepted } else { Exit::Refused };
    let printer = host.printer();
    let authentic = known.as_ref().and_then(read::Known::authentic);
    if findings.is_empty() {
        say_signer(authentic, host);
        printer.result(&format!("{} belong to the model {root}", plain(&name)))?;
    } else {
        let message = format!("{} is not proved to be {name}", args.data.display());
        let help = Some("get the bytes, and the proof, again from where they came from".to_owned());
        printer.failure(&Failure { findings: findings.clone(), help, ..Failure::plain(exit, message) });
    }
    let report = Report::new("fingerprint", exit.outcome())
        .about(args.data.display().to_string(), None)
        .signed_by(authentic)
        .with_findings(&findings);
    printer.report(&report)?;
    Ok(exit)
}

/// The proof in a file; nothing is proved by reading it.
fn read_proof(path: &Path) -> Result<ChunkProof, Failure> {
    let unreadable = |error: &dyn std::error::Error| {
        Failure::new(Exit::Undecided, format!("cannot use the proof {}", path.display()), error)
            .with_help("make one with `secureml fingerprint prove`")
    };
    let text = read_to_limit(path, MAX_PROOF_BYTES).map_err(|error| unreadable(&error))?;
    let text = String::from_utf8(text).map_err(|error| unreadable(&error))?;
    ChunkProof::from_json(&text).map_err(|error| unreadable(&error))
}

/// What speaks against the proof.
fn fault(data: &Path, proof: &ChunkProof, root: &Digest) -> Result<Option<String>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::Undecided, format!("cannot read {}", data.display()), &error).with_help("check the path")
    };
    let mut file = File::open(data).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let wanted = proof.range.end.saturating_sub(proof.range.start);
    let start = match size {
        _ if size == wanted => 0,
        _ if size == proof.size => proof.range.start,
        _ => {
            let whole = proof.size;
            return Ok(Some(format!(
                "it has {size} bytes: neither the {wanted} of the range nor the {whole} of the file"
            )));
        }
    };
    file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
    let mut hasher = proof.hasher();
    let mut rest = file.take(wanted);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = rest.read(&mut buffer).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
    Ok(match proof.root(&hasher.finish()) {
        Some(found) if found == *root => None,
        Some(_) => Some("the bytes, or the proof, belong to another model".to_owned()),
        None => Some("the parts of the proof do not fit each other".to_owned()),
    })
}

/// Two numbers with a hyphen between.
fn range(text: &str) -> Result<Range<u64>, String> {
    let (start, end) = text.split_once('-').ok_or("not of the form A-B")?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text:?} is not a number of bytes"));
    let (start, end) = (number(start)?, number(end)?);
    if start < end { Ok(start..end) } else { Err("the range is empty".to_owned()) }
}

fn root(text: &str) -> Result<Digest, String> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    Digest::from_hex(Algorithm::Sha256, digits).map_err(|error| error.to_string())
}

const BUFFER_BYTES: usize = 128 << 10;
/// Some thousand nodes at most; 1 MiB holds ten thousand.
const MAX_PROOF_BYTES: u64 = 1 << 20;
