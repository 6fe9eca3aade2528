//! Changes by DirSync, from a domain controller that does what Samba does not.

mod fake;

use provost_core::person::{DirectoryStatus, Person};
use provost_core::role::Granted;

use self::fake::{Controller, PIECE, taken_away, tombstone, user};
use super::rig::{Rig, mapped};
use crate::config::source::Attributes;
use crate::demo::directory_server::TreeEntry;
use crate::flow::sync::{Approval, Extent};
use crate::ldap::Mode;

const GROUP: &str = "CN=Admins,DC=x";

/// Ten people, and a group of more members than one answer has. The third person is the last member of all.
async fn synced() -> (Rig, Controller) {
    let names: Vec<String> = (0..10).map(|number| format!("u{number}")).collect();
    let mut entries: Vec<TreeEntry> = (0_u8..)
        .zip(&names)
        .map(|(number, name)| user(b'a' + number, name))
        .collect();
    for dn in ["DC=x", "ou=staff,DC=x"] {
        entries.push(TreeEntry::new(dn, &[("objectClass", &["container"])]));
    }
    let mut members: Vec<String> = (0..2 * PIECE)
        .map(|number| format!("CN=former {number},DC=x"))
        .collect();
    members.push("CN=u2,ou=staff,DC=x".to_owned());
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    entries.push(TreeEntry::new(
        GROUP,
        &[("objectClass", &["group"]), ("member", &members)],
    ));
    let controller = Controller::start(entries).await;
    let mut rig = Rig::new(0).await;
    rig.source.urls = vec![controller.url.parse().unwrap()];
    rig.source.filter = "(objectClass=user)".to_owned();
    rig.source.page_size = 1_000;
    rig.source.attributes = Attributes {
        username: "sAMAccountName".to_owned(),
        ..rig.source.attributes
    };
    rig.source.grants = vec![mapped(GROUP, Granted::Role("sis".parse().unwrap()))];
    let first = rig
        .apply(0, Approval::Operator("root".to_owned()))
        .await
        .unwrap();
    assert_eq!((first.extent, first.because), (Extent::Everything, None));
    assert_eq!(
        (first.summary.added, first.summary.granted),
        (10, 1),
        "every page and every piece"
    );
    (rig, controller)
}

fn person(rig: &Rig, username: &str) -> Person {
    let mut people = rig.people().into_iter();
    people.find(|person| person.username == username).unwrap()
}

fn status(rig: &Rig, username: &str) -> DirectoryStatus {
    person(rig, username).directory.unwrap().status
}

#[tokio::test]
async fn answers_without_entries_are_gone_on_from_until_the_server_has_no_more() {
    let (rig, controller) = synced().await;
    assert_eq!(rig.tick(1).await.extent, Extent::Nothing);
    {
        let mut state = controller.state();
        state.entries[1].set("cn", &[]);
        state.entries[3].set("cn", &["New Name"]);
        let gone = state.entries.remove(5);
        assert_eq!(gone.dn, "CN=u5,ou=staff,DC=x");
        state.told = vec![
            taken_away(b'b', "u1", "cn"),
            user(b'd', "u3"),
            tombstone(b'f'),
        ];
    }
    let report = rig.tick(2).await;
    assert_eq!(report.extent, Extent::Changes, "{report:?}");
    assert_eq!((report.summary.updated, report.summary.deleted), (2, 1));
    assert_eq!(
        person(&rig, "u1").name,
        "u1",
        "without a name the username is one"
    );
    assert_eq!(person(&rig, "u3").name, "New Name");
    assert!(matches!(
        status(&rig, "u5"),
        DirectoryStatus::Deleted { .. }
    ));
    assert_eq!(rig.tick(3).await.extent, Extent::Nothing);
}

#[tokio::test]
async fn a_deletion_that_the_directory_contradicts_suspends_nobody() {
    let (rig, controller) = synced().await;
    controller.state().told = vec![tombstone(b'c')];
    let report = rig.tick(1).await;
    assert_eq!(
        (report.summary.deleted, report.remarks_in_all),
        (0, 1),
        "{report:?}"
    );
    assert_eq!(status(&rig, "u2"), DirectoryStatus::Present);
}

#[tokio::test]
async fn what_the_account_cannot_find_is_no_departure_although_it_changed() {
    let (rig, controller) = synced().await;
    {
        let mut state = controller.state();
        let hidden = state.entries.remove(4);
        state.told = vec![hidden];
    }
    let report = rig.tick(1).await;
    assert_eq!(
        (report.extent, report.summary.changes),
        (Extent::Nothing, 0),
        "{report:?}"
    );
    assert_eq!(status(&rig, "u4"), DirectoryStatus::Present);
}

#[tokio::test]
async fn another_database_behind_the_same_address_is_read_whole() {
    let (rig, controller) = synced().await;
    controller.state().invocation = vec![8; 16];
    let report = rig.tick(1).await;
    assert_eq!(report.extent, Extent::Everything);
    let because = report.because.unwrap();
    assert!(because.contains("invocationId"), "{because}");
    assert_eq!(report.summary.changes, 0);
}

#[tokio::test]
async fn an_account_that_loses_the_right_to_read_changes_reads_everything() {
    let (mut rig, controller) = synced().await;
    controller.state().permitted = false;
    for (at, mode) in [(1, Mode::Auto), (2, Mode::DirSync)] {
        rig.source.mode = mode;
        let report = rig.tick(at).await;
        assert_eq!(report.extent, Extent::Everything);
        let because = report.because.unwrap();
        assert!(
            because.contains("Replicating Directory Changes"),
            "{because}"
        );
    }
}

#[tokio::test]
async fn an_account_that_expires_between_two_rounds_is_disabled_although_nothing_changed() {
    let (rig, controller) = synced().await;
    {
        let mut state = controller.state();
        // 2025-03-02T17:02:00Z, two minutes after the beginning.
        state.entries[6].set("accountExpires", &["133854085200000000"]);
        state.told = vec![user(b'g', "u6")];
    }
    let before = rig.tick(1).await;
    assert_eq!(
        (before.extent, before.summary.changes),
        (Extent::Changes, 0),
        "{before:?}"
    );
    let after = rig.tick(3).await;
    assert_eq!(
        (after.extent, after.summary.disabled),
        (Extent::Changes, 1),
        "{after:?}"
    );
    assert_eq!(status(&rig, "u6"), DirectoryStatus::Disabled);
}
