//! What the directory's word and other contacts do. Rule: domain §3, directory; `contact.reactivation`.

use super::*;
use crate::person::DirectoryStatus;
use DirectoryStatus::{Disabled, Present};
use NoticeKind::{Deactivated, Notice, Reactivated, Reminder};

const ANCHOR: &str = "2024-09-03T10:00:00-06:00";

fn missing() -> DirectoryStatus {
    DirectoryStatus::Missing { since: at(ANCHOR) }
}

fn deleted() -> DirectoryStatus {
    DirectoryStatus::Deleted { since: at(ANCHOR) }
}

#[test]
fn a_disabled_contact_has_no_authority_from_that_moment_and_reaches_no_stage() {
    let mut world = World::quiet_since(ANCHOR);
    world.directory(Disabled, "2025-02-20T12:00:00-07:00");
    assert_eq!(world.state(), ContactState::Suspended);
    assert_eq!(world.next_due(), "2025-03-22T12:00:00-06:00");
    let around = world.around();
    assert_eq!(
        step(&world.contact, &around, at("2025-03-10T10:00:00-06:00")),
        None
    );
}

#[test]
fn a_contact_suspended_for_thirty_days_is_removed() {
    let mut world = World::quiet_since(ANCHOR);
    world.directory(deleted(), "2025-02-20T12:00:00-07:00");
    assert_eq!(world.sweep("2025-03-22T11:59:59-06:00"), []);
    assert_eq!(world.state(), ContactState::Suspended);
    assert_eq!(world.sweep("2025-03-22T12:00:00-06:00"), []);
    assert_eq!(
        (world.state(), world.next_due()),
        (ContactState::Removed, "never".to_owned())
    );
    world.directory(Present, "2025-03-23T12:00:00-06:00");
    assert_eq!(world.state(), ContactState::Removed);
}

#[test]
fn who_reappears_is_what_they_were_and_the_stages_missed_are_late() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep_and_accept("2025-03-02T10:00:00-07:00");
    world.directory(Disabled, "2025-03-10T12:00:00-06:00");
    world.directory(Present, "2025-04-05T08:00:00-06:00");
    assert_eq!(world.state(), ContactState::Pending);
    assert_eq!(world.next_due(), "2025-03-17T10:00:00-06:00");
    assert_eq!(
        world.sweep_and_accept("2025-04-05T08:01:00-06:00"),
        [Reminder]
    );
    assert_eq!(
        world.run_out(),
        times(&[
            (NoticeKind::Final, "2025-04-06T08:01:00-06:00"),
            (Deactivated, "2025-04-07T08:01:00-06:00"),
        ])
    );
}

#[test]
fn a_first_miss_neither_suspends_nor_lets_in() {
    let mut world = World::quiet_since(ANCHOR);
    world.directory(missing(), "2025-02-01T12:00:00-07:00");
    assert_eq!(world.state(), ContactState::Active);
    world.directory(Disabled, "2025-02-02T12:00:00-07:00");
    world.directory(missing(), "2025-02-03T12:00:00-07:00");
    assert_eq!(world.state(), ContactState::Suspended);
    world.directory(deleted(), "2025-02-04T12:00:00-07:00");
    assert_eq!(world.next_due(), "2025-03-04T12:00:00-07:00");
}

#[test]
fn the_directory_never_reactivates_a_deactivated_contact() {
    let mut world = World::quiet_since(ANCHOR);
    world.run_out();
    world.directory(Present, "2025-04-02T12:00:00-06:00");
    assert_eq!(world.state(), ContactState::Deactivated);
    world.directory(Disabled, "2025-04-03T12:00:00-06:00");
    assert_eq!(world.state(), ContactState::Suspended);
    world.directory(Present, "2025-04-04T12:00:00-06:00");
    assert_eq!(
        (world.state(), world.next_due()),
        (ContactState::Deactivated, "never".to_owned())
    );
}

#[test]
fn activity_while_suspended_moves_the_anchor_and_not_the_state() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep_and_accept("2025-03-02T10:00:00-07:00");
    world.directory(Disabled, "2025-03-10T12:00:00-06:00");
    let outcome = world.activity("2025-03-09T12:00:00-06:00", "2025-03-11T12:00:00-06:00");
    assert!(
        matches!(outcome, ActivityOutcome::Counted(_)),
        "{outcome:?}"
    );
    assert_eq!(world.state(), ContactState::Suspended);
    world.directory(Present, "2025-03-12T12:00:00-06:00");
    assert_eq!(world.state(), ContactState::Active);
    assert_eq!(world.next_due(), "2025-09-05T12:00:00-06:00");
}

#[test]
fn a_technical_contact_who_reappears_to_a_taken_slot_is_support_with_an_alarm() {
    let mut world = World::quiet_since(ANCHOR);
    world.contact.kind = ContactKind::Technical;
    world.directory(Disabled, "2025-01-10T12:00:00-07:00");
    world.other_technical = 1;
    world.directory(Present, "2025-01-12T12:00:00-07:00");
    assert_eq!(
        (world.state(), world.contact.kind),
        (ContactState::Active, ContactKind::Support)
    );
    assert_eq!(world.alarms, [TECHNICAL_CAP]);
}

#[test]
fn a_technical_contact_who_reappears_to_a_free_slot_is_technical() {
    let mut world = World::quiet_since(ANCHOR);
    world.contact.kind = ContactKind::Technical;
    world.directory(Disabled, "2025-01-10T12:00:00-07:00");
    world.directory(Present, "2025-01-12T12:00:00-07:00");
    assert_eq!(
        (world.contact.kind, world.alarms.len()),
        (ContactKind::Technical, 0)
    );
}

#[test]
fn a_notice_under_way_waits_while_the_contact_is_suspended_and_its_patience_begins_anew() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep("2025-03-02T10:00:00-07:00");
    world.refuse("2025-03-02T10:01:00-07:00");
    let notice = world.outbox[0].clone();
    assert_eq!(wanted(&world.contact, &notice), Wanted::Now);
    world.directory(Disabled, "2025-03-03T10:00:00-07:00");
    assert_eq!(wanted(&world.contact, &notice), Wanted::Later);
    world.directory(Present, "2025-03-20T10:00:00-06:00");
    assert_eq!(wanted(&world.contact, &notice), Wanted::Now);
    assert_eq!((world.outbox.len(), &world.outbox[1].id), (2, &notice.id));
    world.refuse("2025-04-03T09:59:59-06:00");
    assert_eq!(world.state(), ContactState::Held);
    world.refuse("2025-04-03T10:00:00-06:00");
    assert_eq!(world.state(), ContactState::Pending);
}

#[test]
fn a_notice_accepted_just_after_the_suspension_has_been_given() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep("2025-03-02T10:00:00-07:00");
    world.directory(Disabled, "2025-03-02T10:00:01-07:00");
    world.accept("2025-03-02T10:00:02-07:00");
    assert_eq!(world.state(), ContactState::Suspended);
    world.directory(Present, "2025-03-03T10:00:00-07:00");
    assert_eq!(
        (world.state(), world.next_due()),
        (
            ContactState::Pending,
            "2025-03-17T10:00:00-06:00".to_owned()
        )
    );
}

#[test]
fn a_restored_contact_is_told_and_starts_afresh() {
    let mut world = World::quiet_since(ANCHOR);
    world.run_out();
    let restored = reactivate(
        &world.contact,
        &world.around(),
        ContactKind::Support,
        at("2025-04-10T09:00:00-06:00"),
    );
    world.take(restored.unwrap());
    assert_eq!(world.state(), ContactState::Active);
    assert_eq!(world.contact.anchor(), at("2025-04-10T09:00:00-06:00"));
    assert_eq!(world.next_due(), "2025-10-07T09:00:00-06:00");
    let told = world.outbox.last().unwrap().clone();
    assert_eq!(
        (told.kind, wanted(&world.contact, &told)),
        (Reactivated, Wanted::Now)
    );
    assert_eq!(world.sweep("2025-10-07T09:00:00-06:00"), [Notice]);
    assert_eq!(world.contact.episodes, 2);
    assert_eq!(wanted(&world.contact, &world.outbox[0]), Wanted::Never);
    assert_eq!(wanted(&world.contact, &told), Wanted::Never);
}

#[test]
fn restoring_to_a_taken_technical_slot_is_refused_and_support_is_offered() {
    let mut world = World::quiet_since(ANCHOR);
    world.contact.kind = ContactKind::Technical;
    world.run_out();
    world.other_technical = 1;
    let now = at("2025-04-10T09:00:00-06:00");
    let asked = |kind| reactivate(&world.contact, &world.around(), kind, now);
    assert_eq!(
        asked(ContactKind::Technical),
        Err(ReactivateRefusal::SlotTaken)
    );
    assert_eq!(
        asked(ContactKind::Support).unwrap().contact.kind,
        ContactKind::Support
    );
}

#[test]
fn only_a_deactivated_contact_is_restored() {
    let world = World::quiet_since(ANCHOR);
    let refused = reactivate(
        &world.contact,
        &world.around(),
        ContactKind::Support,
        at(ANCHOR),
    );
    assert_eq!(
        refused,
        Err(ReactivateRefusal::NotDeactivated(ContactState::Active))
    );
}

#[test]
fn a_removed_contact_is_never_due_and_its_notices_are_withdrawn() {
    let mut world = World::quiet_since(ANCHOR);
    world.sweep("2025-03-02T10:00:00-07:00");
    world.contact = remove(&world.contact);
    assert_eq!(
        (world.state(), world.next_due()),
        (ContactState::Removed, "never".to_owned())
    );
    assert_eq!(wanted(&world.contact, &world.outbox[0]), Wanted::Never);
    assert_eq!(
        accepted(
            &world.contact,
            &world.around(),
            &world.outbox[0],
            at(ANCHOR)
        ),
        None
    );
}

#[test]
fn whoever_the_directory_shuts_out_is_suspended_from_the_designation_on() {
    let mut world = World::quiet_since("2024-09-03T10:00:00-06:00");
    let mut ben = ana();
    ben.directory = Some(crate::person::DirectoryLink {
        source: crate::id::SourceId::new("ldap").unwrap(),
        stable_id: "1".to_owned(),
        dn: String::new(),
        status: Disabled,
    });
    let now = at("2024-09-03T10:00:00-06:00");
    world.contact = designate(&ben, ContactKind::Support, now, &world.around());
    assert_eq!(
        (world.state(), world.next_due()),
        (
            ContactState::Suspended,
            "2024-10-03T10:00:00-06:00".to_owned()
        )
    );
    world.directory(Present, "2024-09-20T10:00:00-06:00");
    assert_eq!(world.state(), ContactState::Active);
}
