//! Decisions, inactivity, sessions, notices, journal and clock.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use provost_core::Timestamp;
use provost_core::change::Actor;
use provost_core::contact::{Activity, ActivityKind, BadWord};
use provost_core::decision::{Reference, Request};
use provost_core::id::{EventId, NoticeId, SessionId};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::caller::Caller;
use super::contacts::OfPerson;
use super::problem::Problem;
use super::work::{Answer, read, write};
use crate::config::Scope;
use crate::daemon::Daemon;
use crate::flow::{self, activity::Recorded};
use crate::store::{Entry, NoticeFilter, Outgoing, Page, Verdict};

/// Rows of a list at most.
const ROWS: usize = 1000;

/// A notice as people and programs read it.
pub(super) fn outgoing(outgoing: &Outgoing) -> Value {
    let notice = &outgoing.notice;
    json!({
        "id": notice.id,
        "kind": notice.kind,
        "person": notice.person,
        "district": notice.district,
        "episode": notice.episode,
        "due": notice.due,
        "queued": notice.queued,
        "state": outgoing.state.word(),
        "attempts": outgoing.attempts,
        "not-before": outgoing.not_before,
    })
}

fn entry(entry: &Entry) -> Value {
    json!({
        "seq": entry.seq,
        "revision": entry.revision,
        "at": entry.at,
        "actor": entry.actor.to_string(),
        "noun": entry.noun,
        "person": entry.person,
        "change": entry.change.as_ref().map(ToString::to_string),
    })
}

/// The body of an AuthZEN evaluation (Authorization API 1.0 §5); unknown members are ignored.
#[derive(Debug, Deserialize)]
pub struct Evaluation {
    subject: Entity,
    action: ActionName,
    resource: Entity,
    #[serde(default)]
    context: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Entity {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    id: String,
    #[serde(default)]
    properties: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct ActionName {
    name: String,
    #[serde(default)]
    properties: Map<String, Value>,
}

impl From<Evaluation> for Request {
    fn from(asked: Evaluation) -> Self {
        let mut properties = asked.action.properties;
        properties.extend(asked.resource.properties);
        Self {
            subject: Reference {
                kind: asked.subject.kind,
                id: asked.subject.id,
            },
            action: asked.action.name,
            resource: Reference {
                kind: asked.resource.kind,
                id: asked.resource.id,
            },
            properties,
            context: asked.context,
        }
    }
}

/// One decision. A deny is an answer like any other: 200 with `decision: false`.
pub async fn evaluation(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    headers: HeaderMap,
    body: String,
) -> Answer<Value> {
    let bad = |why: String| Problem::bad_request("read the evaluation", why);
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return Err(bad("the content type must be application/json".to_owned()));
    }
    let request: Request = serde_json::from_str::<Evaluation>(&body)
        .map_err(|why| bad(why.to_string()))?
        .into();
    let Json((districts, decision)) = read(daemon, move |daemon| {
        let live = daemon.config();
        let facts = daemon
            .store
            .read()?
            .facts(&request, daemon.ports.clock.now(), &live.roles)?;
        let districts: Vec<_> = facts.districts.keys().cloned().collect();
        Ok((districts, flow::decide::decide_on(&live, &request, &facts)))
    })
    .await?;
    for district in &districts {
        caller.require(&[Scope::Decide, Scope::Desk], Some(district))?;
    }
    if districts.is_empty() {
        caller.require(&[Scope::Decide, Scope::Desk], None)?;
    }
    let mut context = serde_json::to_value(&decision).unwrap_or_default();
    if let Some(members) = context.as_object_mut() {
        members.remove("decision");
    }
    Ok(Json(
        json!({ "decision": decision.decision, "context": context }),
    ))
}

/// What a sweep would do now.
pub async fn sweep_plan(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Value> {
    caller.require(&[Scope::Audit], None)?;
    read(daemon, |daemon| {
        let register = daemon.store.read()?;
        let plan = daemon.scene(|scene| flow::sweep::plan(scene, &register, Actor::Timer))?;
        let lines: Vec<String> = plan.changes.iter().map(ToString::to_string).collect();
        Ok(json!({ "hash": plan.hash(), "changes": plan.changes, "lines": lines }))
    })
    .await
}

/// Does what is due now.
pub async fn sweep_run(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Value> {
    caller.require(&[], None)?;
    write(daemon, move |daemon| {
        let changes =
            daemon.scene(|scene| flow::sweep::run(scene, &Actor::Operator(caller.name.clone())))?;
        Ok(json!({ "changes": changes }))
    })
    .await
}

/// `?days=`.
#[derive(Debug, Deserialize)]
pub struct Days {
    days: u16,
}

/// Who will reach which stage on which day if nothing happens.
pub async fn forecast(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Query(Days { days }): Query<Days>,
) -> Answer<Vec<flow::forecast::Ahead>> {
    caller.require(&[Scope::Desk, Scope::Audit], None)?;
    read(daemon, move |daemon| {
        let span = jiff::SignedDuration::from_hours(24 * i64::from(days));
        let until = daemon
            .ports
            .clock
            .now()
            .checked_add(span)
            .unwrap_or(Timestamp::MAX);
        daemon.scene(|scene| flow::forecast::run(scene, until))
    })
    .await
}

/// An activity event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    person: String,
    kind: String,
    at: Option<String>,
    id: Option<String>,
}

/// Records one event.
pub async fn activity(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Json(event): Json<Event>,
) -> Answer<Recorded> {
    let bad = |why: String| Problem::bad_request("read the activity event", why);
    let kind: ActivityKind = event
        .kind
        .parse()
        .map_err(|why: BadWord| bad(why.to_string()))?;
    let now = daemon.ports.clock.now();
    let occurred = match &event.at {
        None => now,
        Some(text) => text
            .parse()
            .map_err(|_| bad(format!("at = \"{text}\" must be an RFC 3339 time")))?,
    };
    let reference = event.person.clone();
    let Json(person) = read(Arc::clone(&daemon), move |daemon| {
        flow::person(&daemon.store.read()?, &reference)
    })
    .await?;
    caller.require(&[Scope::Activity], Some(&person.district))?;
    let id = event
        .id
        .unwrap_or_else(|| format!("{}:{}:{occurred}", person.id, kind.word()));
    let id = EventId::new(id).map_err(|why| bad(why.to_string()))?;
    let activity = Activity {
        id,
        person: person.id,
        kind,
        occurred,
        feed: None,
    };
    write(daemon, move |daemon| {
        daemon.scene(|scene| {
            flow::activity::record(scene, &activity, &Actor::Operator(caller.name.clone()))
        })
    })
    .await
}

/// A step of a session.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionStep {
    id: SessionId,
    person: Option<String>,
    target: Option<String>,
    remote: Option<String>,
    client: Option<String>,
}

fn needed(value: Option<String>, name: &str) -> Result<String, Problem> {
    value.ok_or_else(|| {
        Problem::bad_request("read the session's step", format!("`{name}` is missing"))
    })
}

/// Opens a session.
pub async fn session_open(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Json(step): Json<SessionStep>,
) -> Answer<provost_core::session::Session> {
    caller.require(&[Scope::Decide], None)?;
    let person = needed(step.person, "person")?;
    let origin = flow::session::Origin {
        remote: step.remote,
        client: step.client,
    };
    write(daemon, move |daemon| {
        flow::session::open(
            &daemon.store,
            &step.id,
            &person,
            &origin,
            daemon.ports.clock.now(),
        )
    })
    .await
}

/// Enters another person's account.
pub async fn session_login_as(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Json(step): Json<SessionStep>,
) -> Answer<provost_core::decision::Decision> {
    caller.require(&[Scope::Decide], None)?;
    let target = needed(step.target, "target")?;
    write(daemon, move |daemon| {
        daemon.scene(|scene| flow::session::login_as(scene, &step.id, &target))
    })
    .await
}

/// Leaves the account that was entered.
pub async fn session_return(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Json(step): Json<SessionStep>,
) -> Answer<provost_core::session::Session> {
    caller.require(&[Scope::Decide], None)?;
    write(daemon, move |daemon| {
        flow::session::leave(&daemon.store, &step.id, daemon.ports.clock.now())
    })
    .await
}

/// Closes the session.
pub async fn session_close(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Json(step): Json<SessionStep>,
) -> Answer<provost_core::session::Session> {
    caller.require(&[Scope::Decide], None)?;
    write(daemon, move |daemon| {
        flow::session::close(&daemon.store, &step.id, daemon.ports.clock.now())
    })
    .await
}

/// A person's logins.
pub async fn access_log(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Query(of): Query<OfPerson>,
) -> Answer<Vec<provost_core::session::Access>> {
    let Json((district, log)) = read(daemon, move |daemon| {
        let register = daemon.store.read()?;
        let person = flow::person(&register, &of.person)?;
        let log = register.access_log(&person.id, Page::newest(ROWS))?;
        Ok((
            person.district,
            log.into_iter().map(|(_, access)| access).collect(),
        ))
    })
    .await?;
    caller.require(&[Scope::Audit, Scope::Desk], Some(&district))?;
    Ok(Json(log))
}

/// The latest notices.
pub async fn notices(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Value> {
    caller.require(&[Scope::Desk, Scope::Audit], None)?;
    read(daemon, |daemon| {
        let all = NoticeFilter::default();
        Ok(daemon
            .store
            .read()?
            .notices(&all, Page::newest(ROWS))?
            .iter()
            .map(outgoing)
            .collect())
    })
    .await
}

/// `?id=`.
#[derive(Debug, Deserialize)]
pub struct OfNotice {
    id: NoticeId,
}

/// One notice with every attempt.
pub async fn notice(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Query(of): Query<OfNotice>,
) -> Answer<Value> {
    caller.require(&[Scope::Desk, Scope::Audit], None)?;
    read(daemon, move |daemon| {
        let found = daemon.store.read()?.notice(&of.id)?;
        let (notice, deliveries) = found.ok_or_else(|| flow::FlowError::Unknown {
            what: "notice",
            id: of.id.to_string(),
            source: flow::NotFound::None,
        })?;
        let mut shown = outgoing(&notice);
        shown["deliveries"] = serde_json::to_value(deliveries).unwrap_or_default();
        Ok(shown)
    })
    .await
}

/// `?person=&stage=`.
#[derive(Debug, Deserialize)]
pub struct OfStage {
    person: String,
    stage: String,
}

/// What the channels would send now, without sending it.
pub async fn notice_render(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Query(of): Query<OfStage>,
) -> Answer<Value> {
    caller.require(&[Scope::Desk, Scope::Audit], None)?;
    let kind = of
        .stage
        .parse()
        .map_err(|why: BadWord| Problem::bad_request("read the stage", why.to_string()))?;
    read(daemon, move |daemon| {
        daemon.scene(|scene| flow::notify::preview(scene, &of.person, kind))
    })
    .await
}

/// `?after=&limit=`.
#[derive(Debug, Deserialize)]
pub struct After {
    #[serde(default)]
    after: u64,
    #[serde(default = "hundred")]
    limit: u32,
}

fn hundred() -> u32 {
    100
}

/// Entries of the journal.
pub async fn journal(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Query(page): Query<After>,
) -> Answer<Value> {
    caller.require(&[Scope::Audit], None)?;
    read(daemon, move |daemon| {
        let rows = usize::try_from(page.limit).unwrap_or(ROWS).min(ROWS);
        Ok(daemon
            .store
            .read()?
            .journal(page.after, rows)?
            .iter()
            .map(entry)
            .collect())
    })
    .await
}

/// Recomputes the whole chain.
pub async fn journal_verify(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Value> {
    caller.require(&[Scope::Audit], None)?;
    read(daemon, |daemon| {
        Ok(match daemon.store.read()?.verify_journal()? {
            Verdict::Sound {
                entries,
                erased,
                head,
            } => json!({ "entries": entries, "erased": erased, "head": head }),
            Verdict::Broken { seq, why } => json!({ "broken": seq, "why": why }),
        })
    })
    .await
}

/// Whether transitions run.
pub async fn clock_status(State(daemon): State<Arc<Daemon>>, _caller: Caller) -> Answer<Value> {
    read(daemon, |daemon| {
        flow::clock::status(&daemon.store, &daemon.ports.clock.reading())
    })
    .await
}

/// Says that the wall clock is right.
pub async fn clock_confirm(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Value> {
    caller.require(&[], None)?;
    write(daemon, move |daemon| {
        flow::clock::confirm(
            &daemon.store,
            &Actor::Operator(caller.name),
            &daemon.ports.clock.reading(),
        )
    })
    .await
}
