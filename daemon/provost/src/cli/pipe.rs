//! Who has read enough of what is printed (`provost export | head`) ends the command, as any other program.

use signal_hook::consts::SIGPIPE;
use signal_hook::flag::register_conditional_default;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

/// Whether SIGPIPE ends the process.
static ENDS: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From here on it does.
///
/// # Errors
/// If the handler cannot be installed.
pub(super) fn ends_us() -> std::io::Result<()> {
    register_conditional_default(SIGPIPE, Arc::clone(&ENDS))?;
    ENDS.store(true, Ordering::SeqCst);
    Ok(())
}

/// Not during this work: a daemon that closes its connection is an error, which has words.
pub(super) fn spares<T>(work: impl FnOnce() -> T) -> T {
    let before = ENDS.swap(false, Ordering::SeqCst);
    let done = work();
    ENDS.store(before, Ordering::SeqCst);
    done
}
