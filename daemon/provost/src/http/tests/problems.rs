//! What is refused before a handler sees it, as RFC 9457 problem documents.

use axum::http::{StatusCode, header};

use super::rig::{Reply, Rig, request};

fn problem(reply: &Reply, status: StatusCode) {
    assert_eq!(reply.status, status, "{}", reply.text);
    assert_eq!(
        reply.headers[header::CONTENT_TYPE],
        "application/problem+json"
    );
    assert_eq!(reply.json()["status"], status.as_u16());
    assert!(reply.json()["detail"].is_string(), "{}", reply.text);
}

#[tokio::test]
async fn an_unknown_path_is_404_and_a_wrong_method_405_with_those_allowed() {
    let rig = Rig::new().await;
    problem(&rig.get("", "/v1/nowhere").await, StatusCode::NOT_FOUND);
    let asked = request("DELETE", &rig.admin, "/v1/tokens", None);
    let reply = rig.ask(asked).await;
    problem(&reply, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(reply.headers[header::ALLOW], "GET,HEAD,POST");
}

#[tokio::test]
async fn an_unknown_key_of_a_query_is_refused_by_name() {
    let rig = Rig::new().await;
    let reply = rig.get(&rig.admin, "/v1/contacts?distrct=far").await;
    problem(&reply, StatusCode::BAD_REQUEST);
    assert_eq!(reply.json()["field"], "distrct");
}

#[tokio::test]
async fn a_body_that_is_no_json_is_415_and_one_that_is_too_large_413() {
    let rig = Rig::new().await;
    let mut asked = request("POST", &rig.admin, "/v1/activity", Some("a=b"));
    let form = "application/x-www-form-urlencoded".parse().unwrap();
    asked.headers_mut().insert(header::CONTENT_TYPE, form);
    problem(&rig.ask(asked).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let large = format!("{{\"context\": \"{}\"}}", "x".repeat(2 << 20));
    let asked = request("POST", &rig.admin, "/access/v1/evaluation", Some(&large));
    problem(&rig.ask(asked).await, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn figures_count_requests_by_template_and_name_nobody() {
    let rig = Rig::new().await;
    let person = "/v1/contacts/one?person=ana";
    assert_eq!(rig.get(&rig.admin, person).await.status, StatusCode::OK);
    rig.get("", "/made/up/by/somebody").await;
    let reply = rig.get(&rig.admin, "/metrics").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let kind = reply.headers[header::CONTENT_TYPE].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"));
    for line in [
        r#"provost_http_requests_total{route="/v1/contacts/one",status="200"} 1"#,
        r#"provost_http_requests_total{route="none",status="404"} 1"#,
        "provost_people 3",
        "provost_configuration_refused 0",
        "# EOF",
    ] {
        assert!(
            reply.text.contains(line),
            "{line} is not in\n{}",
            reply.text
        );
    }
    assert!(
        reply
            .text
            .contains("provost_process_resident_memory_bytes ")
    );
    assert!(!reply.text.contains("ana"));
}
