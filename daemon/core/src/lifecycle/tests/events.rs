//! Activity, refusals, feeds and last contacts. Rule: domain §3.

use super::*;
use crate::contact::ActivityKinds;
use NoticeKind::{Deactivated, Final, Notice, Reminder};

const ANCHOR: &str = "2024-09-03T10:00:00-06:00";

/// A contact who has got the notice and the reminder, two weeks before the final notice.
fn reminded() -> World {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep_and_accept("2025-03-02T10:00:00-07:00");
    world.sweep_and_accept("2025-03-17T10:00:00-06:00");
    world
}

/// One who will be deactivated on 1 April 2025 at 10:00.
fn warned() -> World {
    let mut world = reminded();
    world.sweep_and_accept("2025-03-31T10:00:00-06:00");
    world
}

#[test]
fn a_contact_who_logs_in_on_day_200_is_active_again_and_the_next_episode_starts_afresh() {
    let mut world = reminded();
    world.activity("2025-03-22T08:00:00-06:00", "2025-03-22T08:00:05-06:00");
    assert_eq!(world.state(), ContactState::Active);
    assert_eq!((&world.contact.episode, world.contact.episodes), (&None, 1));
    assert_eq!(world.next_due(), "2025-09-18T08:00:00-06:00");
    assert_eq!(world.sweep("2025-09-18T08:00:00-06:00"), [Notice]);
    assert_eq!(world.contact.episodes, 2);
    assert_ne!(world.outbox[0].id, world.outbox[2].id);
}

#[test]
fn an_older_event_never_moves_the_anchor_back() {
    let mut world = reminded();
    let before = world.contact.clone();
    for occurred in ["2024-09-01T00:00:00Z", ANCHOR] {
        let outcome = world.activity(occurred, "2025-03-22T08:00:00-06:00");
        assert_eq!(outcome, ActivityOutcome::Older);
    }
    assert_eq!(world.contact, before);
}

#[test]
fn an_event_more_than_five_minutes_ahead_is_quarantined() {
    let mut world = World::quiet_since(ANCHOR);
    let now = "2024-10-01T08:00:00-06:00";
    assert_eq!(
        world.activity("2024-10-01T08:05:01-06:00", now),
        ActivityOutcome::Future
    );
    let outcome = world.activity("2024-10-01T08:05:00-06:00", now);
    assert!(
        matches!(outcome, ActivityOutcome::Counted(_)),
        "{outcome:?}"
    );
}

#[test]
fn a_late_event_from_before_the_deactivation_rescinds_it() {
    let mut world = warned();
    assert_eq!(world.sweep("2025-04-01T10:00:00-06:00"), [Deactivated]);
    let outcome = world.activity("2025-04-01T09:59:59-06:00", "2025-04-02T03:00:00-06:00");
    assert!(
        matches!(outcome, ActivityOutcome::Rescinds(_)),
        "{outcome:?}"
    );
    assert_eq!(
        (world.state(), world.contact.deactivated),
        (ContactState::Active, None)
    );
    assert_eq!(world.next_due(), "2025-09-28T09:59:59-06:00");
    assert_eq!(world.alarms, [""; 0]);
}

#[test]
fn an_event_from_after_the_deactivation_is_refused() {
    let mut world = warned();
    world.sweep("2025-04-01T10:00:00-06:00");
    let before = world.contact.clone();
    let off = at("2025-04-01T10:00:00-06:00");
    let outcome = world.activity("2025-04-01T10:00:00-06:00", "2025-04-02T03:00:00-06:00");
    let why = ActivityRefusal::AfterDeactivation(off);
    assert_eq!(outcome, ActivityOutcome::Refused { why });
    assert_eq!(world.contact, before);
}

#[test]
fn activity_and_timer_agree_whichever_comes_first() {
    let (login, timer) = ("2025-04-01T09:59:00-06:00", "2025-04-01T10:00:00-06:00");
    let mut login_first = warned();
    login_first.activity(login, timer);
    assert_eq!(login_first.sweep(timer), []);
    let mut timer_first = warned();
    timer_first.sweep(timer);
    timer_first.activity(login, timer);
    assert_eq!(login_first.contact, timer_first.contact);
}

#[test]
fn a_rescinded_technical_contact_whose_slot_is_taken_is_support_with_an_alarm() {
    let mut world = warned();
    world.contact.kind = ContactKind::Technical;
    world.sweep("2025-04-01T10:00:00-06:00");
    world.other_technical = 1;
    world.activity("2025-03-31T12:00:00-06:00", "2025-04-02T03:00:00-06:00");
    assert_eq!(
        (world.state(), world.contact.kind),
        (ContactState::Active, ContactKind::Support)
    );
    assert_eq!(world.alarms, [TECHNICAL_CAP]);
}

#[test]
fn activity_of_a_removed_contact_is_refused() {
    let mut world = World::quiet_since(ANCHOR);
    world.contact = remove(&world.contact);
    let outcome = world.activity("2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z");
    let why = ActivityRefusal::Removed;
    assert_eq!(outcome, ActivityOutcome::Refused { why });
}

#[test]
fn activity_of_a_kind_that_the_district_switched_off_does_not_count() {
    let mut world = reminded();
    let all_but_logins = ActivityKinds::ALL
        .iter()
        .filter(|kind| *kind != ActivityKind::PortalLogin)
        .collect();
    world.district.inactivity.qualifying = all_but_logins;
    let before = world.contact.clone();
    let outcome = world.activity("2025-03-22T08:00:00-06:00", "2025-03-22T08:00:00-06:00");
    let why = ActivityRefusal::NotQualifying(ActivityKind::PortalLogin);
    assert_eq!(outcome, ActivityOutcome::Refused { why });
    assert_eq!(world.contact, before);
}

#[test]
fn kinds_that_count_are_written_as_a_list_and_left_out_when_all_do() {
    let mut periods = Inactivity::default();
    let json = |periods: &Inactivity| serde_json::to_value(periods).unwrap();
    assert_eq!(json(&periods).get("qualifying"), None);
    periods.qualifying = [ActivityKind::VerifiedCall, ActivityKind::CaseComment]
        .into_iter()
        .collect();
    let written = json(&periods);
    assert_eq!(
        written["qualifying"],
        serde_json::json!(["case-comment", "verified-call"])
    );
    assert_eq!(
        serde_json::from_value::<Inactivity>(written).unwrap(),
        periods
    );
    periods.qualifying = ActivityKinds::from_iter([]);
    assert_eq!(
        periods.checked(),
        Err(crate::district::BadInactivity::NothingQualifies)
    );
}

#[test]
fn an_acceptance_that_comes_after_the_episode_ended_changes_nothing() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep("2025-03-02T10:00:00-07:00");
    world.activity("2025-03-02T10:00:30-07:00", "2025-03-02T10:00:30-07:00");
    let stale = world.outbox[0].clone();
    assert_eq!(wanted(&world.contact, &stale), Wanted::Never);
    let now = at("2025-03-02T10:01:00-07:00");
    assert_eq!(accepted(&world.contact, &world.around(), &stale, now), None);
    // Nor may it pass for the notice of the next episode, half a year later.
    world.sweep("2025-08-29T10:00:30-06:00");
    assert_eq!(accepted(&world.contact, &world.around(), &stale, now), None);
    assert_eq!(refused(&world.contact, &world.around(), &stale, now), None);
}

#[test]
fn a_notice_accepted_twice_is_given_once() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep_and_accept("2025-03-02T10:00:00-07:00");
    let again = accepted(
        &world.contact,
        &world.around(),
        &world.outbox[0],
        at("2025-03-09T10:00:00Z"),
    );
    assert_eq!(again, None);
}

#[test]
fn a_notice_refused_everywhere_holds_the_contact_and_alarms_once() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep("2025-03-02T10:00:00-07:00");
    world.refuse("2025-03-02T10:00:00-07:00");
    world.refuse("2025-03-02T11:00:00-07:00");
    assert_eq!(
        (world.state(), &world.alarms[..]),
        (ContactState::Held, &[UNDELIVERABLE.to_owned()][..])
    );
    assert_eq!(world.next_due(), "never", "the attempts say more");
    world.accept("2025-03-05T09:00:00-07:00");
    assert_eq!(world.state(), ContactState::Pending);
    assert_eq!(world.next_due(), "2025-03-20T09:00:00-06:00");
}

#[test]
fn a_notice_refused_for_fourteen_days_counts_as_given_then_unnotified() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep("2025-03-02T10:00:00-07:00");
    world.refuse("2025-03-02T10:00:00-07:00");
    world.refuse("2025-03-16T09:59:59-06:00");
    assert_eq!(world.state(), ContactState::Held);
    world.refuse("2025-03-16T10:00:00-06:00");
    assert_eq!(world.alarms, [UNDELIVERABLE, UNNOTIFIED]);
    assert_eq!(world.state(), ContactState::Pending);
    let given = world
        .contact
        .episode
        .as_ref()
        .and_then(|e| e.given(Stage::Notice));
    assert_eq!(
        given.map(|g| (g.accepted, g.unnotified)),
        Some((at("2025-03-16T10:00:00-06:00"), true))
    );
    assert_eq!(wanted(&world.contact, &world.outbox[0]), Wanted::Unnotified);
    assert_eq!(
        world.run_out(),
        times(&[
            (Reminder, "2025-03-31T10:00:00-06:00"),
            (Final, "2025-04-14T10:00:00-06:00"),
            (Deactivated, "2025-04-15T10:00:00-06:00"),
        ])
    );
}

#[test]
fn a_notice_refused_once_is_tried_again_after_an_outage_before_it_counts_as_given() {
    let refused_then_down = || {
        let mut world = World::quiet_since(ANCHOR);
        world.sweep("2025-03-02T10:00:00-07:00");
        world.refuse("2025-03-02T10:00:00-07:00");
        assert_eq!(world.sweep("2025-03-22T10:00:00-06:00"), []);
        assert_eq!(world.state(), ContactState::Held);
        world
    };
    let mut taken = refused_then_down();
    taken.accept("2025-03-22T10:00:01-06:00");
    assert_eq!(
        (taken.state(), &taken.alarms[..]),
        (ContactState::Pending, &[UNDELIVERABLE.to_owned()][..])
    );
    let mut refused = refused_then_down();
    refused.refuse("2025-03-22T10:00:01-06:00");
    assert_eq!(refused.alarms, [UNDELIVERABLE, UNNOTIFIED]);
    let mut put_off = refused_then_down();
    put_off.put_off("2025-03-22T10:00:01-06:00");
    assert_eq!(put_off.alarms, [UNDELIVERABLE, UNNOTIFIED]);
}

#[test]
fn who_asks_to_come_back_later_refuses_nothing() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep("2025-03-02T10:00:00-07:00");
    world.put_off("2025-03-02T10:00:00-07:00");
    assert_eq!(world.next_due(), "2025-03-16T10:00:00-06:00");
    world.refuse("2025-03-03T10:00:00-07:00");
    world.put_off("2025-03-17T09:59:59-06:00");
    assert_eq!(world.state(), ContactState::Held);
    world.put_off("2025-03-17T10:00:00-06:00");
    assert_eq!(world.state(), ContactState::Pending);
}

#[test]
fn without_any_word_from_the_channels_a_notice_is_not_taken_for_refused() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep("2025-03-02T10:00:00-07:00");
    world.sweep("2025-03-22T10:00:00-06:00");
    assert_eq!(
        (world.state(), &world.alarms[..]),
        (ContactState::Held, &[UNDELIVERABLE.to_owned()][..])
    );
    world.refuse("2025-04-05T09:59:59-06:00");
    assert_eq!(world.state(), ContactState::Held);
    world.refuse("2025-04-05T10:00:00-06:00");
    assert_eq!(world.state(), ContactState::Pending);
}

#[test]
fn final_notice_and_deactivation_wait_for_the_feed() {
    let mut world = reminded();
    world.feed = Some(Some(at("2025-03-30T22:00:00-06:00")));
    assert_eq!(world.sweep("2025-03-31T10:00:00-06:00"), []);
    assert_eq!(
        (world.state(), world.next_due()),
        (ContactState::Held, "2025-04-07T10:00:00-06:00".to_owned())
    );
    world.feed_reports("2025-03-31T09:59:59-06:00", "2025-03-31T12:00:00-06:00");
    assert_eq!(world.sweep("2025-03-31T12:00:00-06:00"), []);
    world.feed_reports("2025-03-31T10:00:00-06:00", "2025-03-31T14:00:00-06:00");
    assert_eq!(world.sweep_and_accept("2025-03-31T14:00:00-06:00"), [Final]);
    assert_eq!(
        (world.state(), world.next_due()),
        (
            ContactState::Pending,
            "2025-04-01T14:00:00-06:00".to_owned()
        )
    );
    assert_eq!(world.sweep("2025-04-01T14:00:00-06:00"), []);
    assert_eq!(world.state(), ContactState::Held);
    world.feed_reports("2025-04-01T15:00:00-06:00", "2025-04-01T15:30:00-06:00");
    assert_eq!(world.sweep("2025-04-01T15:30:00-06:00"), [Deactivated]);
    assert_eq!(world.alarms, [STALE_FEED, STALE_FEED]);
}

#[test]
fn a_feed_that_never_reported_holds_for_good_and_the_alarm_is_raised_again_weekly() {
    let mut world = reminded();
    world.feed = Some(None);
    for _ in 0..3 {
        let now = world.contact.next_due.unwrap();
        assert_eq!(world.sweep_at(now), []);
    }
    // 31 March is day 0; the third look is on day 14.
    assert_eq!(world.next_due(), "2025-04-21T10:00:00-06:00");
    assert_eq!(world.alarms, [STALE_FEED; 3]);
    for _ in 0..8 {
        let now = world.contact.next_due.unwrap();
        assert_eq!(world.sweep_at(now), []);
    }
    // Weekly at first, then now and then, and each year for ever.
    assert_eq!(world.next_due(), "2028-03-30T10:00:00-06:00");
    assert_eq!(world.alarms, [STALE_FEED; 11]);
}

#[test]
fn notice_and_reminder_do_not_wait_for_the_feed() {
    let mut world = World::quiet_since(ANCHOR);
    world.feed = Some(None);
    assert_eq!(
        world.sweep_and_accept("2025-03-02T10:00:00-07:00"),
        [Notice]
    );
    assert_eq!(
        world.sweep_and_accept("2025-03-17T10:00:00-06:00"),
        [Reminder]
    );
}

#[test]
fn activity_ends_a_hold() {
    let mut world = reminded();
    world.feed = Some(None);
    world.sweep("2025-03-31T10:00:00-06:00");
    world.activity("2025-03-30T10:00:00-06:00", "2025-03-31T11:00:00-06:00");
    assert_eq!(
        (world.state(), world.contact.hold),
        (ContactState::Active, None)
    );
    assert_eq!(world.next_due(), "2025-09-26T10:00:00-06:00");
}

#[test]
fn the_operators_are_alarmed_at_each_stage_of_the_last_contact() {
    let mut world = World::quiet_since(ANCHOR);
    world.other_valid = 0;
    assert_eq!(world.run_out().len(), 4);
    assert_eq!(world.alarms, [LAST_CONTACT; 4]);
    assert_eq!(world.state(), ContactState::Deactivated);
}

/// A warned last contact of a district that holds its last one.
fn last_and_held() -> World {
    let mut world = warned();
    world.other_valid = 0;
    world.district.inactivity.last_contact = crate::district::LastContact::Hold;
    world.sweep("2025-04-01T10:00:00-06:00");
    world
}

#[test]
fn a_last_contact_is_held_for_thirty_days_and_then_deactivated() {
    let mut world = last_and_held();
    assert_eq!(world.state(), ContactState::Held);
    assert_eq!(
        world.forecast("2025-04-10T00:00:00Z", "2026-01-01T00:00:00Z"),
        times(&[(Stage::Deactivated, "2025-05-01T10:00:00-06:00")])
    );
    assert_eq!(
        world.run_out(),
        times(&[(Deactivated, "2025-05-01T10:00:00-06:00")])
    );
    // At the beginning, on days 7, 14, 21, 28 and 29, and at the end.
    assert_eq!(world.alarms, [LAST_CONTACT; 7]);
}

#[test]
fn the_alarms_that_an_outage_swallowed_are_raised_once() {
    let mut world = last_and_held();
    world.sweep("2025-04-23T18:00:00-06:00");
    assert_eq!(world.alarms, [LAST_CONTACT; 2]);
    assert_eq!(world.next_due(), "2025-04-29T10:00:00-06:00");
}

#[test]
fn a_last_contact_is_no_longer_held_once_there_is_another() {
    let mut world = last_and_held();
    world.other_valid = 1;
    world.recheck(at("2025-04-03T12:00:00-06:00"));
    assert_eq!(world.sweep("2025-04-03T12:00:00-06:00"), [Deactivated]);
}

#[test]
fn of_two_contacts_due_together_only_the_second_is_the_last() {
    let (mut ana, mut ben) = (warned(), warned());
    (ana.other_valid, ben.other_valid) = (1, 1);
    ana.sweep("2025-04-01T10:00:00-06:00");
    ben.other_valid -= 1;
    ben.sweep("2025-04-01T10:00:00-06:00");
    assert_eq!(
        (ana.alarms.len(), &ben.alarms[..]),
        (0, &[LAST_CONTACT.to_owned()][..])
    );
}
