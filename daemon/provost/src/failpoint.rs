//! Points at which a test kills the daemon, to prove that nothing is lost there.
//!
//! `PROVOST_FAILPOINT=name` or `name:N` names the point and which visit to it ends the process, by SIGKILL: no
//! destructor runs, as in a power cut. Release builds hold none of this.

/// Ends the process here if the environment asks for it.
#[cfg(debug_assertions)]
pub fn hit(name: &str) {
    use nix::sys::signal::{Signal, raise};
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static ASKED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static VISITS: AtomicU32 = AtomicU32::new(0);

    // A test decides where to die before the process exists, so this is no setting that could be passed down.
    #[allow(clippy::disallowed_methods)]
    let asked = ASKED.get_or_init(|| std::env::var("PROVOST_FAILPOINT").ok().map(parsed));
    let Some((point, visit)) = asked else { return };
    if point == name && VISITS.fetch_add(1, Ordering::SeqCst) + 1 == *visit {
        let _ = raise(Signal::SIGKILL);
    }
}

#[cfg(debug_assertions)]
fn parsed(text: String) -> (String, u32) {
    match text.rsplit_once(':').map(|(name, n)| (name, n.parse())) {
        Some((name, Ok(visit))) => (name.to_owned(), visit),
        _ => (text, 1),
    }
}

/// Nothing in a release build.
#[cfg(not(debug_assertions))]
#[inline]
pub fn hit(_name: &str) {}
