//! Published test data that lie beside the checkout on some machines.

use std::path::{Path, PathBuf};

use super::skip;

/// `../shared/NAME` beside the checkout; where it is absent the caller skips, and this says so.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("{} is absent", path.display()));
    None
}
