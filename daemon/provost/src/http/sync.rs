//! `/v1/sync…`: what a directory says, what follows from it, and doing that.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use provost_core::Timestamp;
use provost_core::directory::Entry;
use provost_core::id::SourceId;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Params};
use super::caller::Caller;
use super::problem::Problem;
use super::shapes;
use super::work::{Answer, write};
use crate::config::source::Source;
use crate::daemon::{Daemon, blocking};
use crate::flow::sync::{
    Approval, Explanation, Extent, Line, Lines, Liveness, Probe, Report, SourceState, SyncError,
};
use crate::flow::{FlowError, districts};
use crate::store::Lookup;

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(status))
        .routes(routes!(plan))
        .routes(routes!(apply))
        .routes(routes!(probe))
        .routes(routes!(explain))
}

impl From<SyncError> for Problem {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Store(source) => FlowError::from(source).into(),
            SyncError::Commit(source) => FlowError::from(source).into(),
            SyncError::Busy { .. } => Self::from_error(StatusCode::CONFLICT, &error),
            SyncError::Interrupted => Self::from_error(StatusCode::SERVICE_UNAVAILABLE, &error),
            // The directory, not the daemon, is what fails here.
            _ => Self::from_error(StatusCode::BAD_GATEWAY, &error),
        }
    }
}

/// State of every source, for `status`.
pub(super) async fn states(daemon: &Daemon) -> Result<Vec<Value>, Problem> {
    let mut rows = Vec::new();
    for source in daemon.config().config.sources.values() {
        let state = daemon.syncs.status(&source.id).await?;
        let reading = daemon.syncs.progress(&source.id);
        let live = daemon.syncs.liveness(&source.id);
        let now = daemon.ports.clock.now();
        rows.push(row(source, state, live, reading, now));
    }
    Ok(rows)
}

fn row(
    source: &Source,
    state: SourceState,
    live: Option<Liveness>,
    reading: Option<u64>,
    now: Timestamp,
) -> Value {
    let fresh = state.freshness(source, now);
    let outcome = match (&state.error, &state.unapplied, &state.applied) {
        (Some(_), _, _) => "failed",
        (None, Some(_), _) => "not applied",
        (None, None, Some(_)) => "applied",
        (None, None, None) => "never read",
    };
    let concerns: Vec<_> = state
        .latest
        .iter()
        .flat_map(|summary| &summary.concerns)
        .map(ToString::to_string)
        .collect();
    let follows = live.as_ref().is_some_and(|live| live.following);
    let rounds = state.reads_changes_by().or(state.read.map(|_| "full"));
    let mode = if follows { Some("live") } else { rounds };
    json!({
        "source": source.id,
        "district": source.district,
        "mode": mode,
        "live": live,
        "last-complete-read": state.read,
        "last-answer": state.answered,
        "last-extent": state.extent,
        "last-applied": state.applied,
        "last-change": state.changed,
        "last-verified": state.verified,
        "missed-by-incremental": state.missed,
        "missed-by-incremental-last": state.missed_last,
        "everything-because": state.because,
        "cookie": if state.keeps_cookie() { "kept" } else { "none" },
        "age-seconds": fresh.age.map(|age| age.as_secs()),
        "next-due": fresh.next_due,
        "overdue": fresh.overdue,
        "tried": state.tried,
        "reading": reading,
        "people": state.summary.as_ref().map(|summary| summary.read),
        "outcome": outcome,
        "waiting-plan": state.unapplied,
        "why": state.error.or_else(|| (!concerns.is_empty()).then(|| concerns.join("; "))),
        "summary": state.latest,
        "remarks": source.remarks(),
    })
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
    /// Read everything, even where changes alone would do.
    #[serde(default)]
    full: bool,
}

impl SyncRequest {
    fn extent(&self) -> Extent {
        if self.full {
            Extent::Everything
        } else {
            Extent::Changes
        }
    }
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
        "extent": report.extent,
        "because": report.because,
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
    let extent = asked.extent();
    let source = source_of(&daemon, asked.source)?;
    let feed = daemon.config().feed_of(&source.district);
    let (lines, shown) = collecting();
    let report = daemon
        .syncs
        .plan(&source, feed, daemon.ports.clock.now(), extent, lines)
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
    let extent = asked.extent();
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
        .apply(&source, feed, daemon.ports.clock.now(), extent, approval)
        .await;
    let report = match applied {
        Ok(report) => report,
        Err(error) => {
            daemon.changed();
            return Err(error.into());
        }
    };
    write(daemon, move |daemon| {
        daemon.scene(|scene| districts::synced(scene, &report))?;
        Ok(answer(&report, &[]))
    })
    .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ProbeParams {
    /// Which source; may be left out where there is only one.
    #[param(value_type = Option<String>)]
    source: Option<SourceId>,
}

/// What server a source has, how it is read and why.
#[utoipa::path(get, path = "/v1/sync/probe", tag = "directory", security(("token" = ["audit"])),
    params(ProbeParams), responses((status = 200, description = "what was found", body = shapes::SyncProbe)))]
async fn probe(
    State(daemon): State<Arc<Daemon>>,
    Params(asked): Params<ProbeParams>,
) -> Answer<Value> {
    let source = source_of(&daemon, asked.source)?;
    let probe = daemon.syncs.probe(&source).await?;
    Ok(Json(probed(&source, &probe)))
}

fn probed(source: &Source, probe: &Probe) -> Value {
    let server = &probe.server;
    json!({
        "source": source.id,
        "server": server.address,
        "identity": source.bind.identity(),
        "profile": server.root.vendor.word(),
        "profile-because": server.root.because,
        "mode": server.way.word(),
        "mode-because": server.way.because,
        "id-attribute": server.id.name,
        "controls": server.root.controls,
        "naming-contexts": server.root.contexts,
        "schema": probe.schema.as_deref().unwrap_or("everything that is asked for is defined"),
        "schema-ok": probe.schema.is_none(),
        "page-size": source.page_size,
        "paged": probe.sample.paged,
        "first-page": probe.sample.entries,
        "first-page-said": probe.sample.said,
        "quirks": probe.quirks.iter().map(|quirk| json!({
            "name": quirk.name,
            "found": quirk.found,
        })).collect::<Vec<_>>(),
        "remarks": source.remarks(),
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExplainParams {
    /// A reference to a person, a distinguished name, a stable id or a username.
    about: String,
    /// Which source; may be left out where there is only one, or where the register knows the person.
    #[param(value_type = Option<String>)]
    source: Option<SourceId>,
}

/// What a directory says of somebody now, how it is mapped, what follows and why.
#[utoipa::path(get, path = "/v1/sync/explain", tag = "directory", security(("token" = ["audit"])),
    params(ExplainParams), responses((status = 200, description = "both sides and what follows", body = shapes::SyncExplanation)))]
async fn explain(
    State(daemon): State<Arc<Daemon>>,
    Params(asked): Params<ExplainParams>,
) -> Answer<Value> {
    let of = match asked.source {
        Some(source) => Some(source),
        None => source_behind(&daemon, asked.about.clone()).await?,
    };
    let source = source_of(&daemon, of)?;
    let feed = daemon.config().feed_of(&source.district);
    let now = daemon.ports.clock.now();
    let explained = daemon
        .syncs
        .explain(&source, feed, now, &asked.about)
        .await?;
    let explanation = explained.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            format!("explain `{}`", asked.about),
            "neither the directory nor the register knows it",
        )
    })?;
    Ok(Json(explained_as(&source, &explanation)))
}

/// The source that answers for a person of the register; `None` for nobody that it knows.
async fn source_behind(daemon: &Arc<Daemon>, about: String) -> Result<Option<SourceId>, Problem> {
    let asked = Arc::clone(daemon);
    let found = blocking(move || Ok(asked.store.read()?.find_person(&about, None)?)).await?;
    Ok(match found {
        Lookup::One(person) => person.directory.map(|link| link.source),
        Lookup::None | Lookup::Many(_) => None,
    })
}

fn explained_as(source: &Source, explanation: &Explanation) -> Value {
    let lines = explanation.lines.iter().map(ToString::to_string);
    json!({
        "source": source.id,
        "server": explanation.server,
        "stable-id": explanation.stable_id,
        "dn": explanation.entry.as_ref().map(|entry| &entry.dn),
        "read": explanation.entry.as_ref().map(shown),
        "mapped": explanation.theirs,
        "absence": explanation.absence,
        "register": explanation.ours,
        "follows": lines.collect::<Vec<_>>(),
        "lists-read": explanation.lists_read,
    })
}

/// Attributes as they came; bytes that are no text are named as such.
fn shown(entry: &Entry) -> serde_json::Map<String, Value> {
    let text = |value: &Vec<u8>| match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("({} bytes that are no text)", value.len()),
    };
    let attributes = entry.attributes.iter();
    attributes
        .map(|attribute| {
            let values: Vec<_> = attribute.values.iter().map(text).collect();
            (attribute.name.clone(), json!(values))
        })
        .collect()
}
