//! Waiting for another process, always with a deadline.

use std::time::{Duration, Instant};

/// How long anything on this machine may take before the test gives up. Generous: machines under load are slow, and a
/// test that waits for nothing never waits this long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again until there is an answer.
///
/// # Panics
/// After [`PATIENCE`], with `what` and the last words of `state`.
pub fn until<T>(what: &str, state: impl Fn() -> String, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            Instant::now() < deadline,
            "waited {PATIENCE:?} for {what}\n{}",
            state()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
