//! What the passing of time does to a contact.

use jiff::Timestamp;

use super::alarm::{LAST_CONTACT, STALE_FEED, UNDELIVERABLE};
use super::course::Course;
use super::due::{awaited, hold_alarm_days, next_day, obstacle, patience, removal};
use super::turn::Turn;
use super::{Step, Surroundings, remove};
use crate::contact::{Awaited, Contact, ContactState, Episode, Hold, Stage};
use crate::limits::{LAST_CONTACT_HOLD_DAYS, UNDELIVERABLE_DAYS};
use crate::notice::NoticeKind;

/// What is due for the contact at `now`; `None` if nothing is. Rule: domain §3.
///
/// At most one stage is reached in one step, since the next one is never due on the same day. Calling it when nothing
/// is due is harmless. Where several contacts of a district are due, each is evaluated on the outcome of those before
/// it: by due time, then id.
pub fn step(contact: &Contact, around: &Surroundings, now: Timestamp) -> Option<Step> {
    let mut turn = Turn::new(contact, around, now);
    match contact.state {
        ContactState::Active | ContactState::Pending | ContactState::Held => turn.advance(),
        ContactState::Suspended => {
            if now >= removal(contact, &around.district.timezone) {
                turn.contact = remove(contact);
            }
        }
        ContactState::Deactivated | ContactState::Removed => {}
    }
    turn.changes(contact)
}

impl Turn<'_, '_> {
    fn advance(&mut self) {
        let waits = awaited(&self.contact);
        if let Some((Hold::Approval, since)) = self.contact.hold {
            let again = next_day(&self.around.district.timezone, since);
            if waits.is_some() || self.now < again {
                return;
            }
        }
        if let Some(awaited) = waits {
            return self.wait_for_delivery(awaited);
        }
        let (stage, due) = Course::of(&self.contact, self.around).next();
        if self.now < due {
            // A changed time zone or period can move a stage out of a hold that had begun.
            return self.release();
        }
        match obstacle(&self.contact, self.around, (stage, due), self.now) {
            Some(why) => self.keep_held(why, stage),
            None if stage == Stage::Deactivated => self.deactivate(due),
            None => self.queue(stage, due),
        }
    }

    /// A stage that nobody has accepted or refused in time: the daemon was down, say, or everybody asked to come back
    /// later. Only now does the waiting for a refusal to end begin. What a contact held for a refusal comes to is for
    /// the attempts to say, see [`refused`](super::refused): time that passes proves no refusal.
    fn wait_for_delivery(&mut self, awaited: Awaited) {
        let refused = matches!(self.contact.hold, Some((Hold::Undeliverable, _)));
        let patience = patience(&self.contact, awaited, &self.around.district.timezone);
        if refused || self.now < patience {
            return;
        }
        self.hold(Hold::Undeliverable);
        let stage = awaited.stage.word();
        self.alarm(
            UNDELIVERABLE,
            format!("{stage} was neither accepted nor refused for {UNDELIVERABLE_DAYS} days"),
        );
    }

    /// Puts a stage into the outbox. With the first one an episode is prepared; it has a number of its own even if it
    /// never begins, so that its notice is never taken for one of a later episode.
    fn queue(&mut self, stage: Stage, due: Timestamp) {
        self.release();
        let contact = &mut self.contact;
        let episode = contact.episode.get_or_insert_with(|| {
            contact.episodes += 1;
            Episode {
                number: contact.episodes,
                periods: self.around.district.inactivity,
                notice: None,
                reminder: None,
                last: None,
                awaited: None,
            }
        });
        episode.awaited = Some(Awaited {
            stage,
            due,
            since: self.now,
            refused: false,
        });
        self.notify(NoticeKind::from(stage), due);
        self.alarm_if_last(stage);
    }

    fn deactivate(&mut self, due: Timestamp) {
        self.contact.deactivated = Some(self.now);
        self.release();
        self.notify(NoticeKind::Deactivated, due);
        self.alarm_if_last(Stage::Deactivated);
    }

    fn alarm_if_last(&mut self, stage: Stage) {
        if self.around.is_last() {
            let stage = stage.word();
            self.alarm(
                LAST_CONTACT,
                format!("the last valid contact of the district has reached the stage {stage}"),
            );
        }
    }

    /// Begins a hold, or repeats its alarm when that is due.
    fn keep_held(&mut self, why: Hold, stage: Stage) {
        let since = match self.contact.hold {
            Some((held, since)) if held == why => {
                if !self.alarm_is_due(since) {
                    return;
                }
                since
            }
            _ => {
                self.hold(why);
                self.now
            }
        };
        let zone = &self.around.district.timezone;
        let stage = stage.word();
        let since_day = zone.day(since);
        if why == Hold::LastContact {
            let limit = zone.day(zone.plus_days(since, LAST_CONTACT_HOLD_DAYS));
            self.alarm(
                LAST_CONTACT,
                format!("the last valid contact of the district is held since {since_day} and will be deactivated on {limit}"),
            );
        } else {
            self.alarm(
                STALE_FEED,
                format!("{stage} waits since {since_day} for an activity feed that is behind"),
            );
        }
    }

    /// A held contact is looked at on the days of its alarm, and whenever something around it changes. The stored due
    /// time tells from which day on nobody has looked.
    fn alarm_is_due(&self, since: Timestamp) -> bool {
        let zone = &self.around.district.timezone;
        let Some(unseen) = self.contact.next_due else {
            return false;
        };
        hold_alarm_days()
            .map(|days| zone.plus_days(since, days))
            .any(|day| unseen <= day && day <= self.now)
    }
}
