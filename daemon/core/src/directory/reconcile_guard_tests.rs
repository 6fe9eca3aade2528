//! Guards, and that none of them stands between somebody who is shut out and the loss of authority.

use super::tests::{observed, ours, source, standing, theirs};
use super::*;
use crate::directory::mapping::tests::mapping;

/// Ten people of whom the directory says the same as the register, but for `change`.
fn ten(
    about: About,
    reach: Reach,
    was: DirectoryStatus,
    change: impl Fn(usize, &mut Observed),
) -> (Vec<Change>, Summary) {
    let (mapping, source) = (mapping(), source());
    let at = "2025-03-02T17:00:00Z".parse().unwrap();
    let mut reconciler = Reconciler::new(&source, &mapping, Guard::default(), standing(10), at)
        .about(about)
        .read_from(reach);
    let changes = (0..10).flat_map(|number| {
        let mut seen = observed(&number.to_string(), &format!("u{number}"));
        let mut known = ours(&seen);
        if let Some(link) = &mut known.person.directory {
            link.status = was;
        }
        change(number, &mut seen);
        reconciler
            .take(Pair::Both(Box::new(known), theirs(seen)))
            .changes
    });
    let changes = changes.collect();
    (changes, reconciler.finish())
}

/// Five have lost their mail addresses and one, who is stripped of his, is disabled.
fn stripped(number: usize, observed: &mut Observed) {
    if number < 6 {
        observed.mail.clear();
    }
    if number == 5 {
        observed.disabled = Some("nsAccountLock".to_owned());
    }
}

#[test]
fn whoever_is_shut_out_is_so_whatever_refuses_the_rest() {
    let present = DirectoryStatus::Present;
    let (_, whole) = ten(About::Everything, Reach::Behind, present, stripped);
    let emptied = Concern::Emptied {
        attribute: "mail".to_owned(),
        people: 5,
        allowed: 3,
    };
    assert_eq!(whole.concerns, [Concern::Behind, emptied]);
    let (changes, part) = ten(About::ShutOut, Reach::Behind, present, stripped);
    assert_eq!(part.concerns, []);
    assert_eq!((part.disabled, part.changes), (1, 1));
    let [
        Change::Person {
            before: Some(before),
            after: Some(after),
        },
    ] = changes.as_slice()
    else {
        panic!("{changes:?}")
    };
    let status = after.directory.as_ref().map(|link| link.status);
    assert_eq!(status, Some(DirectoryStatus::Disabled));
    assert_eq!(after.mail, before.mail, "nothing else about anybody");
}

#[test]
fn leavers_who_are_stripped_of_their_data_are_no_hidden_attribute() {
    let leaving = |number: usize, observed: &mut Observed| {
        if number < 8 {
            observed.mail.clear();
            observed.disabled = Some("nsAccountLock".to_owned());
        }
    };
    let (_, summary) = ten(
        About::Everything,
        Reach::Level,
        DirectoryStatus::Present,
        leaving,
    );
    assert_eq!((summary.disabled, summary.concerns), (8, vec![]));
}

#[test]
fn evidence_that_nobody_shows_any_more_enables_no_crowd() {
    let as_it_is = |_: usize, _: &mut Observed| {};
    let (_, summary) = ten(
        About::Everything,
        Reach::Level,
        DirectoryStatus::Disabled,
        as_it_is,
    );
    let enabled = Concern::TooManyEnabled {
        people: 10,
        allowed: 3,
    };
    assert_eq!(summary.concerns, [enabled]);
    assert!(summary.is_refused());
}

#[test]
fn nobody_is_back_by_the_word_of_a_server_that_may_have_stayed_behind() {
    let back = |number: usize, observed: &mut Observed| {
        if number > 0 {
            observed.disabled = Some("nsAccountLock".to_owned());
        }
    };
    let (_, summary) = ten(
        About::Everything,
        Reach::Unknown,
        DirectoryStatus::Disabled,
        back,
    );
    assert_eq!(summary.concerns, [Concern::ReturnedElsewhere { people: 1 }]);
    let missing = DirectoryStatus::Missing {
        since: "2025-03-01T17:00:00Z".parse().unwrap(),
    };
    let as_it_is = |_: usize, _: &mut Observed| {};
    let (_, summary) = ten(About::Everything, Reach::Unknown, missing, as_it_is);
    assert_eq!(
        summary.concerns,
        [],
        "who was only missing has lost nothing"
    );
}
