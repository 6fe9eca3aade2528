//! Shapes of the core's values for the OpenAPI document: the core itself knows nothing of it.
//!
//! Nothing here is ever made; a test holds the shapes against what is really answered.
#![expect(dead_code, reason = "the document is made of the types alone")]

mod dealing;
mod source;

pub(super) use dealing::{Call, UpdateRequest};
pub(super) use source::SourceStatus;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What a contact may do.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum ContactKind {
    Support,
    Technical,
}

/// The state of a contact.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum ContactState {
    Active,
    Pending,
    Held,
    Suspended,
    Deactivated,
    Removed,
}

/// A stage of inactivity.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum Stage {
    Notice,
    Reminder,
    Final,
    Deactivated,
}

/// What a notice tells.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum NoticeKind {
    Notice,
    Reminder,
    Final,
    Deactivated,
    Reactivated,
}

/// What a contact did.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum ActivityKind {
    PortalLogin,
    CaseSubmitted,
    CaseComment,
    CaseAttachment,
    CaseClosed,
    CaseReopened,
    CaseOpenedFor,
    UpdateRequest,
    VerifiedCall,
}

/// What a caller may do.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum Scope {
    Decide,
    Activity,
    Desk,
    Admin,
    Audit,
    Upkeep,
}

/// What became of an activity event.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum RecordedWord {
    Counted,
    Duplicate,
    Older,
    Rescinded,
    NotAContact,
    Future,
    Refused,
}

/// What became of an activity event.
#[derive(ToSchema)]
pub(super) struct Recorded {
    result: RecordedWord,
    /// Why it was refused, if it was.
    #[schema(required = false)]
    why: String,
}

/// A contact as it is kept.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) struct Contact {
    person: String,
    district: String,
    kind: ContactKind,
    state: ContactState,
    #[schema(format = DateTime)]
    designated: String,
    #[schema(format = DateTime, required = false)]
    last_activity: String,
    #[schema(format = DateTime, required = false)]
    next_due: String,
    #[schema(format = DateTime, required = false)]
    deactivated: String,
}

/// A remark that denies nothing.
#[derive(ToSchema)]
pub(super) struct Warning {
    /// The rule's code.
    code: String,
    message: String,
}

/// Permit or forbid.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum Effect {
    Permit,
    Forbid,
}

/// What one rule says.
#[derive(ToSchema)]
pub(super) struct Finding {
    /// The rule's code, e.g. `login-as.rights`.
    code: String,
    effect: Effect,
    message: String,
    /// `core`, or the id of the plugin.
    source: String,
}

/// Why, and what else to know.
#[derive(ToSchema)]
pub(super) struct DecisionContext {
    /// All forbids of a denial, or all permits of an allow.
    reasons: Vec<Finding>,
    /// Whom to ask instead: one of `contacts`, `coaches`, `help`, `vendor-verification`, `group-process`.
    #[schema(required = false)]
    redirect: serde_json::Value,
    /// What the caller must do when it acts on an allow.
    obligations: Vec<String>,
    /// The action makes sense for this resource.
    applicable: bool,
    warnings: Vec<Warning>,
    /// What a `right.view` shows: `all` or `own-rights`.
    #[schema(required = false)]
    visible: String,
    /// The register's revision that was decided on.
    revision: u64,
}

/// An answer with its reasons in one object.
#[derive(ToSchema)]
pub(super) struct Decision {
    decision: bool,
    #[schema(inline)]
    #[serde(flatten)]
    context: DecisionContext,
}

/// One login of the application.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) struct Session {
    id: String,
    /// The real actor.
    actor: String,
    /// Whom the actor has entered.
    #[schema(required = false)]
    target: String,
    used_login_as: bool,
    #[schema(format = DateTime)]
    opened: String,
    #[schema(format = DateTime, required = false)]
    closed: String,
}

/// The real actor of a login-as.
#[derive(ToSchema)]
pub(super) struct ThirdPartyAdmin {
    name: String,
    id: String,
    username: String,
}

/// One line of a person's access log.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) struct Access {
    person: String,
    /// `login`, `login-as`, `logged-in-as`, `return` or `logout`.
    event: String,
    #[schema(format = DateTime)]
    at: String,
    success: bool,
    session: String,
    #[schema(required = false)]
    remote: String,
    #[schema(required = false)]
    client: String,
    #[schema(required = false)]
    third_party_admin: ThirdPartyAdmin,
    #[schema(required = false)]
    target: String,
}

/// A stage that lies ahead.
#[derive(ToSchema)]
pub(super) struct Ahead {
    /// In the district's time zone.
    #[schema(format = DateTime)]
    at: String,
    district: String,
    person: String,
    username: String,
    stage: Stage,
}

/// Whether transitions run.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum Transitions {
    Running,
    Frozen,
}

/// The clock that transitions follow.
#[derive(ToSchema)]
pub(super) struct Clock {
    transitions: Transitions,
    /// Why they are frozen.
    #[schema(required = true)]
    why: Option<String>,
    #[schema(format = DateTime)]
    now: String,
    /// The highest wall time seen.
    #[schema(format = DateTime, required = true)]
    highest: Option<String>,
}

/// The change that a document or a sweep makes.
#[derive(ToSchema)]
pub(super) struct Imported {
    /// Hash of the plan.
    hash: String,
    /// One line a change, for people.
    lines: Vec<String>,
    committed: bool,
}

/// A plugin in force.
#[derive(ToSchema)]
pub(super) struct Plugin {
    id: String,
    /// `role-policy` or `channel`.
    kind: String,
    title: String,
    hash: String,
}

/// A mass of notices that waits for an operator's word.
#[derive(ToSchema)]
pub(super) struct Batch {
    notices: usize,
    /// Since when the first of them waits.
    #[schema(format = DateTime)]
    since: String,
    /// Tells exactly these from others.
    hash: String,
}

/// What is going on.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) struct Status {
    revision: u64,
    people: u64,
    contacts: u64,
    pending: u64,
    held: u64,
    notices_waiting: u64,
    /// Notices of a mass that wait for an operator's word.
    notices_held: u64,
    /// Notices that were given up.
    notices_failed: u64,
    /// What an operator approves or refuses; null if nothing waits.
    #[schema(required = true)]
    approval: Option<Batch>,
    #[schema(format = DateTime, required = true)]
    next_due: Option<String>,
    clock: Transitions,
    /// Why the last reload was refused; empty if it was not.
    configuration_refused: Vec<String>,
    sources: Vec<SourceStatus>,
    feeds: Vec<super::feeds::Feed>,
    /// Since when and why the register takes no writes; null while it does.
    #[schema(required = true)]
    takes_no_writes: Option<Hindrance>,
    /// The folder for activity files; null without one.
    #[schema(required = true)]
    spool: Option<Spool>,
    plugins: Vec<Plugin>,
    /// The latest.
    alarms: Vec<Alarm>,
}

/// Why the register takes no writes.
#[derive(ToSchema)]
pub(super) struct Hindrance {
    #[schema(format = DateTime)]
    since: String,
    why: String,
}

/// The folder for activity files, since the daemon's start.
#[derive(ToSchema)]
pub(super) struct Spool {
    folder: String,
    /// Files that wait to be taken.
    waiting: u64,
    /// Files taken whole.
    done: u64,
    /// Files of which something was refused.
    failed: u64,
    /// Why nothing is taken at the moment.
    #[schema(required = true)]
    trouble: Option<String>,
}

/// Something that operators must know.
#[derive(ToSchema)]
pub(super) struct Alarm {
    code: String,
    #[schema(required = false)]
    district: Option<String>,
    #[schema(required = false)]
    person: Option<String>,
    message: String,
    #[schema(format = DateTime)]
    at: String,
}

/// What server a source has, and how it is read.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) struct SyncProbe {
    source: String,
    server: String,
    /// Who we are to the server.
    identity: String,
    profile: String,
    profile_because: String,
    /// `full`, `refresh` or `dirsync`.
    mode: String,
    mode_because: String,
    id_attribute: String,
    controls: Vec<String>,
    naming_contexts: Vec<String>,
    /// What the schema says to the names of filter and mapping.
    schema: String,
    schema_ok: bool,
    page_size: u32,
    paged: bool,
    /// Entries of the first page.
    first_page: u64,
    /// What the server said at the end of the first page, if that was no success.
    #[schema(required = true)]
    first_page_said: Option<String>,
    /// In what servers differ (`name`) and what this one does (`found`), tried on it just now.
    quirks: Vec<BTreeMap<String, String>>,
    remarks: Vec<String>,
}

/// What a directory says of somebody, and what follows.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) struct SyncExplanation {
    source: String,
    server: String,
    stable_id: String,
    #[schema(required = true)]
    dn: Option<String>,
    /// Attributes as they came.
    #[schema(required = true)]
    read: Option<BTreeMap<String, Vec<String>>>,
    /// The entry as the configuration maps it.
    #[schema(required = true)]
    mapped: Option<BTreeMap<String, serde_json::Value>>,
    /// Why it does not belong to the source.
    #[schema(required = true)]
    absence: Option<String>,
    /// The register's person.
    #[schema(required = true)]
    register: Option<BTreeMap<String, serde_json::Value>>,
    /// Changes and remarks, one line each.
    follows: Vec<String>,
    /// When the lists of the mapped groups were last read.
    #[schema(format = DateTime, required = true)]
    lists_read: Option<String>,
}

/// What a directory says and what follows from it.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) struct SyncAnswer {
    source: String,
    /// Which server answered.
    server: String,
    /// How much was read: `everything`, `changes` or `nothing`.
    extent: String,
    /// Why everything was.
    #[schema(required = true)]
    because: Option<String>,
    /// One line a change.
    lines: Vec<String>,
    summary: BTreeMap<String, serde_json::Value>,
    /// Hash of the plan.
    hash: String,
    /// Why a plan waits for an operator.
    concerns: Vec<String>,
    /// Entries or values that were passed over.
    remarks: Vec<String>,
    remarks_in_all: u64,
    /// What became of the plan.
    #[schema(required = true)]
    done: Option<BTreeMap<String, serde_json::Value>>,
}
