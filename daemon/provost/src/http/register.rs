//! Status, import and export of the register.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use provost_core::change::Actor;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::Caller;
use super::problem::Problem;
use super::work::{Answer, read, write};
use super::{shapes, sync};
use crate::daemon::Daemon;
use crate::flow;
use crate::flow::import::ImportError;

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(status))
        .routes(routes!(import))
        .routes(routes!(export))
}

/// Sources, freshness, pending stages, plugins and queues.
#[utoipa::path(get, path = "/v1/status", tag = "register",
    security(("token" = ["desk"]), ("token" = ["audit"]), ("token" = ["decide"]), ("token" = ["activity"])),
    responses((status = 200, description = "what is going on", body = shapes::Status)))]
async fn status(State(daemon): State<Arc<Daemon>>) -> Answer<Value> {
    let sources = sync::states(&daemon).await?;
    read(daemon, move |daemon| flow::status::report(daemon, sources)).await
}

/// A register document and what to do with it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Import {
    /// Districts, people, contacts, … as in a register file.
    document: Map<String, Value>,
    /// Only say what it would change.
    #[serde(default)]
    dry_run: bool,
}

/// Brings the register to a document, or says what that would change. A contradictory document changes nothing.
#[utoipa::path(post, path = "/v1/import", tag = "register", security(("token" = ["admin"])), request_body = Import,
    responses((status = 200, description = "the plan, and whether it was committed", body = shapes::Imported)))]
async fn import(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(import): Body<Import>,
) -> Answer<Value> {
    let actor = Actor::Operator(caller.name);
    let imported = write(daemon, move |daemon| {
        let (document, dry_run) = (&import.document, import.dry_run);
        let done = daemon.scene(|scene| flow::import::run(scene, document, &actor, dry_run));
        Ok(match done {
            Ok(plan) => Ok(plan),
            Err(ImportError::Contradictory(problems)) => Err(problems),
            Err(ImportError::Flow(error)) => return Err(error),
        })
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
#[utoipa::path(get, path = "/v1/export", tag = "register", security(("token" = ["audit"])),
    responses((status = 200, description = "a register document", body = Object)))]
async fn export(State(daemon): State<Arc<Daemon>>) -> Answer<Value> {
    read(daemon, |daemon| daemon.scene(flow::import::export)).await
}
