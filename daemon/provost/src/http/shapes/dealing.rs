//! Calls and requests for updates.

use utoipa::ToSchema;

/// A call with the vendor's support.
#[derive(ToSchema)]
pub(in crate::http) struct Call {
    id: String,
    district: String,
    /// Who is and who was on it, in the order in which they came.
    participants: Vec<Participant>,
    #[schema(format = DateTime)]
    opened: String,
    #[schema(format = DateTime, required = false)]
    ended: Option<String>,
    state: CallState,
}

/// One person's time on a call.
#[derive(ToSchema)]
pub(in crate::http) struct Participant {
    person: String,
    #[schema(format = DateTime)]
    joined: String,
    #[schema(format = DateTime, required = false)]
    left: Option<String>,
}

/// Where a call stands: open while a valid contact is on it, else paused, until it is ended.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(in crate::http) enum CallState {
    Open,
    Paused,
    Ended,
}

/// A request for a site refresh or a version update.
#[derive(ToSchema)]
pub(in crate::http) struct UpdateRequest {
    id: String,
    district: String,
    kind: UpdateKind,
    /// The technical contact who asked.
    requester: String,
    state: UpdateState,
    /// Why it stands there, where somebody said so.
    #[schema(required = false)]
    reason: Option<String>,
    #[schema(format = DateTime)]
    requested: String,
    /// When it came to where it stands.
    #[schema(format = DateTime)]
    changed: String,
}

/// What is asked for.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(in crate::http) enum UpdateKind {
    SandboxRefresh,
    StagingRefresh,
    VersionUpdate,
}

/// Where a request stands.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(in crate::http) enum UpdateState {
    Requested,
    Accepted,
    Done,
    Declined,
    Withdrawn,
}
