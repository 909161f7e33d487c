//! Where asynchronous code ends.

use std::io;

/// Runs a future to its end on this thread.
///
/// # Errors
/// Where the system has no room for an event queue.
pub fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(future))
}
