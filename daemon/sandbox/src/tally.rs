//! What the calls of a plugin have cost.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Counts the calls of one loaded plugin.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Calls that run now; the [brake](crate::brake::Brake) counts them.
    pub(crate) running: AtomicU32,
    calls: AtomicU64,
    failures: AtomicU64,
    nanos: AtomicU64,
    fuel: AtomicU64,
    memory_bytes: AtomicU64,
}

/// What the calls of a plugin have cost since it was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Calls that were made, its trial included.
    pub calls: u64,
    /// Calls among them that gave no usable answer.
    pub failures: u64,
    /// Time of all calls, instantiation included.
    pub time: Duration,
    /// Fuel of all calls, about one unit an instruction.
    pub fuel: u64,
    /// The most memory that one call has had.
    pub memory_bytes: u64,
}

impl Tally {
    pub(crate) fn called(&self, time: Duration, fuel: u64, memory_bytes: usize) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
        self.fuel.fetch_add(fuel, Ordering::Relaxed);
        self.memory_bytes
            .fetch_max(memory_bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn usage(&self) -> Usage {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Usage {
            calls: of(&self.calls),
            failures: of(&self.failures),
            time: Duration::from_nanos(of(&self.nanos)),
            fuel: of(&self.fuel),
            memory_bytes: of(&self.memory_bytes),
        }
    }
}
