//! `/v1/sync…`: what a directory says, what follows from it, and doing that.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use provost_core::id::SourceId;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::Caller;
use super::problem::Problem;
use super::shapes;
use super::work::Answer;
use crate::config::source::Source;
use crate::daemon::Daemon;
use crate::flow::sync::{Approval, Line, Lines, Report, SyncError};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(status))
        .routes(routes!(plan))
        .routes(routes!(apply))
}

impl From<SyncError> for Problem {
    fn from(error: SyncError) -> Self {
        Self::from_error(StatusCode::BAD_GATEWAY, &error)
    }
}

/// State of every source, for `status`.
pub(super) async fn states(daemon: &Daemon) -> Result<Vec<Value>, Problem> {
    let mut rows = Vec::new();
    for source in daemon.config().config.sources.values() {
        let state = daemon.syncs.status(&source.id).await?;
        let outcome = match (&state.error, &state.unapplied, &state.applied) {
            (Some(_), _, _) => "failed",
            (None, Some(_), _) => "not applied",
            (None, None, Some(_)) => "applied",
            (None, None, None) => "never read",
        };
        let concerns: Vec<_> = state
            .summary
            .iter()
            .flat_map(|summary| &summary.concerns)
            .map(ToString::to_string)
            .collect();
        rows.push(json!({
            "source": source.id,
            "district": source.district,
            "last-complete-read": state.read,
            "last-applied": state.applied,
            "tried": state.tried,
            "reading": daemon.syncs.progress(&source.id),
            "people": state.summary.as_ref().map(|summary| summary.read),
            "outcome": outcome,
            "waiting-plan": state.unapplied,
            "why": state.error.or_else(|| (!concerns.is_empty()).then(|| concerns.join("; "))),
            "summary": state.summary,
        }));
    }
    Ok(rows)
}

/// Freshness and last outcome of each source.
#[utoipa::path(get, path = "/v1/sync", tag = "directory", security(("token" = ["desk"]), ("token" = ["audit"])),
    responses((status = 200, description = "one row a source", body = Vec<shapes::SourceStatus>)))]
async fn status(State(daemon): State<Arc<Daemon>>) -> Answer<Vec<Value>> {
    Ok(Json(states(&daemon).await?))
}

/// Which source, and which plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SyncRequest {
    /// Which source; may be left out where there is only one.
    #[schema(value_type = Option<String>)]
    source: Option<SourceId>,
    /// Hash of the one plan that is approved; any plan that no guard refuses if left out.
    plan: Option<String>,
}

/// The source asked for, or the only one.
fn source_of(daemon: &Daemon, asked: Option<SourceId>) -> Result<Arc<Source>, Problem> {
    let live = daemon.config();
    let sources = &live.config.sources;
    let known = || {
        sources
            .keys()
            .map(SourceId::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    };
    match asked {
        Some(id) => sources.get(&id).cloned().ok_or_else(|| {
            let why = format!("no [[source]] of that id is configured; known: {}", known());
            Problem::new(StatusCode::NOT_FOUND, format!("find source `{id}`"), why)
        }),
        None => match sources.values().next() {
            Some(only) if sources.len() == 1 => Ok(Arc::clone(only)),
            Some(_) => Err(Problem::bad_request(
                "choose a source",
                format!("name one of: {}", known()),
            )),
            None => Err(Problem::bad_request(
                "choose a source",
                "no [[source]] is configured",
            )),
        },
    }
}

/// Lines of a plan that an answer holds; the hash and the counts stand for all of them.
const LINES_MAX: usize = 100_000;

/// Collects the lines of a plan as they stream by.
fn collecting() -> (Lines, Arc<Mutex<Vec<String>>>) {
    let shown = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&shown);
    let lines: Lines = Box::new(move |line: Line| {
        let mut shown = into.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.len() < LINES_MAX {
            shown.push(line.to_string());
        }
    });
    (lines, shown)
}

fn answer(report: &Report, lines: &[String]) -> Value {
    let concerns: Vec<_> = report
        .summary
        .concerns
        .iter()
        .map(ToString::to_string)
        .collect();
    json!({
        "source": report.source,
        "server": report.server,
        "lines": lines,
        "summary": report.summary,
        "hash": report.summary.hash,
        "concerns": concerns,
        "remarks": report.remarks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "remarks-in-all": report.remarks_in_all,
        "done": report.done,
    })
}

/// Reads the directory and shows exactly what apply would commit.
#[utoipa::path(post, path = "/v1/sync/plan", tag = "directory", security(("token" = ["audit"])),
    request_body = SyncRequest, responses((status = 200, description = "the plan", body = shapes::SyncAnswer)))]
async fn plan(State(daemon): State<Arc<Daemon>>, Body(asked): Body<SyncRequest>) -> Answer<Value> {
    let source = source_of(&daemon, asked.source)?;
    let feed = daemon.config().feed_of(&source.district);
    let (lines, shown) = collecting();
    let report = daemon
        .syncs
        .plan(&source, feed, daemon.ports.clock.now(), lines)
        .await?;
    let shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Json(answer(&report, &shown)))
}

/// Reads the directory and commits the plan. An operator's word approves first plans and role gains; what a guard
/// refuses passes only by its hash.
#[utoipa::path(post, path = "/v1/sync/apply", tag = "directory", security(("token" = ["admin"])),
    request_body = SyncRequest, responses((status = 200, description = "what became of it", body = shapes::SyncAnswer)))]
async fn apply(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(asked): Body<SyncRequest>,
) -> Answer<Value> {
    let source = source_of(&daemon, asked.source)?;
    let feed = daemon.config().feed_of(&source.district);
    let approval = match asked.plan {
        None => Approval::Operator(caller.name),
        Some(hash) => Approval::Exactly {
            operator: caller.name,
            hash,
        },
    };
    let applied = daemon
        .syncs
        .apply(&source, feed, daemon.ports.clock.now(), approval)
        .await;
    daemon.changed();
    Ok(Json(answer(&applied?, &[])))
}
