//! Entries that are odd and no fault of the line: each is read, refused or left out, with its reason.

use provost_core::directory::Concern;

use provost_core::contact::ContactState;
use provost_core::person::DirectoryStatus;

use super::rig::{BASE, Rig, person_id, staff};
use crate::demo::directory_server::TreeEntry;
use crate::flow::sync::{Approval, Outcome};

fn set(rig: &Rig, number: usize, attribute: &str, values: &[&str]) {
    let mut tree = rig.server.tree();
    let entry = tree.entry(&format!("uid=u{number:04},{BASE}"));
    entry.unwrap().set(attribute, values);
}

#[tokio::test]
async fn of_two_entries_with_one_id_neither_counts_until_one_is_left() {
    let rig = Rig::synced(10).await;
    let before = rig.people();
    for twin in ["a-twin", "z-twin"] {
        let twin = TreeEntry::new(
            &format!("uid={twin},{BASE}"),
            &[
                ("objectClass", &["inetOrgPerson"]),
                ("entryUUID", &["id-0003"]),
                ("uid", &[twin]),
            ],
        );
        rig.server.tree().put(twin);
    }
    for round in 1..3 {
        let report = rig.tick(round).await;
        assert!(report.summary.is_empty(), "{report:?}");
        let twice = "was read twice with different content: neither counts";
        assert!(report.remarks.iter().any(|remark| remark.text == twice));
    }
    assert_eq!(rig.people(), before);
    rig.server.tree().remove(&format!("uid=u0003,{BASE}"));
    rig.server.tree().remove(&format!("uid=z-twin,{BASE}"));
    assert_eq!(rig.tick(3).await.summary.updated, 1);
    assert_eq!(rig.person(3).username, "a-twin");
}

#[tokio::test]
async fn two_people_with_one_mail_and_employee_number_stay_two() {
    let rig = Rig::synced(10).await;
    for number in [1, 2] {
        set(&rig, number, "mail", &["office@x.example"]);
        set(&rig, number, "employeeNumber", &["100"]);
    }
    let report = rig.tick(1).await;
    assert_eq!((report.summary.updated, report.summary.linked), (2, 0));
    let (one, two) = (rig.person(1), rig.person(2));
    assert_eq!(
        (&one.mail, &one.employee_number),
        (&two.mail, &two.employee_number)
    );
    assert_ne!(one.id, two.id);
    // A re-created entry that would fit both is nobody's: neither of them is given away.
    rig.server.tree().remove(&format!("uid=u0001,{BASE}"));
    let mut again = staff(11);
    again.set("uid", &["u0001"]);
    again.set("employeeNumber", &["100"]);
    rig.server.tree().put(again);
    let report = rig.tick(2).await;
    assert_eq!(
        (report.summary.linked, report.summary.quarantined),
        (0, 1),
        "{report:?}"
    );
}

#[tokio::test]
async fn values_beyond_measure_are_left_out_and_the_person_stays() {
    let rig = Rig::synced(10).await;
    let mails: Vec<String> = (0..1_000)
        .map(|place| format!("m{place}@x.example"))
        .collect();
    let mails: Vec<&str> = mails.iter().map(String::as_str).collect();
    set(&rig, 1, "mail", &mails);
    let photo = "x".repeat(5 << 20);
    set(&rig, 2, "cn", &[&photo]);
    let report = rig.tick(1).await;
    assert_eq!(report.summary.updated, 2, "{:?}", report.summary);
    assert_eq!(rig.person(1).mail, mails[..64]);
    assert_eq!(rig.person(2).name, "u0002");
    assert_eq!(report.remarks_in_all, 2);
}

#[tokio::test]
async fn an_attribute_that_nobody_has_any_more_is_hidden_until_an_operator_says_otherwise() {
    let rig = Rig::synced(10).await;
    let before = rig.people();
    for number in 0..10 {
        set(&rig, number, "mail", &[]);
    }
    let report = rig.apply(1, Approval::Automatic).await.unwrap();
    assert_eq!(report.done, Some(Outcome::Refused));
    let emptied = Concern::Emptied {
        attribute: "mail".to_owned(),
        people: 10,
        allowed: 3,
    };
    assert_eq!(report.summary.concerns, [emptied]);
    assert_eq!(rig.people(), before);
    // As ever, a few are nothing to ask about.
    for (number, person) in before.iter().enumerate().skip(3) {
        set(&rig, number, "mail", &[&person.mail[0]]);
    }
    assert_eq!(rig.tick(2).await.summary.updated, 3);
}

#[tokio::test]
async fn a_plan_that_is_refused_shuts_out_whoever_is_disabled_all_the_same() {
    let rig = Rig::synced(10).await;
    rig.designate(&person_id(8));
    rig.designate(&person_id(9));
    let before = rig.people();
    for number in 0..10 {
        set(&rig, number, "mail", &[]);
    }
    set(&rig, 9, "nsAccountLock", &["TRUE"]);
    let first = rig.apply(1, Approval::Automatic).await.unwrap();
    assert_eq!(first.done, Some(Outcome::Refused));
    let said = first
        .remarks
        .iter()
        .any(|remark| remark.text == "shut out all the same: 1 disabled or deleted people");
    assert!(said, "{:?}", first.remarks);
    assert!(matches!(rig.contact_state(9), ContactState::Suspended));
    assert_eq!(rig.contact_state(8), ContactState::Active);
    let status = rig.person(9).directory.map(|link| link.status);
    assert_eq!(status, Some(DirectoryStatus::Disabled));
    let others = |people: &[provost_core::person::Person]| people[..9].to_vec();
    assert_eq!(others(&rig.people()), others(&before));
    // What waits is what was printed, and nothing more happens while it does.
    let revision = rig.revision();
    let second = rig.apply(2, Approval::Automatic).await.unwrap();
    assert_eq!(second.summary.hash, first.summary.hash);
    assert_eq!(rig.revision(), revision);
}
