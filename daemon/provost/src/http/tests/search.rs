//! The certification scenario of the AuthZEN Authorization API 1.0: every body of it, as its harness sends them, for the
//! shape of the answers; and the same questions in this register's words, for the decisions.

use axum::http::{StatusCode, header};
use provost_core::token::Scope;
use serde_json::{Value, json};

use super::rig::{Rig, request};

const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";
const SUBJECT: &str = "/access/v1/search/subject";
const RESOURCE: &str = "/access/v1/search/resource";
const ACTION: &str = "/access/v1/search/action";

fn user(id: &str) -> Value {
    json!({ "type": "user", "id": id })
}

fn record(id: &str) -> Value {
    json!({ "type": "record", "id": id })
}

fn with(mut entity: Value, properties: Value) -> Value {
    entity["properties"] = properties;
    entity
}

fn act(name: &str) -> Value {
    json!({ "name": name })
}

/// Bodies that every decision point takes.
fn evaluations_of_the_scenario() -> Vec<Value> {
    let ask = |subject: Value, action: Value, resource: Value| json!({ "subject": subject, "action": action, "resource": resource });
    let read = || ask(user("alice"), act("read"), record("record-1"));
    let mut in_context = read();
    in_context["context"] = json!({ "time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1" });
    let mut unknown = read();
    unknown["foo"] = json!("bar");
    unknown["futureField"] = json!({ "nested": true });
    let archived = || with(record("record-2"), json!({ "status": "archived" }));
    vec![
        read(),
        ask(user("bob"), act("write"), record("record-1")),
        in_context,
        ask(user("alice"), act("write"), archived()),
        ask(
            with(user("bob"), json!({ "role": "admin" })),
            act("write"),
            archived(),
        ),
        ask(
            user("alice"),
            with(act("delete"), json!({ "soft": true })),
            record("record-1"),
        ),
        ask(
            user("alice"),
            with(act("delete"), json!({ "soft": false })),
            record("record-1"),
        ),
        ask(
            with(
                user("alice"),
                json!({ "department": "Sales", "role": "manager" }),
            ),
            with(act("read"), json!({ "method": "GET" })),
            with(
                record("record-1"),
                json!({ "status": "active", "owner": "bob" }),
            ),
        ),
        unknown,
    ]
}

#[tokio::test]
async fn every_evaluation_of_the_scenario_is_answered_and_its_like_decided() {
    let rig = Rig::new().await;
    for body in evaluations_of_the_scenario() {
        for _ in 0..2 {
            let reply = rig.post(&rig.admin, EVALUATION, &body).await;
            assert_eq!(reply.status, StatusCode::OK, "{body}: {}", reply.text);
            assert_eq!(reply.headers[header::CONTENT_TYPE], "application/json");
            // Nobody here is a user, and nothing a record: the answer is a decision all the same, with its reason.
            assert_eq!(reply.json()["decision"], false);
            assert!(reply.json()["context"]["reasons"][0]["code"].is_string());
        }
    }
    let ask = |who: &str, action: Value, resource: Value| {
        json!({ "subject": { "type": "person", "id": who }, "action": action, "resource": resource,
                "context": { "ip": "192.168.1.1" } })
    };
    let pine = || json!({ "type": "district", "id": "lone-pine" });
    let update = |kind: &str| with(pine(), json!({ "kind": kind }));
    // Allowed and denied, by identifiers alone, by properties of the resource and by properties of the action.
    for (body, wanted) in [
        (ask("ana", act("case.submit"), pine()), true),
        (ask("ben", act("case.submit"), pine()), false),
        (
            ask("ana", act("update.request"), update("sandbox-refresh")),
            true,
        ),
        (
            ask("ana", act("update.request"), update("staging-refresh")),
            false,
        ),
        (
            ask(
                "ana",
                with(act("update.request"), json!({ "kind": "sandbox-refresh" })),
                pine(),
            ),
            true,
        ),
        (
            ask(
                "ana",
                with(act("update.request"), json!({ "kind": "staging-refresh" })),
                pine(),
            ),
            false,
        ),
    ] {
        let reply = rig.post(&rig.admin, EVALUATION, &body).await;
        assert_eq!(reply.json()["decision"], wanted, "{body}: {}", reply.text);
    }
}

#[tokio::test]
async fn what_the_scenario_sends_wrong_is_400() {
    let rig = Rig::new().await;
    let (alice, read, one) = (user("alice"), act("read"), record("record-1"));
    let wrong = [
        (EVALUATION, json!({ "action": read, "resource": one })),
        (EVALUATION, json!({ "subject": alice, "resource": one })),
        (EVALUATION, json!({ "subject": alice, "action": read })),
        (
            EVALUATION,
            json!({ "subject": { "id": "alice" }, "action": read, "resource": one }),
        ),
        (
            EVALUATION,
            json!({ "subject": { "type": "user" }, "action": read, "resource": one }),
        ),
        (
            EVALUATION,
            json!({ "subject": alice, "action": {}, "resource": one }),
        ),
        (
            EVALUATION,
            json!({ "subject": alice, "action": read, "resource": { "id": "record-1" } }),
        ),
        (
            EVALUATION,
            json!({ "subject": alice, "action": read, "resource": { "type": "record" } }),
        ),
        (
            EVALUATION,
            json!({ "subject": "alice", "action": read, "resource": one }),
        ),
        (
            EVALUATION,
            json!({ "subject": alice, "action": { "name": 123 }, "resource": one }),
        ),
        (
            SUBJECT,
            json!({ "subject": { "type": "user" }, "resource": one }),
        ),
        (
            RESOURCE,
            json!({ "action": read, "resource": { "type": "record" } }),
        ),
        (ACTION, json!({ "subject": alice })),
        (
            SUBJECT,
            json!({ "subject": { "type": "user" }, "action": read, "resource": { "type": "record" } }),
        ),
        (
            RESOURCE,
            json!({ "subject": { "type": "user" }, "action": read, "resource": { "type": "record" } }),
        ),
        (
            ACTION,
            json!({ "subject": { "type": "user" }, "resource": one }),
        ),
    ];
    for (path, body) in wrong {
        let reply = rig.post(&rig.admin, path, &body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path} {body}");
    }
}

#[tokio::test]
async fn every_endpoint_refuses_what_is_no_json_and_echoes_the_number_of_the_request() {
    let rig = Rig::new().await;
    for path in [EVALUATION, EVALUATIONS, SUBJECT, RESOURCE, ACTION] {
        for text in ["", "{", "[1]"] {
            let asked = request("POST", &rig.admin, path, Some(text));
            assert_eq!(
                rig.ask(asked).await.status,
                StatusCode::BAD_REQUEST,
                "{path} {text}"
            );
        }
        let mut plain = request("POST", &rig.admin, path, Some("{}"));
        plain
            .headers_mut()
            .insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
        assert_eq!(
            rig.ask(plain).await.status,
            StatusCode::BAD_REQUEST,
            "{path}"
        );
        let mut numbered = request("POST", &rig.admin, path, Some("{}"));
        numbered
            .headers_mut()
            .insert("X-Request-ID", "r-1".parse().unwrap());
        assert_eq!(
            rig.ask(numbered).await.headers["x-request-id"],
            "r-1",
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_batch_of_the_scenario_is_answered_item_by_item() {
    let rig = Rig::new().await;
    let (alice, read, one) = (user("alice"), act("read"), record("record-1"));
    let archived = || with(record("record-2"), json!({ "status": "archived" }));
    let active = || with(record("record-1"), json!({ "status": "active" }));
    let batches = [
        json!({ "subject": alice, "action": read, "evaluations": [{ "resource": one }, { "resource": record("record-2") }] }),
        json!({ "subject": user("bob"), "resource": one, "evaluations": [{ "action": read }, { "action": act("write") }] }),
        json!({ "subject": alice, "action": act("write"), "evaluations": [{ "resource": active() }, { "resource": archived() }] }),
        json!({ "action": act("write"), "resource": archived(),
                "evaluations": [{ "subject": alice }, { "subject": with(user("bob"), json!({ "role": "admin" })) }] }),
        json!({ "evaluations": [{ "subject": alice, "action": read, "resource": one },
                                { "subject": user("bob"), "action": act("write"), "resource": one }] }),
        json!({ "subject": alice, "action": read, "context": { "time": "2025-06-27T18:03-07:00" },
                "evaluations": [{ "resource": one }, { "resource": record("record-2"),
                                "context": { "time": "2025-06-27T19:00-07:00", "source": "batch-override" } }] }),
        json!({ "subject": alice, "action": act("write"), "resource": { "type": "record" },
                "evaluations": [{ "resource": { "id": "record-1", "properties": { "status": "active" } } }, { "resource": archived() }] }),
        json!({ "subject": alice, "action": read, "evaluations": [{ "resource": one }, {}] }),
    ];
    for body in batches {
        let reply = rig.post(&rig.admin, EVALUATIONS, &body).await;
        assert_eq!(reply.status, StatusCode::OK, "{body}: {}", reply.text);
        let answers = reply.json()["evaluations"].as_array().unwrap().clone();
        assert_eq!(answers.len(), 2, "{body}");
        assert!(
            answers.iter().all(|one| one["decision"].is_boolean()),
            "{body}"
        );
    }
    // An item takes the type from the top where it says an id alone; its properties are its own.
    let body = json!({ "subject": { "type": "person", "id": "ana" }, "action": { "name": "update.request" },
                       "resource": { "type": "district", "id": "far", "properties": { "kind": "version-update" } },
                       "evaluations": [{ "resource": { "id": "lone-pine", "properties": { "kind": "sandbox-refresh" } } },
                                       { "subject": { "id": "ben" }, "resource": { "id": "lone-pine" } }, {}] });
    let answers = rig.post(&rig.admin, EVALUATIONS, &body).await.json();
    let shown = |place: usize| {
        let one = &answers["evaluations"][place];
        (
            one["decision"].clone(),
            one["context"]["reasons"][0]["code"].clone(),
        )
    };
    assert_eq!(shown(0), (json!(true), json!("update.technical")));
    assert_eq!(shown(1), (json!(false), json!("update.technical")));
    assert_eq!(shown(2), (json!(false), json!("update.version")));
}

#[tokio::test]
async fn searches_of_what_nobody_here_knows_find_nothing() {
    let rig = Rig::new().await;
    let (one, context) = (record("record-1"), json!({ "ip": "192.168.1.1" }));
    let searches = [
        (
            SUBJECT,
            json!({ "subject": { "type": "user" }, "action": act("read"), "resource": one, "context": context }),
        ),
        (
            SUBJECT,
            json!({ "subject": { "type": "spaceship" }, "action": act("read"), "resource": one }),
        ),
        (
            SUBJECT,
            json!({ "subject": { "type": "person" }, "action": act("read"), "resource": { "type": "district", "id": "nowhere" } }),
        ),
        (
            SUBJECT,
            json!({ "subject": { "type": "person" }, "action": act("fly"), "resource": { "type": "district", "id": "lone-pine" } }),
        ),
        (
            RESOURCE,
            json!({ "subject": user("alice"), "action": act("read"), "resource": { "type": "record" }, "page": { "limit": 1 } }),
        ),
        (
            RESOURCE,
            json!({ "subject": { "type": "person", "id": "ana" }, "action": act("case.submit"), "resource": { "type": "spaceship" } }),
        ),
        (
            ACTION,
            json!({ "subject": user("nonexistent-user"), "resource": one }),
        ),
        (
            ACTION,
            json!({ "subject": { "type": "person", "id": "nobody" }, "resource": { "type": "district", "id": "lone-pine" } }),
        ),
    ];
    for (path, body) in searches {
        let reply = rig.post(&rig.admin, path, &body).await;
        assert_eq!(
            reply.status,
            StatusCode::OK,
            "{path} {body}: {}",
            reply.text
        );
        let nothing = json!({ "results": [], "page": { "next_token": "", "count": 0 } });
        assert_eq!(reply.json(), nothing, "{path} {body}");
    }
}

#[tokio::test]
async fn searches_find_who_may_to_what_and_what() {
    let rig = Rig::new().await;
    let person = |id: &str| json!({ "type": "person", "id": id });
    let pine = json!({ "type": "district", "id": "lone-pine" });
    let found = async |path: &str, body: Value| {
        rig.post(&rig.admin, path, &body).await.json()["results"].clone()
    };
    let who = json!({ "subject": { "type": "person", "id": "ignored" }, "action": act("case.submit"), "resource": pine });
    assert_eq!(found(SUBJECT, who).await, json!([person("ana")]));
    let enter = json!({ "subject": { "type": "person" }, "action": act("login-as"), "resource": person("ben") });
    assert_eq!(found(SUBJECT, enter).await, json!([person("ana")]));
    let whom = json!({ "subject": person("ana"), "action": act("login-as"), "resource": { "type": "person" } });
    assert_eq!(found(RESOURCE, whom).await, json!([person("ben")]));
    let refresh = |kind: &str| {
        json!({ "subject": { "type": "person" }, "action": act("update.request"),
                "resource": with(pine.clone(), json!({ "kind": kind })) })
    };
    assert_eq!(
        found(SUBJECT, refresh("sandbox-refresh")).await,
        json!([person("ana")])
    );
    assert_eq!(found(SUBJECT, refresh("staging-refresh")).await, json!([]));
    let districts = json!({ "subject": person("flo"), "action": act("case.view"), "resource": { "type": "district" } });
    assert_eq!(
        found(RESOURCE, districts).await,
        json!([{ "type": "district", "id": "far" }])
    );
    let what =
        json!({ "subject": person("ana"), "action": { "name": "ignored" }, "resource": pine });
    let names = found(ACTION, what).await;
    let names: Vec<_> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|of| of["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "call.talk",
            "case.manage",
            "case.submit",
            "case.view",
            "group.create",
            "report.product-roles"
        ]
    );
}

#[tokio::test]
async fn pages_follow_one_another_and_a_token_is_good_for_its_search_alone() {
    let rig = Rig::new().await;
    let search = |action: &str, page: Value| {
        json!({ "subject": { "type": "person" }, "action": act(action),
                "resource": { "type": "tool", "id": "attendance" }, "page": page })
    };
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let body = search("tool.use", json!({ "limit": 1, "token": token }));
        let answer = rig.post(&rig.admin, SUBJECT, &body).await.json();
        let results = answer["results"].as_array().unwrap();
        assert!(results.len() <= 1);
        assert_eq!(answer["page"]["count"], results.len());
        ids.extend(
            results
                .iter()
                .map(|of| of["id"].as_str().unwrap().to_owned()),
        );
        token = answer["page"]["next_token"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
        let other = rig
            .post(
                &rig.admin,
                SUBJECT,
                &search("tool.used", json!({ "token": token })),
            )
            .await;
        assert_eq!(other.status, StatusCode::BAD_REQUEST);
        assert_eq!(other.json()["field"], "page.token");
    }
    assert_eq!(ids, ["ana", "ben", "flo"]);
    let none = rig
        .post(
            &rig.admin,
            SUBJECT,
            &search("tool.use", json!({ "limit": 0 })),
        )
        .await;
    assert_eq!(none.json()["field"], "page.limit");
    // Whoever may ask of one district is shown no one else's people.
    let far = rig.token(&[Scope::Decide], Some(&["far"]));
    let answer = rig
        .post(&far, SUBJECT, &search("tool.use", json!({ "limit": 5000 })))
        .await
        .json();
    assert_eq!(
        answer["results"],
        json!([{ "type": "person", "id": "flo" }])
    );
}
