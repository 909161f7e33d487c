use std::fs;
use std::path::{Path, PathBuf};

use super::Selection;
use super::compare::{Compared, Rules, compare};
use super::seal::{check_target, save, seal};
use super::selection::HashAllError;
use super::set::{leave_out, set_folder, signatures, signer_id};
use super::sign::{SignModelError, Signed};
use super::verify::Links;
use crate::finding::Finding;
use crate::io::WriteError;
use crate::manifest::UnsignedFiles;
use crate::model::{IgnoreRules, PathError};
use crate::oms::{Bundle, BundleError, Format, Statement};
use crate::progress::Progress;
use crate::sign::Signer;

/// Signs what the signature at `first` signs once more, and writes the bundle into the folder beside it.
///
/// Nothing is taken from the first signature but what is to be signed: the same statement, byte for byte. Nobody has
/// verified it, so the model is held against it, and it may leave nothing out but Git's own files, signatures, and what
/// `selection` names. A second signature of one signer takes the place of the first.
///
/// # Errors
/// [`SignModelError`]: [`SignModelError::Differs`] where the model is another one. Nothing was written then.
pub fn add_signature(
    (model, selection): (&Path, &Selection),
    first: &Path,
    signer: &dyn Signer,
    progress: &dyn Progress,
) -> Result<Signed, SignModelError> {
    let path = || first.to_owned();
    let bundle = Bundle::read(first).map_err(|error| match error {
        BundleError::Read(error) => SignModelError::NoFirst(error),
        source => SignModelError::First { path: path(), source },
    })?;
    let payload = bundle.envelope.payload;
    let statement = Statement::from_payload(&payload, Format::V1)
        .map_err(|source| SignModelError::FirstStatement { path: path(), source })?;
    signer.prepare()?;
    let folder = set_folder(first);
    let further = signatures(first).map_err(|source| WriteError { path: folder.clone(), source })?;
    let mut warnings = compare_all((model, selection), &statement, (first, &further), progress)
        .map_err(|error| error.into_sign_error(first))?;
    let (bundle, verified) = seal(signer, payload, |verifier, bundle| verifier.verify(bundle))?;
    let target = folder.join(format!("{}.sig", signer_id(&bundle.material)));
    let made = make_folder(&folder)?;
    let saved = check_target(&target, model).and_then(|()| Ok(save(&bundle, model, &target)?));
    if let Err(error) = saved {
        // Only an empty folder goes, and only one that was not there before.
        drop(made.then(|| fs::remove_dir(&folder)));
        return Err(error);
    }
    warnings.extend(seen_by_others(model, &folder, &statement));
    let authentic = verified.map(|verified| verified.authentic().clone());
    Ok(Signed { manifest: statement.manifest, fingerprint: None, warnings, bundle, path: target, authentic })
}

/// Why a comparison did not end well.
enum NotTheSame {
    Undecided(SignModelError),
    Differs(Vec<Finding>),
}

impl NotTheSame {
    fn into_sign_error(self, first: &Path) -> SignModelError {
        match self {
            Self::Undecided(error) => error,
            Self::Differs(findings) => SignModelError::Differs { path: first.to_owned(), findings },
        }
    }
}

/// Holds the model against the statement, with nothing left out but what the statement leaves out and our own files.
fn compare_all(
    (model, selection): (&Path, &Selection),
    statement: &Statement,
    (first, further): (&Path, &[PathBuf]),
    progress: &dyn Progress,
) -> Result<Vec<Finding>, NotTheSame> {
    let undecided = |error: PathError| NotTheSame::Undecided(error.into());
    let (mut ignore, warnings) = selection.rules(model, &[first]).map_err(undecided)?;
    leave_out(further, model, &mut ignore);
    let mut known = IgnoreRules::git();
    known.extend(&ignore);
    known.add_on_disk(model, &set_folder(first)).map_err(undecided)?;
    let hidden = statement.manifest.serialization().ignore.iter().filter(|path| known.rule_for(path).is_none());
    let hidden: Vec<Finding> = hidden.map(|path| Finding::error("file-ignored", HIDDEN).at(path.as_str())).collect();
    if !hidden.is_empty() {
        return Err(NotTheSame::Differs(hidden));
    }
    let rules = Rules {
        ignore: &ignore,
        ignore_git_paths: true,
        unsigned_files: UnsignedFiles::Refuse,
        links: Links::AsSigned,
    };
    match compare(model, &statement.manifest, &rules, progress) {
        Ok(Compared { is_same: true, findings }) => Ok(warnings.into_iter().chain(findings).collect()),
        Ok(Compared { findings, .. }) => Err(NotTheSame::Differs(findings)),
        Err(error) => Err(NotTheSame::Undecided(HashAllError::from(error).into())),
    }
}

/// Makes the folder, and says whether it was not there before.
fn make_folder(folder: &Path) -> Result<bool, WriteError> {
    match fs::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(_) if folder.is_dir() => Ok(false),
        Err(source) => Err(WriteError { path: PathBuf::from(folder), source }),
    }
}

/// A warning where the folder lies inside the model and the statement does not leave it out: other tools will then take
/// the new signature for a file that nobody signed.
fn seen_by_others(model: &Path, folder: &Path, statement: &Statement) -> Option<Finding> {
    let mut inside = IgnoreRules::default();
    let is_inside = inside.add_on_disk(model, folder).unwrap_or(false);
    let ignored = &statement.manifest.serialization().ignore;
    let is_left_out = inside.iter().all(|path| ignored.rule_for(path).is_some());
    let text = "lies inside the model, and the first signature does not leave it out: to other tools it is not signed";
    (is_inside && !is_left_out).then(|| Finding::warning("signature-set-inside", text).at(folder.display().to_string()))
}

/// What is said of a path that the first signature leaves out.
const HIDDEN: &str = "left out by the first signature; name it with --ignore-paths if you want to sign without it";
