//! Promises of the lifecycle.

mod approval;
mod clock;
mod directory;
mod due;
mod events;
mod properties;
mod worked;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::*;
use crate::contact::{Activity, ActivityKind, Hold, Stage};
use crate::district::{District, Help, Inactivity, Preferences};
use crate::id::{DistrictId, EditionId, EventId, PersonId};
use crate::notice::NoticeKind;
use crate::time::Zone;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn district(zone: &str) -> District {
    District {
        id: DistrictId::new("lone-pine").unwrap(),
        name: "Lone Pine Unified".to_owned(),
        timezone: Zone::new(zone).unwrap(),
        edition: EditionId::new("standard").unwrap(),
        products: BTreeSet::new(),
        hosting: None,
        sites: BTreeSet::new(),
        schools: BTreeMap::new(),
        preferences: Preferences::default(),
        inactivity: Inactivity::default(),
        help: Help::default(),
        mailbox: None,
        linked_to: None,
        technical_cap: 1,
        third_parties: BTreeSet::new(),
    }
}

fn ana() -> Person {
    Person {
        id: PersonId::new("ana").unwrap(),
        district: DistrictId::new("lone-pine").unwrap(),
        username: "aortiz".to_owned(),
        name: "Ana Ortiz".to_owned(),
        mail: Vec::new(),
        phone: Vec::new(),
        employee_number: None,
        title: None,
        homepage: crate::person::MAIN_HOMEPAGE.to_owned(),
        enabled: true,
        schools: BTreeSet::new(),
        third_party: None,
        coach_of: BTreeSet::new(),
        directory: None,
    }
}

/// One contact in a district, with everything that has been said of it.
struct World {
    district: District,
    other_valid: usize,
    other_technical: usize,
    feed: Option<Option<Timestamp>>,
    contact: Contact,
    /// Notices of the outbox, oldest first.
    outbox: Vec<Notice>,
    /// Codes of the alarms, oldest first.
    alarms: Vec<String>,
}

impl World {
    /// A contact with two colleagues in a Denver district, quiet since `anchor`.
    fn quiet_since(anchor: &str) -> Self {
        Self::in_zone("America/Denver", at(anchor))
    }

    fn in_zone(zone: &str, anchor: Timestamp) -> Self {
        let district = district(zone);
        let around = Surroundings {
            district: &district,
            other_valid: 2,
            other_technical: 0,
            feed: None,
        };
        let contact = designate(&ana(), ContactKind::Support, anchor, &around);
        Self {
            district,
            other_valid: 2,
            other_technical: 0,
            feed: None,
            contact,
            outbox: Vec::new(),
            alarms: Vec::new(),
        }
    }

    fn around(&self) -> Surroundings<'_> {
        Surroundings {
            district: &self.district,
            other_valid: self.other_valid,
            other_technical: self.other_technical,
            feed: self.feed,
        }
    }

    fn take(&mut self, step: Step) {
        self.contact = step.contact;
        self.outbox.extend(step.notices);
        self.alarms
            .extend(step.alarms.into_iter().map(|alarm| alarm.code));
    }

    /// A sweep as the timer does it: only if something is due. Tells which notices it queued.
    fn sweep(&mut self, now: &str) -> Vec<NoticeKind> {
        self.sweep_at(at(now))
    }

    fn sweep_at(&mut self, now: Timestamp) -> Vec<NoticeKind> {
        let before = self.outbox.len();
        if self.contact.next_due.is_some_and(|due| due <= now)
            && let Some(step) = step(&self.contact, &self.around(), now)
        {
            self.take(step);
        }
        self.outbox[before..].iter().map(|n| n.kind).collect()
    }

    /// A sweep whose notices are accepted at once.
    fn sweep_and_accept(&mut self, now: &str) -> Vec<NoticeKind> {
        let kinds = self.sweep(now);
        self.accept(now);
        kinds
    }

    /// The newest notice is accepted.
    fn accept(&mut self, now: &str) {
        let notice = self.outbox.last().cloned();
        if let Some(step) =
            notice.and_then(|n| accepted(&self.contact, &self.around(), &n, at(now)))
        {
            self.take(step);
        }
    }

    /// Every channel refuses the newest notice.
    fn refuse(&mut self, now: &str) {
        let notice = self.outbox.last().cloned();
        if let Some(step) = notice.and_then(|n| refused(&self.contact, &self.around(), &n, at(now)))
        {
            self.take(step);
        }
    }

    /// Somebody asks to come back later with the newest notice.
    fn put_off(&mut self, now: &str) {
        let notice = self.outbox.last().cloned();
        if let Some(step) = notice.and_then(|n| put_off(&self.contact, &self.around(), &n, at(now)))
        {
            self.take(step);
        }
    }

    fn activity(&mut self, occurred: &str, now: &str) -> ActivityOutcome {
        self.activity_at(at(occurred), at(now))
    }

    fn activity_at(&mut self, occurred: Timestamp, now: Timestamp) -> ActivityOutcome {
        let event = Activity {
            id: EventId::new("e1").unwrap(),
            person: self.contact.person.clone(),
            kind: ActivityKind::PortalLogin,
            occurred,
            feed: None,
        };
        let outcome = activity(&self.contact, &self.around(), &event, now);
        if let ActivityOutcome::Counted(step) | ActivityOutcome::Rescinds(step) = &outcome {
            self.take(Step::clone(step));
        }
        outcome
    }

    /// The feed reports; the flow wakes whom it concerns.
    fn feed_reports(&mut self, watermark: &str, now: &str) {
        self.feed = Some(Some(at(watermark)));
        self.recheck(at(now));
    }

    fn recheck(&mut self, now: Timestamp) {
        if let Some(contact) = recheck(&self.contact, &self.around(), now) {
            self.contact = contact;
        }
    }

    fn directory(&mut self, status: crate::person::DirectoryStatus, now: &str) {
        if let Some(step) = directory(&self.contact, &self.around(), status, at(now)) {
            self.take(step);
        }
    }

    fn state(&self) -> ContactState {
        self.contact.state
    }

    /// When something is due next, in local time.
    fn next_due(&self) -> String {
        self.contact
            .next_due
            .map_or("never".to_owned(), |due| self.local(due))
    }

    fn local(&self, at: Timestamp) -> String {
        self.district.timezone.rfc3339(at)
    }

    /// Sweeps at each due time and accepts what it queued, until the contact is deactivated. Tells what was reached when.
    fn run_out(&mut self) -> Vec<(NoticeKind, String)> {
        let mut reached = Vec::new();
        while let Some(now) = self.contact.next_due {
            for kind in self.sweep_at(now) {
                reached.push((kind, self.local(now)));
            }
            self.accept(&now.to_string());
        }
        reached
    }

    /// The forecast in local time.
    fn forecast(&self, now: &str, until: &str) -> Vec<(Stage, String)> {
        forecast(&self.contact, &self.around(), at(now), at(until))
            .into_iter()
            .map(|(stage, reached)| (stage, self.local(reached)))
            .collect()
    }

    fn deadline(&self, now: &str) -> String {
        deadline(&self.contact, &self.around(), at(now))
            .map_or("none".to_owned(), |d| self.local(d))
    }
}

/// Pairs with the text owned, for comparison with what was reached.
fn times<K: Copy>(expected: &[(K, &str)]) -> Vec<(K, String)> {
    expected
        .iter()
        .map(|(kind, at)| (*kind, (*at).to_owned()))
        .collect()
}
