//! Status, import and export of the register.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use provost_core::change::Actor;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::caller::Caller;
use super::problem::Problem;
use super::sync;
use super::work::{Answer, read, write};
use crate::config::Scope;
use crate::daemon::Daemon;
use crate::flow;
use crate::flow::import::ImportError;

/// Sources, freshness, pending stages, plugins and queues.
pub async fn status(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Value> {
    caller.require(
        &[Scope::Desk, Scope::Audit, Scope::Decide, Scope::Activity],
        None,
    )?;
    let sources = sync::states(&daemon).await?;
    read(daemon, move |daemon| flow::status::report(daemon, sources)).await
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
        Ok(
            match flow::import::run(
                &daemon.store,
                &roles,
                &import.document,
                &actor,
                import.dry_run,
                now,
            ) {
                Ok(plan) => Ok(plan),
                Err(ImportError::Contradictory(problems)) => Err(problems),
                Err(ImportError::Flow(error)) => return Err(error),
            },
        )
    })
    .await?;
    let Json(imported) = imported;
    imported.map(Json).map_err(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "import the register document",
            lines.join("; "),
        )
        .with("problems", json!(problems))
    })
}

/// The register as a document.
pub async fn export(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Value> {
    caller.require(&[Scope::Audit], None)?;
    read(daemon, |daemon| flow::import::export(&daemon.store)).await
}
