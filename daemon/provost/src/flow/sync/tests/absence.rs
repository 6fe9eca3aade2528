//! Who is not read, and what follows.

use provost_core::contact::ContactState;
use provost_core::directory::{Absence, Concern};
use provost_core::person::DirectoryStatus;
use std::sync::Arc;

use super::rig::{BASE, Rig, minute, person_id};
use crate::demo::directory_server::Fault;
use crate::flow::sync::{Approval, Outcome};
use crate::ldap::{InMemory, Shown};

fn status(rig: &Rig, number: usize) -> DirectoryStatus {
    rig.person(number).directory.unwrap().status
}

#[tokio::test]
async fn a_deleted_entry_suspends_after_two_reads_that_agree() {
    let rig = Rig::synced(40).await;
    rig.designate(&person_id(1));
    rig.designate(&person_id(2));
    rig.server.tree().remove(&format!("uid=u0001,{BASE}"));
    let first = rig.tick(1).await;
    assert_eq!((first.summary.missing, first.summary.suspended), (1, 0));
    assert_eq!(
        status(&rig, 1),
        DirectoryStatus::Missing { since: minute(1) }
    );
    assert_eq!(rig.contact_state(1), ContactState::Active);
    let second = rig.tick(2).await;
    assert_eq!((second.summary.gone, second.summary.suspended), (1, 1));
    assert_eq!(status(&rig, 1), DirectoryStatus::Gone { since: minute(2) });
    assert_eq!(rig.contact_state(1), ContactState::Suspended);
    assert!(rig.tick(3).await.summary.is_empty());

    rig.server.tree().put(super::rig::staff(1));
    let back = rig.tick(4).await;
    assert_eq!((back.summary.returned, back.summary.restored), (1, 1));
    assert_eq!(rig.contact_state(1), ContactState::Active);
}

#[tokio::test]
async fn an_entry_that_moved_out_or_left_the_filter_is_gone_after_two_reads() {
    let rig = Rig::synced(40).await;
    {
        let mut tree = rig.server.tree();
        tree.rename(&format!("uid=u0001,{BASE}"), "uid=u0001,ou=left,dc=x");
        tree.entry(&format!("uid=u0002,{BASE}"))
            .unwrap()
            .set("objectClass", &["account"]);
    }
    rig.tick(1).await;
    assert_eq!(rig.tick(2).await.summary.gone, 2);
}

#[tokio::test]
async fn a_hidden_entry_is_never_taken_for_a_departure() {
    let rig = Rig::synced(40).await;
    // The container is hidden with what is in it, so that nothing says whether the entry exists.
    rig.server.tree().rename(
        &format!("uid=u0001,{BASE}"),
        &format!("uid=u0001,ou=hs,{BASE}"),
    );
    rig.server
        .tree()
        .put(crate::demo::directory_server::TreeEntry::new(
            &format!("ou=hs,{BASE}"),
            &[("objectClass", &["organizationalUnit"])],
        ));
    rig.tick(1).await;
    rig.server.misbehave(Fault::Hide(format!("ou=hs,{BASE}")));
    for at in 2..6 {
        rig.tick(at).await;
    }
    assert_eq!(
        status(&rig, 1),
        DirectoryStatus::Missing { since: minute(2) }
    );
}

#[tokio::test]
async fn half_a_directory_hidden_is_refused_until_an_operator_approves_that_plan() {
    let rig = Rig::synced(60).await;
    rig.server.misbehave(Fault::Hide(format!("1,{BASE}")));
    let before = rig.people();
    let report = rig.tick(1).await;
    assert_eq!(report.done, Some(Outcome::Refused));
    let concern = Concern::TooManyMissing {
        missing: 6,
        allowed: 3,
        known: 60,
    };
    assert_eq!(report.summary.concerns, [concern]);
    assert_eq!(rig.people(), before);
    rig.tick(2).await;
    assert_eq!(rig.alarms(), ["sync.refused"], "one alarm for one refusal");

    let general = rig
        .apply(3, Approval::Operator("root".to_owned()))
        .await
        .unwrap();
    assert_eq!(general.done, Some(Outcome::Refused));
    let hash = report.summary.hash;
    let exactly = Approval::Exactly {
        operator: "root".to_owned(),
        hash,
    };
    let applied = rig.apply(4, exactly).await.unwrap();
    assert!(
        matches!(applied.done, Some(Outcome::Applied { .. })),
        "{applied:?}"
    );
    assert_eq!(
        status(&rig, 1),
        DirectoryStatus::Missing { since: minute(4) }
    );
}

#[tokio::test]
async fn another_bind_identity_proves_nothing_about_absence() {
    let mut rig = Rig::synced(40).await;
    rig.server.tree().remove(&format!("uid=u0001,{BASE}"));
    rig.tick(1).await;
    if let crate::config::source::Bind::Simple { dn, .. } = &mut rig.source.bind {
        *dn = "CN=Provost, dc=x".to_owned();
    }
    rig.tick(2).await;
    assert_eq!(
        status(&rig, 1),
        DirectoryStatus::Missing { since: minute(1) }
    );
    rig.tick(3).await;
    assert_eq!(status(&rig, 1), DirectoryStatus::Gone { since: minute(3) });
}

#[tokio::test]
async fn a_reported_deletion_counts_at_once_when_the_look_up_confirms_it() {
    let directory = InMemory::default();
    for number in 0..10 {
        let name = format!("u{number:04}");
        directory.put(
            &format!("id-{number:04}"),
            &format!("uid={name},{BASE}"),
            &[("uid", &[&name])],
        );
    }
    let rig = Rig::new(0).await.through(Arc::new(directory.clone()));
    rig.apply(0, Approval::Operator("root".to_owned()))
        .await
        .unwrap();
    rig.designate(&person_id(1));
    directory.show("id-0001", Shown::Deleted);
    directory.show("id-0002", Shown::Omitted(Absence::Hidden));
    let report = rig.tick(1).await;
    assert_eq!(
        (
            report.summary.deleted,
            report.summary.suspended,
            report.summary.missing
        ),
        (1, 1, 1)
    );
    assert_eq!(
        status(&rig, 1),
        DirectoryStatus::Deleted { since: minute(1) }
    );
    assert_eq!(rig.contact_state(1), ContactState::Suspended);
    assert!(rig.tick(2).await.summary.is_empty());
}
