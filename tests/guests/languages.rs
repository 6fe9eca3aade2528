//! In each language: new, build, test, and the plugin has decided or rendered.

use serde_json::json;
use std::path::Path;

use super::Desk;

/// Builds a role policy and has it decide, in a story and by a call.
fn decides(desk: &Desk, project: &Path) {
    let built = desk.plugin(project, &["build"]);
    assert_eq!(built.code, 0, "{built:?}");
    let tested = desk.plugin(project, &["test"]);
    assert_eq!(tested.code, 0, "{tested:?}");
    assert!(
        tested.out.ends_with("1 of 1 scenarios hold\n"),
        "{tested:?}"
    );
    let answer = desk.plugin(project, &["run"]).json();
    assert_eq!(answer["findings"][0]["effect"], "permit", "{answer}");
    let call = std::fs::read_to_string(project.join("call.json")).unwrap();
    let ask = |call: &str| {
        let said = desk.provost(project, &["plugin", "run", "-"], call);
        said.json()["findings"][0]["effect"].clone()
    };
    assert_eq!(ask(&call.replace("\"sis\"", "\"sis.login-as\"")), "forbid");
    assert_eq!(ask(&call.replace("\"enabled\", ", "")), "forbid");
    assert_eq!(ask(&call.replace("\"same-district\", ", "")), "forbid");
}

/// Builds a channel and has it render and judge.
fn tells(desk: &Desk, project: &Path) {
    let built = desk.plugin(project, &["build"]);
    assert_eq!(built.code, 0, "{built:?}");
    let tested = desk.plugin(project, &["test"]);
    assert_eq!(tested.code, 0, "{tested:?}");
    let request = &desk.plugin(project, &["run"]).json()["deliveries"][0]["http"];
    assert_eq!(request["auth"], json!({"bearer": "token"}));
    let body = request["body"].as_str().unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["to"], "ana.ortiz@lonepine.example");
    assert!(
        body["text"].as_str().unwrap().contains("in 30 days"),
        "{body}"
    );

    let call = std::fs::read_to_string(project.join("call.json")).unwrap();
    let open = call.replace("https://chat", "http://chat");
    desk.provost(project, &["plugin", "run", "-"], &open)
        .refuses(&["its settings: url must begin with https://"]);

    let judge = |reply: &str| {
        let said = desk.provost(project, &["plugin", "run", "-", "--call", "judge"], reply);
        said.json()["verdict"].clone()
    };
    let answered = |status: u16| {
        judge(&format!(
            r#"{{"http": {{"status": {status}, "headers": [], "body": ""}}}}"#
        ))
    };
    assert_eq!(
        answered(200)["delivered"]["receipt"],
        "the chat answered 200"
    );
    assert_eq!(answered(404)["failed"]["why"], "the chat answered 404");
    assert_eq!(answered(500)["retry"]["after"], json!(null));
    let slow = r#"{"http": {"status": 429, "headers": [{"name": "Retry-After", "value": "30"}], "body": "slow"}}"#;
    assert_eq!(judge(slow)["retry"]["after"]["secs"], 30);
}

#[test]
fn a_policy_in_python_decides_as_it_was_written() {
    let desk = Desk::new();
    decides(&desk, &desk.project("valley", "role-policy", "python"));
}

#[test]
fn a_channel_in_python_tells_people() {
    let desk = Desk::new();
    tells(&desk, &desk.project("chat", "channel", "python"));
}

#[test]
fn a_policy_in_javascript_decides_as_it_was_written() {
    let desk = Desk::new();
    decides(&desk, &desk.project("valley", "role-policy", "javascript"));
}

#[test]
fn a_channel_in_javascript_tells_people() {
    let desk = Desk::new();
    tells(&desk, &desk.project("chat", "channel", "javascript"));
}

// One test for both, and for the mistakes: cargo's folder is shared, and with it the name of what it leaves.
#[test]
fn plugins_in_rust_decide_and_tell_and_mistakes_are_named_at_once() {
    let desk = Desk::new();
    tells(&desk, &desk.project("chat", "channel", "rust"));
    let project = desk.project("valley", "role-policy", "rust");
    decides(&desk, &project);
    let seen = desk
        .plugin(&project, &["inspect", "build/valley.wasm", "--json"])
        .json();
    assert_eq!(seen["interface"], "provost:plugin/policy@1.0.0");
    assert_eq!(seen["imports"], json!([]));
    assert_eq!(seen["version"], "0.1.0");
    assert_eq!(
        seen["wants"]["actions"],
        json!(["login-as", "valley.report-submit"])
    );
    super::mistakes::of_a_project(&desk, &project);
}
