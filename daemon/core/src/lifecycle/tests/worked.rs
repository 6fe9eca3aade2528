//! The worked cases of the rule book under *Inactivity*, and how stages slide. Rule: domain §3, §4.

use super::*;
use crate::contact::{Awaited, Episode, Given};
use NoticeKind::{Deactivated, Final, Notice, Reminder};

const ANCHOR: &str = "2024-09-03T10:00:00-06:00";

/// The plain course from [`ANCHOR`].
const COURSE: [(NoticeKind, &str); 4] = [
    (Notice, "2025-03-02T10:00:00-07:00"),
    (Reminder, "2025-03-17T10:00:00-06:00"),
    (Final, "2025-03-31T10:00:00-06:00"),
    (Deactivated, "2025-04-01T10:00:00-06:00"),
];

#[test]
fn a_quiet_contact_is_told_reminded_warned_and_deactivated_at_ten_in_the_morning() {
    let mut world = World::quiet_since(ANCHOR);
    assert_eq!(world.next_due(), "2025-03-02T10:00:00-07:00");
    assert_eq!(world.run_out(), times(&COURSE));
    assert_eq!(world.state(), ContactState::Deactivated);
    assert_eq!(
        world.contact.deactivated,
        Some(at("2025-04-01T10:00:00-06:00"))
    );
    assert_eq!(world.alarms, [""; 0]);
}

#[test]
fn nothing_happens_a_second_before_a_stage_is_due() {
    let mut world = World::quiet_since(ANCHOR);
    let around = world.around();
    assert_eq!(
        step(&world.contact, &around, at("2025-03-02T09:59:59-07:00")),
        None
    );
    assert_eq!(world.sweep("2025-03-02T10:00:00-07:00"), [Notice]);
}

#[test]
fn a_contact_is_pending_from_the_accepted_notice_on_and_not_before() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep("2025-03-02T10:00:00-07:00");
    let (due, since) = (
        at("2025-03-02T10:00:00-07:00"),
        at("2025-03-02T10:00:00-07:00"),
    );
    assert_eq!(world.state(), ContactState::Active);
    let prepared = Episode {
        number: 1,
        periods: Inactivity::default(),
        notice: None,
        reminder: None,
        last: None,
        awaited: Some(Awaited {
            stage: Stage::Notice,
            due,
            since,
            refused: false,
        }),
    };
    assert_eq!(world.contact.episode, Some(prepared.clone()));
    world.accept("2025-03-02T10:07:00-07:00");
    assert_eq!(world.state(), ContactState::Pending);
    let given = Given {
        due,
        accepted: at("2025-03-02T10:07:00-07:00"),
        unnotified: false,
    };
    assert_eq!(
        world.contact.episode,
        Some(Episode {
            notice: Some(given),
            awaited: None,
            ..prepared
        })
    );
}

#[test]
fn a_notice_due_in_the_gap_of_march_is_due_an_hour_later() {
    let mut world = World::quiet_since("2024-09-10T02:30:00-06:00");
    assert_eq!(world.next_due(), "2025-03-09T03:30:00-06:00");
    let reached = world.run_out();
    let expected = times(&[
        (Notice, "2025-03-09T03:30:00-06:00"),
        (Reminder, "2025-03-24T02:30:00-06:00"),
        (Final, "2025-04-07T02:30:00-06:00"),
        (Deactivated, "2025-04-08T02:30:00-06:00"),
    ]);
    assert_eq!(reached, expected);
}

#[test]
fn a_final_notice_in_the_gap_does_not_move_the_deactivation() {
    let mut world = World::quiet_since("2024-08-12T02:30:00-06:00");
    let reached = world.run_out();
    assert_eq!(
        reached[2..],
        times(&[
            (Final, "2025-03-09T03:30:00-06:00"),
            (Deactivated, "2025-03-10T02:30:00-06:00"),
        ])
    );
}

#[test]
fn a_notice_due_in_the_overlap_of_november_is_due_the_first_time() {
    let world = World::quiet_since("2024-05-07T01:30:00-06:00");
    assert_eq!(world.next_due(), "2024-11-03T01:30:00-06:00");
}

#[test]
fn days_are_counted_across_the_turn_of_the_year_into_a_leap_year() {
    let world = World::quiet_since("2023-09-01T10:00:00-06:00");
    assert_eq!(world.next_due(), "2024-02-28T10:00:00-07:00");
}

#[test]
fn after_a_notice_on_day_185_the_deadline_is_day_215() {
    let mut world = World::quiet_since(ANCHOR);
    assert_eq!(world.sweep("2025-03-07T14:00:00-07:00"), [Notice]);
    assert_eq!(
        world.deadline("2025-03-07T14:00:00-07:00"),
        "2025-04-06T14:00:00-06:00"
    );
    world.accept("2025-03-07T14:00:00-07:00");
    assert_eq!(
        world.run_out(),
        times(&[
            (Reminder, "2025-03-22T14:00:00-06:00"),
            (Final, "2025-04-05T14:00:00-06:00"),
            (Deactivated, "2025-04-06T14:00:00-06:00"),
        ])
    );
}

#[test]
fn an_outage_from_day_194_to_212_makes_reminder_212_final_213_off_214() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep_and_accept("2025-03-02T10:00:00-07:00");
    let back = "2025-04-03T10:00:00-06:00";
    assert_eq!(world.sweep(back), [Reminder]);
    assert_eq!(world.deadline(back), "2025-04-05T10:00:00-06:00");
    world.accept(back);
    assert_eq!(world.sweep(back), []);
    assert_eq!(
        world.run_out(),
        times(&[
            (Final, "2025-04-04T10:00:00-06:00"),
            (Deactivated, "2025-04-05T10:00:00-06:00"),
        ])
    );
}

#[test]
fn a_contact_never_noticed_until_day_240_has_thirty_days_from_the_notice() {
    let mut world = World::quiet_since(ANCHOR);
    let back = "2025-05-01T08:00:00-06:00";
    assert_eq!(world.sweep_and_accept(back), [Notice]);
    assert_eq!(
        world.run_out(),
        times(&[
            (Reminder, "2025-05-16T08:00:00-06:00"),
            (Final, "2025-05-30T08:00:00-06:00"),
            (Deactivated, "2025-05-31T08:00:00-06:00"),
        ])
    );
}

#[test]
fn an_acceptance_within_an_hour_counts_as_due_and_a_second_later_does_not() {
    let mut punctual = World::quiet_since(ANCHOR);
    punctual.sweep("2025-03-02T10:00:00-07:00");
    punctual.accept("2025-03-02T11:00:00-07:00");
    assert_eq!(punctual.next_due(), "2025-03-17T10:00:00-06:00");
    assert_eq!(punctual.run_out(), times(&COURSE[1..]));

    let mut late = World::quiet_since(ANCHOR);
    late.sweep("2025-03-02T10:00:00-07:00");
    late.accept("2025-03-02T11:00:01-07:00");
    assert_eq!(late.next_due(), "2025-03-17T11:00:01-06:00");
    assert_eq!(
        late.deadline("2025-03-03T00:00:00-07:00"),
        "2025-04-01T11:00:01-06:00"
    );
}

#[test]
fn a_late_final_notice_leaves_a_whole_day_until_the_deactivation() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep_and_accept("2025-03-02T10:00:00-07:00");
    world.sweep_and_accept("2025-03-17T10:00:00-06:00");
    world.sweep("2025-03-31T10:00:00-06:00");
    assert_eq!(
        world.deadline("2025-03-31T16:20:00-06:00"),
        "2025-04-01T16:20:00-06:00"
    );
    world.accept("2025-03-31T16:20:00-06:00");
    assert_eq!(world.next_due(), "2025-04-01T16:20:00-06:00");
}

#[test]
fn a_late_reminder_that_leaves_room_slides_nothing() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep_and_accept("2025-03-02T10:00:00-07:00");
    world.sweep_and_accept("2025-03-20T18:00:00-06:00");
    assert_eq!(world.run_out(), times(&COURSE[2..]));
}

#[test]
fn the_shortest_episode_still_has_every_stage_on_a_day_of_its_own() {
    let mut world = World::quiet_since(ANCHOR);
    world.district.inactivity = Inactivity {
        warn_after: 10,
        deactivate_after: 13,
        ..Inactivity::default()
    };
    world.recheck(at(ANCHOR));
    assert_eq!(
        world.run_out(),
        times(&[
            (Notice, "2024-09-13T10:00:00-06:00"),
            (Reminder, "2024-09-14T10:00:00-06:00"),
            (Final, "2024-09-15T10:00:00-06:00"),
            (Deactivated, "2024-09-16T10:00:00-06:00"),
        ])
    );
}

#[test]
fn a_notice_accepted_just_after_midnight_leaves_that_day_alone() {
    let mut world = World::quiet_since("2024-09-03T23:30:00-06:00");
    world.district.inactivity = Inactivity {
        warn_after: 10,
        deactivate_after: 13,
        ..Inactivity::default()
    };
    world.recheck(at(ANCHOR));
    world.sweep("2024-09-13T23:30:00-06:00");
    world.accept("2024-09-14T00:15:00-06:00");
    assert_eq!(world.next_due(), "2024-09-15T00:15:00-06:00");
}

#[test]
fn a_changed_period_applies_to_new_episodes_only() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep_and_accept("2025-03-02T10:00:00-07:00");
    world.district.inactivity = Inactivity {
        warn_after: 60,
        deactivate_after: 90,
        ..Inactivity::default()
    };
    world.recheck(at("2025-03-03T10:00:00-07:00"));
    assert_eq!(world.next_due(), "2025-03-17T10:00:00-06:00");
    world.activity("2025-03-03T12:00:00-07:00", "2025-03-03T12:00:00-07:00");
    assert_eq!(world.next_due(), "2025-05-02T12:00:00-06:00");
}

#[test]
fn a_changed_time_zone_moves_the_stages_not_sent_yet() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep_and_accept("2025-03-02T10:00:00-07:00");
    world.district.timezone = Zone::new("America/Phoenix").unwrap();
    world.recheck(at("2025-03-03T10:00:00-07:00"));
    // 10:00 in Denver's summer was 09:00 in Phoenix, which has none.
    assert_eq!(world.next_due(), "2025-03-17T09:00:00-07:00");
}

#[test]
fn the_same_stage_queued_again_after_a_crash_is_the_same_notice() {
    let world = World::quiet_since(ANCHOR);
    let around = world.around();
    let first = step(&world.contact, &around, at("2025-03-02T10:00:00-07:00")).unwrap();
    let again = step(&world.contact, &around, at("2025-03-02T10:05:00-07:00")).unwrap();
    assert_eq!(first.notices[0].id, again.notices[0].id);
}

#[test]
fn a_forecast_names_the_stages_of_the_coming_days_only() {
    let world = World::quiet_since(ANCHOR);
    let course = [
        (Stage::Notice, "2025-03-02T10:00:00-07:00"),
        (Stage::Reminder, "2025-03-17T10:00:00-06:00"),
        (Stage::Final, "2025-03-31T10:00:00-06:00"),
        (Stage::Deactivated, "2025-04-01T10:00:00-06:00"),
    ];
    let now = "2025-03-01T00:00:00-07:00";
    assert_eq!(
        world.forecast(now, "2025-03-20T00:00:00-06:00"),
        times(&course[..2])
    );
    assert_eq!(
        world.forecast(now, "2025-04-01T10:00:00-06:00"),
        times(&course)
    );
}

#[test]
fn what_was_forecast_is_what_happens_after_an_outage() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep_and_accept("2025-03-02T10:00:00-07:00");
    let back = "2025-04-03T15:00:00-06:00";
    let forecast: Vec<_> = world
        .forecast(back, "2026-01-01T00:00:00Z")
        .into_iter()
        .map(|(stage, reached)| (NoticeKind::from(stage), reached))
        .collect();
    let mut reached = vec![(Reminder, back.to_owned())];
    world.sweep_and_accept(back);
    reached.extend(world.run_out());
    assert_eq!(forecast, reached);
}

#[test]
fn a_deactivated_or_suspended_contact_has_no_deadline_and_no_forecast() {
    let mut world = World::quiet_since(ANCHOR);
    world.run_out();
    assert_eq!(world.deadline("2025-04-02T00:00:00Z"), "none");
    assert_eq!(
        world.forecast("2025-04-02T00:00:00Z", "2030-01-01T00:00:00Z"),
        []
    );
}
