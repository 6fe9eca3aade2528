//! A clock that steps set. It never sleeps.

use jiff::{SignedDuration, Timestamp};
use provost_core::lifecycle::clock::Reading;

/// The wall clock, and the time that really passed since the world began.
#[derive(Debug, Clone, Copy)]
pub(super) struct VirtualClock {
    wall: Timestamp,
    passed: SignedDuration,
}

impl VirtualClock {
    pub(super) fn new(start: Timestamp) -> Self {
        Self {
            wall: start,
            passed: SignedDuration::ZERO,
        }
    }

    pub(super) fn wall(&self) -> Timestamp {
        self.wall
    }

    /// A later time really passes; an earlier one only sets the wall clock back.
    pub(super) fn set(&mut self, at: Timestamp) {
        let ahead = at.duration_since(self.wall);
        self.passed = self.passed.saturating_add(ahead.max(SignedDuration::ZERO));
        self.wall = at;
    }

    /// The wall clock leaps, and no time passes.
    pub(super) fn jump(&mut self, by: SignedDuration) {
        self.wall = self.wall.checked_add(by).unwrap_or(Timestamp::MAX);
    }

    /// What the machine's clocks would say: one boot from the beginning to the end.
    pub(super) fn reading(&self) -> Reading {
        Reading {
            wall: self.wall,
            boot: "scenario".to_owned(),
            uptime_ms: u64::try_from(self.passed.as_millis()).unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_later_time_really_passes() {
        let start: Timestamp = "2025-03-01T10:00:00Z".parse().unwrap();
        let day = SignedDuration::from_hours(24);
        let mut clock = VirtualClock::new(start);
        clock.set(start + day);
        clock.set(start - day);
        clock.jump(day * 40);
        let reading = clock.reading();
        assert_eq!(
            (reading.wall, reading.uptime_ms),
            (start + day * 39, 86_400_000)
        );
    }
}
