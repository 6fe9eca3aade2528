use proptest::prelude::*;
use provost_core::contact::{ContactState, Hold};

use super::*;
use crate::flow::rig::{Rig, at};
use crate::flow::sweep;

fn event(person: &str, at: &str, id: &str) -> Item {
    Item::Event(Event {
        person: person.to_owned(),
        kind: "portal-login".to_owned(),
        at: at.to_owned(),
        id: Some(id.to_owned()),
        feed: None,
    })
}

fn brought_by(feed: &str) -> Item {
    match event("ana", "2025-01-05T13:00:00Z", feed) {
        Item::Event(event) => Item::Event(Event {
            feed: Some(feed.to_owned()),
            ..event
        }),
        item @ Item::Mark(_) => item,
    }
}

fn mark(feed: &str, watermark: &str) -> Item {
    Item::Mark(Mark {
        feed: feed.to_owned(),
        watermark: watermark.to_owned(),
    })
}

fn send(rig: &Rig, items: Vec<Result<Item, String>>) -> Vec<Taken> {
    let sent: Vec<_> = (1..)
        .zip(items)
        .map(|(line, item)| Sent { line, item })
        .collect();
    let sender = Sender {
        actor: Actor::Operator("root".to_owned()),
        reach: None,
        unreadable_before: false,
    };
    rig.daemon
        .scene(|scene| run(scene, &sent, &sender))
        .unwrap()
}

fn verdicts(taken: &[Taken]) -> Vec<(u64, &'static str)> {
    let shown = taken.iter().map(|taken| (taken.line, taken.result.word()));
    shown.collect()
}

#[test]
fn every_item_is_answered_for_itself_and_the_good_ones_count() {
    let rig = Rig::new();
    rig.set_clock("2025-01-10T12:00:00Z");
    let with = |change: fn(&mut Event)| {
        let Item::Event(mut event) = event("ana", "2025-01-02T12:00:00Z", "other") else {
            unreachable!()
        };
        change(&mut event);
        Ok(Item::Event(event))
    };
    let taken = send(
        &rig,
        vec![
            Ok(event("aortiz", "2025-01-05T12:00:00Z", "e1")),
            Err("expected value at line 1 column 1".to_owned()),
            Ok(event("lone-pine/bwhite", "2025-01-04T12:00:00Z", "e2")),
            Ok(event("ned", "2025-01-05T12:00:00Z", "e3")),
            Ok(event("nobody", "2025-01-05T12:00:00Z", "e4")),
            Ok(event("ana", "2025-01-10T12:06:00Z", "e5")),
            Ok(event("ana", "yesterday", "e6")),
            Ok(event("ana", "2025-01-03T12:00:00Z", "e1")),
            with(|event| event.kind = "nap".to_owned()),
            with(|event| event.id = Some(" ".to_owned())),
            with(|event| event.feed = Some("portals".to_owned())),
            with(|event| event.feed = Some("big-sky-portal".to_owned())),
            with(|event| event.feed = Some("portal".to_owned())),
        ],
    );
    assert_eq!(
        verdicts(&taken),
        [
            (1, "duplicate"),
            (2, "malformed"),
            (3, "counted"),
            (4, "not-a-contact"),
            (5, "unknown-person"),
            (6, "future"),
            (7, "malformed"),
            // Of two with one id the earlier one is it, wherever they stand.
            (8, "counted"),
            (9, "unknown-kind"),
            (10, "malformed"),
            (11, "refused"),
            (12, "refused"),
            (13, "counted"),
        ]
    );
    let why: Vec<_> = taken.iter().map(|taken| taken.why.as_deref()).collect();
    assert_eq!(why[6], Some("at: `yesterday` must be an RFC 3339 time"));
    assert_eq!(
        why[11],
        Some("take an event from feed big-sky-portal: the feed is of district big-sky")
    );
    assert_eq!(
        rig.contact("ana").last_activity,
        Some(at("2025-01-03T12:00:00Z"))
    );
    assert_eq!(
        rig.contact("ben").last_activity,
        Some(at("2025-01-04T12:00:00Z"))
    );
}

#[test]
fn a_batch_is_one_commit_and_a_contact_changes_once_in_it() {
    let rig = Rig::new();
    rig.set_clock("2025-01-10T12:00:00Z");
    let before = rig.daemon.store.read().unwrap().revision();
    let events = (1..=9).map(|day| {
        let occurred = format!("2025-01-0{day}T12:00:00Z");
        Ok(event("ana", &occurred, &format!("e{day}")))
    });
    send(&rig, events.collect());
    let register = rig.daemon.store.read().unwrap();
    assert_eq!(register.revision().0, before.0 + 1);
    let changes = register
        .journal_of(&"ana".parse().unwrap(), 0, 100)
        .unwrap();
    let of_batch = changes.iter().filter(|entry| entry.revision.0 > before.0);
    let nouns: Vec<_> = of_batch.map(|entry| entry.noun.as_str()).collect();
    assert_eq!(nouns.len(), 10);
    assert_eq!(nouns[9], "contact");
}

#[test]
fn a_batch_that_is_sent_again_changes_nothing() {
    let rig = Rig::new();
    rig.set_clock("2025-01-10T12:00:00Z");
    let batch = || {
        vec![
            Ok(event("ana", "2025-01-05T12:00:00Z", "e1")),
            Ok(event("ben", "2025-01-04T12:00:00Z", "e2")),
        ]
    };
    send(&rig, batch());
    let after = rig.daemon.store.read().unwrap().revision();
    let again = send(&rig, batch());
    assert_eq!(verdicts(&again), [(1, "duplicate"), (2, "duplicate")]);
    assert_eq!(rig.daemon.store.read().unwrap().revision(), after);
}

/// Ana is told, told again and deactivated, all at once so late; her feed vouches for it.
fn deactivate(rig: &Rig) {
    for hour in ["03-02T17", "03-17T16", "03-31T16", "04-01T16"] {
        let now = format!("2025-{hour}:05:00Z");
        rig.set_clock(&now);
        send(rig, vec![Ok(mark("portal", &now))]);
        rig.daemon
            .scene(|scene| sweep::run(scene, &Actor::Timer))
            .unwrap();
        let accepted = accept_notices(rig);
        assert!(accepted > 0, "{now}");
    }
    assert_eq!(rig.contact("ana").state, ContactState::Deactivated);
}

/// Every waiting notice is accepted by its channel.
fn accept_notices(rig: &Rig) -> usize {
    use provost_core::notice::{Delivery, Outcome};
    let mut accepted = 0;
    rig.daemon.scene(|scene| {
        write(scene.store, |register| {
            let waiting = register.outbox_due(scene.now, 100).unwrap();
            accepted = waiting.len();
            let mut changes = Vec::new();
            for outgoing in waiting {
                let contact = register.contact(&outgoing.notice.person)?.unwrap();
                let feeds = &scene.live.config.feeds;
                let here = Neighbourhood::read(register, feeds, &contact.district)?;
                let around = here.around(&contact.person);
                changes.push(Change::Delivery {
                    delivery: Box::new(Delivery {
                        notice: outgoing.notice.id.clone(),
                        channel: "email".to_owned(),
                        recipients: Vec::new(),
                        message_id: None,
                        at: scene.now,
                        outcome: Outcome::Accepted {
                            receipt: String::new(),
                        },
                        trials: Vec::new(),
                    }),
                });
                let step = lifecycle::accepted(&contact, &around, &outgoing.notice, scene.now);
                if let Some(step) = step {
                    changes.extend(crate::flow::changes_of(&contact, step));
                }
            }
            Ok((plan(register, Actor::Timer, scene.now, changes), ()))
        })
        .unwrap();
    });
    accepted
}

#[test]
fn late_events_undo_a_deactivation_however_the_batch_is_shuffled() {
    for reversed in [false, true] {
        let rig = Rig::new();
        deactivate(&rig);
        let mut items = vec![
            Ok(event("ana", "2025-03-30T12:00:00Z", "before")),
            Ok(event("ana", "2025-04-01T17:30:00Z", "late")),
        ];
        if reversed {
            items.reverse();
        }
        rig.set_clock("2025-04-02T12:00:00Z");
        let mut words = verdicts(&send(&rig, items));
        words.sort_by_key(|(_, word)| *word);
        assert_eq!(
            words.iter().map(|(_, word)| *word).collect::<Vec<_>>(),
            ["counted", "rescinded"]
        );
        let ana = rig.contact("ana");
        assert_eq!(ana.state, ContactState::Active);
        assert_eq!(ana.last_activity, Some(at("2025-04-01T17:30:00Z")));
    }
}

#[test]
fn a_watermark_lets_held_stages_proceed_and_never_goes_back() {
    let rig = Rig::new();
    for day in ["03-02", "03-17", "03-31"] {
        rig.set_clock(&format!("2025-{day}T18:00:00Z"));
        rig.daemon
            .scene(|scene| sweep::run(scene, &Actor::Timer))
            .unwrap();
        accept_notices(&rig);
    }
    let held = rig.contact("ana");
    assert_eq!(held.hold.map(|(why, _)| why), Some(Hold::StaleFeed));
    let later = held.next_due.unwrap();
    let taken = send(
        &rig,
        vec![
            Ok(mark("portal", "2025-03-31T17:30:00Z")),
            Ok(mark("portal", "2025-03-31T17:00:00Z")),
            Ok(mark("portal", "2025-03-31T18:10:00Z")),
            Ok(mark("portals", "2025-03-31T17:30:00Z")),
            Ok(mark("portal", "soon")),
        ],
    );
    assert_eq!(
        verdicts(&taken),
        [
            (1, "counted"),
            (2, "older"),
            (3, "future"),
            (4, "refused"),
            (5, "malformed")
        ]
    );
    assert!(rig.contact("ana").next_due.unwrap() < later);
    rig.daemon
        .scene(|scene| sweep::run(scene, &Actor::Timer))
        .unwrap();
    assert_eq!(rig.contact("ana").hold, None);
    let feeds = rig.daemon.scene(feed::list).unwrap();
    assert_eq!(
        feeds[0].watermark.as_deref(),
        Some("2025-03-31T11:30:00-06:00")
    );
    assert_eq!((feeds[0].lag_seconds, feeds[0].stale), (Some(1800), false));
    assert_eq!((feeds[1].lag_seconds, feeds[1].stale), (None, true));
}

#[test]
fn a_watermark_is_not_believed_behind_something_that_could_not_be_read() {
    let rig = Rig::new();
    rig.set_clock("2025-01-10T12:00:00Z");
    let taken = send(
        &rig,
        vec![
            Ok(mark("portal", "2025-01-10T10:00:00Z")),
            Err("broken".to_owned()),
            Ok(mark("portal", "2025-01-10T11:00:00Z")),
        ],
    );
    assert_eq!(
        verdicts(&taken),
        [(1, "counted"), (2, "malformed"), (3, "held-back")]
    );
}

#[test]
fn who_may_not_report_of_a_district_spoils_nobody_elses_events() {
    let rig = Rig::new();
    rig.set_clock("2025-01-10T12:00:00Z");
    let sent = [
        event("kim", "2025-01-05T12:00:00Z", "e1"),
        event("ana", "2025-01-05T12:00:00Z", "e2"),
        mark("big-sky-portal", "2025-01-05T12:00:00Z"),
        event("nobody", "2025-01-05T12:00:00Z", "e3"),
        mark("portals", "2025-01-05T12:00:00Z"),
        brought_by("big-sky-portal"),
        brought_by("portals"),
    ];
    let sent: Vec<_> = (1..)
        .zip(sent)
        .map(|(line, item)| Sent {
            line,
            item: Ok(item),
        })
        .collect();
    let sender = Sender {
        actor: Actor::Operator("token".to_owned()),
        reach: Some(vec!["lone-pine".parse().unwrap()]),
        unreadable_before: false,
    };
    let taken = rig
        .daemon
        .scene(|scene| run(scene, &sent, &sender))
        .unwrap();
    assert_eq!(
        verdicts(&taken),
        [
            (1, "unknown-person"),
            (2, "counted"),
            (3, "refused"),
            (4, "unknown-person"),
            (5, "refused"),
            (6, "refused"),
            (7, "refused"),
        ]
    );
    // What is elsewhere and what is nowhere are told in the same words.
    let why: Vec<_> = taken.iter().map(|taken| taken.why.as_deref()).collect();
    assert_eq!(why[0], why[3]);
    assert_eq!(why[2], why[4]);
    assert_eq!(why[5], why[6]);
    assert_eq!(rig.contact("kim").last_activity, None);
}

#[test]
fn clients_that_report_the_same_contact_at_once_all_get_through() {
    let rig = Rig::new();
    rig.set_clock("2025-01-10T12:00:00Z");
    std::thread::scope(|scope| {
        for client in 0..8 {
            let rig = &rig;
            scope.spawn(move || {
                for n in 0..20 {
                    // The events of all clients interleave, and every second one is the same for all of them.
                    let (minute, id) = (n * 2 + client % 2, n * 100 + client * (n % 2));
                    let occurred = format!("2025-01-05T12:{minute:02}:00Z");
                    let taken = send(rig, vec![Ok(event("ana", &occurred, &format!("e{id}")))]);
                    assert!(taken[0].result.is_taken(), "{taken:?}");
                }
            });
        }
    });
    assert_eq!(
        rig.contact("ana").last_activity,
        Some(at("2025-01-05T12:39:00Z"))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_order_in_a_batch_and_the_cut_into_batches_do_not_matter(
        order in Just((0..12u8).collect::<Vec<_>>()).prop_shuffle(),
        cut in 0..12usize,
    ) {
        let rig = Rig::new();
        rig.set_clock("2025-01-10T12:00:00Z");
        let events: Vec<_> = order
            .iter()
            .map(|n| Ok(event(["ana", "ben"][usize::from(n % 2)], &format!("2025-01-05T12:{n:02}:00Z"), &format!("e{n}"))))
            .collect();
        send(&rig, events[..cut].to_vec());
        send(&rig, events[cut..].to_vec());
        prop_assert_eq!(rig.contact("ben").last_activity, Some(at("2025-01-05T12:11:00Z")));
        prop_assert_eq!(rig.contact("ana").last_activity, Some(at("2025-01-05T12:10:00Z")));
        let register = rig.daemon.store.read().unwrap();
        prop_assert_eq!(register.activities(&"ana".parse().unwrap(), 100).unwrap().len(), 6);
    }
}
