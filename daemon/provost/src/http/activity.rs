//! `/v1/activity`: events that show a contact is alive.

use axum::extract::State;
use provost_core::Timestamp;
use provost_core::change::Actor;
use provost_core::contact::{Activity, ActivityKind};
use provost_core::id::EventId;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::Caller;
use super::problem::Problem;
use super::shapes;
use super::work::{Answer, person_of, write};
use crate::daemon::Daemon;
use crate::flow::{self, activity::Recorded};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default().routes(routes!(record))
}

/// An activity event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Event {
    /// Who was active.
    person: String,
    #[schema(value_type = shapes::ActivityKind)]
    kind: ActivityKind,
    /// When it occurred; now if left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// An id under which the event counts once; made of the rest if left out.
    #[schema(value_type = Option<String>)]
    id: Option<EventId>,
}

/// Records one event.
#[utoipa::path(post, path = "/v1/activity", tag = "activity", security(("token" = ["activity"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = Event,
    responses((status = 200, description = "what became of it", body = shapes::Recorded)))]
async fn record(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(event): Body<Event>,
) -> Answer<Recorded> {
    let occurred = event.at.unwrap_or_else(|| daemon.ports.clock.now());
    let person = person_of(&daemon, event.person).await?;
    caller.must_reach(Some(&person.district))?;
    let id = match event.id {
        Some(id) => id,
        None => EventId::new(format!("{}:{}:{occurred}", person.id, event.kind.word()))
            .map_err(|why| Problem::bad_request("name the activity event", why.to_string()))?,
    };
    let activity = Activity {
        id,
        person: person.id,
        kind: event.kind,
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
