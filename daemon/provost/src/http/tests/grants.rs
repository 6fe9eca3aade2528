//! What is given and what is told of it: no more than the rules let, and no less.

use axum::http::StatusCode;
use provost_core::role::{Granted, Roles};
use serde_json::{Value, json};

use super::desk::{done, ned, refused};
use super::rig::Rig;
use crate::flow;

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
