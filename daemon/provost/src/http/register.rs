//! Status, import and export of the register, directory sync.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use provost_core::change::Actor;
use provost_core::id::SourceId;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::caller::Caller;
use super::problem::Problem;
use super::work::{Answer, read, write};
use crate::config::Scope;
use crate::daemon::Daemon;
use crate::flow::import::ImportError;
use crate::flow::{self, sync};

/// Sources, freshness, pending stages, plugins and queues.
pub async fn status(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Value> {
    caller.require(&[Scope::Desk, Scope::Audit, Scope::Decide, Scope::Activity], None)?;
    read(daemon, flow::status::report).await
}

/// A register document and what to do with it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Import {
    document: Map<String, Value>,
    #[serde(default)]
    dry_run: bool,
}

/// Brings the register to a document, or says what that would change. A contradictory document changes nothing.
pub async fn import(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Json(import): Json<Import>,
) -> Answer<Value> {
    caller.require(&[], None)?;
    let actor = Actor::Operator(caller.name);
    let imported = write(daemon, move |daemon| {
        let (roles, now) = (Arc::clone(&daemon.config().roles), daemon.ports.clock.now());
        Ok(match flow::import::run(&daemon.store, &roles, &import.document, &actor, import.dry_run, now) {
            Ok(plan) => Ok(plan),
            Err(ImportError::Contradictory(problems)) => Err(problems),
            Err(ImportError::Flow(error)) => return Err(error),
        })
    })
    .await?;
    let Json(imported) = imported;
    imported.map(Json).map_err(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "import the register document", lines.join("; "))
            .with("problems", json!(problems))
    })
}

/// The register as a document.
pub async fn export(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Value> {
    caller.require(&[Scope::Audit], None)?;
    read(daemon, |daemon| flow::import::export(&daemon.store)).await
}

/// Freshness and last outcome of each source.
pub async fn sync_status(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Value> {
    caller.require(&[Scope::Desk, Scope::Audit], None)?;
    read(daemon, |daemon| Ok(json!(sync::status(&daemon.store, &daemon.config().config)?))).await
}

/// Which source, and which plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncRequest {
    source: Option<SourceId>,
    plan: Option<String>,
}

/// The source asked for, or the only one.
fn source_of(daemon: &Daemon, asked: Option<SourceId>) -> Result<SourceId, Problem> {
    let live = daemon.config();
    let sources = &live.config.sources;
    let known = || sources.keys().map(SourceId::as_str).collect::<Vec<_>>().join(", ");
    match asked {
        Some(id) if sources.contains_key(&id) => Ok(id),
        Some(id) => {
            let why = format!("no [[source]] of that id is configured; known: {}", known());
            Err(Problem::new(StatusCode::NOT_FOUND, format!("find source `{id}`"), why))
        }
        None => match sources.keys().next() {
            Some(only) if sources.len() == 1 => Ok(only.clone()),
            Some(_) => Err(Problem::bad_request("choose a source", format!("name one of: {}", known()))),
            None => Err(Problem::bad_request("choose a source", "no [[source]] is configured")),
        },
    }
}

/// Reads the directory and shows exactly what apply would commit.
pub async fn sync_plan(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Json(asked): Json<SyncRequest>,
) -> Answer<Value> {
    caller.require(&[Scope::Audit], None)?;
    let source = source_of(&daemon, asked.source)?;
    Ok(Json(sync::plan(&daemon, &source).await?))
}

/// Reads the directory and commits the plan.
pub async fn sync_apply(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Json(asked): Json<SyncRequest>,
) -> Answer<Value> {
    caller.require(&[], None)?;
    let source = source_of(&daemon, asked.source)?;
    let answer = sync::apply(&daemon, &source, asked.plan, Actor::Operator(caller.name)).await;
    daemon.changed();
    Ok(Json(answer?))
}
