use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::Builder;

use super::authentic::{PackageRefused, signers};
use super::contents::{ShardCount, wanted};
use super::copied::{Copied, copy_failed, create};
use super::error::OpenError;
use super::open::OpenPackage;
use super::verify::{AcceptedPackage, PackageVerdict, judge_package, refusal};
use crate::fingerprint::hash_contents;
use crate::io::WriteError;
use crate::package::{Entry, EntryKind};
use crate::progress::Progress;
use crate::trust::TrustRoot;
use crate::verify::Verifier;

/// The end of an extraction.
#[derive(Debug)]
pub enum Extracted {
    /// The model is in place, and is what the package's signer signed.
    Verified(Box<AcceptedPackage>),
    /// The model is in place, and nobody vouches for it: that was asked for.
    Unverified,
    /// Nothing was extracted.
    Refused(Box<PackageRefused>),
}

/// What is extracted, and where to.
#[derive(Debug, Clone, Copy)]
pub struct ExtractRequest<'a> {
    /// The package.
    pub package: &'a File,
    /// The new folder.
    pub target: &'a Path,
    /// Everything as it lies in the package, instead of the model alone.
    pub all: bool,
}

/// Extracts the model of a package into a new folder; a model that is a single file too.
///
/// 1. Who signed the package is checked, unless `trust` is `None`.
/// 2. The files are copied into a folder beside the target that nobody else can enter, piece by piece; blocks are shared
///    where the file system can. Each piece is read again where it was written, and hashed while the next is copied.
/// 3. What was read is held against the manifest and the model signature.
/// 4. It reaches the disk, and the folder gets the target's name, in one step.
///
/// # Errors
/// [`OpenError`]; nothing is left then, and nothing that was there is touched.
pub fn extract_package(
    request: &ExtractRequest<'_>,
    trust: Option<(&TrustRoot, Duration)>,
    progress: &dyn Progress,
) -> Result<Extracted, OpenError> {
    let ExtractRequest { package, target, .. } = *request;
    if fs::symlink_metadata(target).is_ok() {
        return Err(OpenError::Exists { path: target.to_owned() });
    }
    let mut open = match OpenPackage::read(package) {
        Ok(open) => open,
        Err(error) => return refusal(error).map(|refused| Extracted::Refused(Box::new(refused))),
    };
    // 1.
    let signers = match trust {
        None => None,
        Some((trust, now)) => match signers(&open, &Verifier::new(trust, now))? {
            Ok(signers) => Some(signers),
            Err(refused) => return Ok(Extracted::Refused(Box::new(refused))),
        },
    };
    // 2.
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let staging = Builder::new().prefix(".secureml-").suffix(".tmp").tempdir_in(parent).map_err(failed(parent))?;
    let root = staging.path().join("new");
    write_small(request, &open, &root)?;
    // Where nobody is asked for, nothing is compared either.
    let statement = signers.as_ref().and_then(|_| open.model_statement());
    let wanted = wanted(statement.as_ref().map(|statement| statement.manifest.serialization()));
    // Judged, and as long as the lists of files that are still needed.
    (open.model_signature, open.signatures) = (None, Vec::new());
    let mut shards = ShardCount::new(&wanted);
    open.index().model().iter().try_for_each(|entry| shards.add(entry.size))?;
    let files = open.index().model().iter().filter_map(|entry| {
        let path = entry.name.model_path()?;
        let place = root.join(place_of(request, entry)?);
        progress.expect(1, entry.size);
        Some(Copied::create((package, entry.data_offset), path, entry.size, place).map_err(OpenError::from))
    });
    let sums = hash_contents(&wanted, files, progress).map_err(copy_failed)?;
    // 3.
    let extracted = match signers {
        None => Extracted::Unverified,
        Some(signers) => match judge_package(open, signers, statement, &sums) {
            PackageVerdict::Accepted(accepted) => Extracted::Verified(accepted),
            PackageVerdict::Refused(refused) => return Ok(Extracted::Refused(refused)),
        },
    };
    // 4.
    sync(&root).map_err(failed(&root))?;
    move_into_place(&root, target)?;
    Ok(extracted)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Write(WriteError { path, source })
}

/// Where an entry goes, below the folder that is made; `None` for what is not asked for.
fn place_of(request: &ExtractRequest<'_>, entry: &Entry) -> Option<PathBuf> {
    match entry.name.model_path() {
        Some(path) if !request.all => Some(path.as_str().into()),
        None if !request.all => None,
        _ => Some(entry.name.as_str().into()),
    }
}

/// Makes the folder, and in it all that is not of the model.
fn write_small(request: &ExtractRequest<'_>, open: &OpenPackage, root: &Path) -> Result<(), OpenError> {
    fs::create_dir(root).map_err(failed(root))?;
    for entry in open.index().entries() {
        let Some(place) = place_of(request, entry) else { continue };
        let place = root.join(place);
        match entry.name.kind() {
            EntryKind::Model => {}
            // Anybody can add to these: what is no signature over this model or this package stays inside.
            EntryKind::Signature if !open.signs_this(entry.name.as_str()) => {}
            _ => write(&place, &open.read_small(request.package, entry)?).map_err(failed(&place))?,
        }
    }
    Ok(())
}

fn write(place: &Path, content: &[u8]) -> io::Result<()> {
    create(place)?.write_all(content)
}

/// Makes all below a folder reach the disk: at once where the system can do that.
#[cfg(target_os = "linux")]
fn sync(root: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(root)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_dir() {
            sync(&path)?;
        } else {
            File::open(path)?.sync_all()?;
        }
    }
    Ok(())
}

/// Gives the folder its name. Something that has appeared there meanwhile is not replaced, as far as the system can say.
fn move_into_place(from: &Path, target: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Write(WriteError { path: target.to_owned(), source });
    match rename_new(from, target) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(OpenError::Exists { path: target.to_owned() })
        }
        other => other.map_err(failed),
    }
}

#[cfg(target_os = "linux")]
fn rename_new(from: &Path, target: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, target, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => fs::rename(from, target),
        other => Ok(other?),
    }
}

#[cfg(not(target_os = "linux"))]
fn rename_new(from: &Path, target: &Path) -> io::Result<()> {
    // A folder is never put in the place of one that is not empty.
    fs::rename(from, target)
}
