//! `/v1/cases…`: cases as far as the rules need them; their texts stay with the vendor's portal.

use axum::extract::State;
use provost_core::case::Case;
use provost_core::decision::Decision;
use provost_core::id::{CaseId, DistrictId};
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
use super::work::{Answer, person_in_reach, read, word_in_reach, write};
use crate::daemon::Daemon;
use crate::flow::case::{self, Opening};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(open))
        .routes(routes!(close))
        .routes(routes!(transition))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfDistrict {
    /// Only those of this district.
    #[param(value_type = Option<String>)]
    district: Option<DistrictId>,
}

/// Cases, by id.
#[utoipa::path(get, path = "/v1/cases", tag = "cases", params(OfDistrict, Paging),
    security(("token" = ["desk"]), ("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "by id", body = PageOf<Object>)))]
async fn list(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(of): Params<OfDistrict>,
    Params(paging): Params<Paging>,
) -> Answer<PageOf<Case>> {
    caller.must_reach(of.district.as_ref())?;
    let rows = paging.rows()?;
    let after = paging.from(|cursor| CaseId::new(cursor).ok())?;
    read(daemon, move |daemon| {
        let after = after.as_ref().map_or("", CaseId::as_str);
        let cases = daemon
            .store
            .read()?
            .cases_page(of.district.as_ref(), after, rows)?;
        let cursor = |case: &Case| case.id.to_string();
        Ok(PageOf::of(cases, rows, cursor, |case| case))
    })
    .await
}

/// A case to be opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCase {
    /// The portal's id of the case.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: CaseId,
    #[schema(value_type = String)]
    district: DistrictId,
    /// Who opens it: a person, or `agent=ID`; the caller as an agent if left out.
    by: Option<String>,
    /// For whom; who opens it if left out.
    requester: Option<String>,
    /// The valid contact who shall own it.
    owner: Option<String>,
    #[serde(default)]
    emergency: bool,
    /// Why it is one.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 4096)]
    reason: Option<Text>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
struct Dealt {
    /// The case: id, district, owner, requester, emergency, reason, transitioned, opened, closed.
    #[schema(value_type = Object)]
    case: Case,
    /// The decision that allows it.
    #[schema(value_type = shapes::Decision)]
    decision: Decision,
}

/// Opens a case. Rules: `contact.only`, `case.on-behalf`, `case.emergency`.
#[utoipa::path(post, path = "/v1/cases/open", tag = "cases", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = NewCase,
    responses((status = 200, description = "the case", body = Dealt)))]
async fn open(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(wanted): Body<NewCase>,
) -> Answer<Dealt> {
    caller.must_reach(Some(&wanted.district))?;
    let requester = match (wanted.requester, &wanted.by) {
        (Some(requester), _) => requester,
        (None, Some(by)) if !by.starts_with("agent=") => by.clone(),
        _ => {
            let why = "whoever opens a case for someone must say for whom";
            let problem = Problem::bad_request("open a case", why);
            return Err(problem.with("field", "requester".into()));
        }
    };
    let requester = person_in_reach(&daemon, &caller, requester).await?.id;
    let owner = match wanted.owner {
        Some(owner) => Some(person_in_reach(&daemon, &caller, owner).await?.id),
        None => None,
    };
    let opening = Opening {
        by: word_in_reach(&daemon, &caller, wanted.by.as_deref()).await?,
        id: wanted.id,
        district: wanted.district,
        requester: requester.to_string(),
        owner: owner.map(|owner| owner.to_string()),
        emergency: wanted.emergency,
        reason: wanted.reason.map(|reason| reason.0),
    };
    write(daemon, move |daemon| {
        let (case, decision) = daemon.scene(|scene| case::open(scene, &opening))?;
        Ok(Dealt { case, decision })
    })
    .await
}

/// Something done to a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Closing {
    #[schema(value_type = String)]
    id: CaseId,
    /// Who does it: a person, or `agent=ID`; the caller as an agent if left out.
    by: Option<String>,
}

/// Closes a case. Rules: `contact.only`, `case.on-behalf`, `case.transition-first`.
#[utoipa::path(post, path = "/v1/cases/close", tag = "cases", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = Closing,
    responses((status = 200, description = "the case, closed", body = Dealt)))]
async fn close(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(closing): Body<Closing>,
) -> Answer<Dealt> {
    reach(&daemon, &caller, &closing.id).await?;
    let by = word_in_reach(&daemon, &caller, closing.by.as_deref()).await?;
    write(daemon, move |daemon| {
        let (case, decision) = daemon.scene(|scene| case::close(scene, &closing.id, &by))?;
        Ok(Dealt { case, decision })
    })
    .await
}

/// A case that is handed over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HandOver {
    #[schema(value_type = String)]
    id: CaseId,
    /// To whom: a valid contact of the case's district.
    to: String,
    /// Who does it: a person, or `agent=ID`; the caller as an agent if left out.
    by: Option<String>,
}

/// Hands a case to a valid contact of its district. Rule: `case.transition`.
#[utoipa::path(post, path = "/v1/cases/transition", tag = "cases", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = HandOver,
    responses((status = 200, description = "the case with its owner", body = Dealt)))]
async fn transition(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(hand): Body<HandOver>,
) -> Answer<Dealt> {
    reach(&daemon, &caller, &hand.id).await?;
    let to = person_in_reach(&daemon, &caller, hand.to).await?.id;
    let by = word_in_reach(&daemon, &caller, hand.by.as_deref()).await?;
    write(daemon, move |daemon| {
        let (case, decision) =
            daemon.scene(|scene| case::transition(scene, &hand.id, to.as_str(), &by))?;
        Ok(Dealt { case, decision })
    })
    .await
}

/// The caller may act in the district of the case. One that nobody knows is the flow's to refuse, but only callers of
/// all districts learn that it is not there.
async fn reach(daemon: &Arc<Daemon>, caller: &Caller, id: &CaseId) -> Result<(), Problem> {
    let id = id.clone();
    let axum::Json(case) = read(Arc::clone(daemon), move |daemon| {
        Ok(daemon.store.read()?.case(&id)?)
    })
    .await?;
    caller.must_know(case.as_ref().map(|case| &case.district))
}
