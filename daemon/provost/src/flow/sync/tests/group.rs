//! Groups → grants.

use provost_core::directory::Concern;
use provost_core::id::RoleId;
use provost_core::role::{Granted, Origin};

use super::rig::{BASE, Rig, mapped, person_id};
use crate::demo::directory_server::TreeEntry;
use crate::flow::sync::{Approval, Outcome, SyncError};
use crate::ldap::DirectoryError;

fn role(id: &str) -> Granted {
    Granted::Role(RoleId::new(id).unwrap())
}

fn group(name: &str, members: &[&str]) -> TreeEntry {
    TreeEntry::new(
        &format!("cn={name},ou=groups,dc=x"),
        &[("objectClass", &["groupOfNames"]), ("member", members)],
    )
}

fn held(rig: &Rig, number: usize) -> Vec<(Granted, Origin)> {
    let grants = rig
        .store
        .read()
        .unwrap()
        .grants(&person_id(number))
        .unwrap();
    grants
        .into_iter()
        .map(|grant| (grant.what, grant.origin))
        .collect()
}

async fn rig_with_groups() -> Rig {
    let mut rig = Rig::new(20).await;
    {
        let mut tree = rig.server.tree();
        // Names are escaped and cased as servers like it, and the groups contain each other.
        tree.put(group(
            "SIS Admins",
            &[
                "UID=u0001, OU=Staff,DC=X",
                "cn=deputies\\2C all,ou=groups,dc=x",
                "cn=nobody,dc=x",
            ],
        ));
        tree.put(group(
            "Deputies\\, All",
            &["uid=u0002,ou=staff,dc=x", "cn=sis admins,ou=groups,dc=x"],
        ));
    }
    rig.source
        .grants
        .push(mapped("cn=sis admins,ou=Groups,dc=x", role("sis")));
    rig
}

#[tokio::test]
async fn members_of_nested_groups_get_what_the_outer_group_gives_and_cycles_end() {
    let rig = rig_with_groups().await;
    rig.apply(1, Approval::Operator("root".to_owned()))
        .await
        .unwrap();
    let by_source = (role("sis"), Origin::Source(rig.source.id.clone()));
    assert_eq!(held(&rig, 1), std::slice::from_ref(&by_source));
    assert_eq!(held(&rig, 2), [by_source]);
    assert_eq!(held(&rig, 3), []);

    rig.server
        .tree()
        .put(group("Deputies\\, All", &["uid=u0003,ou=staff,dc=x"]));
    let report = rig.tick(2).await;
    assert_eq!((report.summary.granted, report.summary.revoked), (1, 1));
    assert_eq!(held(&rig, 2), []);
    assert!(rig.tick(3).await.summary.is_empty());
}

#[tokio::test]
async fn a_mapped_group_that_vanishes_takes_nothing_away() {
    let rig = rig_with_groups().await;
    rig.apply(1, Approval::Operator("root".to_owned()))
        .await
        .unwrap();
    rig.server.tree().remove("cn=SIS Admins,ou=groups,dc=x");
    let error = rig.apply(2, Approval::Automatic).await.unwrap_err();
    let SyncError::Directory {
        source: DirectoryError::NoGroup { group },
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(group, "cn=sis admins,ou=Groups,dc=x");
    assert_eq!(held(&rig, 1).len(), 1);
}

#[tokio::test]
async fn an_emptied_group_that_would_leave_a_role_without_a_holder_is_refused() {
    let rig = rig_with_groups().await;
    rig.apply(1, Approval::Operator("root".to_owned()))
        .await
        .unwrap();
    rig.server.tree().put(group("SIS Admins", &[]));
    let report = rig.tick(2).await;
    assert_eq!(report.done, Some(Outcome::Refused));
    let role = RoleId::new("sis").unwrap();
    assert_eq!(report.summary.concerns, [Concern::NoHolderLeft { role }]);
    assert_eq!(held(&rig, 1).len(), 1);
}

#[tokio::test]
async fn a_plan_that_gives_roles_to_many_waits() {
    let rig = rig_with_groups().await;
    rig.apply(1, Approval::Operator("root".to_owned()))
        .await
        .unwrap();
    let members: Vec<_> = (1..9)
        .map(|number| format!("uid=u{number:04},{BASE}"))
        .collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    rig.server.tree().put(group("SIS Admins", &members));
    let report = rig.tick(2).await;
    assert_eq!(report.done, Some(Outcome::Waiting));
    assert_eq!(report.summary.concerns, [Concern::RoleGains { people: 6 }]);
}
