//! `/v1/calls…`: who is on a call with the vendor's support, as far as the rules need it.

use axum::extract::State;
use provost_core::decision::Decision;
use provost_core::id::{CallId, DistrictId};
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
use super::work::{Answer, person_in_reach, read, word_in_reach, write};
use crate::daemon::Daemon;
use crate::flow::call::{self, Opening, Seen};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(open))
        .routes(routes!(join))
        .routes(routes!(leave))
        .routes(routes!(end))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfDistrict {
    /// Only those of this district.
    #[param(value_type = Option<String>)]
    district: Option<DistrictId>,
}

/// Calls, by id.
#[utoipa::path(get, path = "/v1/calls", tag = "calls", params(OfDistrict, Paging),
    security(("token" = ["desk"]), ("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "by id", body = PageOf<shapes::Call>)))]
async fn list(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(of): Params<OfDistrict>,
    Params(paging): Params<Paging>,
) -> Answer<PageOf<Seen>> {
    caller.must_reach(of.district.as_ref())?;
    let rows = paging.rows()?;
    let after = paging.from(|cursor| CallId::new(cursor).ok())?;
    read(daemon, move |daemon| {
        let after = after.as_ref().map_or("", CallId::as_str);
        let calls = call::page(&daemon.store.read()?, of.district.as_ref(), after, rows)?;
        let cursor = |seen: &Seen| seen.call.id.to_string();
        Ok(PageOf::of(calls, rows, cursor, |seen| seen))
    })
    .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfId {
    /// Which call.
    #[param(value_type = String)]
    id: CallId,
}

/// One call: who is on it, and where it stands at this moment.
#[utoipa::path(get, path = "/v1/calls/one", tag = "calls", params(OfId),
    security(("token" = ["desk"]), ("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "the call", body = shapes::Call)))]
async fn one(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(of): Params<OfId>,
) -> Answer<Seen> {
    reach(&daemon, &caller, &of.id).await?;
    read(daemon, move |daemon| {
        call::one(&daemon.store.read()?, &of.id)
    })
    .await
}

/// A call that begins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCall {
    /// The support desk's id of the call.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: CallId,
    #[schema(value_type = String)]
    district: DistrictId,
    /// Who calls: a contact of the district whom the desk has identified.
    person: String,
    /// Who records it: a person, or `agent=ID`; the caller if left out.
    by: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
struct CallAnswer {
    /// The call.
    #[schema(value_type = shapes::Call)]
    call: Seen,
    /// The decision that lets the person talk.
    #[schema(value_type = shapes::Decision)]
    decision: Decision,
}

/// Opens a call with its first person. Rules: `contact.only`, `call.accompanied`.
#[utoipa::path(post, path = "/v1/calls/open", tag = "calls", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = NewCall,
    responses((status = 200, description = "the call", body = CallAnswer)))]
async fn open(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(new): Body<NewCall>,
) -> Answer<CallAnswer> {
    caller.must_reach(Some(&new.district))?;
    let opening = Opening {
        by: word_in_reach(&daemon, &caller, new.by.as_deref()).await?,
        id: new.id,
        district: new.district,
        person: person_in_reach(&daemon, &caller, new.person)
            .await?
            .id
            .to_string(),
    };
    write(daemon, move |daemon| {
        let (call, decision) = daemon.scene(|scene| call::open(scene, &opening))?;
        Ok(CallAnswer { call, decision })
    })
    .await
}

/// Someone who comes or goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CallStep {
    #[schema(value_type = String)]
    id: CallId,
    /// Who.
    person: String,
    /// Who records it: a person, or `agent=ID`; the caller if left out.
    by: Option<String>,
}

/// Puts one more person on a call. Rules: `contact.only`, `call.accompanied`, `contact.third-party`.
#[utoipa::path(post, path = "/v1/calls/join", tag = "calls", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = CallStep,
    responses((status = 200, description = "the call", body = CallAnswer)))]
async fn join(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(step): Body<CallStep>,
) -> Answer<CallAnswer> {
    reach(&daemon, &caller, &step.id).await?;
    let person = person_in_reach(&daemon, &caller, step.person).await?.id;
    let by = word_in_reach(&daemon, &caller, step.by.as_deref()).await?;
    write(daemon, move |daemon| {
        let (call, decision) =
            daemon.scene(|scene| call::join(scene, &step.id, person.as_str(), &by))?;
        Ok(CallAnswer { call, decision })
    })
    .await
}

/// Takes a person off a call; when the last contact leaves, it pauses.
#[utoipa::path(post, path = "/v1/calls/leave", tag = "calls", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = CallStep,
    responses((status = 200, description = "the call", body = shapes::Call)))]
async fn leave(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(step): Body<CallStep>,
) -> Answer<Seen> {
    reach(&daemon, &caller, &step.id).await?;
    let person = person_in_reach(&daemon, &caller, step.person).await?.id;
    let by = word_in_reach(&daemon, &caller, step.by.as_deref()).await?;
    write(daemon, move |daemon| {
        daemon.scene(|scene| call::leave(scene, &step.id, person.as_str(), &by))
    })
    .await
}

/// A call that ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CallEnding {
    #[schema(value_type = String)]
    id: CallId,
    /// Who records it: a person, or `agent=ID`; the caller if left out.
    by: Option<String>,
}

/// Ends a call: everybody has left it.
#[utoipa::path(post, path = "/v1/calls/end", tag = "calls", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = CallEnding,
    responses((status = 200, description = "the call, ended", body = shapes::Call)))]
async fn end(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(ending): Body<CallEnding>,
) -> Answer<Seen> {
    reach(&daemon, &caller, &ending.id).await?;
    let by = word_in_reach(&daemon, &caller, ending.by.as_deref()).await?;
    write(daemon, move |daemon| {
        daemon.scene(|scene| call::end(scene, &ending.id, &by))
    })
    .await
}

/// The caller may act in the district of the call. One that nobody knows is the flow's to refuse, but only callers of
/// all districts learn that it is not there.
async fn reach(daemon: &Arc<Daemon>, caller: &Caller, id: &CallId) -> Result<(), Problem> {
    let id = id.clone();
    let axum::Json(call) = read(Arc::clone(daemon), move |daemon| {
        Ok(daemon.store.read()?.call(&id)?)
    })
    .await?;
    caller.must_know(call.as_ref().map(|call| &call.district))
}
