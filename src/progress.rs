//! Progress of long work, reported to whoever shows it.

/// Hears how far hashing has come; called from several threads.
pub trait Progress: Sync {
    /// More work is known of: this many files and bytes on top of what was said before.
    fn expect(&self, files: u64, bytes: u64);
    /// This many bytes are done.
    fn advance(&self, bytes: u64);
    /// One file is done.
    fn file_done(&self);
    /// All work is done, or it was given up.
    fn finish(&self);
    /// Whether somebody wants the work to end. It is asked while files are read several ways at once; what was begun is
    /// then cleared away.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn expect(&self, _files: u64, _bytes: u64) {}
    fn advance(&self, _bytes: u64) {}
    fn file_done(&self) {}
    fn finish(&self) {}
}
