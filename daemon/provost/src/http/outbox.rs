//! `/v1/notices/retry|approve|refuse`: an operator's word about notices.

use axum::Json;
use axum::extract::State;
use provost_core::change::Actor;
use provost_core::id::{DistrictId, NoticeId};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::Caller;
use super::problem::Problem;
use super::work::{Answer, read, write};
use crate::daemon::Daemon;
use crate::flow::approval::{self, Answered, Word};
use crate::flow::retry::{self, Retried};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(again))
        .routes(routes!(approve))
        .routes(routes!(refuse))
}

/// Which notices are tried again: one, or all that were given up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Again {
    /// This one.
    #[schema(value_type = Option<String>)]
    id: Option<NoticeId>,
    /// All that were given up.
    #[serde(default)]
    failed: bool,
    /// Only those of this district.
    #[schema(value_type = Option<String>)]
    district: Option<DistrictId>,
}

/// Tries notices again at once. One that was accepted or is no longer wanted is a conflict.
#[utoipa::path(post, path = "/v1/notices/retry", tag = "notices", request_body = Again,
    security(("token" = ["admin"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "what was done", body = Retried)))]
async fn again(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(again): Body<Again>,
) -> Answer<Retried> {
    let by = Actor::Operator(caller.name.clone());
    match (again.id, again.failed) {
        (Some(id), false) => {
            let which = id.clone();
            let Json(district) = read(Arc::clone(&daemon), move |daemon| {
                let found = daemon.store.read()?.notice(&which)?;
                Ok(found.map(|(found, _)| found.notice.district))
            })
            .await?;
            caller.must_know(district.as_ref())?;
            write(daemon, move |daemon| {
                daemon.scene(|scene| retry::one(scene, &id, &by))
            })
            .await
        }
        (None, true) => {
            caller.must_reach(again.district.as_ref())?;
            write(daemon, move |daemon| {
                daemon.scene(|scene| retry::failed(scene, again.district.as_ref(), &by))
            })
            .await
        }
        _ => Err(Problem::bad_request(
            "try notices again",
            "give either an id or \"failed\": true",
        )),
    }
}

/// For which of the notices that wait the word is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ForThese {
    /// Only those of this district.
    #[schema(value_type = Option<String>)]
    district: Option<DistrictId>,
    /// Only if exactly those wait that were looked at: the hash that the status shows.
    hash: Option<String>,
}

/// Lets a mass of notices go out.
#[utoipa::path(post, path = "/v1/notices/approve", tag = "notices", request_body = ForThese,
    security(("token" = ["admin"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "what was done", body = Answered)))]
async fn approve(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(these): Body<ForThese>,
) -> Answer<Answered> {
    answer(daemon, caller, Word::Approve, these).await
}

/// Takes a mass of notices back. Their stages are looked at again a day later.
#[utoipa::path(post, path = "/v1/notices/refuse", tag = "notices", request_body = ForThese,
    security(("token" = ["admin"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "what was done", body = Answered)))]
async fn refuse(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(these): Body<ForThese>,
) -> Answer<Answered> {
    answer(daemon, caller, Word::Refuse, these).await
}

async fn answer(
    daemon: Arc<Daemon>,
    caller: Caller,
    word: Word,
    these: ForThese,
) -> Answer<Answered> {
    caller.must_reach(these.district.as_ref())?;
    let by = Actor::Operator(caller.name);
    write(daemon, move |daemon| {
        let (district, hash) = (these.district.as_ref(), these.hash.as_deref());
        daemon.scene(|scene| approval::answer(scene, word, &by, district, hash))
    })
    .await
}
