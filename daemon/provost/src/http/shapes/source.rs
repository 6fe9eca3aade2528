//! How sources and their streams are doing.

use std::collections::BTreeMap;
use utoipa::ToSchema;

/// How a source is doing.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(in crate::http) struct SourceStatus {
    source: String,
    district: String,
    /// `live`, `refresh`, `dirsync` or `full`: how changes come in now.
    #[schema(required = true)]
    mode: Option<String>,
    /// How its stream is doing; null if it is not to be followed.
    #[schema(required = true)]
    live: Option<StreamStatus>,
    #[schema(format = DateTime, required = true)]
    last_complete_read: Option<String>,
    /// When the directory last answered, with everything or with all that changed.
    #[schema(format = DateTime, required = true)]
    last_answer: Option<String>,
    /// `everything`, `changes` or `nothing`.
    #[schema(required = true)]
    last_extent: Option<String>,
    #[schema(format = DateTime, required = true)]
    last_applied: Option<String>,
    /// When something last changed in the register because of it.
    #[schema(format = DateTime, required = true)]
    last_change: Option<String>,
    /// When everything was last read and applied.
    #[schema(format = DateTime, required = true)]
    last_verified: Option<String>,
    /// Changes that verifications found and reads of changes had missed.
    missed_by_incremental: u64,
    missed_by_incremental_last: u64,
    /// Why everything was read the last time that it was.
    #[schema(required = true)]
    everything_because: Option<String>,
    /// `kept` or `none`.
    cookie: String,
    /// Seconds since the last answer.
    #[schema(required = true)]
    age_seconds: Option<i64>,
    #[schema(format = DateTime, required = true)]
    next_due: Option<String>,
    /// Too old: something for operators to look at.
    overdue: bool,
    #[schema(format = DateTime, required = true)]
    tried: Option<String>,
    /// Entries read so far, while it is being read.
    #[schema(required = true)]
    reading: Option<u64>,
    /// People of the last complete read.
    #[schema(required = true)]
    people: Option<u64>,
    /// `failed`, `not applied`, `applied` or `never read`.
    outcome: String,
    /// Hash of a plan that waits for an operator.
    #[schema(required = true)]
    waiting_plan: Option<String>,
    #[schema(required = true)]
    why: Option<String>,
    /// Counts of the last plan.
    #[schema(required = true)]
    summary: Option<BTreeMap<String, serde_json::Value>>,
    /// What is configured and not done yet.
    remarks: Vec<String>,
}

/// How a stream of changes is doing.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(in crate::http) struct StreamStatus {
    /// Changes are told as they happen now.
    following: bool,
    /// By which server.
    #[schema(required = true)]
    server: Option<String>,
    /// Since when.
    #[schema(format = DateTime, required = true)]
    since: Option<String>,
    /// When the server told something last.
    #[schema(format = DateTime, required = true)]
    last_message: Option<String>,
    /// Milliseconds from the arrival of the last change to its being in force.
    #[schema(required = true)]
    lag_ms: Option<f64>,
    /// How often a stream that had broken off was taken up again.
    reconnects: u64,
    /// Why changes are not told as they happen now.
    #[schema(required = true)]
    why: Option<String>,
}
