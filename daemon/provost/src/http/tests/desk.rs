//! Grants, previews, groups, cases, reports and training, as the desk and auditors use them.

use axum::http::{StatusCode, header};
use provost_core::role::{Granted, Roles};
use serde_json::{Value, json};

use super::rig::Rig;
use crate::flow;

async fn done(rig: &Rig, path: &str, body: Value) -> Value {
    let reply = rig.post(&rig.admin, path, &body).await;
    assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text);
    reply.json()
}

async fn refused(rig: &Rig, path: &str, body: Value, status: StatusCode) -> Value {
    let reply = rig.post(&rig.admin, path, &body).await;
    assert_eq!(reply.status, status, "{path}: {}", reply.text);
    reply.json()
}

/// Ned, a teacher of lone-pine without anything.
async fn ned(rig: &Rig) {
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
async fn a_preview_is_of_what_could_be_granted_and_says_when_its_time_was_up() {
    let rig = Rig::new().await;
    ned(&rig).await;
    let portal = json!({ "id": "pat", "district": "lone-pine", "username": "pat", "name": "Pat", "homepage": "parent-portal" });
    done(
        &rig,
        "/v1/import",
        json!({ "document": { "person": [portal] } }),
    )
    .await;
    let path = "/v1/grants/preview";
    for nothing in [
        json!({ "person": "ned", "role": "king" }),
        json!({ "person": "ned", "group": "none" }),
    ] {
        refused(&rig, path, nothing, StatusCode::BAD_REQUEST).await;
    }
    let elsewhere = json!({ "person": "pat", "role": "sis" });
    let why = refused(&rig, path, elsewhere, StatusCode::FORBIDDEN).await;
    assert!(why.to_string().contains("role.homepage"), "{why}");
    let sis = Granted::Role("sis".parse().unwrap());
    let looks = std::cell::Cell::new(0);
    let enough = || {
        looks.set(looks.get() + 1);
        looks.get() > 3
    };
    let cut = rig
        .daemon
        .scene(|scene| flow::preview::of(scene, "ned", &sis, &enough))
        .unwrap();
    assert!(cut.and_more && cut.could_enter_in_all == 0, "{cut:?}");
    assert_eq!(cut.products.len(), 1, "what needs no decisions is told");
}

#[tokio::test]
async fn a_group_gives_no_rights_that_its_maker_could_not_grant() {
    let rig = Rig::new().await;
    let office =
        |rights: Value| json!({ "id": "office", "district": "lone-pine", "rights": rights });
    let by_ben = |rights: Value| {
        let mut group = office(rights);
        group["by"] = json!("ben");
        group
    };
    let path = "/v1/groups/create";
    let ledger = json!({ "attendance": "RW", "finance/ledger": "R" });
    let no = refused(&rig, path, by_ben(ledger.clone()), StatusCode::FORBIDDEN).await;
    assert_eq!(no["decision"]["reasons"][0]["code"], "role.sis-excludes");
    // What is in the group already is not of ben's giving; other letters would be.
    done(&rig, path, office(ledger)).await;
    done(
        &rig,
        path,
        by_ben(json!({ "attendance": "RWAD", "finance/ledger": "R" })),
    )
    .await;
    let more = by_ben(json!({ "attendance": "RWAD", "finance/ledger": "RW" }));
    refused(&rig, path, more, StatusCode::FORBIDDEN).await;
    done(&rig, path, by_ben(json!({ "attendance": "R" }))).await;
    done(
        &rig,
        "/v1/grants/give",
        json!({ "person": "ben", "role": "finance" }),
    )
    .await;
    done(&rig, path, by_ben(json!({ "finance/ledger": "RW" }))).await;
}

#[tokio::test]
async fn a_role_is_taken_away_also_where_it_has_no_effect_any_more() {
    let rig = Rig::new().await;
    for by in [Value::Null, json!("ben")] {
        let mut pat =
            json!({ "id": "pat", "district": "lone-pine", "username": "pat", "name": "Pat" });
        done(
            &rig,
            "/v1/import",
            json!({ "document": { "person": [pat.clone()] } }),
        )
        .await;
        let sis = json!({ "person": "pat", "role": "sis", "by": by });
        done(&rig, "/v1/grants/give", sis.clone()).await;
        pat["homepage"] = json!("parent-portal");
        done(
            &rig,
            "/v1/import",
            json!({ "document": { "person": [pat] } }),
        )
        .await;
        let taken = done(&rig, "/v1/grants/take", sis.clone()).await;
        let code = taken["decision"]["reasons"][0]["code"].as_str();
        assert_eq!(code, by.as_str().map(|_| "role.grant"));
        refused(&rig, "/v1/grants/give", sis, StatusCode::FORBIDDEN).await;
    }
    // Who may not grant may not take, whatever the homepage.
    ned(&rig).await;
    let by_ned = json!({ "person": "pat", "role": "sis", "by": "ned" });
    let no = refused(&rig, "/v1/grants/take", by_ned, StatusCode::FORBIDDEN).await;
    assert_eq!(no["decision"]["reasons"][0]["code"], "role.grant");
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
async fn a_case_is_opened_handed_over_and_closed_by_whom_the_rules_let() {
    let rig = Rig::new().await;
    let emergency = json!({ "id": "c1", "district": "lone-pine", "by": "agent=kim", "requester": "ben",
                            "emergency": true, "reason": "locked out" });
    let mut hasty = emergency.clone();
    hasty["reason"] = Value::Null;
    refused(&rig, "/v1/cases/open", hasty, StatusCode::FORBIDDEN).await;
    let opened = done(&rig, "/v1/cases/open", emergency).await;
    assert_eq!(opened["case"]["owner"], "ana");
    let close = json!({ "id": "c1", "by": "ana" });
    let early = refused(
        &rig,
        "/v1/cases/close",
        close.clone(),
        StatusCode::FORBIDDEN,
    )
    .await;
    assert_eq!(
        early["decision"]["reasons"][0]["code"],
        "case.transition-first"
    );
    refused(
        &rig,
        "/v1/cases/transition",
        json!({ "id": "c1", "to": "flo" }),
        StatusCode::FORBIDDEN,
    )
    .await;
    done(
        &rig,
        "/v1/cases/transition",
        json!({ "id": "c1", "to": "ana" }),
    )
    .await;
    done(&rig, "/v1/cases/close", close).await;
    let cases = rig
        .get(&rig.admin, "/v1/cases?district=lone-pine")
        .await
        .json();
    assert!(cases["items"][0]["closed"].is_string(), "{cases}");
    let nobody = json!({ "id": "c2", "district": "lone-pine" });
    let nobody = refused(&rig, "/v1/cases/open", nobody, StatusCode::BAD_REQUEST).await;
    assert_eq!(nobody["field"], "requester");
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
                "/v1/tokens/create",
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

#[tokio::test]
async fn a_login_as_viewer_sees_of_others_just_what_it_holds_itself() {
    let rig = Rig::new().await;
    ned(&rig).await;
    let vera = json!({ "id": "vera", "district": "lone-pine", "username": "vera", "name": "Vera", "roles": ["sis.login-as"],
        "rights": { "attendance": "R", "user-account": "R" }, "groups": ["office"],
        "calendars": [{ "school": "HS01", "calendar": "*", "modify": false }] });
    let nora = json!({ "id": "nora", "district": "lone-pine", "username": "nora", "name": "Nora", "groups": ["office", "desk"],
        "rights": { "attendance": "RW", "grades": "R" },
        "calendars": [{ "school": "HS01", "calendar": "*", "modify": true }, { "school": "HS02", "calendar": "*", "modify": true }] });
    let group =
        |id: &str, rights: Value| json!({ "id": id, "district": "lone-pine", "rights": rights });
    let groups = [
        group("office", json!({ "attendance": "R" })),
        group("desk", json!({ "attendance": "RWAD", "grades": "W" })),
    ];
    done(
        &rig,
        "/v1/import",
        json!({ "document": { "group": groups, "person": [vera, nora] } }),
    )
    .await;
    let rows = rig
        .get(&rig.admin, "/v1/reports/rights?person=nora&by=vera")
        .await
        .json();
    let told = |row: &Value| {
        ["what", "name", "letters", "through"]
            .map(|key| row[key].as_str().unwrap_or("-").to_owned())
            .join(" ")
    };
    let mut shown: Vec<_> = rows["items"].as_array().unwrap().iter().map(told).collect();
    shown.sort();
    assert_eq!(
        shown,
        [
            "calendar calendar HS01/* - grant",
            "group office - grant",
            "tool attendance R a group",
            "tool attendance R grant",
            "tool attendance R group office",
        ]
    );
}

#[tokio::test]
async fn the_role_report_goes_by_the_edition_that_the_register_has() {
    let rig = Rig::new().await;
    let paper = json!({ "id": "paper", "name": "Paper", "timezone": "America/Denver" });
    let pat = json!({ "id": "pat", "district": "paper", "username": "pat", "name": "Pat" });
    let document = json!({ "document": { "district": [paper], "person": [pat] } });
    done(&rig, "/v1/import", document).await;
    let montana = json!({ "id": "montana", "title": "Montana", "kind": "edition", "products": ["sis"], "edition": "montana" });
    let mut live = Rig::live();
    let mut roles = Roles::standard();
    roles.add_edition([serde_json::from_value(montana).unwrap()]);
    live.roles = std::sync::Arc::new(roles);
    let scene = flow::Scene {
        store: &rig.daemon.store,
        live: &live,
        now: rig.daemon.ports.clock.now(),
    };
    let word = flow::contact::OnWordOf::Operator("test".to_owned());
    let montana = Granted::Role("montana".parse().unwrap());
    flow::grant::give(scene, "pat", &montana, &word, None).unwrap();
    let district = "paper".parse().unwrap();
    let wanted = flow::report::ProductRoles::default();
    let rows = flow::report::product_roles(scene, &district, &wanted, &word).unwrap();
    assert_eq!(rows[0]["role"], "montana");
    assert_eq!(
        rows[0]["effective"], false,
        "paper is no Montana district: {}",
        rows[0]
    );
}
