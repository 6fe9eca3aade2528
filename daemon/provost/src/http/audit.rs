//! `/v1/journal…`: every change ever committed, and the proof that none was altered.

use axum::extract::State;
use provost_core::Timestamp;
use provost_core::change::Change;
use provost_core::id::PersonId;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Params;
use super::page::{PageOf, Paging};
use super::work::{Answer, read};
use crate::daemon::Daemon;
use crate::store::{Entry, Verdict};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(journal))
        .routes(routes!(verify))
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
        Ok(match daemon.store.read()?.verify_journal()? {
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
