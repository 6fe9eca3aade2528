//! The seams for tests and the demo: the clock, the directory and the delivery of notices are given from outside.

use provost_core::Timestamp;
use provost_core::lifecycle::clock::Reading;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::deliver::Deliver;
use crate::ldap::{Directory, LdapDirectory};

/// Tells the time. The only place of the daemon that may.
pub trait Clock: Send + Sync {
    /// The moment that it is.
    fn now(&self) -> Timestamp;

    /// The same with what proves that time has really passed. Rule: domain §3, clock.
    fn reading(&self) -> Reading;

    /// How long a timer may sleep before it must ask again: a wall clock can be set while it sleeps.
    fn patience(&self) -> Duration;
}

/// The machine's wall clock.
pub struct WallClock;

impl Clock for WallClock {
    #[allow(clippy::disallowed_methods)] // this is the clock port
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn reading(&self) -> Reading {
        use nix::time::{ClockId, clock_gettime};
        let uptime = clock_gettime(ClockId::CLOCK_BOOTTIME)
            .map(Duration::from)
            .unwrap_or_default();
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Reading {
            wall: self.now(),
            boot: boot.trim().to_owned(),
            uptime_ms: u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }
}

/// A clock that stands in a file as an RFC 3339 instant, so that a test of the whole daemon sets the day without
/// sleeping. Exists in debug builds only: [`wall_or_file`].
pub struct FileClock(PathBuf);

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        text.trim().parse().unwrap_or_else(|_| WallClock.now())
    }

    /// The file's time counts as time that has passed, also across restarts.
    fn reading(&self) -> Reading {
        let wall = self.now();
        Reading {
            wall,
            boot: "file".to_owned(),
            uptime_ms: u64::try_from(wall.as_millisecond()).unwrap_or(0),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(50)
    }
}

/// The wall clock; in debug builds the file that `PROVOST_CLOCK` names instead, if it does.
#[must_use]
pub fn wall_or_file() -> Arc<dyn Clock> {
    #[cfg(debug_assertions)]
    {
        #[allow(clippy::disallowed_methods)] // a debug build's seam, absent from releases
        if let Some(path) = std::env::var_os("PROVOST_CLOCK") {
            return Arc::new(FileClock(PathBuf::from(path)));
        }
    }
    Arc::new(WallClock)
}

/// What the daemon is given from outside.
#[derive(Clone)]
pub struct Ports {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Reads directories.
    pub directory: Arc<dyn Directory>,
    /// Sends what channels rendered; `None` sends as the configuration in force says.
    pub deliver: Option<Arc<dyn Deliver>>,
}

impl Ports {
    /// The wall clock, real directories, and mail through the configured relay.
    #[must_use]
    pub fn real() -> Self {
        Self {
            clock: wall_or_file(),
            directory: Arc::new(LdapDirectory),
            deliver: None,
        }
    }
}
