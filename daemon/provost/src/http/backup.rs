//! `/v1/backup`: a proved copy of the whole register.

use axum::extract::State;
use axum::http::StatusCode;
use provost_core::token::Scope;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::Caller;
use super::problem::Problem;
use super::work::{Answer, read};
use crate::daemon::Daemon;
use crate::flow;

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default().routes(routes!(backup))
}

/// Where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct To {
    /// An absolute path on the daemon's machine that must be free, which only `admin` may choose; a name with the time
    /// in the configured folder if left out.
    #[schema(value_type = Option<String>)]
    path: Option<PathBuf>,
}

/// A copy that was read back and proved whole.
#[derive(Debug, Serialize, ToSchema)]
struct Backup {
    file: String,
    revision: u64,
    /// Entries of its journal.
    entries: u64,
    /// The journal's last chain hash.
    head: String,
    bytes: u64,
}

/// Copies the register as it is now, beside the running daemon, and proves the copy.
#[utoipa::path(post, path = "/v1/backup", tag = "service", security(("token" = ["upkeep"])), request_body = To,
    responses((status = 200, description = "the copy", body = Backup)))]
async fn backup(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(to): Body<To>,
) -> Answer<Backup> {
    if to.path.is_some() && !caller.holds_all(&[Scope::Admin], None) {
        let why = "the scope admin is needed to say where the daemon writes; without a path it is the configured folder";
        return Err(Problem::new(StatusCode::FORBIDDEN, "write a backup", why));
    }
    read(daemon, move |daemon| {
        let (live, now) = (daemon.config(), daemon.ports.clock.now());
        let folder = &live.config.backups;
        let copy = flow::backup::run(&daemon.store, folder, to.path.as_deref(), now)?;
        Ok(Backup {
            file: copy.file.display().to_string(),
            revision: copy.revision.0,
            entries: copy.entries,
            head: copy.head,
            bytes: copy.bytes,
        })
    })
    .await
}
