//! What stops a plugin that runs too long, and keeps too many from running at once.
//!
//! Wasmtime counts epochs; a call is given a deadline in epochs. A thread advances them while calls run and sleeps
//! otherwise, so that an idle daemon wakes for nothing.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::limits::{CALL_TIME, CALLS_AT_ONCE, EPOCH};

#[derive(Debug, Default)]
struct Traffic {
    running: u32,
    ending: bool,
}

#[derive(Debug, Default)]
struct Shared {
    traffic: Mutex<Traffic>,
    /// A call has begun, or the engine goes away: of interest to the ticking thread.
    begun: Condvar,
    /// A call has ended: of interest to callers that wait for room.
    ended: Condvar,
}

impl Shared {
    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        // The two numbers are consistent after every statement, so that a panic elsewhere spoils nothing.
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Advances an engine's epochs while calls run.
#[derive(Debug)]
pub(crate) struct Brake {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// As long as it lives a call runs.
#[derive(Debug)]
pub(crate) struct Running<'b>(&'b Shared);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.traffic().running -= 1;
        self.0.ended.notify_one();
    }
}

impl Brake {
    /// Starts the ticking thread.
    ///
    /// # Errors
    /// The thread could not be started.
    pub(crate) fn new(engine: wasmtime::Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let thread = std::thread::Builder::new()
            .name("plugin-epochs".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || tick(&shared, &engine)
            })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Registers a call; `None` if the pool stayed full for [`CALL_TIME`].
    pub(crate) fn enter(&self) -> Option<Running<'_>> {
        let full = |traffic: &mut Traffic| traffic.running >= CALLS_AT_ONCE;
        let (mut traffic, _) = self
            .shared
            .ended
            .wait_timeout_while(self.shared.traffic(), CALL_TIME, full)
            .unwrap_or_else(PoisonError::into_inner);
        if full(&mut traffic) {
            return None;
        }
        traffic.running += 1;
        drop(traffic);
        self.shared.begun.notify_one();
        Some(Running(&self.shared))
    }
}

impl Drop for Brake {
    fn drop(&mut self) {
        self.shared.traffic().ending = true;
        self.shared.begun.notify_one();
        if let Some(thread) = self.thread.take() {
            // The thread does nothing that could panic; and if it did, there is nothing left to brake.
            let _ = thread.join();
        }
    }
}

fn tick(shared: &Shared, engine: &wasmtime::Engine) {
    let mut traffic = shared.traffic();
    while !traffic.ending {
        traffic = if traffic.running == 0 {
            shared
                .begun
                .wait(traffic)
                .unwrap_or_else(PoisonError::into_inner)
        } else {
            // Only the end of the engine cuts an epoch short: a new call must not hurry the running ones.
            let (traffic, _) = shared
                .begun
                .wait_timeout_while(traffic, EPOCH, |traffic| !traffic.ending)
                .unwrap_or_else(PoisonError::into_inner);
            engine.increment_epoch();
            traffic
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_calls_run_as_the_pool_has_room_for_and_the_next_gives_up() {
        let brake = Brake::new(wasmtime::Engine::default()).unwrap();
        let mut running: Vec<_> = (0..CALLS_AT_ONCE).map(|_| brake.enter().unwrap()).collect();
        assert!(brake.enter().is_none());
        running.pop();
        assert!(brake.enter().is_some());
    }
}
