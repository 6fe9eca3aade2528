//! `/v1/sessions/…`, `/v1/access-log`: logins of the application.

use axum::Json;
use axum::extract::State;
use provost_core::Timestamp;
use provost_core::decision::Decision;
use provost_core::id::SessionId;
use provost_core::session::{Access, Session};
use serde::Deserialize;
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
use super::work::{Answer, person_in_reach, read, write};
use crate::daemon::Daemon;
use crate::flow::{self, FlowError};
use crate::store::{Page, Store};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(open))
        .routes(routes!(login_as))
        .routes(routes!(leave))
        .routes(routes!(close))
        .routes(routes!(access_log))
}

/// A login.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    /// The application's id of the session.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: SessionId,
    /// Who logs in.
    person: String,
    /// Remote address.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 4096)]
    remote: Option<Text>,
    /// Client program.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 4096)]
    client: Option<Text>,
}

/// Opens a session. A disabled account is refused, and the refusal is logged.
#[utoipa::path(post, path = "/v1/sessions/open", tag = "sessions", security(("token" = ["decide"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = Login,
    responses((status = 200, description = "the session", body = shapes::Session)))]
async fn open(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(login): Body<Login>,
) -> Answer<Session> {
    let person = person_in_reach(&daemon, &caller, login.person).await?;
    let origin = flow::session::Origin {
        remote: login.remote.map(|remote| remote.0),
        client: login.client.map(|client| client.0),
    };
    write(daemon, move |daemon| {
        let now = daemon.ports.clock.now();
        flow::session::open(&daemon.store, &login.id, person.id.as_str(), &origin, now)
    })
    .await
}

/// Whose account to enter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: SessionId,
    /// Whom to enter.
    target: String,
}

/// Enters another person's account. Both access logs say so, also when it is refused.
#[utoipa::path(post, path = "/v1/sessions/login-as", tag = "sessions", security(("token" = ["decide"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = Entry,
    responses((status = 200, description = "the decision that allows it", body = shapes::Decision)))]
async fn login_as(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(entry): Body<Entry>,
) -> Answer<Decision> {
    reach_session(&daemon, &caller, &entry.id).await?;
    let target = person_in_reach(&daemon, &caller, entry.target).await?.id;
    write(daemon, move |daemon| {
        daemon.scene(|scene| flow::session::login_as(scene, &entry.id, target.as_str()))
    })
    .await
}

/// Which session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OfSession {
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: SessionId,
}

/// Leaves the account that was entered.
#[utoipa::path(post, path = "/v1/sessions/return", tag = "sessions", security(("token" = ["decide"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = OfSession,
    responses((status = 200, description = "the session, the actor's own again", body = shapes::Session)))]
async fn leave(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(of): Body<OfSession>,
) -> Answer<Session> {
    step(daemon, caller, of.id, flow::session::leave).await
}

/// Closes the session.
#[utoipa::path(post, path = "/v1/sessions/close", tag = "sessions", security(("token" = ["decide"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = OfSession,
    responses((status = 200, description = "the session, closed", body = shapes::Session)))]
async fn close(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(of): Body<OfSession>,
) -> Answer<Session> {
    step(daemon, caller, of.id, flow::session::close).await
}

/// A step that needs no more than the session.
async fn step(
    daemon: Arc<Daemon>,
    caller: Caller,
    id: SessionId,
    flow: fn(&Store, &SessionId, Timestamp) -> Result<Session, FlowError>,
) -> Answer<Session> {
    reach_session(&daemon, &caller, &id).await?;
    write(daemon, move |daemon| {
        flow(&daemon.store, &id, daemon.ports.clock.now())
    })
    .await
}

/// The caller may act in the district of the session's actor. A session that nobody knows is the flow's to refuse, but
/// only callers of all districts learn that it is not there.
async fn reach_session(
    daemon: &Arc<Daemon>,
    caller: &Caller,
    id: &SessionId,
) -> Result<(), Problem> {
    let id = id.clone();
    let Json(district) = read(Arc::clone(daemon), move |daemon| {
        let register = daemon.store.read()?;
        match register.session(&id)? {
            None => Ok(None),
            Some(session) => {
                let person = flow::person(&register, session.actor.as_str())?;
                Ok(Some(person.district))
            }
        }
    })
    .await?;
    caller.must_know(district.as_ref())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfPerson {
    /// Whose.
    person: String,
}

/// A person's logins, newest first, with the real actor of a login-as.
#[utoipa::path(get, path = "/v1/access-log", tag = "sessions", params(OfPerson, Paging),
    security(("token" = ["audit"]), ("token" = ["desk"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "newest first", body = PageOf<shapes::Access>)))]
async fn access_log(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(of): Params<OfPerson>,
    Params(paging): Params<Paging>,
) -> Answer<PageOf<Access>> {
    let page = Page {
        before: paging.from(|cursor| cursor.parse().ok())?,
        rows: paging.rows()?,
    };
    let person = person_in_reach(&daemon, &caller, of.person).await?;
    read(daemon, move |daemon| {
        let log = daemon.store.read()?.access_log(&person.id, page)?;
        let cursor = |(seq, _): &(u64, Access)| seq.to_string();
        Ok(PageOf::of(log, page.rows, cursor, |(_, access)| access))
    })
    .await
}
