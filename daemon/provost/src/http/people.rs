//! `/v1/people/erase`: nothing of a person is left but the register's id.

use axum::extract::State;
use provost_core::change::Actor;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::Caller;
use super::work::{Answer, write};
use crate::daemon::Daemon;
use crate::flow::erase::{self, Erasure, Intent};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default().routes(routes!(erase))
}

/// Who is erased.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Erase {
    /// The person; the register's id if they have left it already.
    person: String,
    /// Only say what would go.
    #[serde(default)]
    dry_run: bool,
}

/// Erases a person from the register and the values of their entries from the journal, whose chain stays verifiable.
#[utoipa::path(post, path = "/v1/people/erase", tag = "register", security(("token" = ["admin"])), request_body = Erase,
    responses((status = 200, description = "what went, or would go", body = Erasure)))]
async fn erase(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(asked): Body<Erase>,
) -> Answer<Erasure> {
    let intent = match asked.dry_run {
        true => Intent::Look,
        false => Intent::Commit,
    };
    let actor = Actor::Operator(caller.name);
    write(daemon, move |daemon| {
        daemon.scene(|scene| erase::run(scene, &asked.person, &actor, intent))
    })
    .await
}
