//! How fast a channel may send: a bucket that fills by the clock and is emptied by requests.

use jiff::Timestamp;

/// Requests a minute, and as many at once: a district's worst morning has some hundred notices, and no receiver should
/// see more of a plugin gone wrong.
pub(super) const A_MINUTE: i64 = 600;

/// Milliseconds in which one request becomes free.
const A_REQUEST_MS: i64 = 60_000 / A_MINUTE;

/// The bucket of one channel.
#[derive(Debug)]
pub(super) struct Pace {
    /// Requests that are left, as the milliseconds in which they became free.
    left_ms: i64,
    /// When it was last looked at.
    at: Timestamp,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            left_ms: 60_000,
            at: Timestamp::MIN,
        }
    }
}

impl Pace {
    /// Takes one request, if there is one. A clock that is set back gives none and takes none.
    pub(super) fn take(&mut self, now: Timestamp) -> bool {
        let passed = now
            .as_millisecond()
            .saturating_sub(self.at.as_millisecond());
        self.left_ms = self.left_ms.saturating_add(passed.max(0)).min(60_000);
        self.at = now;
        let free = self.left_ms >= A_REQUEST_MS;
        if free {
            self.left_ms -= A_REQUEST_MS;
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_hundred_requests_go_out_at_once_and_then_ten_a_second() {
        let at = |ms: i64| Timestamp::from_millisecond(1_741_000_000_000 + ms).unwrap();
        let mut pace = Pace::default();
        let taken = |pace: &mut Pace, ms: i64| (0..1000).filter(|_| pace.take(at(ms))).count();
        assert_eq!(taken(&mut pace, 0), 600);
        assert_eq!(taken(&mut pace, 1000), 10);
        assert_eq!(taken(&mut pace, 500), 0, "the clock was set back");
        assert_eq!(taken(&mut pace, 3_600_000), 600);
    }
}
