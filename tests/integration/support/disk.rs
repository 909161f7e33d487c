use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::skip;

/// A file system of 64 KiB.
pub(crate) struct SmallDisk(pub(crate) PathBuf);

impl SmallDisk {
    /// Mounts it, where this user may; elsewhere `None`, said aloud.
    pub(crate) fn mount(place: &Path) -> Option<Self> {
        fs::create_dir(place).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(place).stderr(Stdio::null());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Self(place.to_owned()));
        }
        skip("this user may not mount a small disk");
        None
    }

    /// Fills it to the last byte, with one file.
    pub(crate) fn fill(&self) {
        let mut filler = File::create(self.0.join("filler")).unwrap();
        let mut block = 4096;
        while block > 0 {
            block = if filler.write_all(&vec![7; block]).is_ok() { block } else { block / 2 };
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the small disk stays mounted");
    }
}
