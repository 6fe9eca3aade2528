//! What stops a plugin that runs too long, and keeps too many from running at once.
//!
//! Wasmtime counts epochs; a call is given a deadline in epochs. A thread advances them while calls run and rests
//! otherwise, so that an idle daemon wakes for nothing. It rests only after an epoch without any call: to wake it for
//! each of many short calls would cost more than the calls.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::limits::{CALL_TIME, CALLS_AT_ONCE, CALLS_OF_ONE, EPOCH};

#[derive(Debug, Default)]
struct Traffic {
    running: u32,
    /// Callers that wait for room.
    waiting: u32,
    /// A call has begun in this epoch.
    begun: bool,
    /// The ticking thread waits for the next call.
    resting: bool,
    ending: bool,
}

#[derive(Debug, Default)]
struct Shared {
    traffic: Mutex<Traffic>,
    /// The ticking thread must not rest any longer, or the engine goes away.
    wake: Condvar,
    /// A call has ended: of interest to callers that wait for room.
    ended: Condvar,
}

impl Shared {
    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        // Every statement leaves it consistent, so that a panic elsewhere spoils nothing.
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
pub(crate) struct Running<'b> {
    shared: &'b Shared,
    own: &'b AtomicU32,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut traffic = self.shared.traffic();
        traffic.running -= 1;
        self.own.fetch_sub(1, Ordering::Relaxed);
        if traffic.waiting > 0 {
            // Not only one: that might wait for room among the calls of another plugin.
            self.shared.ended.notify_all();
        }
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

    /// Registers a call of a plugin of which so many run, which is counted under the lock; `None` if the pool, or its
    /// share of it, stayed full for [`CALL_TIME`].
    pub(crate) fn enter<'b>(&'b self, own: &'b AtomicU32) -> Option<Running<'b>> {
        let full = |traffic: &mut Traffic| {
            traffic.running >= CALLS_AT_ONCE || own.load(Ordering::Relaxed) >= CALLS_OF_ONE
        };
        let mut traffic = self.shared.traffic();
        if full(&mut traffic) {
            traffic.waiting += 1;
            (traffic, _) = self
                .shared
                .ended
                .wait_timeout_while(traffic, CALL_TIME, full)
                .unwrap_or_else(PoisonError::into_inner);
            traffic.waiting -= 1;
            if full(&mut traffic) {
                return None;
            }
        }
        traffic.running += 1;
        own.fetch_add(1, Ordering::Relaxed);
        traffic.begun = true;
        if std::mem::take(&mut traffic.resting) {
            self.shared.wake.notify_one();
        }
        Some(Running {
            shared: &self.shared,
            own,
        })
    }
}

impl Drop for Brake {
    fn drop(&mut self) {
        self.shared.traffic().ending = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            // The thread does nothing that could panic; and if it did, there is nothing left to brake.
            let _ = thread.join();
        }
    }
}

fn tick(shared: &Shared, engine: &wasmtime::Engine) {
    let mut traffic = shared.traffic();
    while !traffic.ending {
        let begun = std::mem::take(&mut traffic.begun);
        traffic = if traffic.running == 0 && !begun {
            traffic.resting = true;
            shared
                .wake
                .wait_while(traffic, |traffic| traffic.resting && !traffic.ending)
                .unwrap_or_else(PoisonError::into_inner)
        } else {
            // Only the end of the engine cuts an epoch short: a new call must not hurry the running ones.
            let (traffic, _) = shared
                .wake
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

    /// As many calls of different plugins as there is room for.
    fn fill<'b>(brake: &'b Brake, plugins: &'b [AtomicU32]) -> Vec<Running<'b>> {
        let calls = plugins.iter().map(|own| brake.enter(own).unwrap());
        calls.collect()
    }

    fn plugins(number: u32) -> Vec<AtomicU32> {
        (0..number).map(|_| AtomicU32::default()).collect()
    }

    #[test]
    fn as_many_calls_run_as_the_pool_has_room_for_and_the_next_gives_up() {
        let brake = Brake::new(wasmtime::Engine::default()).unwrap();
        let (others, own) = (plugins(CALLS_AT_ONCE), AtomicU32::default());
        let mut running = fill(&brake, &others);
        assert!(brake.enter(&own).is_none());
        running.pop();
        assert!(brake.enter(&own).is_some());
    }

    #[test]
    fn one_plugin_leaves_room_for_the_others() {
        let brake = Brake::new(wasmtime::Engine::default()).unwrap();
        let (slow, other) = (AtomicU32::default(), AtomicU32::default());
        let mut running: Vec<_> = (0..CALLS_OF_ONE)
            .map(|_| brake.enter(&slow).unwrap())
            .collect();
        assert!(brake.enter(&other).is_some());
        assert!(brake.enter(&slow).is_none());
        running.pop();
        assert!(brake.enter(&slow).is_some());
    }

    #[test]
    fn who_waits_for_room_gets_it_when_a_call_ends() {
        let brake = Brake::new(wasmtime::Engine::default()).unwrap();
        let (others, own) = (plugins(CALLS_AT_ONCE), AtomicU32::default());
        let mut running = fill(&brake, &others);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| brake.enter(&own).is_some());
            while brake.shared.traffic().waiting == 0 {
                std::thread::yield_now();
            }
            running.pop();
            assert!(waiting.join().unwrap());
        });
    }

    #[test]
    fn the_thread_rests_when_no_call_has_run_for_an_epoch_and_wakes_for_the_next() {
        let brake = Brake::new(wasmtime::Engine::default()).unwrap();
        for _ in 0..2 {
            while !brake.shared.traffic().resting {
                std::thread::yield_now();
            }
            let own = AtomicU32::default();
            let call = brake.enter(&own).unwrap();
            assert!(!brake.shared.traffic().resting);
            drop(call);
        }
    }
}
