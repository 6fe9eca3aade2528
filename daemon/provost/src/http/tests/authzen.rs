//! The OpenID AuthZEN Authorization API 1.0, as its clients use it.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use super::rig::{Rig, request};

fn evaluation(who: &str, action: &str) -> Value {
    json!({
        "subject": { "type": "person", "id": who, "unknown": 1 },
        "action": { "name": action },
        "resource": { "type": "district", "id": "lone-pine" },
        "unknown": true,
    })
}

#[tokio::test]
async fn an_allow_and_a_deny_are_both_answers_with_reasons() {
    let rig = Rig::new().await;
    for (who, allowed) in [("ana", true), ("ben", false)] {
        let asked = evaluation(who, "case.submit");
        let reply = rig.post(&rig.admin, "/access/v1/evaluation", &asked).await;
        assert_eq!(reply.status, StatusCode::OK);
        let answer = reply.json();
        assert_eq!(answer["decision"], allowed);
        assert_eq!(answer["context"]["reasons"][0]["code"], "contact.only");
        assert!(answer["context"]["revision"].is_u64());
        assert_eq!(answer["context"]["redirect"].is_object(), !allowed);
    }
}

#[tokio::test]
async fn a_malformed_evaluation_is_400_and_names_the_member() {
    let rig = Rig::new().await;
    let without = |key: &str| {
        let mut body = evaluation("ana", "case.submit");
        body.as_object_mut().unwrap().remove(key);
        body.to_string()
    };
    let with = |key: &str, value: Value| {
        let mut body = evaluation("ana", "case.submit");
        body[key] = value;
        body.to_string()
    };
    let cases = [
        (without("subject"), "subject"),
        (without("action"), "action"),
        (without("resource"), "resource"),
        (with("subject", json!("ana")), "subject"),
        (with("subject", json!(["person", "ana"])), "subject"),
        (with("subject", json!({ "id": "ana" })), "subject.type"),
        (
            with("resource", json!({ "type": "district" })),
            "resource.id",
        ),
        (with("action", json!({})), "action.name"),
        (with("context", json!(3)), "context"),
        (String::new(), ""),
        ("{".to_owned(), ""),
        ("[]".to_owned(), ""),
        ("null".to_owned(), ""),
        ("{} {}".to_owned(), "subject"),
    ];
    for (body, field) in cases {
        let asked = request("POST", &rig.admin, "/access/v1/evaluation", Some(&body));
        let reply = rig.ask(asked).await;
        assert_eq!(
            reply.status,
            StatusCode::BAD_REQUEST,
            "{body}: {}",
            reply.text
        );
        assert_eq!(
            reply.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let named = reply.json()["field"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert_eq!(named, field, "{body}: {}", reply.text);
    }
}

#[tokio::test]
async fn a_wrong_content_type_is_400_and_a_parameter_of_the_right_one_is_fine() {
    let rig = Rig::new().await;
    let body = evaluation("ana", "case.submit").to_string();
    for (kind, status) in [
        ("text/plain", StatusCode::BAD_REQUEST),
        ("application/json; charset=utf-8", StatusCode::OK),
    ] {
        let mut asked = request("POST", &rig.admin, "/access/v1/evaluation", Some(&body));
        asked
            .headers_mut()
            .insert(header::CONTENT_TYPE, kind.parse().unwrap());
        assert_eq!(rig.ask(asked).await.status, status, "{kind}");
    }
}

#[tokio::test]
async fn the_request_id_comes_back_on_every_answer() {
    let rig = Rig::new().await;
    for (path, token) in [
        ("/access/v1/evaluation", rig.admin.as_str()),
        ("/access/v1/evaluation", ""),
        ("/nowhere", ""),
    ] {
        let mut asked = request("POST", token, path, Some("{}"));
        let id = "bfe9eb29-ab87".parse().unwrap();
        asked.headers_mut().insert("X-Request-ID", id);
        let reply = rig.ask(asked).await;
        assert_eq!(reply.headers["x-request-id"], "bfe9eb29-ab87", "{path}");
    }
}

/// Submits a case as each of these people.
fn several(people: &[&str], semantic: Option<&str>) -> Value {
    let mut body = json!({
        "action": { "name": "case.submit" },
        "resource": { "type": "district", "id": "lone-pine" },
        "evaluations": people.iter().map(|id| json!({ "subject": { "type": "person", "id": id } })).collect::<Vec<_>>(),
    });
    if let Some(semantic) = semantic {
        body["options"] = json!({ "evaluations_semantic": semantic, "other": 1 });
    }
    body
}

fn decisions(answer: &Value) -> Vec<bool> {
    let all = answer["evaluations"].as_array().unwrap();
    all.iter()
        .map(|one| one["decision"].as_bool().unwrap())
        .collect()
}

#[tokio::test]
async fn several_evaluations_share_what_stands_at_the_top_and_stop_when_told() {
    let rig = Rig::new().await;
    let path = "/access/v1/evaluations";
    let people = ["ana", "ben", "ana", "ben"];
    for (semantic, wanted) in [
        (None, vec![true, false, true, false]),
        (Some("execute_all"), vec![true, false, true, false]),
        (Some("deny_on_first_deny"), vec![true, false]),
        (Some("permit_on_first_permit"), vec![true]),
    ] {
        let reply = rig
            .post(&rig.admin, path, &several(&people, semantic))
            .await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        assert_eq!(decisions(&reply.json()), wanted, "{semantic:?}");
    }
    let reply = rig
        .post(&rig.admin, path, &several(&people, Some("whatever")))
        .await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_evaluation_that_cannot_be_made_is_a_deny_with_its_error() {
    let rig = Rig::new().await;
    let mut body = several(&["ana", "", ""], None);
    body["evaluations"][1] = json!({ "resource": { "type": "district", "id": "lone-pine" } });
    body["evaluations"][2] = json!({ "subject": { "type": "person", "id": "flo" },
                                     "resource": { "type": "district", "id": "far" } });
    let ours = rig.token(&[provost_core::token::Scope::Decide], Some(&["lone-pine"]));
    let answer = rig
        .post(&ours, "/access/v1/evaluations", &body)
        .await
        .json();
    assert_eq!(decisions(&answer), [true, false, false]);
    let errors: Vec<_> = [1, 2]
        .map(|place| answer["evaluations"][place]["context"]["error"]["status"].clone())
        .into();
    assert_eq!(errors, [400, 403]);
}

#[tokio::test]
async fn without_evaluations_the_top_is_the_only_one() {
    let rig = Rig::new().await;
    for list in [None, Some(json!([]))] {
        let mut body = evaluation("ana", "case.submit");
        if let Some(list) = list {
            body["evaluations"] = list;
        }
        let reply = rig.post(&rig.admin, "/access/v1/evaluations", &body).await;
        assert_eq!(reply.json()["decision"], true, "{}", reply.text);
        assert!(reply.json().get("evaluations").is_none());
    }
    let empty = rig
        .post(&rig.admin, "/access/v1/evaluations", &json!({}))
        .await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
    let many = vec!["ana"; 1001];
    let many = rig
        .post(&rig.admin, "/access/v1/evaluations", &several(&many, None))
        .await;
    assert_eq!(many.status, StatusCode::BAD_REQUEST);
    assert_eq!(many.json()["field"], "evaluations");
}

#[tokio::test]
async fn the_metadata_name_the_endpoints_that_exist() {
    let rig = Rig::new().await;
    let reply = rig
        .get(&rig.admin, "/.well-known/authzen-configuration")
        .await;
    assert_eq!(
        reply.json(),
        json!({
            "policy_decision_point": "http://provost.example",
            "access_evaluation_endpoint": "http://provost.example/access/v1/evaluation",
            "access_evaluations_endpoint": "http://provost.example/access/v1/evaluations",
            "search_subject_endpoint": "http://provost.example/access/v1/search/subject",
            "search_resource_endpoint": "http://provost.example/access/v1/search/resource",
            "search_action_endpoint": "http://provost.example/access/v1/search/action",
        })
    );
}
