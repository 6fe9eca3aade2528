//! Whatever happens in whatever order: what always holds. Rule: domain §3.

use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;
use std::collections::BTreeSet;

use super::*;
use crate::district::LastContact;
use crate::person::DirectoryStatus;

/// Something that happens, after some hours.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    Sweep,
    /// The newest notice is accepted, or one of those before it.
    Accept(usize),
    Refuse,
    /// Activity that many hours ago.
    Activity(i64),
    Feed(i64),
    Disabled,
    Present,
    Reactivate,
    Colleagues(usize),
    Zone(&'static str),
}

pub(super) const ZONES: [&str; 4] = [
    "America/Denver",
    "Pacific/Apia",
    "Europe/London",
    "Australia/Lord_Howe",
];

pub(super) fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        40 => Just(Happening::Sweep),
        30 => (0..10_usize).prop_map(|back| Happening::Accept(back / 8)),
        6 => Just(Happening::Refuse),
        1 => (0..400_i64).prop_map(Happening::Activity),
        10 => (0..100_i64).prop_map(Happening::Feed),
        1 => Just(Happening::Disabled),
        6 => Just(Happening::Present),
        3 => Just(Happening::Reactivate),
        1 => (0..2_usize).prop_map(Happening::Colleagues),
        1 => prop::sample::select(&ZONES[..]).prop_map(Happening::Zone),
    ]
}

/// Minutes that pass: often little, sometimes an outage.
pub(super) fn minutes() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => 0..90_i64,
        4 => 0..(3 * 24 * 60_i64),
        4 => (10 * 24 * 60_i64)..(17 * 24 * 60),
        1 => (30 * 24 * 60_i64)..(60 * 24 * 60),
    ]
}

/// The district in which a timeline begins.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    zone: &'static str,
    /// Days until the notice, and from there until the deactivation.
    warn: u16,
    room: u16,
    last_contact: LastContact,
    /// A feed must have come far enough before anybody is told anything.
    is_gated: bool,
}

pub(super) fn setting() -> impl Strategy<Value = Setting> {
    let rest = (
        prop::sample::select(&ZONES[..]),
        3_u16..60,
        prop_oneof![3..7_u16, 3..40_u16],
        any::<bool>(),
    );
    let last_contact = prop::sample::select(&[LastContact::Deactivate, LastContact::Hold][..]);
    (last_contact, rest).prop_map(|(last_contact, (zone, warn, room, is_gated))| Setting {
        zone,
        warn,
        room,
        last_contact,
        is_gated,
    })
}

impl Setting {
    /// A timeline that begins at `now`.
    pub(super) fn begin(&self, now: Timestamp) -> Timeline {
        let mut world = World::in_zone(self.zone, now);
        let periods = &mut world.district.inactivity;
        periods.last_contact = self.last_contact;
        (periods.warn_after, periods.deactivate_after) = (self.warn, self.warn + self.room);
        world.feed = self.is_gated.then_some(None);
        world.recheck(now);
        Timeline::new(world, now)
    }
}

pub(super) struct Timeline {
    pub(super) world: World,
    pub(super) now: Timestamp,
    /// The district changed its time zone: days of before and after cannot be compared.
    moved: bool,
    /// What was accepted: episode and kind.
    accepted: Vec<(u32, NoticeKind)>,
}

impl Timeline {
    fn new(world: World, now: Timestamp) -> Self {
        Self {
            world,
            now,
            moved: false,
            accepted: Vec::new(),
        }
    }

    pub(super) fn happen(&mut self, happening: Happening) {
        let now = self.now.to_string();
        match happening {
            Happening::Sweep => self.sweep(),
            Happening::Accept(back) => self.accept(back),
            Happening::Refuse => self.world.refuse(&now),
            Happening::Activity(hours) => {
                let occurred = self.now - SignedDuration::from_hours(hours);
                self.world.activity_at(occurred, self.now);
            }
            Happening::Feed(lag) => {
                let mark = self.now - lag.hours();
                self.world.feed_reports(&mark.to_string(), &now);
            }
            Happening::Disabled => self.world.directory(DirectoryStatus::Disabled, &now),
            Happening::Present => self.world.directory(DirectoryStatus::Present, &now),
            Happening::Reactivate => self.reactivate(),
            Happening::Colleagues(others) => self.world.other_valid = others,
            Happening::Zone(name) => {
                self.moved = true;
                self.world.district.timezone = Zone::new(name).unwrap();
            }
        }
        self.world.recheck(self.now);
    }

    fn reactivate(&mut self) {
        let kind = self.world.contact.kind;
        if let Ok(step) = reactivate(&self.world.contact, &self.world.around(), kind, self.now) {
            self.world.take(step);
        }
    }

    /// A sweep leaves nothing that is due, and cuts nobody off who was not told three times.
    pub(super) fn sweep(&mut self) {
        let before = self.world.contact.clone();
        self.world.sweep_at(self.now);
        let after = &self.world.contact;
        assert!(
            after.next_due.is_none_or(|due| due > self.now),
            "busy loop: {after:?}"
        );
        let around = self.world.around();
        assert_eq!(
            step(after, &around, self.now),
            None,
            "a second sweep has nothing to do"
        );
        if before.is_valid() && after.state == ContactState::Deactivated {
            self.check_deactivation();
        }
    }

    /// Told three times before, each on a day of its own, and not before the period was over.
    fn check_deactivation(&self) {
        let contact = &self.world.contact;
        let episode = contact.episode.as_ref().unwrap();
        let mut told = [Stage::Notice, Stage::Reminder, Stage::Final]
            .map(|stage| episode.given(stage).unwrap().accepted)
            .to_vec();
        told.push(self.now);
        assert!(told.is_sorted(), "{episode:?}");
        let days: BTreeSet<_> = told.iter().map(|at| self.day(*at)).collect();
        assert!(self.moved || days.len() == 4, "two on one day: {told:?}");
        // Whatever slid, slid to later; zones and DST move a moment by less than a day.
        let days = i64::from(episode.periods.deactivate_after) - 1;
        let earliest = contact.anchor() + (24 * days).hours();
        assert!(self.now > earliest, "too early: {contact:?}");
    }

    fn day(&self, at: Timestamp) -> jiff::civil::Date {
        self.world.district.timezone.wall(at).date()
    }

    fn accept(&mut self, back: usize) {
        let Some(notice) = self.world.outbox.iter().rev().nth(back).cloned() else {
            return;
        };
        let step = accepted(&self.world.contact, &self.world.around(), &notice, self.now);
        if let Some(step) = step {
            self.world.take(step);
            self.accepted.push((notice.episode, notice.kind));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nobody_is_forgotten_told_twice_or_cut_off_untold(
        happenings in prop::collection::vec((minutes(), happening()), 1..120),
        setting in setting(),
        minute in 0..(24 * 60_i64),
    ) {
        let now = at("2024-02-20T00:00:00Z") + minute.minutes();
        let mut timeline = setting.begin(now);
        for (minutes, happening) in happenings {
            timeline.now += minutes.minutes();
            let anchor = timeline.world.contact.anchor();
            timeline.happen(happening);
            let contact = &timeline.world.contact;
            prop_assert!(contact.anchor() >= anchor, "anchor moved back");
            // Of a notice that is refused the attempts decide, not the time.
            let is_refused = matches!(contact.hold, Some((Hold::Undeliverable, _)));
            let due = contact.is_valid() && !is_refused || contact.state == ContactState::Suspended;
            prop_assert_eq!(contact.next_due.is_some(), due);
            let state = contact.suspended.map_or(contact.state, |(remembered, _)| remembered);
            prop_assert_eq!(contact.hold.is_some(), state == ContactState::Held);
        }
        let stages: BTreeSet<_> = timeline.accepted.iter().collect();
        prop_assert_eq!(stages.len(), timeline.accepted.len(), "a stage was accepted twice");
    }
}
