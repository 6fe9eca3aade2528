//! Lets a request through to its handler if the OpenAPI document's demands are met.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

#[cfg(doc)]
use super::caller::Caller;
use super::caller::Credentials;
use super::describe::{Demand, Demands};
use super::once::Once;
use super::problem::Problem;
use crate::daemon::Daemon;

/// What the check stands on.
pub(super) struct Guard {
    pub(super) daemon: Arc<Daemon>,
    pub(super) demands: Arc<Demands>,
    pub(super) once: Once,
}

/// Answers 401, 403 or 400 itself; handlers find the [`Caller`] that was let through among the extensions.
pub(super) async fn guard(
    State(guard): State<Arc<Guard>>,
    mut request: Request,
    next: Next,
) -> Response {
    let demand = guard.demand(&request);
    if !demand.public {
        let credentials = Credentials::of(&request);
        let admitted = credentials.caller(&guard.daemon).await;
        match admitted.and_then(|caller| caller.admitted(&demand)) {
            Ok(caller) => drop(request.extensions_mut().insert(caller)),
            Err(problem) => return problem.into_response(),
        }
    }
    match known_keys(&request, &demand) {
        Ok(()) => guard.once.carry_out(request, next).await,
        Err(problem) => problem.into_response(),
    }
}

impl Guard {
    /// What the operation demands. One that nobody described is for `admin` alone.
    fn demand(&self, request: &Request) -> Arc<Demand> {
        let method = match *request.method() {
            Method::HEAD => &Method::GET,
            ref method => method,
        };
        let template = request.extensions().get::<MatchedPath>();
        template
            .and_then(|template| self.demands.get(template.as_str())?.get(method))
            .cloned()
            .unwrap_or_default()
    }
}

/// Every key of the query is one that the document knows.
fn known_keys(request: &Request, demand: &Demand) -> Result<(), Problem> {
    let query = request.uri().query().unwrap_or_default();
    let stranger = query
        .split('&')
        .filter_map(|pair| pair.split('=').next())
        .find(|key| !key.is_empty() && !demand.keys.contains(*key));
    let Some(stranger) = stranger else {
        return Ok(());
    };
    let known: Vec<_> = demand.keys.iter().map(String::as_str).collect();
    let why = if known.is_empty() {
        format!("unknown key `{stranger}`: none is expected")
    } else {
        format!("unknown key `{stranger}`; known: {}", known.join(", "))
    };
    Err(Problem::new(StatusCode::BAD_REQUEST, "read the query", why).with("field", stranger.into()))
}
