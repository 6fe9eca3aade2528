//! When to try again: a pure function of the notice and the number of attempts.

use std::time::Duration;

use jiff::Timestamp;
use provost_core::id::NoticeId;
use sha2::{Digest, Sha256};

/// The first wait, without jitter.
const FIRST_SECONDS: u64 = 60;
/// The longest wait, jitter included: 4 h.
const LONGEST_SECONDS: u64 = 4 * 60 * 60;
/// Jitter adds up to one part in this many, so that notices that failed together do not come back together.
const JITTER_PARTS: u64 = 4;

/// How long to wait after `attempt` failed attempts (1 for the first): 1 min, doubled each time, at most 4 h.
///
/// Up to a quarter is added, derived from notice and attempt, so that the same attempt always waits the same time.
pub fn delay(notice: &NoticeId, attempt: u32) -> Duration {
    let longest_base = LONGEST_SECONDS * JITTER_PARTS / (JITTER_PARTS + 1);
    let doublings = attempt.saturating_sub(1).min(32);
    let base = FIRST_SECONDS
        .saturating_mul(1 << doublings)
        .min(longest_base);
    let room = base / JITTER_PARTS + 1;
    Duration::from_secs(base + draw(notice, attempt) % room)
}

/// The moment before which attempt number `attempt + 1` must not begin.
///
/// Saturates at the end of representable time (year 9999).
pub fn not_before(notice: &NoticeId, attempt: u32, now: Timestamp) -> Timestamp {
    now.checked_add(delay(notice, attempt))
        .unwrap_or(Timestamp::MAX)
}

/// A number that only notice and attempt decide.
fn draw(notice: &NoticeId, attempt: u32) -> u64 {
    let digest = Sha256::digest(format!("{notice}\n{attempt}"));
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(id: &str) -> NoticeId {
        NoticeId::new(id).unwrap()
    }

    #[test]
    fn waits_double_from_a_minute_to_four_hours_and_never_exceed_them() {
        for id in ["a", "b", "c", "d"] {
            let waits: Vec<u64> = (1..=12).map(|n| delay(&notice(id), n).as_secs()).collect();
            for (place, wait) in waits.iter().enumerate() {
                let base = (60 << place).min(11_520);
                assert!((base..=base + base / 4).contains(wait), "{id} {waits:?}");
            }
        }
        let far = delay(&notice("a"), u32::MAX).as_secs();
        assert!((11_520..=14_400).contains(&far), "{far}");
    }

    #[test]
    fn the_same_attempt_waits_the_same_time_and_others_spread() {
        assert_eq!(delay(&notice("a"), 8), delay(&notice("a"), 8));
        let spread: std::collections::BTreeSet<_> = (0..50)
            .map(|n| delay(&notice(&n.to_string()), 10))
            .collect();
        assert!(spread.len() > 40, "{spread:?}");
    }

    #[test]
    fn attempt_zero_is_treated_as_the_first() {
        assert!(delay(&notice("a"), 0).as_secs() >= 60);
        assert_eq!(not_before(&notice("a"), 1, Timestamp::MAX), Timestamp::MAX);
    }
}
