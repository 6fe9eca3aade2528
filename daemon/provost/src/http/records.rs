//! `/v1/decisions…`: decisions on record, and one of them made again.

use axum::Json;
use axum::extract::State;
use provost_core::decision::Decision;
use provost_core::id::DistrictId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Params};
use super::caller::Caller;
use super::page::{PageOf, Paging};
use super::problem::Problem;
use super::shapes;
use super::work::{Answer, person_in_reach, read};
use crate::daemon::Daemon;
use crate::flow::record::{self, Replayed};
use crate::store::{DecisionFilter, DecisionLine, Page, Recorded};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(replay))
}

/// A decision on record.
#[derive(Debug, Serialize, ToSchema)]
struct RecordRow {
    id: u64,
    /// When it was made first.
    #[schema(format = DateTime)]
    at: String,
    /// When it was made last: the same question, asked again within a moment and answered alike, is one record.
    #[schema(format = DateTime)]
    last: String,
    times: u64,
    #[schema(value_type = Option<String>, required = true)]
    district: Option<DistrictId>,
    subject: String,
    action: String,
    resource: String,
    decision: bool,
    /// The codes that decided.
    reasons: Vec<String>,
    /// The register's revision that it was made on.
    revision: u64,
    /// It can be made again: what the rules saw was kept.
    replayable: bool,
}

impl From<DecisionLine> for RecordRow {
    fn from(of: DecisionLine) -> Self {
        Self {
            id: of.id,
            at: of.at.to_string(),
            last: of.last.to_string(),
            times: of.times,
            district: of.district,
            subject: of.subject,
            action: of.action,
            resource: of.resource,
            decision: of.allowed,
            reasons: of.reasons,
            revision: of.revision,
            replayable: of.replayable,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only those about this district.
    #[param(value_type = Option<String>)]
    district: Option<DistrictId>,
    /// Only those for which this person was looked at.
    person: Option<String>,
    /// Only those that allowed (`true`) or denied (`false`).
    decision: Option<bool>,
}

/// Decisions on record, newest first.
#[utoipa::path(get, path = "/v1/decisions", tag = "decisions", params(Which, Paging),
    security(("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "newest first", body = PageOf<RecordRow>)))]
async fn list(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(which): Params<Which>,
    Params(paging): Params<Paging>,
) -> Answer<PageOf<RecordRow>> {
    caller.must_reach(which.district.as_ref())?;
    let page = Page {
        before: paging.from(|cursor| cursor.parse().ok())?,
        rows: paging.rows()?,
    };
    let person = match which.person {
        Some(reference) => Some(person_in_reach(&daemon, &caller, reference).await?.id),
        None => None,
    };
    let filter = DecisionFilter {
        person,
        district: which.district,
        allowed: which.decision,
    };
    read(daemon, move |daemon| {
        let found = daemon.store.read()?.decisions(&filter, page)?;
        let cursor = |of: &DecisionLine| of.id.to_string();
        Ok(PageOf::of(found, page.rows, cursor, RecordRow::from))
    })
    .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfId {
    /// The decision's number.
    id: u64,
}

/// A decision with everything that the rules saw.
#[derive(Debug, Serialize, ToSchema)]
struct RecordInFull {
    #[serde(flatten)]
    row: RecordRow,
    /// The question.
    #[schema(value_type = Object)]
    request: Value,
    /// What the rules saw; null if it was too much to be kept.
    #[schema(value_type = Option<Object>, required = true)]
    input: Value,
    /// Edition plugins that had a say, with their SHA-256.
    #[schema(value_type = Object)]
    plugins: Value,
    /// Version of the core's rules.
    rules: String,
    /// The answer.
    #[schema(value_type = shapes::Decision)]
    answer: Decision,
}

/// One decision with everything that the rules saw.
#[utoipa::path(get, path = "/v1/decisions/one", tag = "decisions", params(OfId),
    security(("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "the decision", body = RecordInFull)))]
async fn one(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(of): Params<OfId>,
) -> Answer<RecordInFull> {
    let Recorded { line, record } = found(&daemon, &caller, of.id).await?;
    let json = |value: Result<Value, serde_json::Error>| value.unwrap_or_default();
    Ok(Json(RecordInFull {
        row: line.into(),
        request: json(serde_json::to_value(&record.request)),
        input: json(serde_json::to_value(&record.input)),
        plugins: json(serde_json::to_value(&record.plugins)),
        rules: record.rules,
        answer: record.decision,
    }))
}

/// The decision, if the caller may see every district that it tells something of. Only callers of all districts learn
/// that there is none.
async fn found(daemon: &Arc<Daemon>, caller: &Caller, id: u64) -> Result<Recorded, Problem> {
    let found = read(Arc::clone(daemon), move |daemon| {
        daemon.scene(|scene| record::find(scene, id))
    })
    .await;
    match found {
        Ok(Json(found)) => {
            caller.must_know(found.line.district.as_ref())?;
            match found.record.districts() {
                Some(districts) => districts
                    .into_iter()
                    .try_for_each(|district| caller.must_know(Some(district)))?,
                None => caller.must_know(None)?,
            }
            Ok(found)
        }
        Err(problem) => {
            caller.must_know(None)?;
            Err(problem)
        }
    }
}

/// Which decision to make again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Replay {
    id: u64,
}

/// What it came to then and comes to now.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "the flow makes the answer")]
struct ReplayedShape {
    same: bool,
    then: shapes::Decision,
    now: shapes::Decision,
    /// Versions of the core's rules, then and now.
    rules: Vec<String>,
    /// Plugins that are other ones now, with their hash then and now.
    #[schema(value_type = Object)]
    plugins: Value,
}

/// Makes a decision again, of what the rules saw then. Changes nothing and is not recorded.
#[utoipa::path(post, path = "/v1/decisions/replay", tag = "decisions", security(("token" = ["audit"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = Replay,
    responses((status = 200, description = "both answers", body = ReplayedShape)))]
async fn replay(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(again): Body<Replay>,
) -> Answer<Replayed> {
    found(&daemon, &caller, again.id).await?;
    read(daemon, move |daemon| {
        daemon.scene(|scene| record::replay(scene, again.id))
    })
    .await
}
