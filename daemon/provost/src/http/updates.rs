//! `/v1/update-requests…`: site refreshes and version updates that were asked for, and where they stand.

use axum::extract::State;
use provost_core::decision::Decision;
use provost_core::id::{DistrictId, UpdateId};
use provost_core::update::{UpdateKind, UpdateRequest, UpdateState};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Params};
use super::caller::Caller;
use super::page::{PageOf, Paging};
use super::problem::Problem;
use super::shapes;
use super::text::Text;
use super::work::{Answer, read, word_in_reach, write};
use crate::daemon::Daemon;
use crate::flow::update::{self, Asking};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(submit))
        .routes(routes!(advance))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only those of this district.
    #[param(value_type = Option<String>)]
    district: Option<DistrictId>,
    /// Only those that are `requested`, `accepted`, `done`, `declined` or `withdrawn`.
    #[param(value_type = Option<String>)]
    state: Option<UpdateState>,
}

/// Requests for updates, by id.
#[utoipa::path(get, path = "/v1/update-requests", tag = "update requests", params(Which, Paging),
    security(("token" = ["desk"]), ("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "by id", body = PageOf<shapes::UpdateRequest>)))]
async fn list(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(of): Params<Which>,
    Params(paging): Params<Paging>,
) -> Answer<PageOf<UpdateRequest>> {
    caller.must_reach(of.district.as_ref())?;
    let rows = paging.rows()?;
    let after = paging.from(|cursor| UpdateId::new(cursor).ok())?;
    read(daemon, move |daemon| {
        let after = after.as_ref().map_or("", UpdateId::as_str);
        let register = daemon.store.read()?;
        let district = of.district.as_ref();
        let requests = register.update_requests_page(district, of.state, after, rows)?;
        let cursor = |request: &UpdateRequest| request.id.to_string();
        Ok(PageOf::of(requests, rows, cursor, |request| request))
    })
    .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfId {
    /// Which request.
    #[param(value_type = String)]
    id: UpdateId,
}

/// One request for an update.
#[utoipa::path(get, path = "/v1/update-requests/one", tag = "update requests", params(OfId),
    security(("token" = ["desk"]), ("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "the request", body = shapes::UpdateRequest)))]
async fn one(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(of): Params<OfId>,
) -> Answer<UpdateRequest> {
    reach(&daemon, &caller, &of.id).await?;
    read(daemon, move |daemon| {
        update::one(&daemon.store.read()?, &of.id)
    })
    .await
}

/// A request that is made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUpdateRequest {
    /// The portal's id of the request.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: UpdateId,
    #[schema(value_type = String)]
    district: DistrictId,
    /// `sandbox-refresh`, `staging-refresh` or `version-update`.
    #[schema(value_type = String)]
    kind: UpdateKind,
    /// Who asks: the technical contact.
    by: String,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
struct UpdateAnswer {
    /// The request.
    #[schema(value_type = shapes::UpdateRequest)]
    request: UpdateRequest,
    /// The decision that allows it.
    #[schema(value_type = shapes::Decision)]
    decision: Decision,
}

/// Asks for an update. Rules: `update.technical`, `update.version`, `update.not-applicable`, `update.group-process`.
#[utoipa::path(post, path = "/v1/update-requests/submit", tag = "update requests", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = NewUpdateRequest,
    responses((status = 200, description = "the request", body = UpdateAnswer)))]
async fn submit(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(new): Body<NewUpdateRequest>,
) -> Answer<UpdateAnswer> {
    caller.must_reach(Some(&new.district))?;
    let asking = Asking {
        by: word_in_reach(&daemon, &caller, Some(&new.by)).await?,
        id: new.id,
        district: new.district,
        kind: new.kind,
    };
    write(daemon, move |daemon| {
        let (request, decision) = daemon.scene(|scene| update::submit(scene, &asking))?;
        Ok(UpdateAnswer { request, decision })
    })
    .await
}

/// A request that moves on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateStep {
    #[schema(value_type = String)]
    id: UpdateId,
    /// `accepted`, `done`, `declined` by the vendor's support desk; `withdrawn` also by the technical contact.
    #[schema(value_type = String)]
    to: UpdateState,
    /// Why; a request is declined for a reason.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 4096)]
    reason: Option<Text>,
    /// Who does it: a person, or `agent=ID`; the caller as an agent if left out.
    by: Option<String>,
}

/// Moves a request on: accepted, done, declined or withdrawn.
#[utoipa::path(post, path = "/v1/update-requests/advance", tag = "update requests", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = UpdateStep,
    responses((status = 200, description = "the request as it stands", body = shapes::UpdateRequest)))]
async fn advance(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(wanted): Body<UpdateStep>,
) -> Answer<UpdateRequest> {
    reach(&daemon, &caller, &wanted.id).await?;
    let by = word_in_reach(&daemon, &caller, wanted.by.as_deref()).await?;
    write(daemon, move |daemon| {
        let reason = wanted.reason.as_ref().map(|reason| reason.0.as_str());
        daemon.scene(|scene| update::moved(scene, &wanted.id, wanted.to, reason, &by))
    })
    .await
}

/// The caller may act in the district of the request. One that nobody knows is the flow's to refuse, but only callers
/// of all districts learn that it is not there.
async fn reach(daemon: &Arc<Daemon>, caller: &Caller, id: &UpdateId) -> Result<(), Problem> {
    let id = id.clone();
    let axum::Json(request) = read(Arc::clone(daemon), move |daemon| {
        Ok(daemon.store.read()?.update_request(&id)?)
    })
    .await?;
    caller.must_know(request.as_ref().map(|request| &request.district))
}
