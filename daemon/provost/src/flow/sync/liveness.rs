//! How the streams are doing, for operators. It is told here and kept nowhere: a stream ends with the daemon.

use jiff::Timestamp;
use provost_core::id::SourceId;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the stream of one source is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Liveness {
    /// Changes are told as they happen now.
    pub following: bool,
    /// By which server.
    pub server: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// When the server told something last.
    pub last_message: Option<Timestamp>,
    /// From the moment at which the last change arrived to the one at which it was in force.
    #[serde(rename = "lag-ms", serialize_with = "milliseconds")]
    pub lag: Option<Duration>,
    /// How often a stream that had broken off was taken up again.
    pub reconnects: u64,
    /// Why changes are not told as they happen now.
    pub why: Option<String>,
}

fn milliseconds<S: serde::Serializer>(
    lag: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let tenths = lag.map(|lag| (lag.as_secs_f64() * 1e4).round());
    tenths.map(|tenths| tenths / 10.0).serialize(serializer)
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Livenesses(Mutex<BTreeMap<SourceId, Liveness>>);

impl Livenesses {
    /// `None` for a source that nobody wants to follow.
    pub(super) fn of(&self, source: &SourceId) -> Option<Liveness> {
        self.lock().get(source).cloned()
    }

    pub(super) fn set(&self, source: &SourceId, change: impl FnOnce(&mut Liveness)) {
        change(self.lock().entry(source.clone()).or_default());
    }

    pub(super) fn forget(&self, source: &SourceId) {
        self.lock().remove(source);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SourceId, Liveness>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
