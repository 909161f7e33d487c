use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use secureml::progress::Progress;
use signal_hook::consts::{SIGINT, SIGTERM};

/// Lets Ctrl-C end work that has something to clear away. A second one ends the program at once.
pub(crate) struct Interruptible {
    inner: Box<dyn Progress>,
    /// The signal that came, or 0.
    signal: Arc<AtomicUsize>,
}

impl Interruptible {
    pub(crate) fn new(inner: Box<dyn Progress>) -> io::Result<Self> {
        let signal = Arc::new(AtomicUsize::new(0));
        let came = Arc::new(AtomicBool::new(false));
        for (number, value) in SIGNALS {
            // In this order: the first one sets the flag after it was looked at.
            signal_hook::flag::register_conditional_default(number, Arc::clone(&came))?;
            signal_hook::flag::register(number, Arc::clone(&came))?;
            signal_hook::flag::register_usize(number, Arc::clone(&signal), value)?;
        }
        Ok(Self { inner, signal })
    }

    /// Ends the program as the signal would have, if one came.
    pub(crate) fn end(&self) -> io::Result<()> {
        let came = self.signal.load(Ordering::SeqCst);
        let Some((number, _)) = SIGNALS.iter().find(|(_, value)| *value == came) else { return Ok(()) };
        signal_hook::low_level::emulate_default_handler(*number)
    }
}

impl Progress for Interruptible {
    fn expect(&self, files: u64, bytes: u64) {
        self.inner.expect(files, bytes);
    }

    fn advance(&self, bytes: u64) {
        self.inner.advance(bytes);
    }

    fn file_done(&self) {
        self.inner.file_done();
    }

    fn finish(&self) {
        self.inner.finish();
    }

    fn is_stopped(&self) -> bool {
        self.signal.load(Ordering::Relaxed) != 0
    }
}

/// What asks a program to end, and a number other than 0 for each.
const SIGNALS: [(i32, usize); 2] = [(SIGINT, 1), (SIGTERM, 2)];
