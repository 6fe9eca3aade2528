//! Tokens of one district: what they learn of another.

use axum::http::StatusCode;
use provost_core::token::Scope;
use serde_json::{Value, json};

use super::rig::Rig;

const HERE: Option<&[&str]> = Some(&["lone-pine"]);

/// The newest decision on record, in full, as that token reads it.
async fn newest(rig: &Rig, token: &str) -> Value {
    rig.daemon.store.record_noted().unwrap();
    let list = rig.get(token, "/v1/decisions?district=lone-pine").await;
    let id = list.json()["items"][0]["id"].as_u64().unwrap();
    let one = rig.get(token, &format!("/v1/decisions/one?id={id}")).await;
    assert_eq!(one.status, StatusCode::OK, "{}", one.text);
    one.json()
}

#[tokio::test]
async fn a_question_shows_nobody_of_a_district_that_it_is_not_about() {
    let rig = Rig::new().await;
    let asks = rig.token(&[Scope::Decide, Scope::Audit], HERE);
    let open = json!({ "id": "far-away", "person": "flo" });
    rig.post(&rig.admin, "/v1/sessions/open", &open).await;
    for context in [
        json!({ "with": ["far/flo", "mail:flo@example.org"] }),
        json!({ "to": "flo" }),
        json!({ "session": "far-away" }),
    ] {
        let asked = json!({ "subject": { "id": "ben" }, "action": "call.talk", "resource": { "id": "lone-pine" },
            "context": context });
        let answer = rig.post(&asks, "/v1/decide", &asked).await;
        assert_eq!(answer.json()["decision"], false, "{}", answer.text);
        let seen = newest(&rig, &asks).await;
        assert_eq!(seen["request"]["context"], context);
        let input = seen["input"].to_string();
        assert!(!input.contains("flo") && !input.contains("far"), "{input}");
    }
}

#[tokio::test]
async fn a_decision_about_two_districts_is_read_whole_only_by_who_may_see_both() {
    let rig = Rig::new().await;
    let asked =
        json!({ "subject": { "id": "flo" }, "action": "case.submit", "resource": { "id": "lone-pine" } });
    rig.post(&rig.admin, "/v1/decide", &asked).await;
    let id = newest(&rig, &rig.admin).await["id"].clone();
    let one = format!("/v1/decisions/one?id={id}");
    let replay = json!({ "id": id });
    for (districts, status) in [
        (HERE, StatusCode::FORBIDDEN),
        (Some(["far"].as_slice()), StatusCode::FORBIDDEN),
        (Some(["far", "lone-pine"].as_slice()), StatusCode::OK),
    ] {
        let token = rig.token(&[Scope::Audit], districts);
        let shown = rig.get(&token, &one).await;
        assert_eq!(shown.status, status, "{}", shown.text);
        let again = rig.post(&token, "/v1/decisions/replay", &replay).await;
        assert_eq!(again.status, status, "{}", again.text);
    }
}
