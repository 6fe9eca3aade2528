//! The ordered feed of changes.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use provost_core::token::Scope;
use serde_json::{Value, json};
use std::time::Duration;
use tower::ServiceExt as _;

use super::rig::{Rig, request};
use crate::http::caller::Peer;

/// Patience with an event that should come at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream of events, and what has come of it so far.
struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    async fn open(rig: &Rig, path: &str, last: Option<u64>) -> Self {
        let mut asked: Request<Body> = request("GET", &rig.admin, path, None);
        let headers = asked.headers_mut();
        headers.insert(header::ACCEPT, "text/event-stream".parse().unwrap());
        if let Some(last) = last {
            headers.insert("Last-Event-ID", last.into());
        }
        asked.extensions_mut().insert(Peer::program());
        let response = rig.router.clone().oneshot(asked).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Self {
            body: response.into_body(),
            text: String::new(),
        }
    }

    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Option<()> {
        let frame = tokio::time::timeout(PATIENCE, self.body.frame());
        let frame = frame.await.expect("an event in time")?;
        self.text += std::str::from_utf8(frame.unwrap().data_ref().unwrap()).unwrap();
        Some(())
    }

    async fn until(&mut self, words: &str) {
        while !self.text.contains(words) {
            self.next().await.expect("more events");
        }
    }
}

fn seqs(piece: &Value) -> Vec<u64> {
    let items = piece["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["seq"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn the_feed_has_every_change_once_and_in_order() {
    let rig = Rig::new().await;
    let whole = rig.get(&rig.admin, "/v1/changes?limit=1000").await.json();
    let all = seqs(&whole);
    assert_eq!(all, (1..=all.len() as u64).collect::<Vec<_>>());
    assert_eq!(whole["more"], false);
    let (mut pieced, mut after) = (Vec::new(), 0);
    loop {
        let path = format!("/v1/changes?limit=2&after={after}");
        let piece = rig.get(&rig.admin, &path).await.json();
        pieced.extend(seqs(&piece));
        after = piece["next"].as_u64().unwrap();
        if piece["more"] == false {
            break;
        }
    }
    assert_eq!(pieced, all);
    // Whoever is up to date is told where to go on.
    let nothing = rig
        .get(&rig.admin, &format!("/v1/changes?after={after}"))
        .await
        .json();
    assert_eq!(
        nothing,
        json!({ "items": [], "next": after, "more": false })
    );
}

#[tokio::test]
async fn a_reader_of_one_district_sees_its_changes_and_passes_over_the_others() {
    let rig = Rig::new().await;
    for person in ["ana", "flo"] {
        let event = json!({ "person": person, "kind": "portal-login" });
        rig.post(&rig.admin, "/v1/activity", &event).await;
    }
    let far = rig.token(&[Scope::Audit], Some(&["far"]));
    let theirs = rig.get(&far, "/v1/changes?limit=1000").await;
    assert!(
        theirs.text.contains("flo") && !theirs.text.contains("ana"),
        "{}",
        theirs.text
    );
    let nouns = theirs.json()["items"].as_array().unwrap().clone();
    for noun in ["district", "person", "grant", "contact", "activity"] {
        assert!(
            nouns.iter().any(|item| item["noun"] == noun),
            "{noun}: {}",
            theirs.text
        );
    }
    let whole = rig.get(&rig.admin, "/v1/changes?limit=1000").await.json();
    assert_eq!(theirs.json()["next"], whole["next"]);
}

#[tokio::test]
async fn a_follower_hears_of_a_change_as_it_happens_and_goes_on_where_it_was() {
    let rig = Rig::new().await;
    let whole = rig.get(&rig.admin, "/v1/changes?limit=1000").await.json();
    let last = whole["next"].as_u64().unwrap();
    // The number of the last event goes before the one in the address.
    let mut stream = Stream::open(&rig, "/v1/changes?after=0", Some(last)).await;
    let event = json!({ "person": "ana", "kind": "portal-login", "id": "heard" });
    rig.post(&rig.admin, "/v1/activity", &event).await;
    stream.until("heard").await;
    assert!(
        stream
            .text
            .starts_with(&format!("id: {}\nevent: change\ndata: ", last + 1)),
        "{}",
        stream.text
    );
}

#[tokio::test]
async fn a_stream_ends_when_the_daemon_stops() {
    let rig = Rig::new().await;
    let mut stream = Stream::open(&rig, "/v1/changes", None).await;
    stream.until("event: change").await;
    rig.daemon.stopping.cancel();
    while stream.next().await.is_some() {}
}
