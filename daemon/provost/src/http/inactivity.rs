//! `/v1/sweep…`, `/v1/forecast`: who has gone quiet, and what follows.

use axum::extract::State;
use provost_core::Timestamp;
use provost_core::change::{Actor, Change};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Params;
use super::caller::Caller;
use super::shapes;
use super::work::{Answer, read, write};
use crate::daemon::Daemon;
use crate::flow::{self, FlowError, Refusal};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(sweep_plan))
        .routes(routes!(sweep_run))
        .routes(routes!(forecast))
}

/// What a sweep would do.
#[derive(Debug, Serialize, ToSchema)]
struct SweepPlan {
    /// Hash of the plan.
    hash: String,
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Change>,
    /// One line a change, for people.
    lines: Vec<String>,
}

/// What a sweep would do now.
#[utoipa::path(post, path = "/v1/sweep/plan", tag = "inactivity", security(("token" = ["audit"])),
    responses((status = 200, description = "the plan", body = SweepPlan)))]
async fn sweep_plan(State(daemon): State<Arc<Daemon>>) -> Answer<SweepPlan> {
    read(daemon, |daemon| {
        let register = daemon.store.read()?;
        let plan = daemon.scene(|scene| flow::sweep::plan(scene, &register, Actor::Timer))?;
        Ok(SweepPlan {
            hash: plan.hash(),
            lines: plan.changes.iter().map(ToString::to_string).collect(),
            changes: plan.changes,
        })
    })
    .await
}

/// What a sweep did.
#[derive(Debug, Serialize, ToSchema)]
struct Swept {
    /// How many changes were committed.
    changes: usize,
}

/// Does what is due now.
#[utoipa::path(post, path = "/v1/sweep/run", tag = "inactivity", security(("token" = ["admin"])),
    responses((status = 200, description = "what was committed", body = Swept)))]
async fn sweep_run(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Swept> {
    write(daemon, move |daemon| {
        let reading = daemon.ports.clock.reading();
        let Some(now) = flow::clock::watch(&daemon.store, reading)? else {
            return Err(frozen());
        };
        let actor = Actor::Operator(caller.name.clone());
        let changes =
            daemon.scene(|scene| flow::sweep::run(flow::Scene { now, ..scene }, &actor))?;
        Ok(Swept { changes })
    })
    .await
}

/// Nothing becomes due by a clock that is not believed. Rule: domain §3, clock.
fn frozen() -> FlowError {
    let why = "the wall clock is not believed: look at `provost clock status`, and set it right";
    FlowError::Refused {
        what: "sweep".to_owned(),
        source: Refusal::because(why),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Days {
    /// How many days to look ahead.
    #[param(minimum = 0, maximum = 65535)]
    days: u16,
}

/// Who will reach which stage on which day if nothing happens.
#[utoipa::path(get, path = "/v1/forecast", tag = "inactivity", params(Days),
    security(("token" = ["desk"]), ("token" = ["audit"])),
    responses((status = 200, description = "every stage, by time", body = Vec<shapes::Ahead>)))]
async fn forecast(
    State(daemon): State<Arc<Daemon>>,
    Params(Days { days }): Params<Days>,
) -> Answer<Vec<flow::forecast::Ahead>> {
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
