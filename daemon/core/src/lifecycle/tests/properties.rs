//! Whatever happens in whatever order: what always holds. Rule: domain §3.

use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;
use std::collections::BTreeSet;

use super::*;
use crate::person::DirectoryStatus;

/// Something that happens, after some hours.
#[derive(Debug, Clone)]
enum Happening {
    Sweep,
    Accept,
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

const ZONES: [&str; 4] = [
    "America/Denver",
    "Pacific/Apia",
    "Europe/London",
    "Australia/Lord_Howe",
];

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        12 => Just(Happening::Sweep),
        8 => Just(Happening::Accept),
        3 => Just(Happening::Refuse),
        1 => (0..400_i64).prop_map(Happening::Activity),
        2 => (0..100_i64).prop_map(Happening::Feed),
        1 => Just(Happening::Disabled),
        2 => Just(Happening::Present),
        1 => Just(Happening::Reactivate),
        1 => (0..2_usize).prop_map(Happening::Colleagues),
        1 => prop::sample::select(&ZONES[..]).prop_map(Happening::Zone),
    ]
}

/// Minutes that pass: often little, sometimes an outage.
fn minutes() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => 0..90_i64,
        4 => 0..(3 * 24 * 60_i64),
        4 => (10 * 24 * 60_i64)..(17 * 24 * 60),
        1 => (30 * 24 * 60_i64)..(60 * 24 * 60),
    ]
}

struct Timeline {
    world: World,
    now: Timestamp,
    /// What was accepted: episode, kind, local day.
    accepted: Vec<(u32, NoticeKind, jiff::civil::Date)>,
}

impl Timeline {
    fn happen(&mut self, happening: Happening) {
        let now = self.now.to_string();
        match happening {
            Happening::Sweep => self.sweep(),
            Happening::Accept => self.accept(),
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
            Happening::Zone(name) => self.world.district.timezone = Zone::new(name).unwrap(),
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
    fn sweep(&mut self) {
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
            let episode = after.episode.as_ref().unwrap();
            let told = [Stage::Notice, Stage::Reminder, Stage::Final]
                .map(|stage| episode.given(stage).unwrap());
            assert!(told.is_sorted_by_key(|given| given.accepted), "{episode:?}");
            let days: BTreeSet<_> = told.iter().map(|given| self.day(given.accepted)).collect();
            assert_eq!(days.len(), 3, "{episode:?}");
            assert!(
                self.now >= after.anchor() + (24 * 209).hours(),
                "too early: {after:?}"
            );
        }
    }

    fn day(&self, at: Timestamp) -> jiff::civil::Date {
        self.world.district.timezone.wall(at).date()
    }

    fn accept(&mut self) {
        let Some(notice) = self.world.outbox.last().cloned() else {
            return;
        };
        let step = accepted(&self.world.contact, &self.world.around(), &notice, self.now);
        if let Some(step) = step {
            self.world.take(step);
            self.accepted
                .push((notice.episode, notice.kind, self.day(self.now)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nobody_is_forgotten_told_twice_or_cut_off_untold(
        happenings in prop::collection::vec((minutes(), happening()), 1..120),
        hold_last in any::<bool>(),
        gated in any::<bool>(),
        warn in 3_u16..200,
        room in 3_u16..40,
        minute in 0..(24 * 60_i64),
        fixed_zone in prop::sample::select(&ZONES[..]),
    ) {
        let now = at("2024-02-20T00:00:00Z") + minute.minutes();
        let mut world = World::in_zone(fixed_zone, now);
        let periods = &mut world.district.inactivity;
        if hold_last {
            periods.last_contact = crate::district::LastContact::Hold;
        }
        (periods.warn_after, periods.deactivate_after) = (warn, warn + room);
        world.feed = gated.then_some(None);
        world.recheck(now);
        let _ = fixed_zone;
        let mut timeline = Timeline { world, now, accepted: Vec::new() };
        for (minutes, happening) in happenings {
            timeline.now += minutes.minutes();
            let anchor = timeline.world.contact.anchor();
            timeline.happen(happening);
            let contact = &timeline.world.contact;
            prop_assert!(contact.anchor() >= anchor, "anchor moved back");
            let due = contact.is_valid() || contact.state == ContactState::Suspended;
            prop_assert_eq!(contact.next_due.is_some(), due);
            prop_assert_eq!(contact.hold.is_some(), contact.state == ContactState::Held);
        }
        let stages: BTreeSet<_> = timeline.accepted.iter().map(|(e, kind, _)| (*e, *kind)).collect();
        prop_assert_eq!(stages.len(), timeline.accepted.len(), "a stage was accepted twice");
    }
}
