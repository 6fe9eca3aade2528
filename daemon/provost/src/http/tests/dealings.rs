//! Cases, calls and requests for updates, as the desk and contacts use them.

use axum::http::StatusCode;
use provost_core::token::Scope;
use serde_json::{Value, json};

use super::desk::{done, ned, refused};
use super::rig::Rig;

#[tokio::test]
async fn a_case_is_opened_handed_over_and_closed_by_whom_the_rules_let() {
    let rig = Rig::new().await;
    let emergency = json!({ "id": "c1", "district": "lone-pine", "by": "agent=kim", "requester": "ben",
                            "emergency": true, "reason": "locked out" });
    let mut hasty = emergency.clone();
    hasty["reason"] = Value::Null;
    refused(&rig, "/v1/cases/open", hasty, StatusCode::FORBIDDEN).await;
    let opened = done(&rig, "/v1/cases/open", emergency).await;
    assert_eq!(opened["case"]["owner"], "ana");
    let close = json!({ "id": "c1", "by": "ana" });
    let early = refused(
        &rig,
        "/v1/cases/close",
        close.clone(),
        StatusCode::FORBIDDEN,
    )
    .await;
    assert_eq!(
        early["decision"]["reasons"][0]["code"],
        "case.transition-first"
    );
    refused(
        &rig,
        "/v1/cases/transition",
        json!({ "id": "c1", "to": "flo" }),
        StatusCode::FORBIDDEN,
    )
    .await;
    done(
        &rig,
        "/v1/cases/transition",
        json!({ "id": "c1", "to": "ana" }),
    )
    .await;
    done(&rig, "/v1/cases/close", close).await;
    let cases = rig
        .get(&rig.admin, "/v1/cases?district=lone-pine")
        .await
        .json();
    assert!(cases["items"][0]["closed"].is_string(), "{cases}");
    let nobody = json!({ "id": "c2", "district": "lone-pine" });
    let nobody = refused(&rig, "/v1/cases/open", nobody, StatusCode::BAD_REQUEST).await;
    assert_eq!(nobody["field"], "requester");
}

/// Nouns of the journal entries that concern a person, oldest first.
async fn journal(rig: &Rig, person: &str) -> Vec<Value> {
    let reply = rig.get(&rig.admin, "/v1/journal?limit=1000").await.json();
    let items = reply["items"].as_array().unwrap().iter();
    let theirs = items.filter(|entry| entry["person"] == person);
    theirs.map(|entry| entry["noun"].clone()).collect()
}

#[tokio::test]
async fn a_call_is_opened_by_a_contact_and_pauses_when_the_last_one_leaves() {
    let rig = Rig::new().await;
    ned(&rig).await;
    let open = |who: &str| json!({ "id": "k1", "district": "lone-pine", "person": who });
    let alone = refused(&rig, "/v1/calls/open", open("ned"), StatusCode::FORBIDDEN).await;
    assert_eq!(alone["decision"]["reasons"][0]["code"], "call.accompanied");
    assert_eq!(
        alone["decision"]["redirect"]["contacts"][0]["person"],
        "ana"
    );
    let opened = done(&rig, "/v1/calls/open", open("ana")).await;
    assert_eq!(opened["call"]["state"], "open");
    assert_eq!(opened["decision"]["reasons"][0]["code"], "contact.only");
    let step = |who: &str| json!({ "id": "k1", "person": who, "by": "agent=kim" });
    let joined = done(&rig, "/v1/calls/join", step("ned")).await;
    assert_eq!(joined["call"]["participants"].as_array().unwrap().len(), 2);
    let left = done(&rig, "/v1/calls/leave", step("ana")).await;
    assert_eq!(left["state"], "paused");
    let one = rig.get(&rig.admin, "/v1/calls/one?id=k1").await.json();
    assert_eq!(one, left);
    let ended = done(&rig, "/v1/calls/end", json!({ "id": "k1" })).await;
    assert_eq!(ended["state"], "ended");
    let calls = rig.get(&rig.admin, "/v1/calls?district=lone-pine").await;
    assert_eq!(calls.json()["items"], json!([ended]));
    // Each step is in the journal under whom it is about: the end, under who was still on the call.
    assert_eq!(journal(&rig, "ned").await, ["person", "call", "call"]);
    let ana = journal(&rig, "ana").await;
    let dealing = ["call", "activity", "contact", "call"];
    assert_eq!(ana[ana.len() - 4..], dealing);
}

#[tokio::test]
async fn bad_steps_of_a_call_are_refused_by_name() {
    let rig = Rig::new().await;
    let open = json!({ "id": "k1", "district": "lone-pine", "person": "ana" });
    done(&rig, "/v1/calls/open", open.clone()).await;
    let again = refused(&rig, "/v1/calls/open", open, StatusCode::CONFLICT).await;
    assert_eq!(again["detail"], "a call of that id exists already");
    let step = |who: &str, by: Value| json!({ "id": "k1", "person": who, "by": by });
    let twice = step("ana", Value::Null);
    let twice = refused(&rig, "/v1/calls/join", twice, StatusCode::CONFLICT).await;
    assert_eq!(twice["detail"], "that person is on the call already");
    let absent = step("ben", Value::Null);
    let absent = refused(&rig, "/v1/calls/leave", absent, StatusCode::CONFLICT).await;
    assert_eq!(absent["detail"], "that person is not on the call");
    let nobody = step("nobody", Value::Null);
    refused(&rig, "/v1/calls/join", nobody, StatusCode::NOT_FOUND).await;
    // A recorder whom nobody knows is a slip of the pen.
    let slip = step("ben", json!("knm"));
    let slip = refused(&rig, "/v1/calls/join", slip, StatusCode::NOT_FOUND).await;
    assert_eq!(slip["title"], "find person `knm`");
    let unknown = json!({ "id": "k9" });
    refused(&rig, "/v1/calls/end", unknown, StatusCode::NOT_FOUND).await;
    let elsewhere = json!({ "id": "k2", "district": "nowhere", "person": "ana" });
    let elsewhere = refused(&rig, "/v1/calls/open", elsewhere, StatusCode::FORBIDDEN).await;
    assert_eq!(elsewhere["decision"]["reasons"][0]["code"], "default.deny");
    let far = rig.token(&[Scope::Desk], Some(&["far"]));
    for path in ["/v1/calls/one?id=k1", "/v1/calls/one?id=k9"] {
        assert_eq!(rig.get(&far, path).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn a_request_for_an_update_goes_from_asked_to_done_or_declined() {
    let rig = Rig::new().await;
    let submit = |id: &str, kind: &str, by: &str| json!({ "id": id, "district": "lone-pine", "kind": kind, "by": by });
    let path = "/v1/update-requests/submit";
    let by_ben = submit("u1", "sandbox-refresh", "ben");
    let by_ben = refused(&rig, path, by_ben, StatusCode::FORBIDDEN).await;
    assert_eq!(by_ben["decision"]["reasons"][0]["code"], "update.technical");
    let staging = submit("u1", "staging-refresh", "ana");
    let staging = refused(&rig, path, staging, StatusCode::FORBIDDEN).await;
    assert_eq!(staging["decision"]["applicable"], false);
    let dance = submit("u1", "dance", "ana");
    let dance = refused(&rig, path, dance, StatusCode::BAD_REQUEST).await;
    assert_eq!(dance["field"], "kind");
    let asked = done(&rig, path, submit("u1", "version-update", "ana")).await;
    assert_eq!(asked["request"]["state"], "requested");
    assert_eq!(asked["decision"]["reasons"][0]["code"], "update.version");
    let taken = submit("u1", "version-update", "ana");
    refused(&rig, path, taken, StatusCode::CONFLICT).await;
    let path = "/v1/update-requests/advance";
    let to = |to: &str, by: Value| json!({ "id": "u1", "to": to, "by": by });
    refused(&rig, path, to("done", json!("ana")), StatusCode::FORBIDDEN).await;
    let bare = to("declined", Value::Null);
    let bare = refused(&rig, path, bare, StatusCode::BAD_REQUEST).await;
    let why = "a request is declined for a reason, which must be said";
    assert_eq!(bare["detail"], why);
    done(&rig, path, to("accepted", Value::Null)).await;
    let carried_out = done(&rig, path, to("done", json!("agent=kim"))).await;
    assert_eq!(carried_out["state"], "done");
    refused(
        &rig,
        path,
        to("withdrawn", json!("ana")),
        StatusCode::CONFLICT,
    )
    .await;
    let list = |state: &str| format!("/v1/update-requests?district=lone-pine&state={state}");
    let found = rig.get(&rig.admin, &list("done")).await.json();
    assert_eq!(found["items"], json!([carried_out]));
    let found = rig.get(&rig.admin, &list("requested")).await.json();
    assert_eq!(found["items"], json!([]));
    let odd = rig.get(&rig.admin, &list("dance")).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST, "{}", odd.text);
    let ana = journal(&rig, "ana").await;
    let of_requests = ana.iter().filter(|noun| *noun == "update-request");
    assert_eq!(of_requests.count(), 3, "asked, accepted, done");
}
