//! The API: JSON resources over the Unix socket, for the command line.
//!
//! Who asks is known from the socket's peer credentials; what they may ask is written in `[[operator]]`.

mod caller;
mod contacts;
mod problem;
mod records;
mod register;
mod sync;
mod work;

use axum::Router;
use axum::routing::{get, post};
use std::sync::Arc;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use crate::daemon::Daemon;

/// Bytes of a request's body: a register document of a large district fits, a mistake does not.
const BODY_BYTES_MAX: usize = 64 << 20;

/// Answers until told to stop; requests in flight are finished.
pub async fn serve(daemon: Arc<Daemon>, listener: UnixListener, stop: CancellationToken) {
    let service = router(daemon).into_make_service_with_connect_info::<caller::Peer>();
    let served = axum::serve(listener, service)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "the API stopped");
    }
}

/// Every resource with its handler.
pub fn router(daemon: Arc<Daemon>) -> Router {
    Router::new()
        .route("/access/v1/evaluation", post(records::evaluation))
        .route("/v1/status", get(register::status))
        .route("/v1/import", post(register::import))
        .route("/v1/export", get(register::export))
        .route("/v1/sync", get(sync::status))
        .route("/v1/sync/plan", post(sync::plan))
        .route("/v1/sync/apply", post(sync::apply))
        .route("/v1/sweep/plan", post(records::sweep_plan))
        .route("/v1/sweep/run", post(records::sweep_run))
        .route("/v1/forecast", get(records::forecast))
        .route("/v1/activity", post(records::activity))
        .route("/v1/contacts", get(contacts::list))
        .route("/v1/contacts/one", get(contacts::show))
        .route("/v1/contacts/who", get(contacts::who))
        .route("/v1/contacts/designate", post(contacts::designate))
        .route("/v1/contacts/remove", post(contacts::remove))
        .route("/v1/contacts/reactivate", post(contacts::reactivate))
        .route("/v1/sessions/open", post(records::session_open))
        .route("/v1/sessions/login-as", post(records::session_login_as))
        .route("/v1/sessions/return", post(records::session_return))
        .route("/v1/sessions/close", post(records::session_close))
        .route("/v1/access-log", get(records::access_log))
        .route("/v1/notices", get(records::notices))
        .route("/v1/notices/one", get(records::notice))
        .route("/v1/notices/render", get(records::notice_render))
        .route("/v1/journal", get(records::journal))
        .route("/v1/journal/verify", post(records::journal_verify))
        .route("/v1/clock", get(records::clock_status))
        .route("/v1/clock/confirm", post(records::clock_confirm))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(daemon)
}
