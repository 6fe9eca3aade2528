//! `/v1/activity`: events that show a contact is alive.

use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use provost_core::Timestamp;
use provost_core::change::Actor;
use provost_core::contact::{Activity, ActivityKind};
use provost_core::id::EventId;
use provost_core::limits::{ACTIVITY_BATCH_MAX, ACTIVITY_LINE_BYTES_MAX};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, Body};
use super::caller::Caller;
use super::problem::Problem;
use super::shapes;
use super::work::{Answer, person_in_reach, write};
use crate::daemon::Daemon;
use crate::flow::ingest::{Item, Sender, Sent, Verdict};
use crate::flow::{self, activity::Recorded};
use crate::spool::lines::{Format, Lines};

/// Bytes of a batch: as many items as it may have, each as long as one may be.
const BATCH_BYTES_MAX: usize = ACTIVITY_BATCH_MAX * ACTIVITY_LINE_BYTES_MAX;

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(record))
        .routes(routes!(batch))
        .layer(DefaultBodyLimit::max(BATCH_BYTES_MAX))
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
    /// The configured feed that brings it.
    feed: Option<String>,
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
    let person = person_in_reach(&daemon, &caller, event.person).await?;
    let id = match event.id {
        Some(id) => id,
        None => EventId::new(format!("{}:{}:{occurred}", person.id, event.kind.word()))
            .map_err(|why| Problem::bad_request("name the activity event", why.to_string()))?,
    };
    let feed = event.feed.as_deref();
    let feed = feed.map(|feed| {
        let live = daemon.config();
        let known = flow::feed::configured(&live, feed).ok();
        caller.must_know(known.map(|feed| &feed.district))?;
        flow::feed::bringing(&live, feed, &person.district).map_err(Problem::from)
    });
    let activity = Activity {
        id,
        person: person.id,
        kind: event.kind,
        occurred,
        feed: feed.transpose()?,
    };
    write(daemon, move |daemon| {
        daemon.scene(|scene| {
            flow::activity::record(scene, &activity, &Actor::Operator(caller.name.clone()))
        })
    })
    .await
}

/// The items of a batch, from a JSON array or from NDJSON; one that cannot be read is there with its reason.
struct Batch(Vec<Sent>);

impl FromRequest<Arc<Daemon>> for Batch {
    type Rejection = Problem;

    async fn from_request(request: Request, daemon: &Arc<Daemon>) -> Result<Self, Problem> {
        let kind = body::media_type(request.headers());
        let read = match kind.as_deref() {
            Some("application/json") => array,
            Some("application/x-ndjson") => lines,
            _ => {
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "read the batch",
                    "the content type must be application/json or application/x-ndjson",
                ));
            }
        };
        let items = read(&body::bytes(request, daemon).await?)?;
        if items.len() > ACTIVITY_BATCH_MAX {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "read the batch",
                format!("a batch has at most {ACTIVITY_BATCH_MAX} items; send the rest in another"),
            ));
        }
        Ok(Self(items))
    }
}

fn array(bytes: &[u8]) -> Result<Vec<Sent>, Problem> {
    let values: Vec<Value> = serde_json::from_slice(bytes)
        .map_err(|why| Problem::bad_request("read the batch", why.to_string()))?;
    let item = |(line, value)| Sent {
        line,
        item: Item::read(value),
    };
    Ok((1..).zip(values).map(item).collect())
}

fn lines(bytes: &[u8]) -> Result<Vec<Sent>, Problem> {
    Lines::new(bytes, Format::Ndjson)
        .chunk(ACTIVITY_BATCH_MAX + 1)
        .map_err(|why| Problem::bad_request("read the batch", why.to_string()))
}

/// One item of a batch: an event, or a feed's word that everything before its watermark has been sent.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "for the document alone: items are read one by one"
)]
struct BatchItem {
    /// Who was active: the register's id, username, `district/username`, `uuid:…`, `mail:…` or `tel:…`.
    person: Option<String>,
    #[schema(value_type = Option<shapes::ActivityKind>)]
    kind: Option<String>,
    /// When it occurred.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// An id under which the event counts once; made of the rest if left out.
    id: Option<String>,
    /// The configured feed that brings the event, or whose word it is.
    feed: Option<String>,
    /// With `feed` alone: everything before it has been sent.
    #[schema(format = DateTime)]
    watermark: Option<String>,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
struct Batched {
    /// How many items came to each result.
    counts: BTreeMap<&'static str, u64>,
    /// Every item, in the order sent.
    items: Vec<BatchedItem>,
}

/// What became of an item.
#[derive(Debug, Serialize, ToSchema)]
struct BatchedItem {
    /// Its place, from 1: the line of NDJSON, the number in an array.
    line: u64,
    /// The event's id, given or made.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// `counted`, `older`, `duplicate`, `rescinded` and `not-a-contact` are taken; `future`, `unknown-person`,
    /// `unknown-kind`, `malformed`, `held-back` and `refused` are not.
    #[schema(value_type = String)]
    result: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Records many events in one commit. Each item is answered by itself, and a bad one never spoils the rest. At most 1000
/// items, as a JSON array or as NDJSON.
#[utoipa::path(post, path = "/v1/activity/batch", tag = "activity", security(("token" = ["activity"])),
    extensions(("x-provost-per-district" = json!(true))),
    request_body(description = "items are read one by one, and one that is malformed is answered as such",
        content((Vec<Value> = "application/json"), (BatchItem = "application/x-ndjson"))),
    responses((status = 200, description = "what became of each item", body = Batched)))]
async fn batch(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Batch(sent): Batch,
) -> Answer<Batched> {
    write(daemon, move |daemon| {
        let sender = Sender {
            actor: Actor::Operator(caller.name.clone()),
            reach: caller.reach(),
            unreadable_before: false,
        };
        let taken = daemon.scene(|scene| flow::ingest::run(scene, &sent, &sender))?;
        let mut counts = BTreeMap::new();
        for taken in &taken {
            *counts.entry(taken.result.word()).or_default() += 1;
        }
        let items = taken.into_iter().map(|taken| BatchedItem {
            line: taken.line,
            id: taken.id,
            result: taken.result,
            why: taken.why,
        });
        Ok(Batched {
            counts,
            items: items.collect(),
        })
    })
    .await
}
