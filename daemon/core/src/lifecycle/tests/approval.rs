//! A stage that is one of a mass: nobody is moved on by what was not sent.

use super::*;
use crate::notice::NoticeKind::{Final, Notice as First, Reminder};

impl World {
    /// A sweep whose stage is held back as one of a mass.
    fn sweep_in_a_mass(&mut self, now: &str) {
        let step = step(&self.contact, &self.around(), at(now)).unwrap();
        assert_eq!(stage_notices(&step), 1);
        self.take(held_back(step, at(now)));
    }

    fn answer(
        &mut self,
        follow: fn(&Contact, &Surroundings, &Notice, Timestamp) -> Option<Step>,
        now: &str,
    ) -> bool {
        let notice = self.outbox.last().cloned().unwrap();
        let step = follow(&self.contact, &self.around(), &notice, at(now));
        let changed = step.is_some();
        step.into_iter().for_each(|step| self.take(step));
        changed
    }
}

#[test]
fn a_held_stage_is_waited_for_however_long_it_takes_and_slides_what_follows() {
    let mut ana = World::quiet_since("2024-09-03T10:00:00-06:00");
    ana.sweep_in_a_mass("2025-03-02T10:00:00-07:00");
    assert_eq!(
        (ana.state(), ana.next_due()),
        (ContactState::Held, "never".to_owned())
    );
    assert!(ana.contact.is_valid());
    // Even if somebody looks: not after fourteen days, not after a year.
    for day in ["2025-03-17T10:00:00-06:00", "2026-03-02T10:00:00-07:00"] {
        assert_eq!(step(&ana.contact, &ana.around(), at(day)), None);
        ana.recheck(at(day));
        assert_eq!(ana.next_due(), "never");
    }
    assert!(ana.answer(approved, "2025-05-01T09:00:00-06:00"));
    assert!(!ana.answer(approved, "2025-05-01T09:00:00-06:00"), "twice");
    assert_eq!(
        ana.state(),
        ContactState::Active,
        "nothing was accepted yet"
    );
    ana.accept("2025-05-01T09:05:00-06:00");
    assert_eq!(
        ana.run_out(),
        times(&[
            (Reminder, "2025-05-16T09:05:00-06:00"),
            (Final, "2025-05-30T09:05:00-06:00"),
            (NoticeKind::Deactivated, "2025-05-31T09:05:00-06:00"),
        ])
    );
}

#[test]
fn approval_begins_the_fourteen_days_anew() {
    let mut ana = World::quiet_since("2024-09-03T10:00:00-06:00");
    ana.sweep_in_a_mass("2025-03-02T10:00:00-07:00");
    ana.answer(approved, "2025-05-01T09:00:00-06:00");
    assert_eq!(ana.next_due(), "2025-05-15T09:00:00-06:00");
}

#[test]
fn a_declined_stage_is_looked_at_again_a_day_later_and_is_the_same_notice() {
    let mut ana = World::quiet_since("2024-09-03T10:00:00-06:00");
    ana.sweep_in_a_mass("2025-03-02T10:00:00-07:00");
    assert!(ana.answer(declined, "2025-03-04T15:00:00-07:00"));
    assert!(!ana.answer(declined, "2025-03-04T15:00:00-07:00"), "twice");
    assert_eq!(
        (ana.state(), ana.next_due()),
        (ContactState::Held, "2025-03-05T15:00:00-07:00".to_owned())
    );
    assert_eq!(ana.sweep("2025-03-05T14:59:00-07:00"), []);
    assert_eq!(ana.sweep("2025-03-05T15:00:00-07:00"), [First]);
    assert_eq!(ana.outbox[0].id, ana.outbox[1].id);
}

#[test]
fn who_is_seen_while_a_word_is_waited_for_is_active_again() {
    let mut ana = World::quiet_since("2024-09-03T10:00:00-06:00");
    ana.sweep_in_a_mass("2025-03-02T10:00:00-07:00");
    ana.activity("2025-03-03T08:00:00-07:00", "2025-03-03T08:00:00-07:00");
    assert_eq!(ana.state(), ContactState::Active);
    assert_eq!(wanted(&ana.contact, &ana.outbox[0]), Wanted::Never);
    assert!(!ana.answer(approved, "2025-03-04T10:00:00-07:00"));
}

#[test]
fn who_is_shut_out_while_a_word_is_waited_for_goes_on_waiting_when_let_in() {
    use crate::person::DirectoryStatus::{Disabled, Present};
    let mut ana = World::quiet_since("2024-09-03T10:00:00-06:00");
    ana.sweep_in_a_mass("2025-03-02T10:00:00-07:00");
    ana.directory(Disabled, "2025-03-03T10:00:00-07:00");
    assert_eq!(ana.state(), ContactState::Suspended);
    ana.directory(Present, "2025-03-10T10:00:00-06:00");
    assert_eq!(
        (ana.state(), ana.next_due()),
        (ContactState::Held, "never".to_owned())
    );
}

#[test]
fn a_notice_is_given_up_only_if_no_stage_waits_for_it() {
    let mut ana = World::quiet_since("2024-09-03T10:00:00-06:00");
    let begun = "2025-03-02T10:00:00-07:00";
    ana.sweep(begun);
    let late = at("2025-03-16T10:00:00-06:00");
    let stage = ana.outbox[0].clone();
    assert!(!given_up(
        &ana.contact,
        &ana.around(),
        &stage,
        at(begun),
        late
    ));
    let off = Notice {
        kind: NoticeKind::Deactivated,
        ..stage
    };
    assert!(given_up(&ana.contact, &ana.around(), &off, at(begun), late));
    let early = at("2025-03-16T09:59:00-06:00");
    assert!(!given_up(
        &ana.contact,
        &ana.around(),
        &off,
        at(begun),
        early
    ));
}
