//! What is answered has the shape that the OpenAPI document says.

use serde_json::{Value, json};

use super::rig::Rig;

/// Holds a value against a schema: types, members that must be there, and members that nobody described.
fn check(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        let schema = document.pointer(pointer);
        return check(document, schema.unwrap_or(&Value::Null), value, at);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts
            .iter()
            .for_each(|part| check(document, part, value, at));
    }
    if schema.get("oneOf").is_some() {
        // Which alternative it is, is the core's affair.
        return;
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(kinds.contains(&kind), "{at}: {kind} is none of {kinds:?}");
    if let (Some(words), Some(word)) = (schema["enum"].as_array(), value.as_str()) {
        assert!(words.contains(&json!(word)), "{at}: {word}");
    }
    for item in value.as_array().into_iter().flatten() {
        check(document, &schema["items"], item, &format!("{at}[]"));
    }
    for needed in schema["required"].as_array().into_iter().flatten() {
        let needed = needed.as_str().unwrap();
        assert!(value.get(needed).is_some(), "{at}: {needed} is missing");
    }
    let known = &schema["properties"];
    for (key, member) in value.as_object().into_iter().flatten() {
        if let Some(schema) = known.get(key) {
            check(document, schema, member, &format!("{at}.{key}"));
        }
    }
}

async fn holds(rig: &Rig, method: &str, path: &str, body: Value) {
    let document = rig.document().await;
    let reply = match method {
        "get" => rig.get(&rig.admin, path).await,
        _ => rig.post(&rig.admin, path, &body).await,
    };
    assert!(reply.status.is_success(), "{path}: {}", reply.text);
    let template = path.split('?').next().unwrap();
    let content = &document["paths"][template][method]["responses"]["200"]["content"];
    let schema = &content["application/json"]["schema"];
    assert!(schema.is_object(), "{method} {template}: {content}");
    check(&document, schema, &reply.json(), template);
}

#[tokio::test]
async fn answers_are_as_they_are_described() {
    let rig = Rig::new().await;
    let nothing = Value::Null;
    let ask = |id: &str| json!({ "subject": { "id": id }, "action": "case.submit", "resource": { "id": "lone-pine" } });
    let cases = [
        (
            "post",
            "/v1/sessions/open",
            json!({ "id": "s1", "person": "ana" }),
        ),
        (
            "post",
            "/v1/sessions/login-as",
            json!({ "id": "s1", "target": "ben" }),
        ),
        ("post", "/v1/sessions/return", json!({ "id": "s1" })),
        ("post", "/v1/sessions/close", json!({ "id": "s1" })),
        ("get", "/v1/access-log?person=ben", nothing.clone()),
        (
            "post",
            "/v1/activity",
            json!({ "person": "ana", "kind": "portal-login" }),
        ),
        (
            "post",
            "/v1/contacts/designate",
            json!({ "person": "ben", "type": "support" }),
        ),
        ("get", "/v1/contacts", nothing.clone()),
        ("get", "/v1/contacts/one?person=ana", nothing.clone()),
        ("get", "/v1/contacts/who?username=ana", nothing.clone()),
        ("get", "/v1/notices", nothing.clone()),
        (
            "get",
            "/v1/notices/proof?person=ana&episode=0",
            nothing.clone(),
        ),
        ("post", "/v1/notices/approve", json!({})),
        ("post", "/v1/notices/retry", json!({ "failed": true })),
        ("get", "/v1/forecast?days=400", nothing.clone()),
        ("post", "/v1/sweep/plan", json!({})),
        ("post", "/v1/sweep/run", json!({})),
        ("get", "/v1/status", nothing.clone()),
        ("get", "/v1/sync", nothing.clone()),
        ("get", "/v1/clock", nothing.clone()),
        ("post", "/v1/clock/confirm", json!({})),
        ("get", "/v1/journal", nothing.clone()),
        ("post", "/v1/journal/verify", json!({})),
        ("get", "/v1/journal/rows?limit=2&to=9", nothing.clone()),
        ("post", "/v1/journal/checkpoint", json!({})),
        (
            "post",
            "/v1/journal/checkpoint/verify",
            json!({ "checkpoints": ["nonsense"] }),
        ),
        ("get", "/v1/changes", nothing.clone()),
        ("get", "/v1/export", nothing.clone()),
        (
            "post",
            "/v1/tokens",
            json!({ "scopes": ["decide"], "districts": ["*"], "expires": "90d" }),
        ),
        ("get", "/v1/tokens", nothing.clone()),
        ("post", "/v1/decide", ask("ana")),
        ("post", "/v1/decide", ask("ben")),
        ("get", "/healthz", nothing.clone()),
        ("get", "/readyz", nothing),
    ];
    for (method, path, body) in cases {
        holds(&rig, method, path, body).await;
    }
}

#[tokio::test]
async fn dealings_are_answered_as_they_are_described() {
    let rig = Rig::new().await;
    let nothing = Value::Null;
    let cases = [
        (
            "post",
            "/v1/calls/open",
            json!({ "id": "k1", "district": "lone-pine", "person": "ana" }),
        ),
        (
            "post",
            "/v1/calls/leave",
            json!({ "id": "k1", "person": "ana" }),
        ),
        ("get", "/v1/calls", nothing.clone()),
        ("get", "/v1/calls/one?id=k1", nothing.clone()),
        (
            "post",
            "/v1/update-requests/submit",
            json!({ "id": "u1", "district": "lone-pine", "kind": "sandbox-refresh", "by": "ana" }),
        ),
        (
            "post",
            "/v1/update-requests/advance",
            json!({ "id": "u1", "to": "declined", "reason": "not today" }),
        ),
        ("get", "/v1/update-requests", nothing),
    ];
    for (method, path, body) in cases {
        holds(&rig, method, path, body).await;
    }
}
