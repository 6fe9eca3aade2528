//! What is kept of a source between runs.

use jiff::Timestamp;
use provost_core::directory::Summary;
use provost_core::id::SourceId;
use serde::{Deserialize, Serialize};

use super::{Outcome, Report, SyncError};
use crate::config::source::Source;
use crate::store::Store;

/// What is known of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SourceState {
    /// Which.
    pub source: SourceId,
    /// When it was tried last.
    pub tried: Option<Timestamp>,
    /// When it was last read completely.
    pub read: Option<Timestamp>,
    /// As whom: another identity may see other entries.
    pub identity: Option<String>,
    /// When a plan of it was last applied, an empty one included.
    pub applied: Option<Timestamp>,
    /// Hash of a plan that waits for an operator.
    pub unapplied: Option<String>,
    /// Counts of the last complete read's plan.
    pub summary: Option<Summary>,
    /// What went wrong at the last try, if something did.
    pub error: Option<String>,
}

fn key(source: &SourceId) -> String {
    format!("sync/{source}")
}

/// What is kept; empty for a source that was never tried.
pub(super) fn load(store: &Store, source: &SourceId) -> Result<SourceState, SyncError> {
    let kept = store.read()?.get(&key(source))?;
    Ok(kept.unwrap_or_else(|| SourceState {
        source: source.clone(),
        tried: None,
        read: None,
        identity: None,
        applied: None,
        unapplied: None,
        summary: None,
        error: None,
    }))
}

/// Keeps it.
pub(super) fn save(store: &Store, state: &SourceState) -> Result<(), SyncError> {
    Ok(store.put(&key(&state.source), state)?)
}

impl SourceState {
    /// After a complete read.
    pub(super) fn after(self, report: &Report, source: &Source, at: Timestamp) -> Self {
        let applied = matches!(report.done, Some(Outcome::Applied { .. }));
        Self {
            tried: Some(at),
            read: Some(at),
            identity: Some(source.bind.identity()),
            applied: if applied { Some(at) } else { self.applied },
            unapplied: (!applied).then(|| report.summary.hash.clone()),
            summary: Some(report.summary.clone()),
            error: None,
            ..self
        }
    }

    /// After a try that failed.
    pub(super) fn failed(self, error: String, at: Timestamp) -> Self {
        Self {
            tried: Some(at),
            error: Some(error),
            ..self
        }
    }
}
