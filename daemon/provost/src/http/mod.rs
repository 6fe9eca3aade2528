//! The API: JSON resources for the command line and for programs.
//!
//! A room is a noun: its handlers, each with its description, and `routes()`. What is described is what is served, and
//! what it demands of the caller is read from the description; see [`describe`].
#![allow(
    unused_qualifications,
    reason = "the macro that describes a handler writes its parameters' paths in full"
)]

mod activity;
mod audit;
mod backup;
mod body;
mod caller;
mod calls;
mod cases;
mod changes;
mod clock;
mod contacts;
mod crowd;
mod decisions;
mod describe;
mod feeds;
mod grants;
mod guard;
mod health;
mod inactivity;
mod listen;
mod metrics;
mod notices;
mod once;
mod outbox;
mod page;
mod people;
mod plugin_metrics;
mod plugins;
mod problem;
mod question;
mod records;
mod register;
mod reports;
mod search;
mod sessions;
mod shapes;
mod sync;
#[cfg(test)]
mod tests;
mod text;
pub mod tls;
mod tokens;
mod updates;
mod work;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use utoipa_axum::router::OpenApiRouter;

use crate::daemon::Daemon;
use crowd::Crowd;
pub use listen::Door;
use metrics::Metrics;
use problem::Problem;

/// Answers at every door until told to stop; requests in flight are finished.
pub async fn serve(daemon: Arc<Daemon>, doors: Vec<Door>, stop: CancellationToken) {
    let doors: Vec<_> = doors
        .into_iter()
        .map(|door| (door, Crowd::new(listen::CONNECTIONS_MAX)))
        .collect();
    let crowds = doors
        .iter()
        .map(|(door, crowd)| (door.word(), Arc::clone(crowd)));
    let router = router(Arc::clone(&daemon), Metrics::new(crowds.collect()));
    let mut open = JoinSet::new();
    for (door, crowd) in doors {
        let (daemon, router, stop) = (Arc::clone(&daemon), router.clone(), stop.clone());
        open.spawn(listen::serve(
            daemon,
            router,
            door,
            crowd,
            listen::Times::default(),
            stop,
        ));
    }
    while open.join_next().await.is_some() {}
}

/// Every room's resources. A new room is one line here.
fn rooms() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::with_openapi(describe::blank())
        .merge(describe::routes())
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(decisions::routes())
        .merge(search::routes())
        .merge(records::routes())
        .merge(register::routes())
        .merge(people::routes())
        .merge(sync::routes())
        .merge(inactivity::routes())
        .merge(activity::routes())
        .merge(feeds::routes())
        .merge(backup::routes())
        .merge(contacts::routes())
        .merge(cases::routes())
        .merge(calls::routes())
        .merge(updates::routes())
        .merge(grants::routes())
        .merge(reports::routes())
        .merge(sessions::routes())
        .merge(notices::routes())
        .merge(outbox::routes())
        .merge(audit::routes())
        .merge(changes::routes())
        .merge(clock::routes())
        .merge(tokens::routes())
        .merge(plugins::routes())
}

/// Every resource with its handler, behind the guard.
fn router(daemon: Arc<Daemon>, metrics: Arc<Metrics>) -> Router {
    let (router, mut api) = rooms().split_for_parts();
    describe::finish(&mut api);
    let document = serde_json::to_value(&api).unwrap_or_default();
    let guard = Arc::new(guard::Guard {
        demands: Arc::new(describe::demands(&document)),
        once: once::Once::new(Arc::clone(&daemon)),
        daemon: Arc::clone(&daemon),
    });
    // What every request passes is one layer: each costs an allocation or two, and a moved request.
    let all = ServiceBuilder::new()
        .layer(axum::Extension(describe::Text::of(&document)))
        .layer(axum::Extension(Arc::clone(&metrics)))
        .layer(from_fn_with_state(metrics, passing))
        .layer(DefaultBodyLimit::max(body::BODY_BYTES_MAX));
    router
        .route_layer(from_fn_with_state(guard, guard::guard))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(all)
        .with_state(daemon)
}

/// Counts the request. Whoever numbers requests finds the number on the answer (AuthZEN Authorization API 1.0 §10.1.2).
async fn passing(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
    let id = request.headers().get(&REQUEST_ID).cloned();
    let mut response = metrics::counted(&metrics, request, next).await;
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

async fn no_such_path() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "find the resource",
        "no resource has this path; /v1/openapi.json lists all",
    )
}

async fn no_such_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "do this to the resource",
        "it does not answer this method; the header Allow says which it does",
    )
}
