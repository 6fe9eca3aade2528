//! Answers by idempotency key: what a request came to, for the one who asks again because the first answer got lost.
//!
//! Source: draft-ietf-httpapi-idempotency-key-header. Answers are no part of the register's history.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::Store;
use super::error::{Attempt, StoreError};
use super::row::{collect, execute, limit, micros};
use super::writer::Company;

/// How long a key is known: longer than any client retries.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Keys known at most; the oldest are forgotten first. At 256 KiB an answer this bounds the table.
const KEYS: usize = 10_000;

/// Bytes of an answer that is kept.
const BODY_BYTES: usize = 256 << 10;

/// Keys forgotten while another one is claimed: more than one, so that the table shrinks.
const FORGOTTEN: usize = 100;

/// A request by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The account or token that asked: keys of others are none of its business.
    pub caller: String,
    /// As the caller chose it.
    pub key: String,
}

/// What a key stands for when it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is new, and claimed by this request from now on.
    New,
    /// The request came before and was answered.
    Answered(Answer),
    /// The request came before and has no answer: it is being worked on, or the daemon died over it.
    Unanswered,
    /// The key came before with another request.
    Other,
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Content type.
    pub kind: String,
    /// Body; `None` if it was too large to be kept.
    pub body: Option<String>,
}

impl Store {
    /// Claims a key for a request, known by its SHA-256; durable before the request is carried out.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn claim(&self, key: Key, request: [u8; 32], now: Timestamp) -> Result<Claim, StoreError> {
        self.submit(Company::Shared, move |writing| {
            claim(writing.connection(), &key, &request, now)
        })
    }

    /// Keeps the answer of a claimed key.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn keep_answer(&self, key: Key, mut answer: Answer) -> Result<(), StoreError> {
        answer.body = answer.body.filter(|body| body.len() <= BODY_BYTES);
        self.submit(Company::Shared, move |writing| {
            execute(
                writing.connection(),
                "keep an answer",
                include_str!("answer/keep.sql"),
                params![key.caller, key.key, answer.status, answer.kind, answer.body],
            )
            .map(drop)
        })
    }

    /// Gives a claimed key back, because nothing came of the request.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn forget_answer(&self, key: Key) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM answer WHERE caller = ?1 AND key = ?2";
        self.submit(Company::Shared, move |writing| {
            let params = params![key.caller, key.key];
            execute(writing.connection(), "forget an answer", SQL, params).map(drop)
        })
    }
}

fn claim(
    connection: &Connection,
    key: &Key,
    request: &[u8; 32],
    now: Timestamp,
) -> Result<Claim, StoreError> {
    const WHAT: &str = "claim an idempotency key";
    let long_ago = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    let sql = include_str!("answer/forget_old.sql");
    execute(
        connection,
        WHAT,
        sql,
        params![micros(long_ago), limit(FORGOTTEN)],
    )?;
    let sql = include_str!("answer/claim.sql");
    let params = params![key.caller, key.key, request, micros(now)];
    if execute(connection, WHAT, sql, params)? == 1 {
        let sql = include_str!("answer/forget_most.sql");
        execute(connection, WHAT, sql, [limit(KEYS)])?;
        return Ok(Claim::New);
    }
    let sql = include_str!("answer/find.sql");
    let found = collect(connection, WHAT, sql, params![key.caller, key.key], |row| {
        let read = || -> rusqlite::Result<_> {
            let before: [u8; 32] = row.get(0)?;
            let status: Option<u16> = row.get(1)?;
            Ok((before, status, row.get(2)?, row.get(3)?))
        };
        read().attempting(WHAT)
    })?;
    Ok(match found.into_iter().next() {
        Some((before, ..)) if before != *request => Claim::Other,
        Some((_, Some(status), kind, body)) => Claim::Answered(Answer {
            status,
            kind: Option::unwrap_or_default(kind),
            body,
        }),
        _ => Claim::Unanswered,
    })
}
