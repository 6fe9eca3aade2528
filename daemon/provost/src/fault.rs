//! What the daemon does while the register takes no writes: it says so once, goes on reading, and tries again.

use provost_core::Timestamp;
use serde::Serialize;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::daemon::{Daemon, blocking};
use crate::log::event;
use crate::store::Obstacle;

/// How often the store is asked whether a write failed.
const LOOK: Duration = Duration::from_secs(1);

/// Looks between two tries while nothing can be written.
const LOOKS_PER_PROBE: u32 = 5;

/// Since when and why nothing can be written, as `status` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hindrance {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: &'static str,
}

/// Whether an error is worth a line of its own: not while all of them have one cause that was said already.
pub(crate) fn is_news(error: &(dyn Error + 'static)) -> bool {
    Obstacle::of(error).is_none()
}

/// Watches over the store's writes until told to stop.
pub(crate) async fn watch(daemon: Arc<Daemon>, stop: CancellationToken) {
    let mut looks = 0;
    while !stop.is_cancelled() {
        let known = daemon.hindrance.load_full();
        match (known, daemon.store.obstacle()) {
            (None, Some(obstacle)) => {
                let (since, why) = (daemon.ports.clock.now(), obstacle.why());
                tracing::error!(
                    message_id = event::STORE_HINDERED.id,
                    why,
                    "the register takes no writes; reads go on"
                );
                daemon
                    .hindrance
                    .store(Some(Arc::new(Hindrance { since, why })));
                looks = 0;
            }
            (Some(_), Some(_)) => {
                looks += 1;
                if looks % LOOKS_PER_PROBE == 0 {
                    let mine = Arc::clone(&daemon);
                    // What comes of it is seen at the next look.
                    let _ = blocking(move || Ok(mine.store.probe()?)).await;
                }
            }
            (Some(hindrance), None) => {
                tracing::info!(message_id = event::STORE_MENDED.id, since = %hindrance.since, "the register takes writes again");
                daemon.hindrance.store(None);
                daemon.changed();
            }
            (None, None) => {}
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
