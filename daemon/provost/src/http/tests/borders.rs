//! Tokens of one district: what they learn of another.

use axum::http::StatusCode;
use provost_core::token::Scope;
use serde_json::{Value, json};

use super::rig::Rig;
use crate::flow::search::{self, Sought, Span};

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
    let asked = json!({ "subject": { "id": "flo" }, "action": "case.submit", "resource": { "id": "lone-pine" } });
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

/// Twins: one here, one far away, of one username.
async fn twins(rig: &Rig) {
    let twin = |id: &str, district: &str| json!({ "id": id, "district": district, "username": "twin", "name": "Twin" });
    let document = json!({ "person": [twin("twin-here", "lone-pine"), twin("twin-far", "far")] });
    let imported = rig
        .post(&rig.admin, "/v1/import", &json!({ "document": document }))
        .await;
    assert_eq!(imported.status, StatusCode::OK, "{}", imported.text);
}

/// What a desk of lone-pine may ask for, naming NAME in each place where a person is named.
fn naming_somebody() -> Vec<(&'static str, Value)> {
    let emergency = json!({ "id": "c1", "district": "lone-pine", "by": "agent=kim", "requester": "NAME",
        "emergency": true, "reason": "locked out" });
    vec![
        ("/v1/cases/open", emergency),
        (
            "/v1/cases/open",
            json!({ "id": "c1", "district": "lone-pine", "by": "NAME" }),
        ),
        (
            "/v1/cases/open",
            json!({ "id": "c1", "district": "lone-pine", "by": "agent=kim", "requester": "ana",
            "owner": "NAME" }),
        ),
        ("/v1/cases/transition", json!({ "id": "c0", "to": "NAME" })),
        (
            "/v1/cases/transition",
            json!({ "id": "c0", "to": "ana", "by": "NAME" }),
        ),
        ("/v1/cases/close", json!({ "id": "c0", "by": "NAME" })),
        ("/v1/contacts/designate", json!({ "person": "NAME" })),
        (
            "/v1/contacts/designate",
            json!({ "person": "ben", "by": "NAME" }),
        ),
        (
            "/v1/contacts/sharing",
            json!({ "person": "ana", "by": "NAME" }),
        ),
        (
            "/v1/grants/give",
            json!({ "person": "ben", "role": "sis", "by": "NAME" }),
        ),
        (
            "/v1/groups/create",
            json!({ "id": "g", "district": "lone-pine", "by": "NAME" }),
        ),
        ("/v1/sessions/open", json!({ "id": "s2", "person": "NAME" })),
        (
            "/v1/sessions/login-as",
            json!({ "id": "s1", "target": "NAME" }),
        ),
        (
            "/v1/activity",
            json!({ "person": "NAME", "kind": "portal-login" }),
        ),
    ]
}

#[tokio::test]
async fn somebody_elsewhere_several_and_nobody_are_answered_alike() {
    let rig = Rig::new().await;
    twins(&rig).await;
    let all = [Scope::Decide, Scope::Desk, Scope::Audit, Scope::Activity];
    let here = rig.token(&all, HERE);
    let case = |id: &str| json!({ "id": id, "district": "lone-pine", "by": "ana" });
    rig.post(&here, "/v1/cases/open", &case("c0")).await;
    let open = json!({ "id": "s1", "person": "ana" });
    rig.post(&here, "/v1/sessions/open", &open).await;
    for (path, body) in naming_somebody() {
        let mut answers = Vec::new();
        for name in ["nemo", "flo", "far/flo", "twin"] {
            let body = body.to_string().replace("NAME", name);
            let answer = rig
                .post(&here, path, &serde_json::from_str(&body).unwrap())
                .await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{path} {body}: {}",
                answer.text
            );
            answers.push(answer.text.replace(name, "NAME"));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{path} {body}: {answers:?}");
    }
    for path in [
        "/v1/contacts/who?username=NAME",
        "/v1/contacts/one?person=NAME",
        "/v1/reports/rights?person=NAME",
        "/v1/reports/rights?person=ben&by=NAME",
        "/v1/decisions?district=lone-pine&person=NAME",
    ] {
        let mut answers = Vec::new();
        for name in ["nemo", "flo", "twin"] {
            let answer = rig.get(&here, &path.replace("NAME", name)).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{path} {}",
                answer.text
            );
            answers.push(answer.text.replace(name, "NAME"));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{path}: {answers:?}");
    }
    // No rule was asked, so nothing is on record.
    rig.daemon.store.record_noted().unwrap();
    let records = rig.get(&rig.admin, "/v1/decisions").await.json();
    assert_eq!(records["items"], json!([]));
    let ana = json!({ "id": "c0", "to": "lone-pine/ana", "by": "lone-pine/ana" });
    let handed = rig.post(&here, "/v1/cases/transition", &ana).await;
    assert_eq!(handed.status, StatusCode::OK, "{}", handed.text);
    let sees_all = rig.get(&rig.admin, "/v1/contacts/one?person=twin").await;
    assert_eq!(sees_all.status, StatusCode::NOT_FOUND);
    assert!(
        sees_all.text.contains("twin-here, twin-far")
            || sees_all.text.contains("twin-far, twin-here")
    );
}

#[tokio::test]
async fn a_case_of_one_district_for_somebody_of_another_asks_no_rule() {
    let rig = Rig::new().await;
    let mixed =
        json!({ "id": "c1", "district": "lone-pine", "by": "agent=kim", "requester": "flo" });
    let refused = rig.post(&rig.admin, "/v1/cases/open", &mixed).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert_eq!(refused.json()["decision"], Value::Null);
    assert!(refused.text.contains("flo belongs to district far"));
}

/// All that is found, with every candidate at which a page of one look ended.
fn pages(rig: &Rig, sought: Sought, request: &Value) -> (Vec<String>, Vec<String>) {
    let request = serde_json::from_value(request.clone()).unwrap();
    let reach = ["lone-pine".parse().unwrap()];
    let (mut ids, mut ends, mut after) = (Vec::new(), Vec::new(), String::new());
    loop {
        let span = Span {
            after: &after,
            rows: 10,
            enough: &|| true,
        };
        let page = |scene: crate::flow::Scene<'_>| {
            search::run(scene, sought, &request, span, Some(&reach))
        };
        let found = rig.daemon.scene(page).unwrap();
        ids.extend(found.ids);
        match found.next {
            None => return (ids, ends),
            Some(next) => after.clone_from(&next),
        }
        ends.push(after.clone());
    }
}

#[tokio::test]
async fn a_search_that_hangs_on_no_district_looks_only_where_the_caller_may() {
    let rig = Rig::new().await;
    twins(&rig).await;
    let by_agent = json!({ "subject": { "type": "agent", "id": "kim" }, "action": "case.open-for",
        "resource": { "type": "person", "id": "" } });
    let (found, ends) = pages(&rig, Sought::Resource, &by_agent);
    // Each page had time for one only, and says where the next goes on.
    assert_eq!(found, ["ana"]);
    assert_eq!(ends, ["ana", "ben"]);
    let of_tool = json!({ "subject": { "type": "person", "id": "" }, "action": "tool.use",
        "resource": { "type": "tool", "id": "attendance" }, "properties": { "letter": "R" } });
    let (found, ends) = pages(&rig, Sought::Subject, &of_tool);
    assert_eq!(found, ["ana", "ben"]);
    assert_eq!(ends, ["ana", "ben"]);
    for (kind, there) in [("district", vec!["lone-pine"]), ("case", vec![])] {
        let asked = json!({ "subject": { "type": "agent", "id": "kim" }, "action": "case.view",
            "resource": { "type": kind, "id": "" } });
        let (found, ends) = pages(&rig, Sought::Resource, &asked);
        assert!(
            found
                .iter()
                .chain(&ends)
                .all(|id| there.contains(&id.as_str())),
            "{found:?} {ends:?}"
        );
    }
}
