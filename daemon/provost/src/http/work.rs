//! From a handler into a flow and back.

use axum::Json;
use axum::http::StatusCode;
use provost_core::decision::Reference;
use provost_core::person::Person;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::caller::Caller;
use super::problem::Problem;
use crate::daemon::{Daemon, blocking};
use crate::flow::contact::{OnWordOf, on_word_of};
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

/// How long the decisions of one request may go on. Those of the core take some microseconds each; a plugin that dawdles
/// takes its whole time for each. And nobody works for a client that has gone.
pub(super) struct Patience {
    end: Instant,
    left: CancellationToken,
}

/// Patience that begins now. The client is taken to be there as long as the guard lives: a handler keeps it, and is
/// dropped when the connection breaks.
pub(super) fn patience(time: Duration) -> (Patience, DropGuard) {
    let left = CancellationToken::new();
    let patience = Patience {
        end: Instant::now() + time,
        left: left.clone(),
    };
    (patience, left.drop_guard())
}

impl Patience {
    /// The time is up, or the client has gone.
    pub(super) fn is_over(&self) -> bool {
        self.left.is_cancelled() || Instant::now() >= self.end
    }
}

/// Time for the decisions of one page: what is left is on the next.
const PAGE_TIME: Duration = Duration::from_secs(2);

/// Patience for one page.
pub(super) fn patience_of_page(daemon: &Daemon) -> (Patience, DropGuard) {
    patience(PAGE_TIME.min(daemon.config().config.decisions.within))
}

/// A person whom a request names.
///
/// # Errors
/// A 404 if there is no such person, or several. Callers of some districts only are answered the same 403 whether it is
/// nobody, several or somebody elsewhere: otherwise they could tell who is known there.
pub(super) async fn person_in_reach(
    daemon: &Arc<Daemon>,
    caller: &Caller,
    reference: String,
) -> Result<Person, Problem> {
    let of_no_district = Problem::new(
        StatusCode::FORBIDDEN,
        format!("find person `{reference}`"),
        format!("{} reaches nobody of that name", caller.name),
    );
    let found = read(Arc::clone(daemon), move |daemon| {
        flow::person(&daemon.store.read()?, &reference)
    })
    .await;
    match found {
        Ok(Json(person)) if caller.must_reach(Some(&person.district)).is_ok() => Ok(person),
        Ok(_) => Err(of_no_district),
        Err(problem) if problem.status() != StatusCode::NOT_FOUND => Err(problem),
        Err(problem) => Err(caller.must_reach(None).map_or(of_no_district, |()| problem)),
    }
}

/// On whose word something is done: the caller's own, unless the request names somebody.
///
/// # Errors
/// As [`person_in_reach`] for a person; agents belong to no district.
pub(super) async fn word_in_reach(
    daemon: &Arc<Daemon>,
    caller: &Caller,
    by: Option<&str>,
) -> Result<OnWordOf, Problem> {
    let by = match by {
        None => return Ok(OnWordOf::Operator(caller.name.clone())),
        Some(by) => on_word_of(by),
    };
    let OnWordOf::Party(Reference { kind: None, id }) = &by else {
        return Ok(by);
    };
    match person_in_reach(daemon, caller, id.clone()).await {
        Ok(person) => Ok(OnWordOf::Party(Reference {
            kind: Some("person".to_owned()),
            id: person.id.to_string(),
        })),
        // It may still be an agent, whom the rules know by that name.
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => Ok(by),
        Err(problem) => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends_with_its_time_or_when_the_client_goes() {
        let (waits, here) = patience(Duration::from_secs(600));
        assert!(!waits.is_over());
        drop(here);
        assert!(waits.is_over());
        let (waits, _here) = patience(Duration::ZERO);
        assert!(waits.is_over());
    }
}
