//! `/v1/notices…`: what waits in the outbox, and what went out.

use axum::extract::State;
use provost_core::Timestamp;
use provost_core::contact::BadWord;
use provost_core::id::{DistrictId, NoticeId, PersonId};
use provost_core::notice::{Delivery, NoticeKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Params;
use super::caller::Caller;
use super::page::{PageOf, Paging};
use super::problem::Problem;
use super::shapes;
use super::work::{Answer, person_in_reach, read};
use crate::daemon::Daemon;
use crate::flow;
use crate::flow::proof::EpisodeProof;
use crate::store::{NoticeFilter, Outgoing, Page};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(render))
        .routes(routes!(proof))
}

/// A notice as people and programs read it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Notice {
    #[schema(value_type = String)]
    id: NoticeId,
    #[schema(value_type = shapes::NoticeKind)]
    kind: NoticeKind,
    #[schema(value_type = String)]
    person: PersonId,
    #[schema(value_type = String)]
    district: DistrictId,
    /// Of which episode of the contact's inactivity.
    episode: u32,
    /// When its stage was due.
    #[schema(value_type = String, format = DateTime)]
    due: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    queued: Timestamp,
    /// `waiting`, `held` (one of a mass, waits for an operator's word), `accepted`, `failed` (given up) or `withdrawn`.
    state: &'static str,
    attempts: u32,
    /// Earliest next attempt; matters while waiting.
    #[schema(value_type = String, format = DateTime)]
    not_before: Timestamp,
}

impl From<Outgoing> for Notice {
    fn from(outgoing: Outgoing) -> Self {
        let notice = outgoing.notice;
        Self {
            id: notice.id,
            kind: notice.kind,
            person: notice.person,
            district: notice.district,
            episode: notice.episode,
            due: notice.due,
            queued: notice.queued,
            state: outgoing.state.word(),
            attempts: outgoing.attempts,
            not_before: outgoing.not_before,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only those in this state: waiting, held, accepted, failed or withdrawn.
    state: Option<String>,
    /// Only those about this person.
    person: Option<String>,
    /// Only those of this district.
    #[param(value_type = Option<String>)]
    district: Option<DistrictId>,
}

/// Notices, newest first.
#[utoipa::path(get, path = "/v1/notices", tag = "notices", params(Which, Paging),
    security(("token" = ["desk"]), ("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "newest first", body = PageOf<Notice>)))]
async fn list(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(which): Params<Which>,
    Params(paging): Params<Paging>,
) -> Answer<PageOf<Notice>> {
    caller.must_reach(which.district.as_ref())?;
    let state = which.state.map(|word| word.parse()).transpose();
    let state = state.map_err(|why: BadWord| {
        Problem::bad_request("read the query", why.to_string()).with("field", "state".into())
    })?;
    let page = Page {
        before: paging.from(|cursor| cursor.parse().ok())?,
        rows: paging.rows()?,
    };
    let person = match which.person {
        Some(reference) => Some(person_in_reach(&daemon, &caller, reference).await?.id),
        None => None,
    };
    let filter = NoticeFilter {
        person,
        district: which.district,
        state,
    };
    read(daemon, move |daemon| {
        let notices = daemon.store.read()?.notices(&filter, page)?;
        let cursor = |notice: &Outgoing| notice.seq.to_string();
        Ok(PageOf::of(notices, page.rows, cursor, Notice::from))
    })
    .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfNotice {
    /// Which.
    #[param(value_type = String)]
    id: NoticeId,
}

/// A notice with every attempt to deliver it.
#[derive(Debug, Serialize, ToSchema)]
struct NoticeWithDeliveries {
    #[serde(flatten)]
    notice: Notice,
    #[schema(value_type = Vec<Object>)]
    deliveries: Vec<Delivery>,
}

/// One notice with every attempt.
#[utoipa::path(get, path = "/v1/notices/one", tag = "notices", params(OfNotice),
    security(("token" = ["desk"]), ("token" = ["audit"])),
    responses((status = 200, description = "the notice", body = NoticeWithDeliveries)))]
async fn show(
    State(daemon): State<Arc<Daemon>>,
    Params(of): Params<OfNotice>,
) -> Answer<NoticeWithDeliveries> {
    read(daemon, move |daemon| {
        let found = daemon.store.read()?.notice(&of.id)?;
        let (notice, deliveries) = found.ok_or_else(|| flow::FlowError::Unknown {
            what: "notice",
            id: of.id.to_string(),
            source: flow::NotFound::None,
        })?;
        Ok(NoticeWithDeliveries {
            notice: notice.into(),
            deliveries,
        })
    })
    .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfStage {
    /// Which contact.
    person: String,
    #[param(value_type = shapes::NoticeKind)]
    stage: NoticeKind,
}

/// What the channels would send now, without sending it; null where nothing would be.
#[utoipa::path(get, path = "/v1/notices/render", tag = "notices", params(OfStage),
    security(("token" = ["desk"]), ("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "one message a channel", body = Value)))]
async fn render(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(of): Params<OfStage>,
) -> Answer<Value> {
    let person = person_in_reach(&daemon, &caller, of.person).await?;
    read(daemon, move |daemon| {
        daemon.scene(|scene| flow::notify::preview(scene, person.id.as_str(), of.stage))
    })
    .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfEpisode {
    /// Which contact.
    person: String,
    /// Only this episode, whatever came of it; every one that ended in a deactivation if left out.
    episode: Option<u32>,
}

/// What a contact was told before each deactivation.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the flow makes the answer")]
struct Proof {
    #[schema(value_type = Object)]
    person: Value,
    #[schema(format = DateTime)]
    made: String,
    episodes: Vec<EpisodeProof>,
    /// Entries of the journal whose values were erased since.
    erased: usize,
    /// Number and chain hash of the journal's last entry, as `journal/verify` proves them.
    #[schema(value_type = Option<Object>, required = true)]
    journal: Option<Value>,
}

/// Stages, times, recipients, receipts and hashes, each with its place in the journal.
#[utoipa::path(get, path = "/v1/notices/proof", tag = "notices", params(OfEpisode),
    security(("token" = ["desk"]), ("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "one record a deactivation", body = Proof)))]
async fn proof(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(of): Params<OfEpisode>,
) -> Answer<Value> {
    let person = person_in_reach(&daemon, &caller, of.person).await?;
    read(daemon, move |daemon| {
        daemon.scene(|scene| flow::proof::of(scene, person.id.as_str(), of.episode))
    })
    .await
}
