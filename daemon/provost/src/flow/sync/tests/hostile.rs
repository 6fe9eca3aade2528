//! Reads that break: each is an error, and nothing of the register changes.

use std::time::Duration;

use super::rig::Rig;
use crate::config::source::StartTls;
use crate::demo::directory_server::Fault;
use crate::flow::sync::{Approval, Extent, SyncError};
use crate::ldap::DirectoryError;

/// Runs into `fault`; says what the error says, causes included.
async fn broken(fault: Fault) -> String {
    let mut rig = Rig::synced(40).await;
    rig.source.timeouts.operation = Duration::from_millis(300);
    let before = (rig.people(), rig.revision());
    rig.server.misbehave(fault);
    let error = rig.apply(1, Approval::Automatic).await.unwrap_err();
    rig.apply(2, Approval::Automatic).await.unwrap_err();
    assert_eq!(rig.people(), before.0);
    assert_eq!(
        rig.revision().0,
        before.1.0 + 1,
        "one alarm for a source that goes on failing"
    );
    assert_eq!(rig.alarms(), ["sync.failed"]);
    let state = rig.syncs.status(&rig.source.id).await.unwrap();
    assert_eq!(state.error.as_ref(), Some(&error.chain()));

    rig.server.misbehave(Fault::None);
    rig.source.timeouts.operation = Duration::from_secs(20);
    assert!(
        rig.tick(3).await.summary.is_empty(),
        "the next good read finds everything as it was"
    );
    assert_eq!(rig.syncs.status(&rig.source.id).await.unwrap().error, None);
    error.chain()
}

#[tokio::test]
async fn a_connection_that_ends_in_the_middle_is_no_read() {
    let said = broken(Fault::DropAfter(20)).await;
    assert!(said.contains("the connection was lost"), "{said}");
}

#[tokio::test]
async fn a_size_limit_is_no_read() {
    let said = broken(Fault::SizeLimit(3)).await;
    assert_eq!(
        said,
        "read the directory of source staff: read ou=staff,dc=x, page 1: incomplete, the server answered 4 (size limit exceeded) "
    );
}

#[tokio::test]
async fn a_busy_server_is_no_read() {
    let said = broken(Fault::Busy).await;
    assert!(said.contains("51 (busy)"), "{said}");
}

#[tokio::test]
async fn a_refused_bind_is_no_read() {
    let said = broken(Fault::RefuseBind).await;
    assert!(
        said.contains("bind as dn cn=provost,dc=x: the server answered 49 (invalid credentials)"),
        "{said}"
    );
}

#[tokio::test]
async fn success_without_entries_is_no_read() {
    let said = broken(Fault::EmptySuccess).await;
    assert!(said.contains("success without a single entry"), "{said}");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up() {
    let said = broken(Fault::Silence).await;
    assert!(said.contains("no answer within"), "{said}");
}

#[tokio::test]
async fn a_server_that_stalls_in_the_middle_is_given_up() {
    let said = broken(Fault::StallAfter(20)).await;
    assert!(said.contains("no answer within"), "{said}");
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_holds_up_no_other_source() {
    let rig = Rig::synced(10).await;
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut silent = rig.source.clone();
    silent.id = provost_core::id::SourceId::new("silent").unwrap();
    silent.urls = vec![
        format!("ldap://{}", dead.local_addr().unwrap())
            .parse()
            .unwrap(),
    ];
    silent.timeouts.operation = Duration::from_millis(400);
    let silent = std::sync::Arc::new(silent);
    let waiting = rig.syncs.apply(
        &silent,
        None,
        super::rig::minute(1),
        Extent::Changes,
        Approval::Automatic,
    );
    let other = async {
        let report = rig.tick(1).await;
        (report, rig.syncs.progress(&silent.id))
    };
    let (refused, (report, still_reading)) = tokio::join!(waiting, other);
    assert!(report.summary.is_empty());
    assert!(
        still_reading.is_some(),
        "the other source did not wait for it"
    );
    let said = refused.unwrap_err().chain();
    assert!(said.contains("no answer within"), "{said}");
}

#[tokio::test]
async fn bytes_that_are_no_ldap_lose_the_connection_and_nothing_else() {
    // The first page of staff is message 4, after bind, root entry and schema.
    let hostile: [&[u8]; 5] = [
        // No BER at all.
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        // An empty message, on which the library panics.
        b"\x30\x00",
        // A message of an operation that answers no search: the library panics.
        b"\x30\x0c\x02\x01\x04\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
        // An entry that is a string.
        b"\x30\x07\x02\x01\x04\x44\x02\x04\x00",
        // Controls that are no sequence of sequences.
        b"\x30\x0a\x02\x01\x04\x64\x00\xa0\x03\x02\x01\x00",
    ];
    for bytes in hostile {
        let said = broken(Fault::Bytes(bytes.to_vec())).await;
        assert!(
            said.starts_with("read the directory of source staff: "),
            "{said}"
        );
    }
}

/// A message of elements within each other, each with a head of its own.
fn nested(depth: usize) -> Vec<u8> {
    const HEAD: usize = 6;
    let heads = (0..depth).rev().map(|below| {
        let length = u32::try_from(below * HEAD).unwrap().to_be_bytes();
        [vec![0x30, 0x84], length.to_vec()].concat()
    });
    heads.flatten().collect()
}

#[tokio::test]
async fn messages_without_measure_are_refused_before_anything_is_collected() {
    let said = broken(Fault::Bytes(b"\x30\x84\xff\xff\xff\xff\x02\x01\x04".into())).await;
    assert!(said.ends_with("a message that is too long"), "{said}");
    // Of which a reader that descends by recursion would not return.
    let said = broken(Fault::Bytes(nested(200_000))).await;
    assert!(said.ends_with("too deep within each other"), "{said}");
    let said = broken(Fault::Bytes(
        b"\x30\x08\x02\x01\x04\x64\x70\x04\x00\x30".into(),
    ))
    .await;
    assert!(
        said.ends_with("an element that is longer than what holds it"),
        "{said}"
    );
}

#[tokio::test]
async fn a_filter_that_the_schema_does_not_know_is_refused() {
    let mut rig = Rig::synced(10).await;
    for (filter, what) in [
        (
            "(&(objectClass=inetOrgPerson)(employeType=staff))",
            "attribute employetype",
        ),
        ("(objectClass=inetOrgPersn)", "object class inetorgpersn"),
    ] {
        rig.source.filter = filter.to_owned();
        let error = rig.apply(1, Approval::Automatic).await.unwrap_err();
        let SyncError::Directory {
            source: DirectoryError::Undefined { what: found, .. },
            ..
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!(found, what);
    }
}

#[tokio::test]
async fn tls_that_is_required_and_not_given_is_no_connection() {
    let mut rig = Rig::synced(3).await;
    rig.source.start_tls = StartTls::Required;
    let error = rig.apply(1, Approval::Automatic).await.unwrap_err();
    assert!(
        matches!(
            &error,
            SyncError::Directory {
                source: DirectoryError::NoStartTls { .. },
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_second_server_is_asked_when_the_first_is_down() {
    let mut rig = Rig::synced(3).await;
    let down = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    rig.source
        .urls
        .insert(0, format!("ldap://{down}").parse().unwrap());
    assert!(rig.tick(1).await.summary.is_empty());
}
