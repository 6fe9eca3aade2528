//! Decisions on record, as an auditor reads them, and what is forgotten.

use axum::http::StatusCode;
use jiff::SignedDuration;
use provost_core::change::{Actor, Change};
use provost_core::token::Scope;
use serde_json::{Value, json};

use super::rig::Rig;
use crate::flow::{self, Scene};
use crate::http::problem::Problem;

fn submits(who: &str) -> Value {
    json!({ "subject": { "id": who }, "action": "case.submit", "resource": { "id": "lone-pine" } })
}

async fn asks(rig: &Rig, who: &str) {
    let reply = rig.post(&rig.admin, "/v1/decide", &submits(who)).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
}

async fn recorded(rig: &Rig) -> Vec<Value> {
    rig.daemon.store.record_noted().unwrap();
    let reply = rig.get(&rig.admin, "/v1/decisions").await;
    reply.json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_denial_is_recorded_once_however_often_it_is_asked_and_comes_out_the_same_again() {
    let rig = Rig::new().await;
    for _ in 0..3 {
        asks(&rig, "ben").await;
        asks(&rig, "ana").await;
    }
    let records = recorded(&rig).await;
    assert_eq!(records.len(), 1, "an allow is no denial: {records:?}");
    let (record, id) = (&records[0], records[0]["id"].as_u64().unwrap());
    assert_eq!(record["times"], 3);
    assert_eq!(record["decision"], false);
    assert_eq!(record["reasons"], json!(["contact.only"]));
    assert_eq!(record["district"], "lone-pine");
    // The register moves on; what was decided then does not.
    let now_contact = json!({ "person": "ben", "type": "support" });
    rig.post(&rig.admin, "/v1/contacts/designate", &now_contact)
        .await;
    let again = rig
        .post(&rig.admin, "/v1/decisions/replay", &json!({ "id": id }))
        .await;
    assert_eq!(again.json()["same"], true, "{}", again.text);
    assert_eq!(
        again.json()["now"]["redirect"]["contacts"][0]["person"],
        "ana"
    );
    asks(&rig, "ben").await;
    assert_eq!(recorded(&rig).await.len(), 1, "ben is a contact by now");
    let full = rig
        .get(&rig.admin, &format!("/v1/decisions/one?id={id}"))
        .await
        .json();
    assert_eq!(full["input"]["subject"]["person"]["person"]["id"], "ben");
    assert_eq!(full["rules"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn a_login_as_is_on_record_before_it_is_answered_whether_it_starts_or_not() {
    let rig = Rig::new().await;
    rig.post(
        &rig.admin,
        "/v1/sessions/open",
        &json!({ "id": "s1", "person": "ana" }),
    )
    .await;
    let enter = |target: &str| json!({ "id": "s1", "target": target });
    let entered = rig
        .post(&rig.admin, "/v1/sessions/login-as", &enter("ben"))
        .await;
    assert_eq!(entered.status, StatusCode::OK, "{}", entered.text);
    // Nothing was flushed here: the answer itself waited.
    let records = rig.get(&rig.admin, "/v1/decisions?person=ben").await.json();
    assert_eq!(records["items"][0]["action"], "login-as");
    assert_eq!(records["items"][0]["decision"], true);
    let refused = rig
        .post(&rig.admin, "/v1/sessions/login-as", &enter("ben"))
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let records = recorded(&rig).await;
    assert_eq!(records[0]["reasons"], json!(["login-as.no-chain"]));
    let allowed = rig
        .get(&rig.admin, "/v1/decisions?decision=true")
        .await
        .json();
    assert_eq!(allowed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn records_are_for_auditors_of_the_district_and_go_with_the_person() {
    let rig = Rig::new().await;
    asks(&rig, "ben").await;
    recorded(&rig).await;
    let far = rig.token(&[Scope::Audit], Some(&["far"]));
    for path in [
        "/v1/decisions",
        "/v1/decisions?district=lone-pine",
        "/v1/decisions/one?id=1",
        "/v1/decisions/one?id=9",
    ] {
        assert_eq!(
            rig.get(&far, path).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    let missing = rig
        .post(&rig.admin, "/v1/decisions/replay", &json!({ "id": 99 }))
        .await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    rig.erase("ben");
    assert_eq!(recorded(&rig).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_does_not_fit_the_queue_is_dropped_and_counted_and_nobody_waits() {
    let rig = Rig::new().await;
    let request: provost_core::decision::Request = serde_json::from_value(submits("ben")).unwrap();
    let (live, store) = (rig.daemon.config(), &rig.daemon.store);
    let now = rig.daemon.ports.clock.now();
    let facts = store
        .facts_within(None, &request, now, &live.roles)
        .unwrap();
    let decision = flow::decide::decide_on(&live, &request, &facts);
    for _ in 0..8_200 {
        flow::record::note(store, &live, request.clone(), facts.clone(), &decision);
    }
    assert_eq!(store.unrecorded(), 8);
    assert_eq!(recorded(&rig).await[0]["times"], 8_192);
    let metrics = rig.get(&rig.admin, "/metrics").await.text;
    assert!(
        metrics.contains("provost_decisions_unrecorded_total 8"),
        "{metrics}"
    );
}

#[tokio::test]
async fn few_questions_that_say_much_fill_the_queue_as_many_do_that_say_little() {
    let rig = Rig::new().await;
    let mut request: provost_core::decision::Request =
        serde_json::from_value(submits("ben")).unwrap();
    let (live, store) = (rig.daemon.config(), &rig.daemon.store);
    let now = rig.daemon.ports.clock.now();
    let facts = store
        .facts_within(None, &request, now, &live.roles)
        .unwrap();
    let decision = flow::decide::decide_on(&live, &request, &facts);
    request.context = json!({ "said": "x".repeat(1 << 20) })
        .as_object()
        .unwrap()
        .clone();
    for _ in 0..40 {
        flow::record::note(store, &live, request.clone(), facts.clone(), &decision);
    }
    assert_eq!(store.unrecorded(), 9, "31 of a megabyte are let in");
    let id = recorded(&rig).await[0]["id"].as_u64().unwrap();
    let one = rig
        .get(&rig.admin, &format!("/v1/decisions/one?id={id}"))
        .await;
    assert_eq!(one.json()["request"]["context"], json!({}), "not kept");
    assert_eq!(one.json()["answer"]["decision"], false);
}

#[tokio::test]
async fn a_question_that_says_too_much_is_refused_and_names_the_limit() {
    let rig = Rig::new().await;
    let much = json!({ "said": "x".repeat(900 << 10) });
    let ben = json!({ "type": "person", "id": "ben" });
    let here = json!({ "type": "district", "id": "lone-pine" });
    let shared = json!({ "subject": ben, "action": { "name": "case.submit" }, "context": much,
        "evaluations": vec![json!({ "resource": here }); 1_000] });
    let crowd = json!({ "subject": { "id": "ben" }, "action": "call.talk", "resource": { "id": "lone-pine" },
        "context": { "with": vec!["a"; 101] } });
    let mut long = submits("ben");
    long["properties"] = json!({ "list": vec![1; 1_024] });
    for (path, body, limit) in [
        ("/access/v1/evaluations", shared, "32768 bytes"),
        ("/v1/decide", long, "32768 bytes"),
        ("/v1/decide", submits(&"b".repeat(40_000)), "32768 bytes"),
        ("/v1/decide", crowd, "100 people"),
    ] {
        let reply = rig.post(&rig.admin, path, &body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(reply.text.contains(limit), "{}", reply.text);
    }
    let some = json!({ "subject": ben, "action": { "name": "case.submit" }, "resource": here,
        "evaluations": [{ "context": much }, {}] });
    let reply = rig
        .post(&rig.admin, "/access/v1/evaluations", &some)
        .await
        .json();
    let [large, plain] = [0, 1].map(|place| &reply["evaluations"][place]["context"]);
    assert_eq!(large["error"]["status"], 400);
    assert_eq!(plain["reasons"][0]["code"], "contact.only");
    assert_eq!(recorded(&rig).await.len(), 1);
}

#[tokio::test]
async fn what_has_grown_old_is_forgotten_by_a_commit_and_the_journal_says_so() {
    let rig = Rig::new().await;
    asks(&rig, "ben").await;
    rig.post(
        &rig.admin,
        "/v1/sessions/open",
        &json!({ "id": "s1", "person": "ana" }),
    )
    .await;
    rig.post(&rig.admin, "/v1/sessions/close", &json!({ "id": "s1" }))
        .await;
    rig.post(
        &rig.admin,
        "/v1/activity",
        &json!({ "person": "ana", "kind": "portal-login", "id": "e1" }),
    )
    .await;
    rig.post(
        &rig.admin,
        "/v1/contacts/sharing",
        &json!({ "person": "ana" }),
    )
    .await;
    recorded(&rig).await;
    let (live, now) = (rig.daemon.config(), rig.daemon.ports.clock.now());
    let run = |days: i64| {
        let now = now
            .checked_add(SignedDuration::from_hours(24 * days))
            .unwrap();
        let scene = Scene {
            store: &rig.daemon.store,
            live: &live,
            now,
        };
        flow::retention::run(scene, &Actor::Timer).unwrap()
    };
    assert_eq!(run(399), 0);
    // The decision and the session; then the event; then the alarm and two lines of the access log.
    assert_eq!([run(401), run(801), run(1_101), run(1_101)], [2, 1, 3, 0]);
    assert_eq!(recorded(&rig).await, Vec::<Value>::new());
    let log = rig
        .get(&rig.admin, "/v1/access-log?person=ana")
        .await
        .json();
    assert_eq!(log["items"], json!([]));
    let verified = rig
        .post(&rig.admin, "/v1/journal/verify", &json!({}))
        .await
        .json();
    assert_eq!(verified["broken"], Value::Null);
    let journal = rig.get(&rig.admin, "/v1/journal").await.text;
    assert!(journal.contains("forget"), "{journal}");
}

#[tokio::test]
async fn a_line_with_a_later_time_before_old_ones_does_not_keep_them() {
    let rig = Rig::new().await;
    let store = &rig.daemon.store;
    let begun = rig.daemon.ports.clock.now();
    let after = |days: i64| {
        begun
            .checked_add(SignedDuration::from_hours(24 * days))
            .unwrap()
    };
    let origin = flow::session::Origin::default();
    // The clock was ahead when the first one logged in.
    for (id, days) in [("s1", 3_000), ("s2", 0)] {
        let id = id.parse().unwrap();
        flow::session::open(store, &id, "ana", &origin, after(days)).unwrap();
    }
    let live = rig.daemon.config();
    let scene = Scene {
        store,
        live: &live,
        now: after(1_101),
    };
    let forgotten = [(); 2].map(|()| flow::retention::run(scene, &Actor::Timer).unwrap());
    assert_eq!(forgotten, [1, 0]);
    let log = rig
        .get(&rig.admin, "/v1/access-log?person=ana")
        .await
        .json();
    assert_eq!(log["items"].as_array().unwrap().len(), 1, "{log}");
}

#[tokio::test]
async fn a_decision_goes_with_each_whom_it_names_and_keeps_no_names_of_others() {
    let rig = Rig::new().await;
    let ned = json!({ "id": "ned", "district": "lone-pine", "username": "ned", "name": "ned" });
    let document = json!({ "document": { "person": [ned] } });
    rig.post(&rig.admin, "/v1/import", &document).await;
    let open = json!({ "id": "s1", "person": "ben" });
    rig.post(&rig.admin, "/v1/sessions/open", &open).await;
    let enter = json!({ "id": "s1", "target": "ned" });
    let entered = rig.post(&rig.admin, "/v1/sessions/login-as", &enter).await;
    assert_eq!(entered.status, StatusCode::OK, "{}", entered.text);
    asks(&rig, "ben").await;
    let records = recorded(&rig).await;
    let texts = async || {
        let mut texts = Vec::new();
        for record in &records {
            let path = format!("/v1/decisions/one?id={}", record["id"]);
            texts.push(rig.get(&rig.admin, &path).await);
        }
        texts
    };
    let [denied, login_as] = texts().await.try_into().ok().unwrap();
    assert!(denied.text.contains("ana@example.org"), "the redirect");
    assert!(!login_as.text.contains("ana@"), "{}", login_as.text);
    let again = json!({ "id": records[1]["id"] });
    let again = rig.post(&rig.admin, "/v1/decisions/replay", &again).await;
    assert_eq!(again.json()["same"], true, "{}", again.text);
    // One more waits to be written while ana is erased.
    asks(&rig, "ned").await;
    rig.erase("ana");
    let left = recorded(&rig).await;
    assert_eq!(left, [records[1].clone()]);
}

#[tokio::test]
async fn a_plan_that_is_made_anew_leaves_one_decision_on_record() {
    let rig = Rig::new().await;
    let request = serde_json::from_value(submits("ben")).unwrap();
    let mut tries = 0;
    let written = rig.daemon.scene(|scene| {
        let renamed = |register: &crate::store::Snapshot<'_>, name: &str| {
            let before = flow::person(register, "ana").unwrap();
            let mut after = before.clone();
            name.clone_into(&mut after.name);
            let change = Change::Person {
                before: Some(Box::new(before)),
                after: Some(Box::new(after)),
            };
            let actor = Actor::Operator("test".to_owned());
            flow::plan(register, actor, scene.now, vec![change])
        };
        flow::write(scene.store, |register| {
            tries += 1;
            flow::decide::for_flow(scene, register, &request)?;
            if tries == 1 {
                scene.store.commit(renamed(register, "Ana Maria"))?;
            }
            Ok((renamed(register, "Ana Lucia"), ()))
        })
    });
    written.unwrap();
    assert_eq!(tries, 2);
    let records = recorded(&rig).await;
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0]["times"], 1);
}

#[tokio::test]
async fn who_could_log_in_is_told_whole_or_not_at_all() {
    let rig = Rig::new().await;
    let told = |enough: &dyn Fn() -> bool| {
        let ask = |scene: Scene<'_>| flow::report::could_enter(scene, "ana", enough);
        rig.daemon.scene(ask)
    };
    assert_eq!(told(&|| false).unwrap()[0]["person"], "ben");
    let cut = Problem::from(told(&|| true).unwrap_err());
    assert_eq!(cut.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(cut.why().contains("page by page"), "{}", cut.why());
}
