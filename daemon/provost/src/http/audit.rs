//! `/v1/journal…`: every change ever committed, and the proof that none was altered.

use axum::extract::State;
use provost_core::Timestamp;
use provost_core::change::Change;
use provost_core::id::PersonId;
use provost_core::limits::CHECKPOINTS_MAX;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Params};
use super::page::{PageOf, Paging};
use super::problem::Problem;
use super::work::{Answer, read};
use crate::checkpoint::Checkpoint;
use crate::daemon::Daemon;
use crate::flow::audit::{self, AuditReport};
use crate::flow::{FlowError, Refusal};
use crate::store::{Bound, Entry, JournalRow, Stretch, Verdict};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(journal))
        .routes(routes!(rows))
        .routes(routes!(verify))
        .routes(routes!(checkpoint))
        .routes(routes!(verify_checkpoints))
}

/// What every change has: in the journal as in the feed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Line {
    /// From 1 without gaps; a reader of some districts does not see all.
    seq: u64,
    /// The commit it belongs to.
    revision: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who caused it.
    actor: String,
    /// What kind of thing changed: `person`, `contact`, `grant`, …
    noun: String,
    #[schema(value_type = Option<String>, required = true)]
    person: Option<PersonId>,
}

impl Line {
    /// The line of an entry, and what changed.
    pub(super) fn of(entry: Entry) -> (Self, Option<Change>) {
        let line = Self {
            seq: entry.seq,
            revision: entry.revision.0,
            at: entry.at,
            actor: entry.actor.to_string(),
            noun: entry.noun,
            person: entry.person,
        };
        (line, entry.change)
    }
}

/// One change, in words.
#[derive(Debug, Serialize, ToSchema)]
struct JournalEntry {
    #[serde(flatten)]
    line: Line,
    /// What changed; null once the person was erased.
    #[schema(required = true)]
    change: Option<String>,
    /// Its chain hash: covers the entry and the one before it.
    chain: String,
}

impl From<Entry> for JournalEntry {
    fn from(entry: Entry) -> Self {
        let chain = entry.chain.clone();
        let (line, change) = Line::of(entry);
        Self {
            chain,
            line,
            change: change.map(|change| change.to_string()),
        }
    }
}

/// Entries of the journal, oldest first.
#[utoipa::path(get, path = "/v1/journal", tag = "audit", params(Paging), security(("token" = ["audit"])),
    responses((status = 200, description = "oldest first", body = PageOf<JournalEntry>)))]
async fn journal(
    State(daemon): State<Arc<Daemon>>,
    Params(paging): Params<Paging>,
) -> Answer<PageOf<JournalEntry>> {
    let rows = paging.rows()?;
    let after = paging.from(|cursor| cursor.parse().ok())?.unwrap_or(0);
    read(daemon, move |daemon| {
        let entries = daemon.store.read()?.journal(after, rows)?;
        let cursor = |entry: &Entry| entry.seq.to_string();
        Ok(PageOf::of(entries, rows, cursor, JournalEntry::from))
    })
    .await
}

/// Which stretch of the journal.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Span {
    /// Where it begins: a commit's number, or an RFC 3339 time.
    from: Option<String>,
    /// Where it ends: a commit's number, which is within, or an RFC 3339 time, which is not.
    to: Option<String>,
}

impl Span {
    fn stretch(&self) -> Result<Stretch, Problem> {
        let bound = |field: &str, text: Option<&str>| {
            let Some(text) = text else { return Ok(None) };
            let revision = text.parse().map(Bound::Revision).ok();
            let bound = revision.or_else(|| text.parse().map(Bound::Time).ok());
            bound.map(Some).ok_or_else(|| {
                let why =
                    "it must be a commit's number, or a time such as 2025-03-02T10:00:00-07:00";
                Problem::bad_request("read the query", why).with("field", field.into())
            })
        };
        Ok(Stretch {
            from: bound("from", self.from.as_deref())?,
            to: bound("to", self.to.as_deref())?,
        })
    }
}

/// A row of the journal with all that its chain hash covers.
#[derive(Debug, Serialize, ToSchema)]
struct Row {
    seq: u64,
    /// The commit it belongs to.
    revision: u64,
    /// When the plan was made, whole microseconds since 1970.
    #[serde(rename = "at-us")]
    at_us: i64,
    /// Who caused it: the very JSON text that is hashed.
    actor: String,
    noun: String,
    #[schema(required = true)]
    person: Option<String>,
    /// SHA-256 of salt and value.
    digest: String,
    /// Null once the value was erased.
    #[schema(required = true)]
    salt: Option<String>,
    /// What changed: the very JSON text that is hashed; null once it was erased.
    #[schema(required = true)]
    value: Option<String>,
    /// The chain hash of the row before; zeros before the first.
    previous: String,
    chain: String,
}

impl From<JournalRow> for Row {
    fn from(row: JournalRow) -> Self {
        Self {
            seq: row.seq,
            revision: row.revision,
            at_us: row.at_us,
            actor: row.actor,
            noun: row.noun,
            person: row.person,
            digest: row.digest,
            salt: row.salt,
            value: row.value,
            previous: row.previous,
            chain: row.chain,
        }
    }
}

/// Rows of the journal as they lie there, oldest first: enough to recompute the chain elsewhere.
#[utoipa::path(get, path = "/v1/journal/rows", tag = "audit", params(Span, Paging), security(("token" = ["audit"])),
    responses((status = 200, description = "oldest first", body = PageOf<Row>)))]
async fn rows(
    State(daemon): State<Arc<Daemon>>,
    Params(span): Params<Span>,
    Params(paging): Params<Paging>,
) -> Answer<PageOf<Row>> {
    let (stretch, rows) = (span.stretch()?, paging.rows()?);
    let after = paging.from(|cursor| cursor.parse().ok())?.unwrap_or(0);
    read(daemon, move |daemon| {
        let found = daemon.store.read()?.journal_rows(stretch, after, rows)?;
        Ok(PageOf::of(
            found,
            rows,
            |row| row.seq.to_string(),
            Row::from,
        ))
    })
    .await
}

/// What the verification found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Verified {
    /// Every row follows from the one before it.
    Sound {
        entries: u64,
        erased: u64,
        /// The last row's chain hash.
        head: String,
    },
    /// A row is not what was written.
    Broken { broken: u64, why: String },
}

/// Recomputes the whole chain.
#[utoipa::path(post, path = "/v1/journal/verify", tag = "audit",
    security(("token" = ["audit"]), ("token" = ["upkeep"])),
    responses((status = 200, description = "what was found", body = Verified)))]
async fn verify(State(daemon): State<Arc<Daemon>>) -> Answer<Verified> {
    read(daemon, |daemon| {
        Ok(match audit::recompute(&daemon.store.read()?)? {
            Verdict::Sound {
                entries,
                erased,
                head,
            } => Verified::Sound {
                entries,
                erased,
                head,
            },
            Verdict::Broken { seq, why } => Verified::Broken { broken: seq, why },
        })
    })
    .await
}

/// Signs where the journal stands now. The key is made if there is none yet.
#[utoipa::path(post, path = "/v1/journal/checkpoint", tag = "audit", security(("token" = ["audit"])),
    responses((status = 200, description = "to be kept elsewhere", body = Checkpoint)))]
async fn checkpoint(State(daemon): State<Arc<Daemon>>) -> Answer<Checkpoint> {
    read(daemon, |daemon| daemon.scene(audit::checkpoint)).await
}

/// What was kept elsewhere.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Checkpoints, each the text that was kept; at most 10,000.
    #[serde(default)]
    checkpoints: Vec<String>,
    /// Public keys besides the daemon's present one, in hexadecimal: those it had before.
    #[serde(default)]
    keys: Vec<String>,
}

/// Recomputes the whole chain, and proves that it still contains these checkpoints.
#[utoipa::path(post, path = "/v1/journal/checkpoint/verify", tag = "audit",
    security(("token" = ["audit"]), ("token" = ["upkeep"])),
    request_body = Kept, responses((status = 200, description = "what was found", body = AuditReport)))]
async fn verify_checkpoints(
    State(daemon): State<Arc<Daemon>>,
    Body(kept): Body<Kept>,
) -> Answer<AuditReport> {
    read(daemon, move |daemon| {
        if kept.checkpoints.len() > CHECKPOINTS_MAX {
            let why = format!("at most {CHECKPOINTS_MAX} at once");
            return Err(FlowError::Invalid {
                what: "verify checkpoints".to_owned(),
                source: Refusal::because(why),
            });
        }
        let mut keys = kept.keys;
        keys.extend(daemon.scene(audit::own_key)?);
        let now = daemon.ports.clock.now();
        let register = daemon.store.read()?;
        Ok(audit::verify(&register, &kept.checkpoints, &keys, now)?.into())
    })
    .await
}
