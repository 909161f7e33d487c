use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The right to change a policy, which one process has at a time: a lock on a file beside it, `NAME.lock`.
///
/// The policy cannot be locked itself, as a change puts another file in its place. A process that is killed loses the
/// lock; at most the empty file stays, which bothers nobody.
#[derive(Debug)]
pub(super) struct Exclusive {
    path: PathBuf,
    /// Closed last, so that nobody has the lock before the file is gone.
    _lock: File,
}

impl Exclusive {
    /// Takes the right to change the policy at `path`, which need not be there yet; `None` while somebody else has it.
    ///
    /// # Errors
    /// What the system says where the file beside it cannot be made, or cannot be locked.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        let path = beside(path);
        let lock = File::options().create(true).truncate(false).write(true).open(&path)?;
        match lock.try_lock() {
            Ok(()) if is_there(&lock, &path)? => Ok(Some(Self { path, _lock: lock })),
            // Whoever had it before has removed the file since it was opened, and others lock a new one.
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        // Elsewhere a file that is open cannot be told from a new one of the same name, so it stays.
        if cfg!(unix) {
            // An empty file that stays does no harm.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// The file that stands for the right, the same for all links to one policy.
fn beside(path: &Path) -> PathBuf {
    let mut name: OsString = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).into();
    name.push(".lock");
    name.into()
}

/// Whether the open file is the one that has this name now.
#[cfg(unix)]
fn is_there(open: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let open = open.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Nobody removes it here.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same form as where the system is asked")]
fn is_there(_open: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_the_right_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.yaml");
        let first = Exclusive::take(&path).unwrap().unwrap();
        assert!(Exclusive::take(&path).unwrap().is_none());
        drop(first);
        assert_eq!(folder.path().join("p.yaml.lock").exists(), !cfg!(unix));
        // What a killed process left.
        File::create(folder.path().join("p.yaml.lock")).unwrap();
        assert!(Exclusive::take(&path).unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn links_to_one_policy_share_the_right() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("p.yaml"), folder.path().join("link.yaml"));
        File::create(&path).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let first = Exclusive::take(&path).unwrap();
        assert!(first.is_some());
        assert!(Exclusive::take(&link).unwrap().is_none());
    }

    /// A file that was removed after it was opened, and before it was locked.
    #[cfg(unix)]
    #[test]
    fn a_lock_on_what_was_removed_means_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let opened = File::create(&path).unwrap();
        assert!(is_there(&opened, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!is_there(&opened, &path).unwrap());
        File::create(&path).unwrap();
        assert!(!is_there(&opened, &path).unwrap());
    }
}
