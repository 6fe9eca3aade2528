//! When the wall clock is believed. Rule: domain §3, clock.

use super::at;
use crate::lifecycle::clock::{Clock, Freeze, Reading, check, higher};
use jiff::{SignedDuration, Timestamp};

const HOUR: u64 = 3_600_000;

fn reading(wall: &str, boot: &str, uptime_ms: u64) -> Reading {
    Reading {
        wall: at(wall),
        boot: boot.to_owned(),
        uptime_ms,
    }
}

fn running(now: Timestamp) -> Clock {
    Clock::Running { now }
}

#[test]
fn the_first_reading_ever_is_believed() {
    let first = reading("2025-03-02T10:00:00Z", "a", 5);
    assert_eq!(check(None, &first), running(first.wall));
}

#[test]
fn a_clock_that_goes_back_three_days_freezes_transitions() {
    let seen = reading("2025-03-05T10:00:00Z", "a", HOUR);
    let frozen = Clock::Frozen {
        why: Freeze::WentBack(SignedDuration::from_hours(73)),
    };
    assert_eq!(
        check(Some(&seen), &reading("2025-03-02T10:00:00Z", "a", 2 * HOUR)),
        frozen
    );
    let frozen = Clock::Frozen {
        why: Freeze::WentBack(SignedDuration::from_hours(72)),
    };
    assert_eq!(
        check(Some(&seen), &reading("2025-03-02T10:00:00Z", "b", HOUR)),
        frozen
    );
}

#[test]
fn a_clock_that_stands_still_while_days_pass_has_gone_back() {
    let seen = reading("2025-03-05T10:00:00Z", "a", 0);
    let later = reading("2025-03-05T11:00:00Z", "a", 73 * HOUR);
    let frozen = Clock::Frozen {
        why: Freeze::WentBack(SignedDuration::from_hours(72)),
    };
    assert_eq!(check(Some(&seen), &later), frozen);
}

#[test]
fn a_correction_by_minutes_freezes_nothing_and_time_never_runs_backwards() {
    let seen = reading("2025-03-05T10:00:00Z", "a", HOUR);
    let corrected = reading("2025-03-05T09:56:00Z", "a", HOUR);
    assert_eq!(check(Some(&seen), &corrected), running(seen.wall));
    assert_eq!(higher(Some(seen.clone()), corrected), seen);
}

#[test]
fn small_corrections_cannot_add_up_to_a_clock_gone_back() {
    let seen = reading("2025-03-05T10:00:00Z", "a", HOUR);
    let seen = higher(Some(seen), reading("2025-03-05T09:56:00Z", "a", HOUR));
    let again = check(Some(&seen), &reading("2025-03-05T09:52:00Z", "a", HOUR));
    assert_eq!(
        again,
        Clock::Frozen {
            why: Freeze::WentBack(SignedDuration::from_mins(8))
        }
    );
}

#[test]
fn thirty_days_after_a_reboot_are_believed_and_a_second_more_is_not() {
    let seen = reading("2025-03-01T10:00:00Z", "a", 900 * HOUR);
    let edge = reading("2025-03-31T10:00:00Z", "b", 1);
    assert_eq!(check(Some(&seen), &edge), running(edge.wall));
    let jumped = SignedDuration::from_hours(30 * 24) + SignedDuration::from_secs(1);
    let beyond = reading("2025-03-31T10:00:01Z", "b", 1);
    assert_eq!(
        check(Some(&seen), &beyond),
        Clock::Frozen {
            why: Freeze::Jumped(jumped)
        }
    );
}

#[test]
fn sixty_days_that_the_uptime_proves_are_believed() {
    let seen = reading("2025-03-01T10:00:00Z", "a", HOUR);
    let later = reading("2025-04-30T10:00:00Z", "a", HOUR + 60 * 24 * HOUR);
    assert_eq!(check(Some(&seen), &later), running(later.wall));
    assert_eq!(higher(Some(seen), later.clone()), later);
}

#[test]
fn a_jump_of_forty_days_within_one_boot_freezes_transitions() {
    let seen = reading("2025-03-01T10:00:00Z", "a", HOUR);
    let jumped = check(Some(&seen), &reading("2025-04-10T11:00:00Z", "a", 2 * HOUR));
    let by = SignedDuration::from_hours(40 * 24);
    assert_eq!(
        jumped,
        Clock::Frozen {
            why: Freeze::Jumped(by)
        }
    );
    assert_eq!(
        Freeze::Jumped(by).to_string(),
        "the clock jumped ahead by 960h"
    );
}
