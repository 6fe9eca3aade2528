//! `[decisions]` and `[retention]`: what is recorded, and how long what piles up is kept.

use provost_core::change::Kept;
use provost_core::document::Table;
use provost_core::register::value::Lapse;

use crate::flow::record::Recording;
use crate::flow::retention::Retention;

/// Less would forget what the rules still need: an event that is sent again is known by its id, and a notice belongs to
/// an episode of a month or more.
const SHORTEST_DAYS: i64 = 30;

/// `[decisions] record = "denials" | "all"`.
pub(super) fn recording(top: &Table<'_>) -> Recording {
    let Some(table) = top.table("decisions") else {
        return Recording::default();
    };
    let recording = match table.text("record") {
        None | Some("denials") => Recording::Denials,
        Some("all") => Recording::All,
        Some(_) => {
            table.problem("record", "must be denials or all");
            Recording::Denials
        }
    };
    table.done();
    recording
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
