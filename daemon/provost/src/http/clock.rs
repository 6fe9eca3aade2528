//! `/v1/clock…`: the clock that transitions follow.

use axum::extract::State;
use provost_core::change::Actor;
use serde_json::Value;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::shapes;
use super::work::{Answer, read, write};
use crate::daemon::Daemon;
use crate::flow;

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(status))
        .routes(routes!(confirm))
}

/// Whether transitions run.
#[utoipa::path(get, path = "/v1/clock", tag = "clock", security(("token" = [])),
    responses((status = 200, description = "the clock", body = shapes::Clock)))]
async fn status(State(daemon): State<Arc<Daemon>>) -> Answer<Value> {
    read(daemon, |daemon| {
        flow::clock::status(&daemon.store, &daemon.ports.clock.reading())
    })
    .await
}

/// Says that the wall clock is right.
#[utoipa::path(post, path = "/v1/clock/confirm", tag = "clock", security(("token" = ["admin"])),
    responses((status = 200, description = "the clock, running", body = shapes::Clock)))]
async fn confirm(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Value> {
    write(daemon, move |daemon| {
        let actor = Actor::Operator(caller.name);
        let reading = daemon.ports.clock.reading();
        daemon.scene(|scene| flow::clock::confirm(scene, &actor, &reading))
    })
    .await
}
