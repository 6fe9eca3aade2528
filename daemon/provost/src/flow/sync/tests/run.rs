//! What a run does when nothing goes wrong.

use provost_core::change::Change;
use provost_core::directory::Concern;
use provost_core::id::PersonId;
use provost_core::person::DirectoryStatus;

use super::rig::{BASE, Rig, by_hand, minute, person_id, staff};
use crate::flow::sync::{Approval, Outcome};

#[tokio::test]
async fn a_first_plan_waits_for_an_operator_and_the_second_is_empty() {
    let rig = Rig::new(30).await;
    let before = rig.revision();
    let waiting = rig.tick(1).await;
    assert_eq!(waiting.done, Some(Outcome::Waiting));
    assert_eq!(waiting.summary.concerns, [Concern::FirstPlan]);
    assert_eq!(rig.people(), []);
    assert_eq!(rig.alarms(), ["sync.waiting"]);
    assert_eq!(rig.revision().0, before.0 + 1, "the alarm and nothing else");

    let hash = waiting.summary.hash;
    let exactly = Approval::Exactly {
        operator: "root".to_owned(),
        hash,
    };
    let applied = rig.apply(2, exactly).await.unwrap();
    assert_eq!((applied.summary.added, applied.summary.read), (30, 30));
    assert!(matches!(applied.done, Some(Outcome::Applied { .. })));
    assert_eq!(rig.people().len(), 30);

    let revision = rig.revision();
    let second = rig.tick(3).await;
    assert_eq!(second.done, Some(Outcome::Applied { revision }));
    assert!(second.summary.is_empty());
    let state = rig.syncs.status(&rig.source.id).await.unwrap();
    assert_eq!(
        (state.read, state.applied, state.error),
        (Some(minute(3)), Some(minute(3)), None)
    );
}

#[tokio::test]
async fn what_changed_in_the_directory_is_exactly_what_the_plan_changes() {
    let rig = Rig::synced(40).await;
    {
        let mut tree = rig.server.tree();
        tree.entry(&format!("uid=u0001,{BASE}"))
            .unwrap()
            .set("mail", &["new@x.example"]);
        tree.rename(
            &format!("uid=u0002,{BASE}"),
            &format!("uid=u0002,ou=left,{BASE}"),
        );
        tree.entry(&format!("uid=u0003,{BASE}"))
            .unwrap()
            .set("nsAccountLock", &["TRUE"]);
        tree.entry(&format!("uid=u0004,{BASE}"))
            .unwrap()
            .set("uid", &["renamed"]);
    }
    let (planned, lines) = rig.plan(5).await;
    let said: Vec<_> = lines
        .iter()
        .map(|line| line.split(':').take(2).collect::<String>())
        .collect();
    assert_eq!(
        said,
        [
            "~ person lone-pine/u0001 (staffid-0001)",
            "~ person lone-pine/u0002 (staffid-0002)",
            "~ person lone-pine/u0003 (staffid-0003)",
            "~ person lone-pine/renamed (staffid-0004)",
        ]
    );
    let applied = rig.tick(6).await;
    assert_eq!(applied.summary.hash, planned.summary.hash);
    assert_eq!(rig.person(1).mail, ["new@x.example"]);
    assert_eq!(
        rig.person(3).directory.unwrap().status,
        DirectoryStatus::Disabled
    );
    assert_eq!(rig.person(4).username, "renamed");
    assert!(rig.tick(7).await.summary.is_empty());
}

#[tokio::test]
async fn a_plan_that_is_not_the_approved_one_is_not_applied() {
    let rig = Rig::new(10).await;
    let (planned, _) = rig.plan(1).await;
    rig.server
        .tree()
        .entry(&format!("uid=u0001,{BASE}"))
        .unwrap()
        .set("mail", &["new@x.example"]);
    let approval = Approval::Exactly {
        operator: "root".to_owned(),
        hash: planned.summary.hash,
    };
    let report = rig.apply(2, approval).await.unwrap();
    assert_eq!(report.done, Some(Outcome::Moved));
    assert_eq!(rig.people(), []);
}

#[tokio::test]
async fn a_contact_designated_by_hand_stays_the_same_contact_when_the_directory_comes() {
    let rig = Rig::new(10).await;
    let ana = by_hand("ana", "u0001");
    let id = PersonId::new("ana").unwrap();
    rig.commit(vec![Change::Person {
        before: None,
        after: Some(Box::new(ana)),
    }]);
    rig.designate(&id);
    let report = rig
        .apply(1, Approval::Operator("root".to_owned()))
        .await
        .unwrap();
    assert_eq!((report.summary.linked, report.summary.added), (1, 9));
    let snapshot = rig.store.read().unwrap();
    let linked = snapshot.person(&id).unwrap().unwrap();
    assert_eq!(linked.directory.unwrap().stable_id, "id-0001");
    assert!(snapshot.contact(&id).unwrap().unwrap().is_valid());
    assert_eq!(snapshot.person(&person_id(1)).unwrap(), None);
}

#[tokio::test]
async fn two_people_who_swap_their_usernames_keep_who_they_are() {
    let rig = Rig::synced(10).await;
    {
        let mut tree = rig.server.tree();
        tree.entry(&format!("uid=u0001,{BASE}"))
            .unwrap()
            .set("uid", &["u0002"]);
        tree.entry(&format!("uid=u0002,{BASE}"))
            .unwrap()
            .set("uid", &["u0001"]);
    }
    let report = rig.tick(1).await;
    assert_eq!(report.summary.updated, 2, "{report:?}");
    assert_eq!(
        (rig.person(1).username, rig.person(2).username),
        ("u0002".to_owned(), "u0001".to_owned())
    );
}

#[tokio::test]
async fn usernames_that_pass_along_a_chain_and_in_a_circle_arrive_in_one_plan() {
    let rig = Rig::synced(10).await;
    let renamed = [
        (1, "u0002"),
        (2, "u0003"),
        (3, "new"),
        (4, "u0005"),
        (5, "u0006"),
        (6, "u0004"),
    ];
    // The last of this chain wants a name that somebody keeps.
    let blocked = [(7, "u0008"), (8, "u0009")];
    for (number, username) in renamed.into_iter().chain(blocked) {
        let mut tree = rig.server.tree();
        let entry = tree.entry(&format!("uid=u{number:04},{BASE}"));
        entry.unwrap().set("uid", &[username]);
    }
    let (planned, _) = rig.plan(1).await;
    let report = rig.tick(1).await;
    assert_eq!(report.summary.updated, 6, "{report:?}");
    assert_eq!(report.summary.hash, planned.summary.hash);
    for (number, username) in renamed {
        assert_eq!(rig.person(number).username, username);
    }
    for (number, _) in blocked {
        assert_eq!(rig.person(number).username, format!("u{number:04}"));
    }
    assert_eq!(report.remarks_in_all, 2, "{report:?}");
}

#[tokio::test]
async fn an_entry_that_cannot_be_used_is_reported_and_holds_up_nobody() {
    let rig = Rig::synced(10).await;
    rig.server
        .tree()
        .entry(&format!("uid=u0001,{BASE}"))
        .unwrap()
        .set("uid", &[]);
    rig.server.tree().put(staff(10));
    let report = rig.tick(1).await;
    assert_eq!((report.summary.added, report.summary.missing), (1, 0));
    assert_eq!(rig.person(1).username, "u0001");
    assert_eq!(report.remarks[0].text, "quarantined: has no usable uid");
}

#[tokio::test]
async fn a_person_is_explained_from_the_last_read() {
    let rig = Rig::synced(3).await;
    rig.server
        .tree()
        .entry(&format!("uid=u0001,{BASE}"))
        .unwrap()
        .set("mail", &["new@x.example"]);
    rig.plan(1).await;
    let source = std::sync::Arc::new(rig.source.clone());
    let explanation = rig
        .syncs
        .explain(&source, None, minute(1), "id-0001")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(explanation.theirs.unwrap().mail, ["new@x.example"]);
    assert_eq!(explanation.ours.unwrap().mail, ["u0001@x.example"]);
    assert_eq!(explanation.lines.len(), 1);
    assert_eq!(
        rig.syncs
            .explain(&source, None, minute(1), "nobody")
            .await
            .unwrap(),
        None
    );
}
