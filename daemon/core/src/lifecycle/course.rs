//! The course of an episode: when each stage is due, given when those before it were accepted.

use jiff::{SignedDuration, Timestamp};

use super::Surroundings;
use crate::contact::{Contact, Given, Hold, Stage};
use crate::district::{Inactivity, LastContact};
use crate::limits::{LAST_CONTACT_HOLD_DAYS, ON_TIME_SECONDS};
use crate::time::Zone;

/// What the due times of an episode hang on.
#[derive(Clone, Copy)]
pub(super) struct Course<'d> {
    zone: &'d Zone,
    anchor: Timestamp,
    periods: Inactivity,
    notice: Option<Given>,
    reminder: Option<Given>,
    last: Option<Given>,
}

impl<'d> Course<'d> {
    /// The course that the contact is on. Until a notice is accepted the district's present periods apply, from then
    /// on those that the episode began with.
    pub(super) fn of(contact: &Contact, around: &Surroundings<'d>) -> Self {
        let begun = contact.episode.as_ref().filter(|e| e.notice.is_some());
        Self {
            zone: &around.district.timezone,
            anchor: contact.anchor(),
            periods: begun.map_or(around.district.inactivity, |episode| episode.periods),
            notice: begun.and_then(|episode| episode.notice),
            reminder: begun.and_then(|episode| episode.reminder),
            last: begun.and_then(|episode| episode.last),
        }
    }

    /// The stage that comes next, and when it is due.
    pub(super) fn next(&self) -> (Stage, Timestamp) {
        let Some(notice) = self.notice else {
            return (Stage::Notice, self.nominal(Stage::Notice));
        };
        let Some(reminder) = self.reminder else {
            let due = self.after(Stage::Notice, notice, Stage::Reminder);
            return (Stage::Reminder, due);
        };
        match self.last {
            None => {
                let due = self.after(Stage::Reminder, reminder, Stage::Final);
                (Stage::Final, due)
            }
            Some(last) => {
                let due = self.after(Stage::Final, last, Stage::Deactivated);
                (Stage::Deactivated, due)
            }
        }
    }

    /// When a stage is due if none slides: counted from the anchor, or from the notice if that was late.
    fn nominal(&self, stage: Stage) -> Timestamp {
        let n = self.periods.episode_days();
        let days = match stage {
            Stage::Notice => 0,
            Stage::Reminder => n / 2,
            Stage::Final => n - 1,
            Stage::Deactivated => n,
        };
        match self.notice {
            Some(notice) if !is_on_time(notice) => self.zone.plus_days(notice.accepted, days),
            _ => {
                let warn = i64::from(self.periods.warn_after);
                self.zone.plus_days(self.anchor, warn + days)
            }
        }
    }

    /// When `next` is due after `stage` was given. A stage that was on time where the course has it slides nothing,
    /// even if its own wall time had to leave a DST gap; after any other one at least a day passes.
    fn after(&self, stage: Stage, given: Given, next: Stage) -> Timestamp {
        let nominal = self.nominal(next);
        // A notice due at 23:30 and accepted at 00:10 is on time, but the day it was read on is the later one: the
        // next must not arrive on that day as well.
        let same_day = self.zone.wall(given.due).date() == self.zone.wall(given.accepted).date();
        let counts_as_due = is_on_time(given) && same_day;
        if counts_as_due && given.due == self.nominal(stage) {
            return nominal;
        }
        let base = if counts_as_due {
            given.due
        } else {
            given.accepted
        };
        nominal.max(self.zone.plus_days(base, 1))
    }

    /// The course once `stage` has been given.
    fn with(mut self, stage: Stage, given: Given) -> Self {
        match stage {
            Stage::Notice => self.notice = Some(given),
            Stage::Reminder => self.reminder = Some(given),
            Stage::Final => self.last = Some(given),
            Stage::Deactivated => {}
        }
        self
    }
}

/// Accepted so soon after it was due that it counts as due. Rule: domain §3.
fn is_on_time(given: Given) -> bool {
    given.accepted.duration_since(given.due) <= SignedDuration::from_secs(ON_TIME_SECONDS)
}

/// All stages still to come and when each is reached: notices are accepted when due, or at `from` if that is later.
/// Empty for contacts that are not valid: they reach no stage.
fn stages_to_come(
    contact: &Contact,
    around: &Surroundings,
    from: Timestamp,
) -> Vec<(Stage, Timestamp)> {
    let mut stages = Vec::new();
    if !contact.is_valid() {
        return stages;
    }
    let mut course = Course::of(contact, around);
    let mut awaited = contact.episode.as_ref().and_then(|e| e.awaited);
    loop {
        let (stage, due) = course.next();
        // What is in the outbox already was due when it went there, whatever the periods say since.
        let due = awaited.take().map_or(due, |awaited| awaited.due);
        let accepted = due.max(from);
        stages.push((stage, accepted));
        if stage == Stage::Deactivated {
            return stages;
        }
        let given = Given {
            due,
            accepted,
            unnotified: false,
        };
        course = course.with(stage, given);
    }
}

/// The day that a notice names: when the contact will be deactivated if the notice that is due goes out at `now`, and
/// the later ones on time. `None` if the contact is not valid.
///
/// A last contact may be held longer than this; it is never cut off earlier than it was told.
pub fn deadline(contact: &Contact, around: &Surroundings, now: Timestamp) -> Option<Timestamp> {
    stages_to_come(contact, around, now)
        .last()
        .map(|(_, reached)| *reached)
}

/// Which stages the contact reaches from `now` until `until` if nothing happens: notices are accepted when due, feeds
/// are complete, and nobody logs in. Rule: domain §3, `forecast`.
pub fn forecast(
    contact: &Contact,
    around: &Surroundings,
    now: Timestamp,
    until: Timestamp,
) -> Vec<(Stage, Timestamp)> {
    let mut stages = stages_to_come(contact, around, now);
    let holds = around.district.inactivity.last_contact == LastContact::Hold;
    if let Some((Stage::Deactivated, reached)) = stages.last_mut()
        && around.is_last()
        && holds
    {
        let since = match contact.hold {
            Some((Hold::LastContact, since)) => since,
            _ => *reached,
        };
        let limit = around
            .district
            .timezone
            .plus_days(since, LAST_CONTACT_HOLD_DAYS);
        *reached = limit.max(now);
    }
    stages.retain(|(_, reached)| *reached <= until);
    stages
}
