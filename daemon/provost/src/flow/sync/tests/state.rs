//! What is kept between runs, and how much the next one reads.

use jiff::{SignedDuration, Timestamp};
use provost_core::directory::Summary;
use provost_core::id::Revision;
use std::path::Path;
use std::time::Duration;

use super::rig::{mapped, minute, source};
use crate::config::source::Source;
use crate::flow::sync::state::{self, Cookie, Count, Kept, Next};
use crate::flow::sync::{Extent, Outcome, Report, SourceState};
use crate::ldap::{Mark, Stood};
use crate::store::Store;

fn staff() -> Source {
    source("ldap://127.0.0.1:389", Path::new("/password"))
}

fn cookie(bytes: &[u8], source: &Source) -> Cookie {
    Cookie {
        mark: Mark {
            instance: None,
            clock: None,
            server: "ldap://127.0.0.1:389".to_owned(),
            cookie: bytes.to_vec(),
            schema: "s".to_owned(),
        },
        question: state::question(source),
        lists: Vec::new(),
    }
}

fn report(source: &Source, extent: Extent, done: Outcome, summary: Summary) -> Report {
    Report {
        source: source.id.clone(),
        server: String::new(),
        extent,
        because: None,
        summary,
        remarks: Vec::new(),
        remarks_in_all: 0,
        done: Some(done),
    }
}

fn applied() -> Outcome {
    let revision = Revision(1);
    Outcome::Applied { revision }
}

/// The state after a run that brought this cookie.
fn after(before: SourceState, report: &Report, bytes: &[u8], at: Timestamp) -> SourceState {
    let source = staff();
    let cookie = cookie(bytes, &source);
    let kept = Kept {
        stood: Stood::from(&cookie.mark),
        cookie: Some(cookie),
        verifies: false,
        lately: Count::Leave,
    };
    before.after(report, kept, &source, at)
}

fn blank() -> SourceState {
    state::load(&Store::in_memory().unwrap(), &staff().id).unwrap()
}

/// The state after a complete read at minute 0.
fn read_once() -> SourceState {
    let everything = report(&staff(), Extent::Everything, applied(), Summary::default());
    after(blank(), &everything, b"first", minute(0))
}

#[test]
fn a_cookie_moves_on_only_with_a_plan_that_was_applied() {
    let source = staff();
    let changes = |cookie_of: &[u8]| Next::Changes(cookie(cookie_of, &source));
    let state = read_once();
    assert_eq!(
        state.next(&source, minute(1), Extent::Changes),
        changes(b"first")
    );
    for outcome in [Outcome::Refused, Outcome::Waiting, Outcome::Moved] {
        let round = report(&source, Extent::Changes, outcome, Summary::default());
        let state = after(state.clone(), &round, b"second", minute(2));
        assert_eq!(
            state.next(&source, minute(3), Extent::Changes),
            changes(b"first")
        );
    }
    let state_failed = state.clone().failed("lost".to_owned(), minute(2));
    assert_eq!(
        state_failed.next(&source, minute(3), Extent::Changes),
        changes(b"first")
    );
    let round = report(&source, Extent::Changes, applied(), Summary::default());
    let state = after(state, &round, b"second", minute(2));
    assert_eq!(
        state.next(&source, minute(3), Extent::Changes),
        changes(b"second")
    );
}

#[test]
fn everything_is_read_first_on_demand_when_due_and_for_a_second_opinion() {
    let source = staff();
    let state = read_once();
    assert_eq!(
        blank().next(&source, minute(1), Extent::Changes),
        Next::Everything
    );
    assert_eq!(
        state.next(&source, minute(1), Extent::Everything),
        Next::Everything
    );
    let day = minute(24 * 60);
    assert!(matches!(
        state.next(&source, day - SignedDuration::from_secs(1), Extent::Changes),
        Next::Changes(_)
    ));
    assert!(matches!(
        state.next(&source, day, Extent::Changes),
        Next::Verification(_)
    ));
    let missing = Summary {
        missing: 1,
        ..Summary::default()
    };
    let lacking = report(&source, Extent::Everything, applied(), missing);
    let state = after(state, &lacking, b"second", minute(2));
    assert_eq!(
        state.next(&source, minute(3), Extent::Changes),
        Next::Everything
    );
}

#[test]
fn another_question_cannot_go_on_from_a_cookie() {
    let state = read_once();
    let changed: [fn(&mut Source); 6] = [
        |source| source.filter = "(objectClass=person)".to_owned(),
        |source| source.base = "dc=x".to_owned(),
        |source| source.bind = crate::config::source::Bind::External,
        |source| source.attributes.mail = None,
        |source| source.urls.clear(),
        |source| {
            let group = provost_core::id::GroupId::new("office").unwrap();
            let gives = provost_core::role::Granted::Group(group);
            source.grants.push(mapped("cn=g,dc=x", gives));
        },
    ];
    for change in changed {
        let mut source = staff();
        change(&mut source);
        assert_eq!(
            state.next(&source, minute(1), Extent::Changes),
            Next::Everything
        );
    }
    let mut slower = staff();
    slower.every = Duration::from_secs(7);
    assert!(matches!(
        state.next(&slower, minute(1), Extent::Changes),
        Next::Changes(_)
    ));
}

#[test]
fn what_is_older_than_two_rounds_or_two_verifications_is_overdue() {
    let source = staff();
    let overdue = |state: &SourceState, at| state.freshness(&source, minute(at)).overdue;
    assert!(!overdue(&blank(), 0), "nobody has tried yet");
    assert!(overdue(&blank().failed("lost".to_owned(), minute(0)), 1));
    let state = read_once();
    assert!(!overdue(&state, 30));
    assert!(overdue(&state, 31));
    let round = report(&source, Extent::Nothing, applied(), Summary::default());
    let state = after(state, &round, b"second", minute(2 * 24 * 60));
    assert!(!overdue(&state, 2 * 24 * 60));
    assert!(
        overdue(&state, 2 * 24 * 60 + 1),
        "answered, and not verified"
    );
    let fresh = state.freshness(&source, minute(2 * 24 * 60 + 1));
    assert_eq!(fresh.age, Some(SignedDuration::from_mins(1)));
    assert_eq!(fresh.next_due, Some(minute(2 * 24 * 60 + 15)));
}
