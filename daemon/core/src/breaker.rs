//! A breaker for what keeps failing: it rests, is tried once, and rests longer if it fails again.

use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

use crate::limits::{
    BREAKER_FAILURES, BREAKER_REST, BREAKER_REST_MAX, BREAKER_TRY, BREAKER_WINDOW,
};

/// Whether something that failed before may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    /// When it failed lately, the latest last; at most [`BREAKER_FAILURES`].
    failures: VecDeque<Timestamp>,
    state: State,
    /// How long it rests when it fails the next time.
    rest: SignedDuration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    /// It rests.
    Open {
        since: Timestamp,
        until: Timestamp,
    },
    /// It is being tried.
    HalfOpen {
        since: Timestamp,
    },
}

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fared {
    /// It gave an answer.
    Well,
    /// It failed.
    Badly,
}

/// What a call has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It has failed too often and rests.
    Opened {
        /// Until then.
        until: Timestamp,
    },
    /// The try failed too; it rests longer.
    Reopened {
        /// Until then.
        until: Timestamp,
    },
    /// The try went well; it is called as before.
    Closed,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failures: VecDeque::new(),
            state: State::Closed,
            rest: BREAKER_REST,
        }
    }
}

impl Breaker {
    /// Whether a call may be made now. After a rest the first one is a try; until it is [noted](Self::note) there is no
    /// other.
    ///
    /// # Errors
    /// The moment until which it may not.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        let (since, until) = match self.state {
            State::Closed => return Ok(()),
            State::Open { since, until } => (since, until),
            // A try of which nobody told the end does not shut it for ever.
            State::HalfOpen { since } => (since, later(since, BREAKER_TRY)),
        };
        // A clock that was set back does not prolong a rest.
        if (since..until).contains(&now) {
            return Err(until);
        }
        self.state = State::HalfOpen { since: now };
        Ok(())
    }

    /// Until when it rests, if it does.
    pub fn resting(&self) -> Option<Timestamp> {
        match self.state {
            State::Closed => None,
            State::Open { until, .. } => Some(until),
            State::HalfOpen { since } => Some(later(since, BREAKER_TRY)),
        }
    }

    /// Notes how a call went, and says what that changes.
    pub fn note(&mut self, fared: Fared, now: Timestamp) -> Option<Turn> {
        match (self.state, fared) {
            // What was called before the rest began says nothing new.
            (State::Open { .. }, _) | (State::Closed, Fared::Well) => None,
            (State::HalfOpen { .. }, Fared::Well) => {
                *self = Self::default();
                Some(Turn::Closed)
            }
            (State::HalfOpen { .. }, Fared::Badly) => {
                let until = self.open(now);
                Some(Turn::Reopened { until })
            }
            (State::Closed, Fared::Badly) => {
                let recent = |at: &Timestamp| now.duration_since(*at).abs() < BREAKER_WINDOW;
                self.failures.retain(recent);
                self.failures.push_back(now);
                (self.failures.len() >= BREAKER_FAILURES).then(|| {
                    let until = self.open(now);
                    Turn::Opened { until }
                })
            }
        }
    }

    fn open(&mut self, now: Timestamp) -> Timestamp {
        let until = later(now, self.rest);
        self.failures.clear();
        self.state = State::Open { since: now, until };
        self.rest = (self.rest * 2).min(BREAKER_REST_MAX);
        until
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        for second in 0..4 {
            assert_eq!(breaker.note(Fared::Badly, at(second)), None);
        }
        let turn = breaker.note(Fared::Badly, at(4));
        assert_eq!(turn, Some(Turn::Opened { until: at(34) }));
        breaker
    }

    #[test]
    fn five_failures_within_a_minute_open_it_and_four_do_not() {
        opened();
        let mut seldom = Breaker::default();
        for turn in 0..1_000 {
            assert_eq!(seldom.note(Fared::Badly, at(15 * turn)), None);
            assert_eq!(seldom.admit(at(15 * turn)), Ok(()));
        }
    }

    #[test]
    fn it_rests_and_is_then_tried_once() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(at(33)), Err(at(34)));
        assert_eq!(breaker.admit(at(34)), Ok(()));
        assert_eq!(breaker.admit(at(34)), Err(at(44)));
        assert_eq!(breaker.note(Fared::Well, at(35)), Some(Turn::Closed));
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn each_failed_try_doubles_the_rest_up_to_a_quarter_of_an_hour() {
        let mut breaker = opened();
        let (mut now, mut rests) = (at(34), Vec::new());
        for _ in 0..7 {
            assert_eq!(breaker.admit(now), Ok(()));
            let Some(Turn::Reopened { until }) = breaker.note(Fared::Badly, now) else {
                panic!("not open again");
            };
            rests.push(until.duration_since(now).as_secs());
            now = until;
        }
        assert_eq!(rests, [60, 120, 240, 480, 900, 900, 900]);
    }

    #[test]
    fn calls_that_were_under_way_change_nothing() {
        let mut breaker = opened();
        let before = breaker.clone();
        assert_eq!(breaker.note(Fared::Well, at(5)), None);
        assert_eq!(breaker.note(Fared::Badly, at(6)), None);
        assert_eq!(breaker, before);
    }

    #[test]
    fn neither_a_lost_try_nor_a_clock_set_back_shuts_it_for_ever() {
        let mut lost = opened();
        assert_eq!(lost.admit(at(40)), Ok(()));
        assert_eq!(lost.admit(at(49)), Err(at(50)));
        assert_eq!(lost.admit(at(50)), Ok(()));
        let mut back = opened();
        assert_eq!(back.admit(at(-100_000)), Ok(()));
    }

    proptest! {
        #[test]
        fn whatever_happens_a_rest_ends_and_lets_one_try_through(
            events in prop::collection::vec((0_i64..40, 0..3_u8, 0..10_u8), 1..300),
        ) {
            let (mut breaker, mut now) = (Breaker::default(), 0);
            for (gap, luck, lost) in events {
                now += gap;
                let before = breaker.resting();
                let admitted = breaker.admit(at(now));
                match (admitted, before) {
                    (Err(until), _) => {
                        prop_assert_eq!(before, Some(until));
                        prop_assert!(until > at(now));
                        prop_assert!(until.duration_since(at(now)) <= BREAKER_REST_MAX);
                    }
                    (Ok(()), Some(_)) => prop_assert!(breaker.admit(at(now)).is_err()),
                    (Ok(()), None) => {}
                }
                if admitted.is_ok() && lost > 0 {
                    let fared = if luck == 0 { Fared::Well } else { Fared::Badly };
                    breaker.note(fared, at(now));
                }
            }
        }
    }
}
