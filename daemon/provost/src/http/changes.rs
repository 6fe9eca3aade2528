//! `/v1/changes`: the register's changes in order, as pages or as server-sent events.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use provost_core::change::Change;
use provost_core::id::DistrictId;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::audit::Line;
use super::body::Params;
use super::caller::Caller;
use super::page;
use super::problem::Problem;
use super::work::read;
use crate::daemon::Daemon;
use crate::flow::changes::{self, Piece};
use crate::store::Entry;

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default().routes(routes!(feed))
}

/// Programs that follow the register at once; each holds a connection and up to a page of changes in memory.
const FOLLOWERS_MAX: usize = 64;

/// A follower that is told nothing for so long is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Life of a stream. The follower comes again with `Last-Event-ID`, and with credentials that are looked at again.
const STREAM_TIME: Duration = Duration::from_secs(15 * 60);

/// A follower looks for itself so often, should it not be woken.
const LOOK: Duration = Duration::from_secs(5);

/// Changes that a stream reads at once.
const STREAM_ROWS: usize = 100;

static FOLLOWERS: std::sync::LazyLock<Arc<Semaphore>> =
    std::sync::LazyLock::new(|| Arc::new(Semaphore::new(FOLLOWERS_MAX)));

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct After {
    /// Only changes after this number.
    #[serde(default)]
    #[param(default = 0)]
    after: u64,
    /// Changes looked at for a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
}

/// A change of the register.
#[derive(Debug, Serialize, ToSchema)]
struct RegisterChange {
    #[serde(flatten)]
    line: Line,
    /// The thing before and after; null once the person was erased.
    #[schema(value_type = Option<Object>, required = true)]
    change: Option<Change>,
}

impl From<Entry> for RegisterChange {
    fn from(entry: Entry) -> Self {
        let (line, change) = Line::of(entry);
        Self { line, change }
    }
}

/// A piece of the feed.
#[derive(Debug, Serialize, ToSchema)]
struct Changes {
    items: Vec<RegisterChange>,
    /// The `after` of the next piece, also when there is nothing more yet.
    next: u64,
    /// There is more already.
    more: bool,
}

impl From<Piece> for Changes {
    fn from(piece: Piece) -> Self {
        Self {
            items: piece
                .changes
                .into_iter()
                .map(RegisterChange::from)
                .collect(),
            next: piece.next,
            more: piece.more,
        }
    }
}

/// The register's changes in order. With `Accept: text/event-stream` they go on as they happen: `id` is the number of
/// the change, and `Last-Event-ID` goes before `after`. A stream ends after a quarter of an hour; come again.
#[utoipa::path(get, path = "/v1/changes", tag = "audit", params(After),
    security(("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "changes after that number", content(
        (Changes = "application/json"), (String = "text/event-stream")))))]
async fn feed(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    headers: HeaderMap,
    Params(from): Params<After>,
) -> Result<Response, Problem> {
    let rows = page::rows(from.limit)?;
    if i64::try_from(from.after).is_err() {
        let why = "no change has a number as great as that";
        return Err(Problem::bad_request("read the query", why).with("field", "after".into()));
    }
    let districts = caller.reach();
    if wants_events(&headers) {
        let after = last_event(&headers)?.unwrap_or(from.after);
        return follow(daemon, districts, after);
    }
    let Json(piece) = read(daemon, move |daemon| {
        changes::after(
            &daemon.store.read()?,
            from.after,
            rows,
            districts.as_deref(),
        )
    })
    .await?;
    Ok(Json(Changes::from(piece)).into_response())
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT);
    accepted
        .and_then(|kinds| kinds.to_str().ok())
        .is_some_and(|kinds| kinds.contains("text/event-stream"))
}

fn last_event(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(id) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let number = id.to_str().ok().and_then(|id| id.parse().ok());
    number.map(Some).ok_or_else(|| {
        let why = "it must be the number of a change";
        Problem::bad_request("read Last-Event-ID", why).with("field", "Last-Event-ID".into())
    })
}

/// A program that follows the register.
struct Follower {
    daemon: Arc<Daemon>,
    districts: Option<Vec<DistrictId>>,
    after: u64,
    waiting: VecDeque<Entry>,
    commits: watch::Receiver<()>,
    until: tokio::time::Instant,
    _place: OwnedSemaphorePermit,
}

fn follow(
    daemon: Arc<Daemon>,
    districts: Option<Vec<DistrictId>>,
    after: u64,
) -> Result<Response, Problem> {
    let place = Arc::clone(&FOLLOWERS).try_acquire_owned().map_err(|_| {
        let why = format!("{FOLLOWERS_MAX} programs follow already");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "follow the register", why)
    })?;
    let follower = Follower {
        commits: daemon.commits(),
        daemon,
        districts,
        after,
        waiting: VecDeque::new(),
        until: tokio::time::Instant::now() + STREAM_TIME,
        _place: place,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Ok(Sse::new(events).keep_alive(keep_alive).into_response())
}

impl Follower {
    /// The next change as an event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(entry) = self.waiting.pop_front() {
                let id = entry.seq.to_string();
                let event = Event::default().id(id).event("change");
                return event.json_data(RegisterChange::from(entry)).ok();
            }
            if tokio::time::Instant::now() >= self.until {
                return None;
            }
            self.commits.mark_unchanged();
            if !self.look().await? {
                tokio::select! {
                    () = self.daemon.stopping.cancelled() => return None,
                    changed = self.commits.changed() => changed.ok()?,
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        }
    }

    /// Reads on; says whether there was anything to read.
    async fn look(&mut self) -> Option<bool> {
        let (after, districts) = (self.after, self.districts.clone());
        let piece = read(Arc::clone(&self.daemon), move |daemon| {
            changes::after(
                &daemon.store.read()?,
                after,
                STREAM_ROWS,
                districts.as_deref(),
            )
        });
        let Json(piece) = piece.await.ok()?;
        let found = piece.next > self.after;
        self.after = piece.next;
        self.waiting.extend(piece.changes);
        Some(found)
    }
}
