//! From a handler into a flow and back.

use axum::Json;
use serde::Serialize;
use std::sync::Arc;

use super::problem::Problem;
use crate::daemon::{Daemon, blocking};
use crate::flow::FlowError;

/// What a handler answers.
pub type Answer<T> = Result<Json<T>, Problem>;

/// Runs a flow that only reads.
pub async fn read<T: Serialize + Send + 'static>(
    daemon: Arc<Daemon>,
    flow: impl FnOnce(&Daemon) -> Result<T, FlowError> + Send + 'static,
) -> Answer<T> {
    Ok(Json(blocking(move || flow(&daemon)).await?))
}

/// Runs a flow that writes, and wakes the timers afterwards.
pub async fn write<T: Serialize + Send + 'static>(
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
