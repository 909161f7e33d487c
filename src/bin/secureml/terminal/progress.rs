use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use secureml::progress::Progress;

/// Progress as a bar on standard error, for work that takes longer than a moment.
pub(crate) struct Bars {
    start: Instant,
    bar: OnceLock<ProgressBar>,
    bytes: AtomicU64,
    files: AtomicU64,
    bytes_done: AtomicU64,
    files_done: AtomicU64,
}

impl Default for Bars {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            bar: OnceLock::new(),
            bytes: AtomicU64::new(0),
            files: AtomicU64::new(0),
            bytes_done: AtomicU64::new(0),
            files_done: AtomicU64::new(0),
        }
    }
}

impl Bars {
    fn show(&self) {
        if self.start.elapsed() < MOMENT {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style);
            }
            bar
        });
        bar.set_length(self.bytes.load(Ordering::Relaxed));
        bar.set_position(self.bytes_done.load(Ordering::Relaxed));
        let done = self.files_done.load(Ordering::Relaxed);
        bar.set_message(format!("{done}/{} files", self.files.load(Ordering::Relaxed)));
    }
}

impl Progress for Bars {
    fn expect(&self, files: u64, bytes: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn advance(&self, bytes: u64) {
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
        self.show();
    }

    fn file_done(&self) {
        self.files_done.fetch_add(1, Ordering::Relaxed);
    }

    fn finish(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

/// Work that is done sooner shows no bar.
const MOMENT: Duration = Duration::from_millis(300);
const TEMPLATE: &str = "{bar:30} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left  {msg}";
