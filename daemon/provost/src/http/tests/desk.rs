//! Grants, previews, groups, reports and training, as the desk and auditors use them.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use super::rig::Rig;

pub(super) async fn done(rig: &Rig, path: &str, body: Value) -> Value {
    let reply = rig.post(&rig.admin, path, &body).await;
    assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text);
    reply.json()
}

pub(super) async fn refused(rig: &Rig, path: &str, body: Value, status: StatusCode) -> Value {
    let reply = rig.post(&rig.admin, path, &body).await;
    assert_eq!(reply.status, status, "{path}: {}", reply.text);
    reply.json()
}

/// Ned, a teacher of lone-pine without anything.
pub(super) async fn ned(rig: &Rig) {
    let ned = json!({ "id": "ned", "district": "lone-pine", "username": "ned", "name": "=Ned" });
    done(
        rig,
        "/v1/import",
        json!({ "document": { "person": [ned] } }),
    )
    .await;
}

#[tokio::test]
async fn a_preview_says_what_would_come_in_addition_and_changes_nothing() {
    let rig = Rig::new().await;
    ned(&rig).await;
    let revision = rig.daemon.store.read().unwrap().revision();
    let sis = json!({ "person": "ned", "role": "sis" });
    let preview = done(&rig, "/v1/grants/preview", sis.clone()).await;
    assert_eq!(preview["products"], json!(["sis"]));
    assert_eq!(preview["could-enter"], json!(["ana", "ben"]));
    assert_eq!(preview["could-enter-in-all"], 2);
    let actions = preview["actions"].as_array().unwrap();
    for action in [
        "role.grant",
        "right.grant",
        "group.create",
        "report.product-roles",
        "account.modify",
    ] {
        assert!(actions.contains(&json!(action)), "{action} in {preview}");
    }
    assert!(!actions.contains(&json!("case.submit")), "{preview}");
    let right = json!({ "person": "ned", "tool": "attendance", "letters": "RW" });
    let small = done(&rig, "/v1/grants/preview", right).await;
    assert_eq!(small["rights"], json!({ "attendance": "RW" }));
    assert_eq!(
        (&small["actions"], &small["could-enter-in-all"]),
        (&json!([]), &json!(0))
    );
    assert_eq!(rig.daemon.store.read().unwrap().revision(), revision);
    done(&rig, "/v1/grants/give", sis.clone()).await;
    let again = done(&rig, "/v1/grants/preview", sis).await;
    assert_eq!(again["actions"], json!([]));
}

#[tokio::test]
async fn grants_are_decisions_on_anothers_word_and_bad_ones_name_the_member() {
    let rig = Rig::new().await;
    ned(&rig).await;
    let finance = json!({ "person": "ned", "role": "finance", "by": "ben", "expires": "2099-01-01T00:00:00Z" });
    let given = done(&rig, "/v1/grants/give", finance.clone()).await;
    assert_eq!(given["grant"]["by"], "person ben");
    assert_eq!(given["decision"]["reasons"][0]["code"], "role.grant");
    let by_ned = json!({ "person": "ben", "tool": "attendance", "letters": "R", "by": "ned" });
    let no = refused(&rig, "/v1/grants/give", by_ned, StatusCode::FORBIDDEN).await;
    assert_eq!(no["decision"]["reasons"][0]["code"], "right.grant");
    for (body, field) in [
        (
            json!({ "person": "ned", "tool": "attendance", "letters": "XY" }),
            "letters",
        ),
        (json!({ "person": "ned" }), ""),
        (
            json!({ "person": "ned", "role": "sis", "group": "office" }),
            "",
        ),
    ] {
        let wrong = refused(
            &rig,
            "/v1/grants/give",
            body.clone(),
            StatusCode::BAD_REQUEST,
        )
        .await;
        assert_eq!(
            wrong["field"].as_str().unwrap_or_default(),
            field,
            "{body}: {wrong}"
        );
    }
    refused(
        &rig,
        "/v1/grants/give",
        json!({ "person": "ned", "role": "king" }),
        StatusCode::BAD_REQUEST,
    )
    .await;
    done(&rig, "/v1/grants/take", finance.clone()).await;
    refused(&rig, "/v1/grants/take", finance, StatusCode::FORBIDDEN).await;
}

#[tokio::test]
async fn a_group_is_created_on_a_holders_word_and_its_rights_are_told_through_it() {
    let rig = Rig::new().await;
    ned(&rig).await;
    let group = json!({ "id": "office", "district": "lone-pine", "rights": { "attendance": "RW" }, "by": "ned" });
    refused(
        &rig,
        "/v1/groups/create",
        group.clone(),
        StatusCode::FORBIDDEN,
    )
    .await;
    let mut by_ben = group;
    by_ben["by"] = json!("ben");
    done(&rig, "/v1/groups/create", by_ben).await;
    done(
        &rig,
        "/v1/grants/give",
        json!({ "person": "ned", "group": "office", "by": "ana" }),
    )
    .await;
    let rights = rig
        .get(&rig.admin, "/v1/reports/rights?person=ned")
        .await
        .json();
    let shown: Vec<_> = rights["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            [
                row["what"].clone(),
                row["name"].clone(),
                row["through"].clone(),
            ]
        })
        .collect();
    assert_eq!(
        shown,
        [
            ["group", "office", "grant"],
            ["tool", "attendance", "group office"]
        ]
    );
}

#[tokio::test]
async fn reports_come_as_json_and_as_csv_that_is_no_formula() {
    let rig = Rig::new().await;
    ned(&rig).await;
    done(
        &rig,
        "/v1/grants/give",
        json!({ "person": "ned", "role": "finance" }),
    )
    .await;
    done(
        &rig,
        "/v1/import",
        json!({ "document": { "person": [{ "id": "off", "district": "lone-pine",
        "username": "off", "name": "Off", "enabled": false, "roles": ["sis"] }] } }),
    )
    .await;
    let rows = async |query: &str| {
        let path = format!("/v1/reports/product-roles?district=lone-pine{query}");
        let rows = rig.get(&rig.admin, &path).await.json()["items"]
            .as_array()
            .unwrap()
            .clone();
        rows.iter()
            .map(|row| {
                format!(
                    "{} {}",
                    row["username"].as_str().unwrap(),
                    row["role"].as_str().unwrap()
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(rows("").await, ["ana sis", "ben sis", "ned finance"]);
    assert_eq!(
        rows("&group-by=role").await,
        ["ned finance", "ana sis", "ben sis"]
    );
    assert_eq!(
        rows("&role=sis&include-disabled=true").await,
        ["ana sis", "ben sis", "off sis"]
    );
    assert_eq!(rows("&by=ana").await.len(), 3);
    let by_ned = rig
        .get(
            &rig.admin,
            "/v1/reports/product-roles?district=lone-pine&by=ned",
        )
        .await;
    assert_eq!(by_ned.status, StatusCode::FORBIDDEN);
    for bad in ["&role=king", "&group-by=shoe"] {
        let reply = rig
            .get(
                &rig.admin,
                &format!("/v1/reports/product-roles?district=lone-pine{bad}"),
            )
            .await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn sheets_say_who_could_enter_and_who_lacks_training() {
    let rig = Rig::new().await;
    ned(&rig).await;
    let finance = json!({ "person": "ned", "role": "finance" });
    done(&rig, "/v1/grants/give", finance).await;
    let csv = rig
        .get(
            &rig.admin,
            "/v1/reports/product-roles?district=lone-pine&format=csv",
        )
        .await;
    assert!(
        csv.headers[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("text/csv")
    );
    assert!(csv.text.contains(",'=Ned,"), "{}", csv.text);
    let entering = rig
        .get(&rig.admin, "/v1/reports/could-enter?person=ned")
        .await
        .json();
    assert_eq!(
        entering["items"],
        json!([]),
        "finance is beyond what sis has"
    );
    let entering = rig
        .get(&rig.admin, "/v1/reports/could-enter?person=ben")
        .await
        .json();
    assert_eq!(entering["items"][0]["person"], "ana");
    let contacts = rig
        .get(&rig.admin, "/v1/reports/contacts?district=lone-pine")
        .await
        .json();
    assert_eq!(contacts["items"][0]["remarks"], json!(["contact.training"]));
    let trained = json!({ "person": "ana", "course": "fundamentals", "completed": "2025-01-31" });
    let trained = done(&rig, "/v1/contacts/training", trained).await;
    assert!(trained.get("warnings").is_none(), "{trained}");
}

#[tokio::test]
async fn free_texts_are_of_bounded_length_and_carry_no_control_characters() {
    let rig = Rig::new().await;
    let long = "x".repeat(4_097);
    for text in [long.as_str(), "two\nlines", "\u{1b}[2J", " "] {
        for (path, field, mut body) in [
            ("/v1/contacts/sharing", "note", json!({ "person": "ana" })),
            (
                "/v1/cases/open",
                "reason",
                json!({ "id": "c1", "district": "lone-pine", "requester": "ben",
                "emergency": true }),
            ),
            (
                "/v1/sessions/open",
                "client",
                json!({ "id": "s1", "person": "ana" }),
            ),
            (
                "/v1/sessions/open",
                "remote",
                json!({ "id": "s1", "person": "ana" }),
            ),
            (
                "/v1/tokens",
                "name",
                json!({ "scopes": ["decide"], "districts": ["*"] }),
            ),
        ] {
            body[field] = json!(text);
            let wrong = refused(&rig, path, body, StatusCode::BAD_REQUEST).await;
            assert_eq!(wrong["field"], field, "{path}: {wrong}");
        }
    }
    let note = json!({ "person": "ana", "note": "x".repeat(4_096) });
    done(&rig, "/v1/contacts/sharing", note).await;
}

#[tokio::test]
async fn a_course_counts_on_its_latest_day_and_none_is_completed_tomorrow() {
    let rig = Rig::new().await;
    let path = "/v1/contacts/training";
    let on = |day: &str| json!({ "person": "ana", "course": "fundamentals", "completed": day });
    for day in ["2025-01-31", "2026-02-01", "2024-06-30"] {
        done(&rig, path, on(day)).await;
    }
    refused(&rig, path, on("2999-01-01"), StatusCode::BAD_REQUEST).await;
    let shown = rig
        .get(&rig.admin, "/v1/contacts/one?person=ana")
        .await
        .json();
    assert_eq!(shown["training"]["fundamentals"], "2026-02-01", "{shown}");
}
