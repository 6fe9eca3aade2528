//! Every endpoint with every scope, as the OpenAPI document says; nobody of another district gets through.

use axum::http::{StatusCode, header};
use provost_core::token::Scope;
use serde_json::{Value, json};

use super::rig::{Rig, request};
use crate::http::describe::{Demand, PER_DISTRICT, demands};

/// An operation of the document.
struct Operation {
    method: String,
    path: String,
    described: Value,
    demand: Demand,
}

fn operations(document: &Value) -> Vec<Operation> {
    let demands = demands(document);
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            let demand = &demands[path][&method.parse().unwrap()];
            all.push(Operation {
                demand: (**demand).clone(),
                path: path.clone(),
                described: described.clone(),
                method,
            });
        }
    }
    all
}

/// The path with a value for every parameter that must be there, so that no handler has more than bad input to refuse.
fn address(operation: &Operation) -> String {
    let parameters = operation.described["parameters"].as_array();
    let needed: Vec<_> = parameters
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true)
        .map(|parameter| {
            let number = parameter["schema"]["type"] == "integer";
            let value = if number { "1" } else { "nobody" };
            format!("{}={value}", parameter["name"].as_str().unwrap())
        })
        .collect();
    format!("{}?{}", operation.path, needed.join("&"))
}

fn body(operation: &Operation) -> Option<&'static str> {
    (operation.method == "POST").then_some("{}")
}

#[tokio::test]
async fn every_operation_opens_to_the_scopes_it_names_and_to_no_other() {
    let rig = Rig::new().await;
    for operation in operations(&rig.document().await) {
        for (scope, _) in Scope::WORDS {
            let demand = &operation.demand;
            let opens = demand.public
                || demand.any_scope
                || scope == Scope::Admin
                || demand.scopes.contains(&scope);
            let token = rig.token(&[scope], None);
            let asked = request(
                &operation.method,
                &token,
                &address(&operation),
                body(&operation),
            );
            let status = rig.ask(asked).await.status;
            let shut = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            let what = format!(
                "{} {} with {scope:?}: {status}",
                operation.method, operation.path
            );
            assert_eq!(shut, !opens, "{what}");
            assert!(!status.is_server_error(), "{what}");
        }
    }
}

#[tokio::test]
async fn nothing_answers_without_credentials_but_health_and_metadata() {
    let rig = Rig::new().await;
    let mut public = Vec::new();
    for operation in operations(&rig.document().await) {
        for shown in ["", "provost_0_0", "x"] {
            let asked = request(
                &operation.method,
                shown,
                &address(&operation),
                body(&operation),
            );
            let reply = rig.ask(asked).await;
            if operation.demand.public {
                assert_eq!(reply.status, StatusCode::OK, "{}", operation.path);
            } else {
                assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{}", operation.path);
                assert_eq!(reply.headers[header::WWW_AUTHENTICATE], "Bearer");
            }
        }
        if operation.demand.public {
            public.push(operation.path);
        }
    }
    // Clients of the standard look for the service before they show anything; it tells nothing but addresses.
    let metadata = "/.well-known/authzen-configuration";
    assert_eq!(public, [metadata, "/healthz", "/readyz"]);
}

#[tokio::test]
async fn every_operation_says_whom_it_opens_to() {
    let rig = Rig::new().await;
    for operation in operations(&rig.document().await) {
        let alternatives = operation.described["security"].as_array();
        let alternatives = alternatives.unwrap_or_else(|| panic!("{}", operation.path));
        let words: Vec<_> = alternatives
            .iter()
            .flat_map(|alternative| alternative["token"].as_array().cloned().unwrap_or_default())
            .collect();
        assert_eq!(
            words.len(),
            operation.demand.scopes.len(),
            "{}",
            operation.path
        );
    }
}

/// What asks about lone-pine; `None` where the answer simply leaves out what the caller may not see.
fn about_lone_pine(path: &str) -> Option<(String, Value)> {
    let ana = json!({ "person": "ana", "by": "ben" });
    let who = |kind: &str, id: &str| json!({ "type": kind, "id": id });
    let evaluation = json!({ "subject": who("person", "ana"), "action": { "name": "case.submit" },
                             "resource": who("district", "lone-pine") });
    let body = match path {
        "/v1/changes" | "/v1/tokens" | "/v1/contacts" | "/v1/notices" | "/v1/tokens/revoke" => {
            return None;
        }
        // A batch is answered item by item, and a feed that is not configured is nobody's.
        "/v1/activity/batch" | "/v1/feeds/{id}/watermark" => return None,
        "/v1/contacts/one" | "/v1/access-log" => {
            return Some((format!("{path}?person=ana"), Value::Null));
        }
        "/v1/notices/proof" => return Some((format!("{path}?person=ana"), Value::Null)),
        "/v1/contacts/who" => return Some((format!("{path}?username=ana"), Value::Null)),
        "/v1/notices/render" => {
            return Some((format!("{path}?person=ana&stage=notice"), Value::Null));
        }
        "/access/v1/evaluation" | "/access/v1/evaluations" => evaluation,
        "/v1/decide" => {
            json!({ "subject": { "id": "ana" }, "action": "case.submit", "resource": { "id": "lone-pine" } })
        }
        "/v1/activity" => json!({ "person": "ana", "kind": "portal-login" }),
        "/v1/sessions/open" => json!({ "id": "s1", "person": "ana" }),
        "/v1/sessions/login-as" => json!({ "id": "ours", "target": "ben" }),
        "/v1/sessions/return" | "/v1/sessions/close" => json!({ "id": "ours" }),
        "/access/v1/search/subject" => {
            json!({ "subject": { "type": "person" }, "action": { "name": "case.submit" },
                    "resource": who("district", "lone-pine") })
        }
        "/access/v1/search/resource" => {
            json!({ "subject": who("person", "ana"), "action": { "name": "login-as" },
                    "resource": { "type": "person" } })
        }
        "/access/v1/search/action" => {
            json!({ "subject": who("person", "ana"), "resource": who("district", "lone-pine") })
        }
        "/v1/decisions"
        | "/v1/groups"
        | "/v1/cases"
        | "/v1/calls"
        | "/v1/update-requests"
        | "/v1/reports/product-roles"
        | "/v1/reports/contacts" => {
            return Some((format!("{path}?district=lone-pine"), Value::Null));
        }
        "/v1/decisions/one" => return Some((format!("{path}?id=1"), Value::Null)),
        "/v1/decisions/replay" => json!({ "id": 1 }),
        "/v1/reports/rights" | "/v1/reports/could-enter" => {
            return Some((format!("{path}?person=ana"), Value::Null));
        }
        "/v1/grants/give" | "/v1/grants/take" | "/v1/grants/preview" => {
            json!({ "person": "ana", "role": "sis" })
        }
        "/v1/groups/create" => json!({ "id": "office", "district": "lone-pine" }),
        "/v1/calls/one" | "/v1/update-requests/one" => {
            return Some((format!("{path}?id=ours"), Value::Null));
        }
        "/v1/contacts/training" => {
            json!({ "person": "ana", "course": "fundamentals", "completed": "2025-01-31" })
        }
        "/v1/contacts/sharing" => json!({ "person": "ana" }),
        "/v1/notices/retry" => json!({ "failed": true, "district": "lone-pine" }),
        "/v1/notices/approve" | "/v1/notices/refuse" => json!({ "district": "lone-pine" }),
        "/v1/contacts/designate" | "/v1/contacts/remove" | "/v1/contacts/reactivate" => ana,
        other => of_a_dealing(other),
    };
    Some((path.to_owned(), body))
}

/// The same for cases, calls and requests for updates.
fn of_a_dealing(path: &str) -> Value {
    match path {
        "/v1/cases/open" => json!({ "id": "c1", "district": "lone-pine", "requester": "ana" }),
        "/v1/cases/close" => json!({ "id": "c1" }),
        "/v1/cases/transition" => json!({ "id": "c1", "to": "ana" }),
        "/v1/calls/open" => json!({ "id": "k1", "district": "lone-pine", "person": "ana" }),
        "/v1/calls/join" | "/v1/calls/leave" => json!({ "id": "ours", "person": "ben" }),
        "/v1/calls/end" => json!({ "id": "ours" }),
        "/v1/update-requests/submit" => {
            json!({ "id": "u1", "district": "lone-pine", "kind": "version-update", "by": "ana" })
        }
        "/v1/update-requests/advance" => json!({ "id": "ours", "to": "done" }),
        other => panic!("{other} carries {PER_DISTRICT}: say here how it asks about a district"),
    }
}

#[tokio::test]
async fn a_token_of_another_district_learns_and_changes_nothing() {
    let rig = Rig::new().await;
    let ours = json!({ "id": "ours", "person": "ana" });
    let opened = rig.post(&rig.admin, "/v1/sessions/open", &ours).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    let scopes = Scope::WORDS.map(|(scope, _)| scope);
    let far = rig.token(&scopes, Some(&["far"]));
    let revision = rig.daemon.store.read().unwrap().revision();
    for operation in operations(&rig.document().await) {
        if operation.demand.public || operation.demand.any_scope {
            continue;
        }
        let path = &operation.path;
        let asked = if operation.demand.per_district {
            about_lone_pine(path).map(|(path, body)| {
                let body = (!body.is_null()).then(|| body.to_string());
                request(&operation.method, &far, &path, body.as_deref())
            })
        } else {
            Some(request(
                &operation.method,
                &far,
                &address(&operation),
                body(&operation),
            ))
        };
        let Some(asked) = asked else {
            let asked = request(
                &operation.method,
                &far,
                &address(&operation),
                body(&operation),
            );
            let reply = rig.ask(asked).await;
            assert!(!reply.text.contains("\"ana\""), "{path}: {}", reply.text);
            continue;
        };
        let reply = rig.ask(asked).await;
        assert_eq!(
            reply.status,
            StatusCode::FORBIDDEN,
            "{path}: {}",
            reply.text
        );
    }
    assert_eq!(rig.daemon.store.read().unwrap().revision(), revision);
}
