//! The life of a token.

use axum::http::{StatusCode, header};
use provost_core::token::Scope;
use serde_json::{Value, json};

use super::rig::{Rig, request};

#[tokio::test]
async fn a_token_opens_what_it_names_until_it_is_taken_back() {
    let rig = Rig::new().await;
    let wanted = json!({ "scopes": ["desk"], "districts": ["lone-pine"], "name": "portal" });
    let made = rig.post(&rig.admin, "/v1/tokens", &wanted).await;
    assert_eq!(made.headers[header::CACHE_CONTROL], "no-store");
    let (id, secret) = (made.json()["id"].clone(), made.json()["secret"].clone());
    let secret = secret.as_str().unwrap();
    assert!(secret.starts_with(&format!("provost_{}_", id.as_str().unwrap())));
    let ours = "/v1/contacts/one?person=ana";
    assert_eq!(rig.get(secret, ours).await.status, StatusCode::OK);
    let theirs = rig.get(secret, "/v1/contacts/one?person=flo").await;
    assert_eq!(theirs.status, StatusCode::FORBIDDEN);
    let revoke = json!({ "id": id });
    let revoked = rig.post(&rig.admin, "/v1/tokens/revoke", &revoke).await;
    assert_eq!(revoked.json()["valid"], false, "{}", revoked.text);
    assert_eq!(rig.get(secret, ours).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_does_the_upkeep_chooses_no_place_and_reads_nothing() {
    let rig = Rig::new().await;
    let timer = rig.token(&[Scope::Upkeep], None);
    let backup = async |body: Value| rig.post(&timer, "/v1/backup", &body).await;
    let verified = rig.post(&timer, "/v1/journal/verify", &json!({})).await;
    for made in [backup(json!({})).await, verified] {
        assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    }
    let elsewhere = rig.daemon.config().config.backups.join("../elsewhere.db");
    let refused = backup(json!({ "path": elsewhere })).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert!(!elsewhere.exists());
    for path in ["/v1/contacts", "/v1/journal", "/v1/export", "/v1/tokens"] {
        let status = rig.get(&timer, path).await.status;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn the_secret_is_told_once_and_kept_nowhere() {
    let rig = Rig::new().await;
    let wanted = json!({ "scopes": ["desk"], "districts": ["*"] }).to_string();
    let ask = || {
        let mut asked = request("POST", &rig.admin, "/v1/tokens", Some(&wanted));
        let key = "once-1".parse().unwrap();
        asked.headers_mut().insert("Idempotency-Key", key);
        asked
    };
    let made = rig.ask(ask()).await.json();
    let secret = made["secret"].as_str().unwrap().rsplit('_').next().unwrap();
    assert_eq!(secret.len(), 64);
    let again = rig.ask(ask()).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text);
    for path in [
        "/v1/tokens",
        "/v1/changes?limit=1000",
        "/v1/journal?limit=1000",
    ] {
        assert!(!rig.get(&rig.admin, path).await.text.contains(secret));
    }
}

#[tokio::test]
async fn nobody_makes_a_token_that_opens_more_than_their_own() {
    let rig = Rig::new().await;
    let far = rig.token(&[Scope::Admin], Some(&["far"]));
    let make = |districts: Value| json!({ "scopes": ["desk"], "districts": districts });
    let post = async |body: Value| rig.post(&far, "/v1/tokens", &body).await.status;
    assert_eq!(post(make(json!(["far"]))).await, StatusCode::OK);
    assert_eq!(
        post(make(json!(["lone-pine"]))).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(post(make(json!(["*"]))).await, StatusCode::FORBIDDEN);
    let listed = rig.get(&far, "/v1/tokens").await;
    let districts: Vec<_> = listed.json().as_array().unwrap().clone();
    assert!(
        districts
            .iter()
            .all(|token| token["districts"] == json!(["far"]))
    );
    let admin = rig.admin.split('_').nth(1).unwrap();
    let revoke = json!({ "id": admin });
    let refused = rig.post(&far, "/v1/tokens/revoke", &revoke).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_token_for_nothing_or_for_an_unknown_district_is_not_made() {
    let rig = Rig::new().await;
    for wanted in [
        json!({ "scopes": [], "districts": ["*"] }),
        json!({ "scopes": ["desk"], "districts": [] }),
        json!({ "scopes": ["desk"], "districts": ["nowhere"] }),
        json!({ "scopes": ["everything"], "districts": ["*"] }),
        json!({ "scopes": ["desk"], "districts": ["*"], "expires": "soon" }),
    ] {
        let reply = rig.post(&rig.admin, "/v1/tokens", &wanted).await;
        assert_eq!(
            reply.status,
            StatusCode::BAD_REQUEST,
            "{wanted}: {}",
            reply.text
        );
    }
}
