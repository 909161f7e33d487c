use std::fs::File;
use std::io;

/// Reads at a place in a file, without moving its cursor; fewer bytes than asked for may come, none at its end.
///
/// # Errors
/// What the system says.
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    use std::os::unix::fs::FileExt as _;
    #[cfg(windows)]
    use std::os::windows::fs::FileExt as _;
    loop {
        #[cfg(unix)]
        let read = file.read_at(buffer, offset);
        #[cfg(windows)]
        let read = file.seek_read(buffer, offset);
        match read {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Tells the system that a file will be read from front to back. Says whether it listened, which changes nothing.
pub fn hint_sequential(file: &File) -> bool {
    #[cfg(target_os = "linux")]
    return rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::Sequential).is_ok();
    #[cfg(not(target_os = "linux"))]
    {
        let _: &File = file;
        false
    }
}
