//! `[retention]`: how long what piles up is kept.

use jiff::SignedDuration;
use provost_core::Timestamp;
use provost_core::change::Kept;
use provost_core::document::Table;
use provost_core::register::value::Lapse;
use std::collections::BTreeMap;

/// Less would forget what the rules still need: an event that is sent again is known by its id, and a notice belongs to
/// an episode of a month or more.
const SHORTEST_DAYS: i64 = 30;

/// How long each kind is kept; `None` for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention(BTreeMap<Kept, Option<SignedDuration>>);

impl Default for Retention {
    /// Longer than anybody asks; decisions, which come by the thousand, for a little more than a year.
    fn default() -> Self {
        let days = |kept| match kept {
            Kept::Decisions | Kept::Sessions => 400,
            Kept::Activity => 800,
            Kept::Notices | Kept::Alarms | Kept::AccessLog => 1_100,
        };
        let all = Kept::WORDS.iter().map(|(kept, _)| {
            let span = SignedDuration::from_hours(24 * days(*kept));
            (*kept, Some(span))
        });
        Self(all.collect())
    }
}

impl Retention {
    /// Keeps a kind for that long; `None` for ever.
    pub fn keep(&mut self, kept: Kept, span: Option<SignedDuration>) {
        self.0.insert(kept, span);
    }

    /// The moment before which a kind is forgotten.
    pub(crate) fn before(&self, kept: Kept, now: Timestamp) -> Option<Timestamp> {
        let span = self.0.get(&kept).copied().flatten()?;
        now.checked_sub(span).ok()
    }
}

/// `[retention]`: a span or `never` for each kind.
pub(super) fn retention(top: &Table<'_>) -> Retention {
    let mut retention = Retention::default();
    let Some(table) = top.table("retention") else {
        return retention;
    };
    for (kept, word) in Kept::WORDS {
        match table.text(word) {
            None => {}
            Some("never") => retention.keep(kept, None),
            Some(text) => match text.parse::<Lapse>() {
                Ok(Lapse(span)) if span.as_hours() >= 24 * SHORTEST_DAYS => {
                    retention.keep(kept, Some(span));
                }
                Ok(_) => table.problem(word, format!("must be at least \"{SHORTEST_DAYS}d\"")),
                Err(why) => table.problem(word, format!("{why}, or \"never\"")),
            },
        }
    }
    table.done();
    retention
}
