//! Feeds systemd's watchdog while every part answers; a daemon in which one hangs is better restarted.

use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use super::{Daemon, blocking};
use crate::live::chain;
use crate::log::event;
use crate::pulse::{ANSWER, Limits, PATIENCE};
use crate::{failpoint, flow, systemd};

/// How often the parts are looked at without a watchdog: a hang is told all the same.
const LOOK: Duration = Duration::from_secs(30);

/// How long the register may take to be read.
const READ: Duration = Duration::from_secs(5);

/// Looks at the parts until told to stop.
pub(super) async fn look(daemon: Arc<Daemon>, stop: CancellationToken) {
    let mut beat = tokio::time::interval(systemd::watchdog_interval().unwrap_or(LOOK));
    let mut told = Vec::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = beat.tick() => {}
        }
        let limits = Limits {
            patience: failpoint::patience(PATIENCE),
            answer: ANSWER,
        };
        let silent = daemon.pulses.silent(limits).await;
        if silent != told {
            match silent.is_empty() {
                true => tracing::info!("every part of the daemon answers again"),
                false => {
                    tracing::error!(message_id = event::SILENT.id, parts = %silent.join(", "), "parts of the daemon do not answer; the watchdog is not fed");
                }
            }
        }
        match (silent.as_slice(), line(&daemon).await) {
            ([], Some(line)) => {
                systemd::alive();
                systemd::status(&line);
            }
            ([], None) => systemd::status("the register does not answer"),
            (silent, _) => systemd::status(&format!("does not answer: {}", silent.join(", "))),
        }
        told = silent;
    }
}

/// The line of counts, if the register can be read in time.
async fn line(daemon: &Arc<Daemon>) -> Option<String> {
    let mine = Arc::clone(daemon);
    let read = blocking(move || {
        drop(mine.store.read()?);
        Ok(flow::status::line(&mine))
    });
    match tokio::time::timeout(READ, read).await {
        Ok(Ok(line)) => Some(line),
        Ok(Err(error)) => {
            tracing::error!(error = %chain(&error), "the store does not answer");
            None
        }
        Err(_) => {
            tracing::error!("the store does not answer in time");
            None
        }
    }
}
