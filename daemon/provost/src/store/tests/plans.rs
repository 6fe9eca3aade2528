use super::*;
use crate::store::{Draft, StoreError};

/// The error's text.
fn refused(result: Result<Revision, CommitError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_plan_without_changes_is_no_commit() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    assert_eq!(commit(&store, vec![]).unwrap(), Revision(1));
    assert_eq!(store.read().unwrap().revision(), Revision(1));
}

#[test]
fn a_plan_whose_ground_has_moved_is_refused_whole() {
    let disk = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    let renamed = Person {
        title: Some("Clerk".to_owned()),
        ..ana.clone()
    };
    let stale = plan(
        Revision(1),
        vec![
            put_person(None, Some(&person("ben", "bkim"))),
            put_person(Some(&ana), Some(&renamed)),
        ],
    );
    commit(&store, vec![put_person(Some(&ana), Some(&renamed))]).unwrap();
    assert_eq!(
        refused(store.commit(stale)),
        "commit a plan: person ana has changed since the plan was made"
    );
    let register = store.read().unwrap();
    assert_eq!(register.revision(), Revision(2));
    assert_eq!(register.person(&person_id("ben")).unwrap(), None);
}

#[test]
fn a_plan_on_older_ground_that_has_not_moved_is_committed() {
    let disk = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    commit(&store, vec![put_person(None, Some(&person("ben", "bkim")))]).unwrap();
    let old = plan(Revision(1), vec![put_person(Some(&ana), None)]);
    assert_eq!(store.commit(old).unwrap(), Revision(3));
}

#[test]
fn what_is_there_or_gone_against_expectation_has_moved() {
    let disk = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    let ben = person("ben", "bkim");
    let give = role("ana", "sis");
    let revoke = Change::Revoke {
        grant: Box::new(give),
    };
    for (changes, what) in [
        (vec![put_person(None, Some(&ana))], "person ana"),
        (vec![put_person(Some(&ben), Some(&ben))], "person ben"),
        (
            vec![put_contact(Some(&contact("ana")), &contact("ana"))],
            "contact ana",
        ),
        (vec![put_district("lone-pine")], "district lone-pine"),
        (vec![revoke], "grant of role sis to ana by manual"),
    ] {
        let error = commit(&store, changes).unwrap_err();
        assert!(
            matches!(&error, CommitError::Moved { what: found } if found == what),
            "{error}"
        );
    }
    let future = plan(Revision(9), vec![put_person(None, Some(&ben))]);
    assert!(refused(store.commit(future)).contains("at revision 1, planned on 9"));
    assert_eq!(store.read().unwrap().revision(), Revision(1));
}

#[test]
fn a_plan_may_change_one_thing_twice() {
    let disk = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    let pending = Contact {
        state: ContactState::Pending,
        ..contact("ana")
    };
    let changes = vec![
        put_contact(None, &contact("ana")),
        put_contact(Some(&contact("ana")), &pending),
    ];
    commit(&store, changes).unwrap();
    assert_eq!(
        store.read().unwrap().contact(&ana.id).unwrap(),
        Some(pending)
    );
}

#[test]
fn a_username_belongs_to_one_person_of_a_district() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    assert_eq!(
        refused(commit(
            &store,
            vec![put_person(None, Some(&person("ben", "aortiz")))]
        )),
        "commit a plan: username lone-pine/aortiz belongs to ana and ben already"
    );
    let elsewhere = Person {
        district: district_id("tall-pine"),
        ..person("ben", "aortiz")
    };
    let changes = vec![
        put_district("tall-pine"),
        put_person(None, Some(&elsewhere)),
    ];
    assert_eq!(commit(&store, changes).unwrap(), Revision(2));
}

#[test]
fn two_people_may_swap_their_usernames_in_one_plan() {
    let disk = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    let ben = person("ben", "bkim");
    commit(&store, vec![put_person(None, Some(&ben))]).unwrap();
    let swap = |from: &Person, username: &str| {
        let after = Person {
            username: username.to_owned(),
            ..from.clone()
        };
        put_person(Some(from), Some(&after))
    };
    commit(&store, vec![swap(&ana, "bkim"), swap(&ben, "aortiz")]).unwrap();
    let found = store.read().unwrap().find_person("bkim", None).unwrap();
    assert!(matches!(found, crate::store::Lookup::One(person) if person.id == ana.id));
}

#[test]
fn a_directory_entry_belongs_to_one_person() {
    let disk = Disk::new();
    let store = disk.open();
    with_ana(&store);
    let first = linked("ben", "bkim", "0a-1b");
    commit(&store, vec![put_person(None, Some(&first))]).unwrap();
    let second = linked("cleo", "cleo", "0a-1b");
    assert_eq!(
        refused(commit(&store, vec![put_person(None, Some(&second))])),
        "commit a plan: directory entry 0a-1b of staff-ldap belongs to ben already"
    );
}

#[test]
fn a_change_that_would_refer_to_nothing_is_refused_by_name() {
    let disk = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    let stranger = Person {
        district: district_id("nowhere"),
        ..person("ben", "bkim")
    };
    let grant = Change::Grant {
        grant: Box::new(role("ben", "sis")),
    };
    commit(&store, vec![put_contact(None, &contact("ana"))]).unwrap();
    for (change, what) in [
        (put_person(None, Some(&stranger)), "person ben"),
        (put_contact(None, &contact("ben")), "contact ben"),
        (grant, "grant role sis of ben"),
        (put_person(Some(&ana), None), "person ana"),
    ] {
        let error = commit(&store, vec![change]).unwrap_err();
        assert!(
            matches!(&error, CommitError::Dangling { what: found } if found == what),
            "{error}"
        );
    }
}

#[test]
fn a_streamed_commit_is_whole_or_not_at_all() {
    let disk = Disk::new();
    let store = disk.open();
    let ana = with_ana(&store);
    let stream = |fail: Option<StoreError>| {
        move |writing: &mut crate::store::Writing<'_>| {
            let actor = Actor::Source("staff-ldap".parse().unwrap());
            let mut commit = writing.begin(Revision(1), &actor, noon())?;
            for n in 0..1_000 {
                let next = person(&format!("p{n:04}"), &format!("u{n:04}"));
                commit.apply(&Draft::of(put_person(None, Some(&next)))?)?;
            }
            let revision = commit.finish()?;
            fail.map_or(Ok(revision), |error| Err(CommitError::Store(error)))
        }
    };
    let failed = store.write(stream(Some(StoreError::Stopped)));
    assert!(failed.is_err());
    assert_eq!(store.read().unwrap().people(None, None, 9).unwrap(), [ana]);
    assert_eq!(store.write(stream(None)).unwrap(), Revision(2));
    let register = store.read().unwrap();
    assert_eq!(register.people(None, None, 2_000).unwrap().len(), 1_001);
    let page = register
        .people(
            Some(&district_id("lone-pine")),
            Some(&person_id("p0997")),
            9,
        )
        .unwrap();
    let ids: Vec<_> = page.iter().map(|person| person.id.as_str()).collect();
    assert_eq!(ids, ["p0998", "p0999"]);
}
