use provost_core::notice::{Delivery, Notice, NoticeKind, Outcome};

use super::*;
use crate::store::{NoticeFilter, NoticeState, Outgoing, Page};

pub(super) fn notice(kind: NoticeKind) -> Notice {
    Notice::new(kind, &contact("ana"), 1, at("2025-03-02T17:00:00Z"), noon())
}

pub(super) fn put(notice: &Notice) -> Change {
    Change::Notice {
        notice: Box::new(notice.clone()),
    }
}

fn attempt(notice: &Notice, outcome: Outcome) -> Delivery {
    Delivery {
        notice: notice.id.clone(),
        channel: "email".to_owned(),
        recipients: vec!["ana@lonepine.example".to_owned()],
        message_id: None,
        at: noon(),
        outcome,
        trials: Vec::new(),
    }
}

fn deliver(store: &Store, delivery: &Delivery) -> Revision {
    let delivery = Box::new(delivery.clone());
    commit(store, vec![Change::Delivery { delivery }]).unwrap()
}

fn accepted() -> Outcome {
    Outcome::Accepted {
        receipt: "250 queued as 7".to_owned(),
    }
}

fn retry(not_before: &str) -> Outcome {
    Outcome::Retry {
        why: "451".to_owned(),
        not_before: at(not_before),
    }
}

#[test]
fn a_notice_waits_until_a_channel_accepts_it() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    let first = notice(NoticeKind::Notice);
    commit(&store, vec![put(&first)]).unwrap();
    let waiting = Outgoing {
        seq: 1,
        notice: first.clone(),
        state: NoticeState::Waiting,
        attempts: 0,
        not_before: noon(),
    };
    let register = store.read().unwrap();
    assert_eq!(register.outbox_next().unwrap(), Some(noon()));
    let due = register.outbox_due(noon(), 9).unwrap();
    assert_eq!(due, std::slice::from_ref(&waiting));
    assert_eq!(
        register
            .outbox_due(at("2025-03-02T12:00:00.123456788Z"), 9)
            .unwrap(),
        []
    );
    drop(register);

    let later = attempt(&first, retry("2025-03-02T12:05:00Z"));
    deliver(&store, &later);
    let register = store.read().unwrap();
    assert_eq!(register.outbox_due(noon(), 9).unwrap(), []);
    assert_eq!(
        register.outbox_next().unwrap(),
        Some(at("2025-03-02T12:05:00Z"))
    );
    drop(register);

    let done = attempt(&first, accepted());
    deliver(&store, &done);
    let register = store.read().unwrap();
    assert_eq!(register.outbox_next().unwrap(), None);
    let now = Outgoing {
        state: NoticeState::Accepted,
        attempts: 2,
        not_before: at("2025-03-02T12:05:00Z"),
        ..waiting
    };
    assert_eq!(
        register.notice(&first.id).unwrap(),
        Some((now, vec![later, done]))
    );
}

#[test]
fn a_notice_that_is_there_already_stays_as_it_is() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    let first = notice(NoticeKind::Notice);
    commit(&store, vec![put(&first)]).unwrap();
    deliver(&store, &attempt(&first, accepted()));
    let again = Notice {
        queued: at("2025-03-05T00:00:00Z"),
        ..first.clone()
    };
    commit(&store, vec![put(&again)]).unwrap();
    let (found, deliveries) = store.read().unwrap().notice(&first.id).unwrap().unwrap();
    assert_eq!(
        (found.notice, found.state, deliveries.len()),
        (first, NoticeState::Accepted, 1)
    );
}

#[test]
fn what_was_accepted_stays_so_and_what_failed_can_be_tried_again() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    let failed = || Outcome::Failed {
        why: "550".to_owned(),
    };
    let again = || retry("2025-03-03T00:00:00Z");
    let kinds = NoticeKind::WORDS.map(|(kind, _)| kind);
    let expected = [
        (vec![accepted(), again()], NoticeState::Accepted),
        (vec![failed(), again()], NoticeState::Waiting),
        (vec![Outcome::Withdrawn, again()], NoticeState::Withdrawn),
        (vec![Outcome::Withdrawn, accepted()], NoticeState::Accepted),
        (vec![again(), failed()], NoticeState::Failed),
    ];
    for (kind, (outcomes, state)) in kinds.into_iter().zip(expected) {
        let notice = notice(kind);
        commit(&store, vec![put(&notice)]).unwrap();
        for outcome in outcomes {
            deliver(&store, &attempt(&notice, outcome));
        }
        let (found, _) = store.read().unwrap().notice(&notice.id).unwrap().unwrap();
        assert_eq!(found.state, state, "{kind:?}");
    }
    let counts = store.read().unwrap().counts().unwrap();
    assert_eq!(counts.notices_waiting, 1);
    let listed = |filter: NoticeFilter, page| {
        let found = store.read().unwrap().notices(&filter, page).unwrap();
        found
            .into_iter()
            .map(|outgoing| outgoing.seq)
            .collect::<Vec<_>>()
    };
    let accepted = NoticeFilter {
        state: Some(NoticeState::Accepted),
        person: Some(person_id("ana")),
        district: Some(district_id("lone-pine")),
    };
    assert_eq!(listed(accepted, Page::newest(9)), [4, 1]);
    let page = Page {
        before: Some(4),
        rows: 2,
    };
    assert_eq!(listed(NoticeFilter::default(), page), [3, 2]);
    let nobody = NoticeFilter {
        person: Some(person_id("ben")),
        ..NoticeFilter::default()
    };
    assert_eq!(listed(nobody, Page::newest(9)), Vec::<u64>::new());
}

#[test]
fn an_attempt_at_an_unknown_notice_is_refused_and_a_known_one_concerns_its_person() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    let notice = notice(NoticeKind::Final);
    let delivery = Box::new(attempt(&notice, accepted()));
    let error = commit(&store, vec![Change::Delivery { delivery }]).unwrap_err();
    assert!(matches!(error, CommitError::Dangling { .. }), "{error}");
    commit(&store, vec![put(&notice)]).unwrap();
    deliver(&store, &attempt(&notice, accepted()));
    let journal = store.read().unwrap().journal(3, 9).unwrap();
    let persons: Vec<_> = journal.into_iter().map(|entry| entry.person).collect();
    assert_eq!(persons, [Some(person_id("ana"))]);
}
