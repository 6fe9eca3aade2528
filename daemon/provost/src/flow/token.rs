//! Tokens: made, shown by programs, taken back. Only a digest of the secret is kept, so that nobody who reads the
//! register can show it.

use arc_swap::ArcSwap;
use provost_core::Timestamp;
use provost_core::change::{Actor, Change};
use provost_core::hex;
use provost_core::id::{DistrictId, TokenId};
use provost_core::token::{Scope, Token};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{FlowError, NotFound, Refusal, plan, write};
use crate::daemon::Daemon;
use crate::log::event;
use crate::store::{Store, StoreError};

/// What every token begins with, so that one that leaked can be searched for.
const PREFIX: &str = "provost_";

/// Random bytes of a secret: nobody can try that many, so a fast digest of it is enough.
const SECRET_BYTES: usize = 32;

/// Random bytes of the public part.
const ID_BYTES: usize = 6;

/// Tokens ever made: programs that make a new one for every run would otherwise grow the register without bound.
const TOKENS_MAX: usize = 10_000;

/// The tokens, held ready: every request of a program asks for one.
#[derive(Debug, Default)]
pub struct Tokens {
    known: ArcSwap<BTreeMap<TokenId, Token>>,
    /// Held from reading the register until `known` is swapped, so that no older state follows a newer one.
    renewing: Mutex<()>,
}

impl Tokens {
    /// Those of the register.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn of(store: &Store) -> Result<Self, FlowError> {
        let tokens = Self::default();
        tokens.renew(store)?;
        Ok(tokens)
    }

    fn renew(&self, store: &Store) -> Result<(), FlowError> {
        let _renewing = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = store.read()?.tokens()?.into_iter();
        let known = tokens.map(|token| (token.id.clone(), token)).collect();
        self.known.store(Arc::new(known));
        Ok(())
    }
}

/// What a new token is to open.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What it is for.
    pub name: Option<String>,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// In which districts; `None` means all.
    pub districts: Option<Vec<DistrictId>>,
    /// How long it is valid; for good if `None`.
    pub lifetime: Option<Duration>,
}

/// Makes a token. The text that the program shows is told here and never again.
///
/// # Errors
/// [`FlowError::Invalid`] if it would open nothing or a district that nobody knows.
pub fn create(
    daemon: &Daemon,
    wanted: &Wanted,
    actor: &Actor,
) -> Result<(Token, String), FlowError> {
    let now = daemon.ports.clock.now();
    let (id, secret) = (random(ID_BYTES)?, random(SECRET_BYTES)?);
    let text = format!("{PREFIX}{id}_{secret}");
    let token = Token {
        id: TokenId::new(id).map_err(|why| invalid(&why.to_string()))?,
        name: wanted.name.clone(),
        scopes: wanted.scopes.clone(),
        districts: wanted.districts.clone(),
        digest: digest(&secret),
        created: now,
        expires: expiry(now, wanted.lifetime)?,
        revoked: None,
    };
    write(&daemon.store, |register| {
        if token.scopes.is_empty() || token.districts.as_ref().is_some_and(Vec::is_empty) {
            return Err(invalid("it needs at least one scope and one district"));
        }
        for id in token.districts.iter().flatten() {
            if register.district(id)?.is_none() {
                return Err(invalid(&format!("district `{id}` is not known")));
            }
        }
        if register.tokens()?.len() >= TOKENS_MAX {
            return Err(invalid(&format!(
                "{TOKENS_MAX} tokens were made already; a program keeps its token"
            )));
        }
        let made = Change::Token {
            before: None,
            after: Box::new(token.clone()),
        };
        Ok((plan(register, actor.clone(), now, vec![made]), ()))
    })?;
    daemon.tokens.renew(&daemon.store)?;
    tracing::info!(message_id = event::TOKEN_MADE.id, token = %token.id, "token made");
    Ok((token, text))
}

/// Takes a token back: the next request that shows it is refused. One that was taken back before stays as it is.
///
/// # Errors
/// [`FlowError::Unknown`] if there is none, or none that `may` be taken back by who asks.
pub fn revoke(
    daemon: &Daemon,
    id: &TokenId,
    may: impl Fn(&Token) -> bool,
    actor: &Actor,
) -> Result<Token, FlowError> {
    let now = daemon.ports.clock.now();
    let revoked = write(&daemon.store, |register| {
        let tokens = register.tokens()?.into_iter();
        let before = tokens.filter(&may).find(|token| token.id == *id);
        let before = before.ok_or_else(|| FlowError::Unknown {
            what: "token",
            id: id.to_string(),
            source: NotFound::None,
        })?;
        if before.revoked.is_some() {
            return Ok((plan(register, actor.clone(), now, Vec::new()), before));
        }
        let after = Token {
            revoked: Some(now),
            ..before.clone()
        };
        let change = Change::Token {
            before: Some(Box::new(before)),
            after: Box::new(after.clone()),
        };
        Ok((plan(register, actor.clone(), now, vec![change]), after))
    })?;
    daemon.tokens.renew(&daemon.store)?;
    tracing::info!(message_id = event::TOKEN_REVOKED.id, token = %revoked.id, "token revoked");
    Ok(revoked)
}

/// The token that a program shows, if it is valid now.
pub fn shown(daemon: &Daemon, text: &str) -> Option<Token> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let id = TokenId::new(id).ok()?;
    let known = daemon.tokens.known.load();
    let token = known.get(&id)?;
    // Digests are compared, not secrets: how long that takes says nothing about the secret.
    let valid = token.digest == digest(secret) && token.is_valid(daemon.ports.clock.now());
    valid.then(|| token.clone())
}

fn expiry(now: Timestamp, lifetime: Option<Duration>) -> Result<Option<Timestamp>, FlowError> {
    let end = |lifetime: Duration| {
        now.checked_add(lifetime)
            .map_err(|why| invalid(&format!("expires too late: {why}")))
    };
    lifetime.map(end).transpose()
}

fn invalid(why: &str) -> FlowError {
    FlowError::Invalid {
        what: "make a token".to_owned(),
        source: Refusal::because(why),
    }
}

fn random(bytes: usize) -> Result<String, FlowError> {
    let mut drawn = vec![0; bytes];
    getrandom::fill(&mut drawn).map_err(|source| StoreError::Random { source })?;
    Ok(hex(&drawn))
}

fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}
