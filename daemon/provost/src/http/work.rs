//! From a handler into a flow and back.

use axum::Json;
use provost_core::person::Person;
use serde::Serialize;
use std::sync::Arc;

use super::caller::Caller;
use super::problem::Problem;
use crate::daemon::{Daemon, blocking};
use crate::flow::{self, FlowError};

/// What a handler answers.
pub(super) type Answer<T> = Result<Json<T>, Problem>;

/// Runs a flow that only reads.
pub(super) async fn read<T: Send + 'static>(
    daemon: Arc<Daemon>,
    flow: impl FnOnce(&Daemon) -> Result<T, FlowError> + Send + 'static,
) -> Answer<T> {
    Ok(Json(blocking(move || flow(&daemon)).await?))
}

/// Runs a flow that writes, and wakes the timers afterwards.
pub(super) async fn write<T: Serialize + Send + 'static>(
    daemon: Arc<Daemon>,
    flow: impl FnOnce(&Daemon) -> Result<T, FlowError> + Send + 'static,
) -> Answer<T> {
    let answer = {
        let daemon = Arc::clone(&daemon);
        blocking(move || flow(&daemon)).await
    };
    daemon.changed();
    Ok(Json(answer?))
}

/// The person that a request is about.
///
/// # Errors
/// A 404 if there is no such person, a 403 if the caller may not ask about the person's district.
pub(super) async fn person_in_reach(
    daemon: &Arc<Daemon>,
    caller: &Caller,
    reference: String,
) -> Result<Person, Problem> {
    let Json(person) = read(Arc::clone(daemon), move |daemon| {
        flow::person(&daemon.store.read()?, &reference)
    })
    .await?;
    caller.must_reach(Some(&person.district))?;
    Ok(person)
}
