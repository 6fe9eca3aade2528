//! `/v1/feeds…`: where activity comes from, and how far each feed has come.

use axum::Json;
use axum::extract::{Path, State};
use provost_core::Timestamp;
use provost_core::change::Actor;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::Caller;
use super::work::{Answer, read, write};
use crate::daemon::Daemon;
use crate::flow;
use crate::flow::feed::{Advance, Progress};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(watermark))
}

/// A configured feed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Feed {
    feed: String,
    district: String,
    /// The moment up to which its events are complete; null if it has never said.
    #[schema(format = DateTime)]
    watermark: Option<String>,
    /// How far it is behind.
    lag_seconds: Option<i64>,
    /// How far it may be behind.
    max_lag_seconds: i64,
    /// It is further behind, or has never reported.
    stale: bool,
}

impl From<Progress> for Feed {
    fn from(progress: Progress) -> Self {
        Self {
            feed: progress.feed,
            district: progress.district.to_string(),
            watermark: progress.watermark,
            lag_seconds: progress.lag_seconds,
            max_lag_seconds: progress.max_lag_seconds,
            stale: progress.stale,
        }
    }
}

/// Every configured feed with how far it has come.
#[utoipa::path(get, path = "/v1/feeds", tag = "activity",
    security(("token" = ["activity"]), ("token" = ["desk"]), ("token" = ["audit"])),
    responses((status = 200, description = "the feeds", body = Vec<Feed>)))]
async fn list(State(daemon): State<Arc<Daemon>>) -> Answer<Vec<Feed>> {
    read(daemon, |daemon| {
        let feeds = daemon.scene(flow::feed::list)?;
        Ok(feeds.into_iter().map(Feed::from).collect())
    })
    .await
}

/// How far a feed has come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Watermark {
    /// Everything that happened before it has been sent.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// What became of a watermark.
#[derive(Debug, Serialize, ToSchema)]
struct Advanced {
    /// `moved`, or `older` if one as late is known.
    #[schema(value_type = String)]
    result: Advance,
}

/// Moves a feed's watermark; whoever waited for it is due at once. It never goes back, nor into the future.
#[utoipa::path(post, path = "/v1/feeds/{id}/watermark", tag = "activity", security(("token" = ["activity"])),
    params(("id" = String, Path, description = "the feed")),
    extensions(("x-provost-per-district" = json!(true))), request_body = Watermark,
    responses((status = 200, description = "what became of it", body = Advanced)))]
async fn watermark(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Path(id): Path<String>,
    Body(Watermark { at }): Body<Watermark>,
) -> Answer<Advanced> {
    let live = daemon.config();
    let known = flow::feed::configured(&live, &id).ok();
    caller.must_know(known.map(|feed| &feed.district))?;
    let Json(result) = write(daemon, move |daemon| {
        let actor = Actor::Operator(caller.name.clone());
        daemon.scene(|scene| flow::feed::advance(scene, &id, at, &actor))
    })
    .await?;
    Ok(Json(Advanced { result }))
}
