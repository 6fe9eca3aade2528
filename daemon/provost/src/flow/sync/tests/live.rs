//! News of a stream: what follows from them, and what never does.

use provost_core::directory::{Absence, Attribute, Concern, Entry};
use provost_core::id::RoleId;
use provost_core::person::{DirectoryStatus, Person};
use provost_core::role::Granted;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

use super::rig::{BASE, Rig, mapped, minute, person_id};
use crate::config::source::Source;
use crate::flow::sync::{Again, Approval, Extent, Opened, Outcome, Stream, SyncError, Taken};
use crate::ldap::{DirectoryError, InMemory, Mark, News, Seen, Shown, Told};
use provost_core::directory::StatusRule;

const BEGIN: &str = "20250302170000.000000Z#000000#000#000000";
const GROUP: &str = "cn=admins,ou=groups,dc=x";

/// A number that comes after [`BEGIN`].
fn number(later: u32) -> String {
    format!("20250302170000.000000Z#{later:06x}#000#000000")
}

/// What the entry of a person says, changed at a number.
fn entry(who: usize, name: &str, changed: u32, more: &[(&str, &str)]) -> Seen {
    let (id, uid) = (format!("id-{who:04}"), format!("u{who:04}"));
    let changed = number(changed);
    let all = [
        ("entryUUID", id.as_str()),
        ("uid", &uid),
        ("cn", name),
        ("entryCSN", &changed),
    ];
    let all = all.iter().chain(more);
    Seen::Entry(Entry {
        dn: format!("uid={uid},{BASE}"),
        attributes: all
            .map(|(name, value)| Attribute::new(name, vec![value.as_bytes().to_vec()]))
            .collect(),
    })
}

fn deleted(who: usize) -> Seen {
    Seen::Deleted {
        stable_id: format!("id-{who:04}"),
    }
}

fn mark(at: u32) -> Mark {
    Mark {
        server: "memory".to_owned(),
        instance: None,
        clock: None,
        cookie: format!("rid=000,csn={}", number(at)).into_bytes(),
        schema: String::new(),
    }
}

fn news(seen: Vec<Seen>, at: u32) -> News {
    News {
        seen,
        mark: mark(at),
        elsewhere: false,
        doubt: None,
    }
}

/// A directory of ten that is followed.
struct Followed {
    rig: Rig,
    directory: InMemory,
    source: Arc<Source>,
    stream: Box<Stream>,
    tell: Sender<Result<Told, DirectoryError>>,
}

fn put(directory: &InMemory, who: usize) {
    let (id, uid) = (format!("id-{who:04}"), format!("u{who:04}"));
    let uid = uid.as_str();
    let dn = format!("uid={uid},{BASE}");
    directory.put(&id, &dn, &[("uid", &[uid]), ("cn", &[uid])]);
}

impl Followed {
    async fn new() -> Self {
        let directory = InMemory::followed(BEGIN);
        (0..10).for_each(|who| put(&directory, who));
        Self::over(directory, |_| ()).await
    }

    /// The same with a group that gives a role to ten people who are not there yet.
    async fn with_hires_in_a_group() -> Self {
        let directory = InMemory::followed(BEGIN);
        (0..10).for_each(|who| put(&directory, who));
        let members: Vec<_> = (20..30)
            .map(|who| format!("uid=u{who:04},{BASE}"))
            .collect();
        let members: Vec<_> = members.iter().map(String::as_str).collect();
        let attributes: [(&str, &[&str]); 2] = [("member", &members), ("entryCSN", &[BEGIN])];
        directory.put("id-group", GROUP, &attributes);
        let role = Granted::Role(RoleId::new("sis").unwrap());
        Self::over(directory, |source| source.grants.push(mapped(GROUP, role))).await
    }

    async fn over(directory: InMemory, change: impl FnOnce(&mut Source)) -> Self {
        let mut rig = Rig::new(0).await.through(Arc::new(directory.clone()));
        rig.source.attributes.disabled = Some(StatusRule {
            attribute: "employeeType".to_owned(),
            disabled: "retired".to_owned(),
        });
        change(&mut rig.source);
        let first = rig.apply(0, Approval::Operator("root".to_owned())).await;
        let done = first.unwrap().done;
        assert!(matches!(done, Some(Outcome::Applied { .. })), "{done:?}");
        let source = Arc::new(rig.source.clone());
        let tell = directory.tell();
        let Opened::Stream(stream) = rig.syncs.follow(&source, minute(1)).await.unwrap() else {
            panic!("it is not followed");
        };
        Self {
            rig,
            directory,
            source,
            stream,
            tell,
        }
    }

    async fn next(&mut self, told: Result<Told, DirectoryError>) -> Result<Told, SyncError> {
        self.tell.send(told).await.unwrap();
        self.stream.next(&self.source.id).await
    }

    /// Tells news and takes them.
    async fn take(&mut self, news: News) -> Taken {
        let told = self.next(Ok(Told::News(news))).await.unwrap();
        let Told::News(news) = told else {
            panic!("{told:?}")
        };
        let (syncs, at) = (&self.rig.syncs, minute(2));
        let taken = syncs.take(&mut self.stream, &self.source, None, at, news);
        taken.await.unwrap()
    }

    async fn catch_up(&self, again: Again) -> Outcome {
        let syncs = &self.rig.syncs;
        let report = syncs.catch_up(&self.source, None, minute(3), again).await;
        report.unwrap().done.unwrap()
    }

    /// What keeps the round that a stream asks for from being applied.
    async fn concerns(&self) -> Vec<Concern> {
        let (syncs, again) = (&self.rig.syncs, Again::Round);
        let report = syncs.catch_up(&self.source, None, minute(3), again).await;
        report.unwrap().summary.concerns
    }

    fn person(&self, who: usize) -> Person {
        self.rig.person(who)
    }

    fn status(&self, who: usize) -> DirectoryStatus {
        self.person(who).directory.unwrap().status
    }

    fn holders(&self) -> usize {
        let store = self.rig.store.read().unwrap();
        let held = |who: usize| !store.grants(&person_id(who)).unwrap().is_empty();
        (20..30).filter(|who| held(*who)).count()
    }

    /// Where the next round goes on.
    async fn stands_at(&self) -> Mark {
        let state = self.rig.syncs.status(&self.source.id).await.unwrap();
        state.cookie_for(&self.source).unwrap().mark.clone()
    }
}

#[tokio::test]
async fn news_are_applied_as_they_come_and_gone_on_from() {
    let mut followed = Followed::new().await;
    followed.directory.show("id-0002", Shown::Deleted);
    let taken = followed
        .take(news(vec![entry(1, "Ann", 1, &[]), deleted(2)], 2))
        .await;
    assert_eq!(taken.again, None);
    let report = taken.report.unwrap();
    assert_eq!(
        (report.summary.changes, report.extent),
        (2, Extent::Changes)
    );
    assert_eq!(followed.person(1).name, "Ann");
    let gone = DirectoryStatus::Deleted { since: minute(2) };
    assert_eq!(followed.status(2), gone);
    assert_eq!(followed.status(3), DirectoryStatus::Present);
    assert_eq!(followed.stands_at().await, mark(2));
}

#[tokio::test]
async fn news_older_than_the_last_read_take_nothing_back() {
    let mut followed = Followed::new().await;
    followed.take(news(vec![entry(1, "New", 5, &[])], 5)).await;
    let late = followed.take(news(vec![entry(1, "Old", 4, &[])], 4)).await;
    assert!(late.report.is_none());
    assert_eq!(followed.person(1).name, "New");
    assert_eq!(followed.stands_at().await, mark(5));
}

#[tokio::test]
async fn a_deletion_that_the_look_up_does_not_confirm_is_none() {
    let mut followed = Followed::new().await;
    let before = followed.rig.people();
    let taken = followed.take(news(vec![deleted(1)], 1)).await;
    assert_eq!(taken.report.unwrap().remarks_in_all, 1);
    for absence in [Absence::Hidden, Absence::Unknown] {
        followed.directory.show("id-0001", Shown::Omitted(absence));
        followed.take(news(vec![deleted(1)], 2)).await;
    }
    assert_eq!(followed.rig.people(), before);
}

#[tokio::test]
async fn a_doubt_is_cleared_by_reading_everything_and_nothing_is_gone_on_from_before() {
    let mut followed = Followed::new().await;
    followed.directory.set("id-0004", "cn", &["Four"]);
    let doubtful = News {
        doubt: Some("a word that nobody knows"),
        ..news(vec![entry(1, "Ann", 1, &[])], 1)
    };
    let taken = followed.take(doubtful).await;
    let again = Again::Everything("a word that nobody knows");
    assert_eq!(taken.again, Some(again));
    assert_eq!(
        followed.person(1).name,
        "Ann",
        "what it did tell is a change"
    );
    assert_eq!(followed.stands_at().await, mark(0));
    // News without a doubt come before anybody has read: the doubt stays.
    let plain = followed.take(news(vec![entry(2, "Bea", 2, &[])], 2)).await;
    assert_eq!(plain.again, None);
    assert_eq!(followed.person(2).name, "Bea");
    assert_eq!(followed.stands_at().await, mark(0));
    assert!(matches!(
        followed.catch_up(again).await,
        Outcome::Applied { .. }
    ));
    assert_eq!(followed.person(4).name, "Four");
}

#[tokio::test]
async fn a_stream_that_breaks_off_changes_nothing() {
    let mut followed = Followed::new().await;
    let before = (followed.rig.people(), followed.rig.revision());
    let broken = Err(DirectoryError::Malformed {
        what: "follow".to_owned(),
        found: "a cookie that cannot be read",
    });
    followed.next(broken).await.unwrap_err();
    let stale = Ok(Told::Stale("the server asks for a full read"));
    assert!(matches!(followed.next(stale).await, Ok(Told::Stale(_))));
    assert_eq!((followed.rig.people(), followed.rig.revision()), before);
    assert_eq!(followed.stands_at().await, mark(0));
}

#[tokio::test]
async fn absence_that_nothing_proves_is_counted_by_the_next_round() {
    let mut followed = Followed::new().await;
    let left = Shown::Omitted(Absence::LeftFilter);
    followed.directory.show("id-0001", left);
    followed.directory.hide_evidence();
    let before = followed.rig.people();
    followed.take(news(vec![deleted(1)], 1)).await;
    followed.take(news(vec![entry(2, "Two", 2, &[])], 2)).await;
    assert_eq!(followed.person(2).name, "Two");
    assert_eq!(followed.person(1), before[1]);
    assert_eq!(
        followed.stands_at().await,
        mark(0),
        "the round will hear of the departure as well"
    );
}

#[tokio::test]
async fn roles_that_a_stream_brings_one_by_one_are_counted_together() {
    let mut followed = Followed::with_hires_in_a_group().await;
    for hire in 0..5 {
        put(&followed.directory, 20 + hire);
        let at = u32::try_from(hire).unwrap() + 1;
        let told = news(vec![entry(20 + hire, "Hire", at, &[])], at);
        assert_eq!(followed.take(told).await.again, None);
    }
    assert_eq!(followed.holders(), 5);
    put(&followed.directory, 25);
    let sixth = followed
        .take(news(vec![entry(25, "Hire", 6, &[])], 6))
        .await;
    assert_eq!(sixth.again, Some(Again::Round));
    // Nor does the round that it asks for give it, or one that the timer begins.
    let six = Concern::RoleGains { people: 6 };
    assert!(followed.concerns().await.contains(&six));
    let round = followed.rig.apply(3, Approval::Automatic).await.unwrap();
    assert!(round.summary.concerns.contains(&six));
    assert_eq!(followed.holders(), 5);
    // Once an operator has looked, it counts anew.
    let (operator, hash) = ("root".to_owned(), round.summary.hash);
    let approved = followed.rig.apply(4, Approval::Exactly { operator, hash });
    approved.await.unwrap();
    assert_eq!(followed.holders(), 6);
    put(&followed.directory, 26);
    let told = news(vec![entry(26, "Hire", 7, &[])], 7);
    assert_eq!(followed.take(told).await.again, None);
    assert_eq!(followed.holders(), 7);
}

#[tokio::test]
async fn values_that_a_stream_loses_one_by_one_are_counted_together() {
    let directory = InMemory::followed(BEGIN);
    for who in 0..10 {
        put(&directory, who);
        let (id, mail) = (format!("id-{who:04}"), format!("u{who:04}@x.example"));
        directory.set(&id, "mail", &[&mail]);
    }
    let mut followed = Followed::over(directory, |_| ()).await;
    for who in 0..4 {
        followed.directory.set(&format!("id-{who:04}"), "mail", &[]);
        let at = u32::try_from(who).unwrap() + 1;
        let told = news(vec![entry(who, &format!("u{who:04}"), at, &[])], at);
        let again = followed.take(told).await.again;
        assert_eq!(again, (who == 3).then_some(Again::Round), "{who}");
    }
    assert!(followed.person(2).mail.is_empty());
    let four = Concern::Emptied {
        attribute: "mail".to_owned(),
        people: 4,
        allowed: 3,
    };
    assert!(followed.concerns().await.contains(&four));
    assert_eq!(followed.person(3).mail, ["u0003@x.example"]);
}

#[tokio::test]
async fn a_list_that_changes_concerns_only_those_who_come_in_or_leave() {
    let mut followed = Followed::with_hires_in_a_group().await;
    let members = |followed: &Followed, version: u32, who: &[usize]| {
        let names: Vec<_> = who
            .iter()
            .map(|who| format!("uid=u{who:04},{BASE}"))
            .collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        followed.directory.set("id-group", "member", &names);
        followed
            .directory
            .set("id-group", "entryCSN", &[&number(version)]);
    };
    let elsewhere = |at| News {
        elsewhere: true,
        ..news(Vec::new(), at)
    };
    let held = |followed: &Followed| -> Vec<usize> {
        let store = followed.rig.store.read().unwrap();
        let holds = |who: &usize| !store.grants(&person_id(*who)).unwrap().is_empty();
        (0..10).filter(holds).collect()
    };
    members(&followed, 1, &[1, 2, 3]);
    let taken = followed.take(elsewhere(1)).await;
    let summary = taken.report.unwrap().summary;
    assert_eq!((taken.again, summary.read, summary.granted), (None, 3, 3));
    assert_eq!(held(&followed), [1, 2, 3]);
    members(&followed, 2, &[2, 3, 4]);
    let summary = followed.take(elsewhere(2)).await.report.unwrap().summary;
    assert_eq!((summary.read, summary.granted, summary.revoked), (2, 1, 1));
    assert_eq!(held(&followed), [2, 3, 4]);
    // Somebody with the role changes, and nothing else does.
    let taken = followed
        .take(news(vec![entry(3, "Three", 3, &[])], 3))
        .await;
    assert_eq!(taken.report.unwrap().summary.changes, 1);
    assert_eq!(held(&followed), [2, 3, 4]);
    assert!(followed.take(elsewhere(4)).await.report.is_none());
    followed.directory.show("id-group", Shown::Deleted);
    let vanished = followed.take(elsewhere(5)).await;
    let again = Again::Everything("a mapped group has changed");
    assert_eq!(vanished.again, Some(again));
    assert_eq!(held(&followed), [2, 3, 4]);
}

#[tokio::test]
async fn whoever_is_shut_out_is_so_whatever_else_waits() {
    let mut followed = Followed::with_hires_in_a_group().await;
    (20..30).for_each(|who| put(&followed.directory, who));
    let retired = [("employeeType", "retired")];
    let mut seen: Vec<_> = (20..30).map(|who| entry(who, "Hire", 1, &[])).collect();
    seen.push(entry(3, "u0003", 1, &retired));
    seen.push(deleted(4));
    followed.directory.show("id-0004", Shown::Deleted);
    followed
        .directory
        .set("id-0003", "employeeType", &["retired"]);
    let taken = followed.take(news(seen, 1)).await;
    assert_eq!(taken.again, Some(Again::Round));
    assert_eq!(followed.holders(), 0);
    assert_eq!(followed.status(3), DirectoryStatus::Disabled);
    let gone = DirectoryStatus::Deleted { since: minute(2) };
    assert_eq!(followed.status(4), gone);
    assert_eq!(followed.catch_up(Again::Round).await, Outcome::Waiting);
    assert_eq!(followed.rig.alarms(), ["sync.waiting"]);
    // While it waits the stream goes on, and gives nobody a role.
    let both = vec![entry(20, "Hire", 3, &[]), entry(5, "Five", 3, &[])];
    followed.take(news(both, 3)).await;
    assert_eq!(followed.holders(), 0);
    let alone = followed.take(news(vec![entry(5, "Five", 4, &[])], 4)).await;
    assert_eq!(alone.again, Some(Again::Round));
    assert_eq!(followed.person(5).name, "Five");
    assert_eq!(followed.stands_at().await, mark(0));
}

#[tokio::test]
async fn a_source_without_a_read_to_go_on_from_is_not_followed() {
    let rig = Rig::synced(3).await;
    let source = Arc::new(rig.source.clone());
    let opened = rig.syncs.follow(&source, minute(1)).await.unwrap();
    let Opened::Not(why) = opened else {
        panic!("it is followed")
    };
    assert!(why.contains("from openldap and ds389 only"), "{why}");
}
