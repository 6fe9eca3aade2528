//! One evaluation of one contact while it is being worked out.

use jiff::Timestamp;

use super::alarm::TECHNICAL_CAP;
use super::{Step, Surroundings, next_due};
use crate::contact::{Contact, ContactKind, ContactState, Given, Hold, Stage};
use crate::notice::{Alarm, Notice, NoticeKind};

/// The contact as it is becoming, and what has been said on the way.
pub(super) struct Turn<'a, 'd> {
    pub(super) contact: Contact,
    pub(super) around: &'a Surroundings<'d>,
    pub(super) now: Timestamp,
    notices: Vec<Notice>,
    alarms: Vec<Alarm>,
}

impl<'a, 'd> Turn<'a, 'd> {
    pub(super) fn new(contact: &Contact, around: &'a Surroundings<'d>, now: Timestamp) -> Self {
        Self {
            contact: contact.clone(),
            around,
            now,
            notices: Vec::new(),
            alarms: Vec::new(),
        }
    }

    /// Puts a notice of the present episode into the outbox.
    pub(super) fn notify(&mut self, kind: NoticeKind, due: Timestamp) {
        let episode = self.contact.episodes;
        let notice = Notice::new(kind, &self.contact, episode, due, self.now);
        self.notices.push(notice);
    }

    /// Raises an alarm about the contact.
    pub(super) fn alarm(&mut self, code: &str, message: String) {
        self.alarms.push(Alarm {
            code: code.to_owned(),
            district: Some(self.contact.district.clone()),
            person: Some(self.contact.person.clone()),
            message,
            at: self.now,
        });
    }

    /// Lets the state follow from what has happened. While the directory shuts the contact out, it is the remembered
    /// state that follows.
    pub(super) fn settle(&mut self) {
        let contact = &mut self.contact;
        let told = |episode: &crate::contact::Episode| episode.notice.is_some();
        let state = if contact.deactivated.is_some() {
            ContactState::Deactivated
        } else if contact.hold.is_some() {
            ContactState::Held
        } else if contact.episode.as_ref().is_some_and(told) {
            ContactState::Pending
        } else {
            ContactState::Active
        };
        match &mut contact.suspended {
            Some((remembered, _)) => *remembered = state,
            None => contact.state = state,
        }
    }

    /// Holds the contact from now on.
    pub(super) fn hold(&mut self, why: Hold) {
        self.contact.hold = Some((why, self.now));
        self.settle();
    }

    /// Ends a hold, if there is one.
    pub(super) fn release(&mut self) {
        self.contact.hold = None;
        self.settle();
    }

    /// Records that a stage has been given, so that the next one can become due. The episode begins with its notice,
    /// and keeps the periods of that moment.
    pub(super) fn give(&mut self, stage: Stage, given: Given) {
        if let Some(episode) = &mut self.contact.episode {
            episode.awaited = None;
            match stage {
                Stage::Notice => {
                    episode.periods = self.around.district.inactivity;
                    episode.notice = Some(given);
                }
                Stage::Reminder => episode.reminder = Some(given),
                Stage::Final => episode.last = Some(given),
                Stage::Deactivated => {}
            }
        }
        self.release();
    }

    /// Ends the episode and whatever it led to: the contact is active, or will be when the directory lets it in.
    pub(super) fn end_episode(&mut self) {
        self.contact.episode = None;
        self.contact.deactivated = None;
        self.release();
    }

    /// A technical contact that comes back when the slot is taken comes back as support. Rules: domain §3,
    /// `contact.technical-cap`.
    pub(super) fn yield_slot(&mut self) {
        if self.contact.is_valid() && self.around.slot_is_taken(self.contact.kind) {
            self.contact.kind = ContactKind::Support;
            self.alarm(
                TECHNICAL_CAP,
                "a technical contact came back as support, because the district has its technical contact already"
                    .to_owned(),
            );
        }
    }

    /// The outcome.
    pub(super) fn finish(mut self) -> Step {
        self.contact.next_due = next_due(&self.contact, self.around, self.now);
        Step {
            contact: self.contact,
            notices: self.notices,
            alarms: self.alarms,
        }
    }

    /// The outcome, `None` if it is what was there before.
    pub(super) fn changes(self, before: &Contact) -> Option<Step> {
        let step = self.finish();
        let silent = step.notices.is_empty() && step.alarms.is_empty();
        (!silent || step.contact != *before).then_some(step)
    }
}
