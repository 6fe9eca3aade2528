//! Writes that carry an `Idempotency-Key`.

use axum::http::StatusCode;
use provost_core::token::Scope;
use serde_json::{Value, json};

use super::rig::{Reply, Rig, request};

async fn keyed(rig: &Rig, token: &str, path: &str, key: &str, body: &Value) -> Reply {
    let mut asked = request("POST", token, path, Some(&body.to_string()));
    asked
        .headers_mut()
        .insert("Idempotency-Key", key.parse().unwrap());
    rig.ask(asked).await
}

/// An event without an id of its own: sent twice, it would count twice.
fn event() -> Value {
    json!({ "person": "ana", "kind": "portal-login" })
}

fn revision(rig: &Rig) -> u64 {
    rig.daemon.store.read().unwrap().revision().0
}

#[tokio::test]
async fn a_write_that_is_sent_again_has_its_effect_once_and_its_answer_again() {
    let rig = Rig::new().await;
    let first = keyed(&rig, &rig.admin, "/v1/activity", "k", &event()).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let after = revision(&rig);
    let again = keyed(&rig, &rig.admin, "/v1/activity", "k", &event()).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(revision(&rig), after, "nothing was written");
    // Without the key it is another event.
    rig.post(&rig.admin, "/v1/activity", &event()).await;
    assert!(revision(&rig) > after);
}

#[tokio::test]
async fn of_the_same_write_sent_twice_at_once_one_is_carried_out() {
    let rig = Rig::new().await;
    let before = revision(&rig);
    let body = event();
    let ask = || keyed(&rig, &rig.admin, "/v1/activity", "k", &body);
    let (one, other) = tokio::join!(ask(), ask());
    let mut statuses = [one.status, other.status];
    statuses.sort();
    assert_eq!(statuses[0], StatusCode::OK);
    assert!(
        [StatusCode::OK, StatusCode::CONFLICT].contains(&statuses[1]),
        "{statuses:?}"
    );
    assert_eq!(revision(&rig), before + 1);
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_caller() {
    let rig = Rig::new().await;
    let ana = keyed(&rig, &rig.admin, "/v1/activity", "k", &event()).await;
    assert_eq!(ana.status, StatusCode::OK);
    let flo = json!({ "person": "flo", "kind": "portal-login" });
    let other = keyed(&rig, &rig.admin, "/v1/activity", "k", &flo).await;
    assert_eq!(
        other.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        other.text
    );
    assert_eq!(other.json()["field"], "Idempotency-Key");
    let far = rig.token(&[Scope::Activity], Some(&["far"]));
    let theirs = keyed(&rig, &far, "/v1/activity", "k", &flo).await;
    assert_eq!(theirs.status, StatusCode::OK, "{}", theirs.text);
}

#[tokio::test]
async fn a_write_that_was_refused_may_be_sent_again() {
    let rig = Rig::new().await;
    let nobody = json!({ "person": "nobody", "kind": "portal-login" });
    let refused = keyed(&rig, &rig.admin, "/v1/activity", "k", &nobody).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text);
    let taken = keyed(&rig, &rig.admin, "/v1/activity", "k", &event()).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
}
