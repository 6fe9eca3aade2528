//! Every endpoint that a token of one district may use, asked for something of another district and for something that
//! nobody knows: the answers differ in the name alone.

use axum::http::StatusCode;
use provost_core::token::Scope;
use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::rig::{Rig, request};
use crate::http::describe::demands;

/// Where one name is put for another.
const NAME: &str = "NAME";

/// What a question names: something of lone-pine, and something of that kind that is nowhere.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Person,
    District,
    Case,
    Call,
    Session,
    Update,
    Group,
    Feed,
    Notice,
    Decision,
    Token,
}

/// A question with [`NAME`] where something is named.
struct Asked {
    path: String,
    body: Option<Value>,
    kind: Kind,
}

fn get(path: &str, kind: Kind) -> Asked {
    Asked {
        path: path.to_owned(),
        body: None,
        kind,
    }
}

fn post(path: &str, kind: Kind, body: Value) -> Asked {
    Asked {
        path: path.to_owned(),
        body: Some(body),
        kind,
    }
}

fn thing(kind: &str, id: &str) -> Value {
    json!({ "type": kind, "id": id })
}

/// A question for a decision in each form in which it can be asked.
fn decided(subject: &Value, action: &str, resource: &Value, kind: Kind) -> Vec<Asked> {
    let context = json!({ "session": "theirs", "with": ["ana", NAME] });
    let whole = json!({ "subject": subject, "action": { "name": action }, "resource": resource, "context": context });
    let brief = json!({ "subject": { "id": subject["id"] }, "action": action, "resource": { "id": resource["id"] } });
    let several = json!({ "evaluations": [whole, whole] });
    let page = |sought: &str| {
        let mut search = whole.clone();
        search[sought] = match sought {
            "action" => Value::Null,
            of => json!({ "type": whole[of]["type"] }),
        };
        search
            .as_object_mut()
            .unwrap()
            .retain(|_, of| !of.is_null());
        post(&format!("/access/v1/search/{sought}"), kind, search)
    };
    vec![
        post("/access/v1/evaluation", kind, whole.clone()),
        post("/access/v1/evaluations", kind, several),
        post("/v1/decide", kind, brief),
        page("subject"),
        page("resource"),
        page("action"),
    ]
}

fn decisions() -> Vec<Asked> {
    let (own, other) = (thing("person", "flo"), thing("person", NAME));
    let far = thing("district", "far");
    let tool = thing("tool", "attendance");
    let agent = thing("agent", "kim");
    let mut asked = Vec::new();
    for (subject, action, resource, kind) in [
        (&other, "case.submit", &far, Kind::Person),
        (&other, "login-as", &own, Kind::Person),
        (&other, "login-as", &other, Kind::Person),
        (&other, "tool.use", &tool, Kind::Person),
        (&other, "case.view", &thing("case", NAME), Kind::Case),
        (&own, "login-as", &other, Kind::Person),
        (&agent, "case.open-for", &other, Kind::Person),
        (
            &own,
            "case.submit",
            &thing("district", NAME),
            Kind::District,
        ),
        (
            &agent,
            "case.submit",
            &thing("district", NAME),
            Kind::District,
        ),
        (&own, "case.view", &thing("case", NAME), Kind::Case),
        (&own, "group.assign", &thing("group", NAME), Kind::Group),
        (&own, "call.talk", &far, Kind::Session),
    ] {
        asked.extend(decided(subject, action, resource, kind));
    }
    asked
}

/// People in every place where one is named.
fn people() -> Vec<Asked> {
    let mut asked: Vec<_> = [
        "/v1/access-log?person=NAME",
        "/v1/contacts/one?person=NAME",
        "/v1/contacts/who?username=NAME",
        "/v1/contacts/who?mail=NAME@example.org",
        "/v1/decisions?district=far&person=NAME",
        "/v1/notices?district=far&person=NAME",
        "/v1/notices/proof?person=NAME",
        "/v1/notices/render?person=NAME&stage=notice",
        "/v1/reports/rights?person=NAME",
        "/v1/reports/rights?person=flo&by=NAME",
        "/v1/reports/product-roles?district=far&by=NAME",
        "/v1/reports/could-enter?person=NAME",
    ]
    .into_iter()
    .map(|path| get(path, Kind::Person))
    .collect();
    let event =
        json!({ "person": NAME, "kind": "portal-login", "at": "2026-02-01T12:00:00Z", "id": "e1" });
    let on = |id: &str| json!({ "id": id, "district": "far", "by": NAME });
    for (path, body) in [
        (
            "/v1/activity",
            json!({ "person": NAME, "kind": "portal-login" }),
        ),
        ("/v1/activity/batch", json!([event])),
        ("/v1/cases/open", on("c1")),
        ("/v1/cases/close", json!({ "id": "own", "by": NAME })),
        ("/v1/cases/transition", json!({ "id": "own", "to": NAME })),
        (
            "/v1/calls/open",
            json!({ "id": "k1", "district": "far", "person": NAME }),
        ),
        ("/v1/calls/join", json!({ "id": "own", "person": NAME })),
        ("/v1/calls/leave", json!({ "id": "own", "person": NAME })),
        ("/v1/contacts/designate", json!({ "person": NAME })),
        ("/v1/contacts/remove", json!({ "person": NAME })),
        (
            "/v1/contacts/reactivate",
            json!({ "person": NAME, "by": "flo" }),
        ),
        ("/v1/contacts/sharing", json!({ "person": NAME })),
        (
            "/v1/contacts/training",
            json!({ "person": NAME, "course": "fundamentals", "completed": "2025-01-31" }),
        ),
        ("/v1/grants/give", json!({ "person": NAME, "role": "sis" })),
        (
            "/v1/grants/give",
            json!({ "person": "flo", "role": "sis", "by": NAME }),
        ),
        ("/v1/grants/take", json!({ "person": NAME, "role": "sis" })),
        (
            "/v1/grants/preview",
            json!({ "person": NAME, "role": "sis" }),
        ),
        ("/v1/groups/create", on("office")),
        ("/v1/sessions/open", json!({ "id": "s1", "person": NAME })),
        (
            "/v1/sessions/login-as",
            json!({ "id": "own", "target": NAME }),
        ),
        (
            "/v1/update-requests/submit",
            json!({ "id": "u1", "district": "far", "kind": "version-update", "by": NAME }),
        ),
    ] {
        asked.push(post(path, Kind::Person, body));
    }
    asked
}

/// Everything else that has a name.
fn things() -> Vec<Asked> {
    let mut asked: Vec<_> = [
        "/v1/calls",
        "/v1/cases",
        "/v1/contacts",
        "/v1/decisions",
        "/v1/groups",
        "/v1/notices",
        "/v1/reports/contacts",
        "/v1/reports/product-roles",
        "/v1/update-requests",
    ]
    .into_iter()
    .map(|path| get(&format!("{path}?district=NAME"), Kind::District))
    .collect();
    asked.extend([
        get("/v1/calls/one?id=NAME", Kind::Call),
        get("/v1/update-requests/one?id=NAME", Kind::Update),
        get("/v1/decisions/one?id=NAME", Kind::Decision),
    ]);
    asked.extend(steps());
    asked.extend(rest());
    asked
}

/// What goes on with a record.
fn steps() -> Vec<Asked> {
    let id = json!({ "id": NAME });
    let steps = [
        ("/v1/cases/close", Kind::Case, id.clone()),
        (
            "/v1/cases/transition",
            Kind::Case,
            json!({ "id": NAME, "to": "flo" }),
        ),
        (
            "/v1/calls/join",
            Kind::Call,
            json!({ "id": NAME, "person": "flo" }),
        ),
        (
            "/v1/calls/leave",
            Kind::Call,
            json!({ "id": NAME, "person": "flo" }),
        ),
        ("/v1/calls/end", Kind::Call, id.clone()),
        (
            "/v1/sessions/login-as",
            Kind::Session,
            json!({ "id": NAME, "target": "flo" }),
        ),
        ("/v1/sessions/return", Kind::Session, id.clone()),
        ("/v1/sessions/close", Kind::Session, id.clone()),
        (
            "/v1/update-requests/advance",
            Kind::Update,
            json!({ "id": NAME, "to": "done" }),
        ),
        (
            "/v1/decisions/replay",
            Kind::Decision,
            json!({ "id": NAME }),
        ),
    ];
    steps
        .map(|(path, kind, body)| post(path, kind, body))
        .into()
}

/// Notices, tokens and activity.
fn rest() -> Vec<Asked> {
    let id = json!({ "id": NAME });
    let at = "2026-02-01T12:00:00Z";
    let brought = json!({ "person": "flo", "kind": "portal-login", "at": at, "feed": NAME });
    let asked = [
        ("/v1/notices/retry", Kind::Notice, id.clone()),
        (
            "/v1/notices/retry",
            Kind::District,
            json!({ "failed": true, "district": NAME }),
        ),
        (
            "/v1/notices/approve",
            Kind::District,
            json!({ "district": NAME }),
        ),
        (
            "/v1/notices/refuse",
            Kind::District,
            json!({ "district": NAME }),
        ),
        ("/v1/tokens/revoke", Kind::Token, id),
        (
            "/v1/tokens",
            Kind::District,
            json!({ "scopes": ["desk"], "districts": [NAME] }),
        ),
        ("/v1/feeds/NAME/watermark", Kind::Feed, json!({ "at": at })),
        ("/v1/activity", Kind::Feed, brought.clone()),
        (
            "/v1/activity/batch",
            Kind::Feed,
            json!([brought, { "feed": NAME, "watermark": at }]),
        ),
    ];
    asked
        .map(|(path, kind, body)| post(path, kind, body))
        .into()
}

/// Something of each kind in lone-pine, and what far has of its own.
async fn furnish(rig: &Rig) {
    let gone = json!({ "id": "gus", "district": "lone-pine", "username": "gus", "name": "Gus" });
    let quiet =
        json!({ "person": "gus", "type": "support", "designated": "2020-01-10T09:00:00-07:00" });
    let group = json!({ "id": "theirs", "district": "lone-pine" });
    let document = json!({ "person": [gone], "contact": [quiet], "group": [group] });
    for (path, body) in [
        ("/v1/import", json!({ "document": document })),
        ("/v1/sweep/run", json!({})),
        (
            "/v1/decide",
            json!({ "subject": { "id": "ben" }, "action": "case.submit", "resource": { "id": "lone-pine" } }),
        ),
        (
            "/v1/update-requests/submit",
            json!({ "id": "theirs", "district": "lone-pine", "kind": "sandbox-refresh", "by": "ana" }),
        ),
    ] {
        let done = rig.post(&rig.admin, path, &body).await;
        assert_eq!(done.status, StatusCode::OK, "{path}: {}", done.text);
    }
    for (id, district, person) in [("theirs", "lone-pine", "ana"), ("own", "far", "flo")] {
        let here = json!({ "id": id, "district": district, "by": person });
        let call = json!({ "id": id, "district": district, "person": person });
        let session = json!({ "id": id, "person": person });
        for (path, body) in [
            ("/v1/cases/open", here),
            ("/v1/calls/open", call),
            ("/v1/sessions/open", session),
        ] {
            let done = rig.post(&rig.admin, path, &body).await;
            assert_eq!(done.status, StatusCode::OK, "{path}: {}", done.text);
        }
    }
}

/// The name of something of that kind in lone-pine, and a name that nothing has.
async fn names(rig: &Rig, kind: Kind) -> [String; 2] {
    let first = |of: Value| match &of["items"][0]["id"] {
        Value::String(id) => id.clone(),
        id => id.to_string(),
    };
    let list = async |path: &str| first(rig.get(&rig.admin, path).await.json());
    let [there, nowhere] = match kind {
        Kind::Person => ["ana", "nemo"],
        Kind::District => ["lone-pine", "nowhere"],
        Kind::Group => ["lone-pine/theirs", "lone-pine/nothing"],
        Kind::Feed => ["there", "nothing"],
        Kind::Case | Kind::Call | Kind::Session | Kind::Update => ["theirs", "nothing"],
        Kind::Notice => {
            return [
                list("/v1/notices?district=lone-pine").await,
                "nothing".to_owned(),
            ];
        }
        Kind::Token => {
            let token = rig.token(&[Scope::Desk], Some(&["lone-pine"]));
            let id = token.split('_').nth(1).unwrap();
            return [id.to_owned(), "nothing".to_owned()];
        }
        Kind::Decision => return [list("/v1/decisions").await, "987654321".to_owned()],
    };
    [there.to_owned(), nowhere.to_owned()]
}

fn named(asked: &Asked, name: &str) -> (String, Option<String>) {
    let body = asked.body.as_ref().map(|body| {
        let quoted = match asked.kind {
            Kind::Decision => format!("\"{NAME}\""),
            _ => NAME.to_owned(),
        };
        body.to_string().replace(&quoted, name)
    });
    (asked.path.replace(NAME, name), body)
}

#[tokio::test]
async fn what_is_elsewhere_and_what_is_nowhere_are_answered_alike_everywhere() {
    let rig = Rig::new().await;
    furnish(&rig).await;
    rig.daemon.store.record_noted().unwrap();
    let far = rig.token(&Scope::WORDS.map(|(scope, _)| scope), Some(&["far"]));
    let mut told = Vec::new();
    let mut met = BTreeSet::new();
    for asked in people().into_iter().chain(things()).chain(decisions()) {
        let mut answers = Vec::new();
        let method = asked.body.as_ref().map_or("GET", |_| "POST");
        for name in names(&rig, asked.kind).await {
            let (path, body) = named(&asked, &name);
            let reply = rig.ask(request(method, &far, &path, body.as_deref())).await;
            let shown = format!("{method} {path} {body:?}: {}", reply.text);
            assert_ne!(reply.status, StatusCode::BAD_REQUEST, "{shown}");
            assert!(!reply.status.is_server_error(), "{shown}");
            // A number is part of many a word.
            let text = match asked.kind {
                Kind::Decision => reply.text,
                _ => reply.text.replace(&name, NAME),
            };
            answers.push((reply.status, text));
        }
        if answers[0] != answers[1] {
            told.push(format!("{} {:?}: {answers:#?}", asked.path, asked.body));
        }
        let path = asked.path.split('?').next().unwrap_or_default();
        met.insert(path.replace(NAME, "{id}"));
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    // Every endpoint is here but one, which is asked for nothing in particular.
    let all = demands(&rig.document().await);
    let limited = all
        .into_iter()
        .filter(|(_, methods)| methods.values().any(|demand| demand.per_district));
    let missed: Vec<_> = limited
        .map(|(path, _)| path)
        .filter(|path| !met.contains(path))
        .collect();
    assert_eq!(missed, ["/v1/changes"]);
}
