//! The rule book of inactivity, told by somebody who sees what happens in the world (mails that arrive, events that
//! occur, what operators and directories do, what the wall clock shows) and knows nothing of how the daemon works.
//!
//! Where only the daemon knows exactly (an answer was lost on its way to it), there is an earliest and a latest moment.

use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};
use provost_core::id::NoticeId;

use crate::daemon::Settings;

/// How long after a trouble has ended something may still be on its way: the longest wait between two attempts.
pub(crate) const SETTLES: SignedDuration = SignedDuration::from_hours(5);

/// Acceptance within this time of due counts as due.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Notice, reminder, final notice, and the deactivation that follows them.
pub(crate) const NOTICE: usize = 0;
pub(crate) const FINAL: usize = 2;
pub(crate) const OFF: usize = 3;

/// A rule that was broken, in words.
pub(crate) type Broken = String;

/// The earliest and the latest moment that something may have happened, or may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Between {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

impl Between {
    pub(crate) fn at(moment: Timestamp) -> Self {
        Self {
            first: moment,
            last: moment,
        }
    }
}

/// A stage's notice on its way.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) notice: NoticeId,
    /// When the stage was due, as it was when the post office first saw its notice.
    pub(crate) due: Between,
    /// When that was.
    pub(crate) seen: Timestamp,
    /// When it was taken, or counted as given.
    pub(crate) given: Option<Between>,
    /// The daemon knows that it was taken.
    pub(crate) known: bool,
}

/// Where a contact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Valid,
    Deactivated(Timestamp),
    Removed,
}

/// A contact as the rules see it.
#[derive(Debug, Clone)]
pub(crate) struct Contact {
    pub(crate) technical: bool,
    pub(crate) anchor: Timestamp,
    pub(crate) standing: Standing,
    /// The directory shuts the person out since then.
    pub(crate) shut_out: Option<Timestamp>,
    pub(crate) sent: [Option<Sent>; 3],
    /// The terms when the episode began, as the earliest and the latest acceptance of its notice have it.
    pub(crate) began: Option<[Settings; 2]>,
    /// Nothing has kept a stage from being reached since then.
    pub(crate) free_since: Timestamp,
    /// Held since then because nobody else is left.
    pub(crate) held_last: Option<Timestamp>,
}

impl Contact {
    pub(crate) fn new(technical: bool, anchor: Timestamp, now: Timestamp) -> Self {
        Self {
            technical,
            anchor,
            standing: Standing::Valid,
            shut_out: None,
            sent: [None, None, None],
            began: None,
            free_since: now,
            held_last: None,
        }
    }

    /// Has full authority.
    pub(crate) fn is_valid(&self) -> bool {
        self.standing == Standing::Valid && self.shut_out.is_none()
    }

    /// A new anchor: whatever ran is over.
    pub(crate) fn begin_anew(&mut self, anchor: Timestamp, now: Timestamp) {
        let shut_out = self.shut_out;
        *self = Self::new(self.technical, anchor, now);
        self.shut_out = shut_out;
    }

    /// The stage that comes next.
    pub(crate) fn next(&self) -> usize {
        let given = |sent: &Option<Sent>| sent.as_ref().is_some_and(|sent| sent.given.is_some());
        self.sent
            .iter()
            .position(|sent| !given(sent))
            .unwrap_or(OFF)
    }

    /// When a stage is due by the terms of the episode, or by those of `now` as long as none has begun.
    pub(crate) fn due(&self, stage: usize, now: &Settings) -> Between {
        if let Some(sent) = self.sent.get(stage).and_then(Option::as_ref) {
            return sent.due;
        }
        let [first, last] = self
            .began
            .as_ref()
            .map_or([now, now], |[first, last]| [first, last]);
        Between {
            first: Course::new(self, first, now, Edge::First).due(stage),
            last: Course::new(self, last, now, Edge::Last).due(stage),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    First,
    Last,
}

/// An episode with one edge of everything uncertain.
struct Course<'c> {
    contact: &'c Contact,
    warn: i64,
    days: i64,
    zone: TimeZone,
    edge: Edge,
}

impl<'c> Course<'c> {
    /// Periods are those that the episode began with, the zone is today's.
    fn new(contact: &'c Contact, periods: &Settings, now: &Settings, edge: Edge) -> Self {
        Self {
            contact,
            warn: periods.warn,
            days: periods.off - periods.warn,
            zone: zone(now.zone),
            edge,
        }
    }

    /// When a stage that was given was due, and when it was given.
    fn given(&self, stage: usize) -> (Between, Timestamp) {
        let sent = self.contact.sent[stage].as_ref().unwrap();
        let given = sent.given.unwrap();
        let given = match self.edge {
            Edge::First => given.first,
            Edge::Last => given.last,
        };
        (sent.due, given)
    }

    /// Whether a stage counts as on time: whether it may for the first edge, whether it must for the last one.
    fn on_time(&self, due: Between, given: Timestamp) -> bool {
        let due = match self.edge {
            Edge::First => due.last,
            Edge::Last => due.first,
        };
        given.duration_since(due) <= HOUR
    }

    /// So many days after the notice: after its due time if it was on time, else after its acceptance.
    fn after_notice(&self, days: i64) -> Timestamp {
        let (due, given) = self.given(NOTICE);
        if self.on_time(due, given) {
            plus(&self.zone, self.contact.anchor, self.warn + days)
        } else {
            plus(&self.zone, given, days)
        }
    }

    /// The day of the course that a stage belongs to if none slides.
    fn day(&self, stage: usize) -> i64 {
        [0, self.days / 2, self.days - 1, self.days][stage]
    }

    fn due(&self, stage: usize) -> Timestamp {
        if stage == NOTICE {
            return plus(&self.zone, self.contact.anchor, self.warn);
        }
        let nominal = self.after_notice(self.day(stage));
        let (due, given) = self.given(stage - 1);
        let same_day = |due: Timestamp| date(&self.zone, due) == date(&self.zone, given);
        let planned = self.after_notice(self.day(stage - 1));
        // What the next stage is counted from, and whether nothing has slid: by what may be for the first edge, by what
        // must be for the last one.
        let (base, as_planned) = match self.edge {
            Edge::First if self.on_time(due, given) && same_day(due.last.min(given)) => {
                let is_between = due.first <= planned && planned <= due.last;
                (due.first.max(given - HOUR), is_between)
            }
            Edge::Last if self.on_time(due, given) && same_day(due.first) => {
                (due.last.min(given), due == Between::at(planned))
            }
            _ => (given, false),
        };
        if as_planned {
            nominal
        } else {
            nominal.max(plus(&self.zone, base, 1))
        }
    }
}

pub(crate) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// The calendar day in a zone.
pub(crate) fn date(zone: &TimeZone, at: Timestamp) -> jiff::civil::Date {
    zone.to_datetime(at).date()
}

/// So many calendar days later at the same wall time. One that does not exist moves forward by what is missing, of two
/// the first counts: in both cases the offset of before the change is the one to reckon with.
pub(crate) fn plus(zone: &TimeZone, base: Timestamp, days: i64) -> Timestamp {
    let wall = zone.to_datetime(base) + Span::new().days(days);
    let offset = match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
    };
    offset.to_timestamp(wall).unwrap()
}

/// What must become of an event that reaches the daemon at `now`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Future,
    NotAContact,
    Refused,
    Older,
    Counted,
    Rescinded,
}

/// The rule book on an event: what occurred when decides, not when it arrives.
pub(crate) fn verdict(
    contact: Option<&Contact>,
    settings: &Settings,
    kind: &str,
    occurred: Timestamp,
    now: Timestamp,
) -> Verdict {
    let Some(contact) = contact else {
        return Verdict::NotAContact;
    };
    if occurred.duration_since(now) > SignedDuration::from_mins(5) {
        return Verdict::Future;
    }
    if contact.standing == Standing::Removed || !settings.qualifying.contains(&kind) {
        return Verdict::Refused;
    }
    if occurred <= contact.anchor {
        return Verdict::Older;
    }
    match contact.standing {
        Standing::Deactivated(at) if occurred >= at => Verdict::Refused,
        Standing::Deactivated(_) => Verdict::Rescinded,
        _ => Verdict::Counted,
    }
}
