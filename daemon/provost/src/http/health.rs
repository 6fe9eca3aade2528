//! `/healthz`, `/readyz`, `/.well-known/authzen-configuration`: for those who only want to know whether and where.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::work::{Answer, read};
use crate::daemon::Daemon;

/// Time for the store to answer. Whoever balances load asks every few seconds and must not be kept.
const STORE_TIME: Duration = Duration::from_secs(5);

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(authzen))
}

/// All is well.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `alive` or `ready`.
    status: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "service", security(()),
    responses((status = 200, description = "it does", body = Health)))]
async fn healthz() -> Json<Health> {
    Json(Health { status: "alive" })
}

/// The store answers. The plugins in force are loaded before anything is answered at all.
#[utoipa::path(get, path = "/readyz", tag = "service", security(()),
    responses((status = 200, description = "it does", body = Health)))]
async fn readyz(State(daemon): State<Arc<Daemon>>) -> Answer<Health> {
    let unready =
        |why: &str| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "read the register", why);
    let revision = read(daemon, |daemon| Ok(daemon.store.read()?.revision()));
    match timeout(STORE_TIME, revision).await {
        Ok(Ok(_)) => Ok(Json(Health { status: "ready" })),
        // Anybody may ask, so the reason stays in the log.
        Ok(Err(_)) => Err(unready("the store cannot be read")),
        Err(_) => Err(unready("the store does not answer in time")),
    }
}

/// Where decisions are made (AuthZEN §9).
#[derive(Debug, Serialize, ToSchema)]
struct AuthzenConfiguration {
    policy_decision_point: String,
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
    search_subject_endpoint: String,
    search_resource_endpoint: String,
    search_action_endpoint: String,
}

/// The metadata of the decision point. Clients ask for it before they show any credentials, and it tells nothing but
/// addresses, which begin as the one that was asked.
#[utoipa::path(get, path = "/.well-known/authzen-configuration", tag = "decisions", security(()),
    responses((status = 200, description = "the endpoints there are", body = AuthzenConfiguration)))]
async fn authzen(
    State(daemon): State<Arc<Daemon>>,
    headers: HeaderMap,
) -> Answer<AuthzenConfiguration> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.ok_or_else(|| {
        Problem::bad_request(
            "tell the endpoints' addresses",
            "the header Host is missing",
        )
    })?;
    let scheme = match daemon.config().tls {
        Some(_) => "https",
        None => "http",
    };
    let base = format!("{scheme}://{host}");
    Ok(Json(AuthzenConfiguration {
        access_evaluation_endpoint: format!("{base}/access/v1/evaluation"),
        access_evaluations_endpoint: format!("{base}/access/v1/evaluations"),
        search_subject_endpoint: format!("{base}/access/v1/search/subject"),
        search_resource_endpoint: format!("{base}/access/v1/search/resource"),
        search_action_endpoint: format!("{base}/access/v1/search/action"),
        policy_decision_point: base,
    }))
}
