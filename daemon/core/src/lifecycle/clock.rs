//! Whether the wall clock can be believed. Rule: domain §3, clock.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::limits::{CLOCK_GAP_DAYS_MAX, SKEW_SECONDS_MAX};

/// What the clocks of the machine say at one moment. The one with the highest wall time is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reading {
    /// The wall clock.
    pub wall: Timestamp,
    /// Which boot of the machine it was; readings of one boot can be compared by `uptime_ms`.
    pub boot: String,
    /// Milliseconds since that boot, suspended time included: a clock that nobody can set.
    pub uptime_ms: u64,
}

/// Why transitions are frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freeze {
    /// The clock shows this much less than it must.
    WentBack(SignedDuration),
    /// The clock has moved on by this much, and nothing proves that the time has passed.
    Jumped(SignedDuration),
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WentBack(by) => write!(f, "the clock went back by {by:#}"),
            Self::Jumped(by) => write!(f, "the clock jumped ahead by {by:#}"),
        }
    }
}

/// Whether transitions may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// They may, at this moment: never before the highest one seen.
    Running {
        /// The moment to evaluate at.
        now: Timestamp,
    },
    /// Nothing happens until an operator confirms the clock, which makes the present reading the highest one.
    Frozen {
        /// Why.
        why: Freeze,
    },
}

/// Compares the clocks with the highest reading seen, which is `None` on the very first start.
///
/// Corrections of a few minutes are everyday (the same 5 minutes that events may be ahead) and freeze nothing.
pub fn check(highest: Option<&Reading>, reading: &Reading) -> Clock {
    let Some(highest) = highest else {
        return Clock::Running { now: reading.wall };
    };
    // Within one boot the uptime says how much time has really passed. After a reboot nothing does.
    let passed = if highest.boot == reading.boot {
        let ms = reading.uptime_ms.saturating_sub(highest.uptime_ms);
        SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
    } else {
        SignedDuration::ZERO
    };
    let ahead = reading
        .wall
        .duration_since(highest.wall)
        .saturating_sub(passed);
    if ahead < SignedDuration::from_secs(-SKEW_SECONDS_MAX) {
        let why = Freeze::WentBack(ahead.saturating_mul(-1));
        return Clock::Frozen { why };
    }
    if ahead > SignedDuration::from_hours(24 * CLOCK_GAP_DAYS_MAX) {
        let why = Freeze::Jumped(ahead);
        return Clock::Frozen { why };
    }
    Clock::Running {
        now: reading.wall.max(highest.wall),
    }
}

/// The reading to store after a check that let transitions run.
pub fn higher(highest: Option<Reading>, reading: Reading) -> Reading {
    match highest {
        Some(highest) if highest.wall > reading.wall => highest,
        _ => reading,
    }
}
