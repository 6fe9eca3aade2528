//! `Idempotency-Key`: a write that is asked for again gets its first answer, not a second effect.
//!
//! Source: draft-ietf-httpapi-idempotency-key-header. A key is claimed durably before the request is carried out, so
//! that no retry slips through while the first try is under way or after the daemon died over it. Only successes are
//! kept: what was refused has changed nothing and may be asked for again.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Type};

use super::body::{BODY_BYTES_MAX, BODY_TIME};
use super::caller::Caller;
use super::problem::Problem;
use crate::daemon::{Daemon, blocking};
use crate::store::{Answer, Claim, Key};

/// The header that carries the key.
const HEADER: &str = "idempotency-key";

/// The header as the OpenAPI document describes it.
pub(super) fn parameter() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "A key of the caller's choice, known for a day: asked again with the same key and body, the request is not \
             carried out again but answered as the first time.",
        ))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(KEY_LETTERS_MAX)),
        ))
        .build()
}

/// Letters of a key.
const KEY_LETTERS_MAX: usize = 255;

/// Requests with a key that are being worked on in this process.
#[derive(Clone)]
pub(super) struct Once {
    daemon: Arc<Daemon>,
    running: Arc<Keys>,
}

impl Once {
    pub(super) fn new(daemon: Arc<Daemon>) -> Self {
        Self {
            daemon,
            running: Arc::default(),
        }
    }

    /// Carries a write out once. Requests without the header, and reads, pass through.
    pub(super) async fn carry_out(&self, request: Request, next: Next) -> Response {
        let write = request.method() != Method::GET && request.uri().path().starts_with("/v1/");
        match request.headers().get(HEADER).filter(|_| write).cloned() {
            None => next.run(request).await,
            Some(key) => match keyed(self.clone(), &key, request, next).await {
                Ok(response) => response,
                Err(problem) => problem.into_response(),
            },
        }
    }

    /// Marks the request as being worked on, until what is returned is dropped; `None` if it is already.
    fn begin(&self, key: &Key) -> Option<Running> {
        let new = held(&self.running).insert((key.caller.clone(), key.key.clone()));
        new.then(|| Running {
            running: Arc::clone(&self.running),
            key: key.clone(),
        })
    }
}

type Keys = Mutex<BTreeSet<(String, String)>>;

fn held(keys: &Keys) -> MutexGuard<'_, BTreeSet<(String, String)>> {
    keys.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request that is being worked on, whatever becomes of it: also a defect ends it.
struct Running {
    running: Arc<Keys>,
    key: Key,
}

impl Drop for Running {
    fn drop(&mut self) {
        let key = (self.key.caller.clone(), self.key.key.clone());
        held(&self.running).remove(&key);
    }
}

fn refused(status: StatusCode, why: &str) -> Problem {
    Problem::new(status, "keep to the Idempotency-Key", why).with("field", "Idempotency-Key".into())
}

async fn keyed(
    once: Once,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = Key {
        caller: caller(&request),
        key: text(key)?,
    };
    let (parts, body) = request.into_parts();
    let body = tokio::time::timeout(BODY_TIME, to_bytes(body, BODY_BYTES_MAX))
        .await
        .map_err(|_| {
            refused(
                StatusCode::REQUEST_TIMEOUT,
                "the body did not arrive in time",
            )
        })?
        .map_err(|why| refused(StatusCode::PAYLOAD_TOO_LARGE, &why.to_string()))?;
    let mut digest = Sha256::new();
    digest.update(format!("{} {}\n", parts.method, parts.uri));
    digest.update(&body);
    let Some(running) = once.begin(&key) else {
        let why = "a request with this key is being worked on: ask again in a moment";
        return Err(refused(StatusCode::CONFLICT, why));
    };
    let claim = {
        let (daemon, key) = (Arc::clone(&once.daemon), key.clone());
        let now = daemon.ports.clock.now();
        let digest = digest.finalize().into();
        blocking(move || Ok(daemon.store.claim(key, digest, now)?)).await?
    };
    match claim {
        Claim::Answered(answer) => Ok(again(answer)),
        Claim::Other => {
            let why = "the key came before with another request: choose a new one";
            Err(refused(StatusCode::UNPROCESSABLE_ENTITY, why))
        }
        Claim::Unanswered => {
            let why = "the daemon stopped while it worked on this request: look whether it took effect, then choose a \
                       new key";
            Err(refused(StatusCode::CONFLICT, why))
        }
        Claim::New => {
            let request = Request::from_parts(parts, Body::from(body));
            // A client that goes away must not leave a write without its answer.
            let work = tokio::spawn(carry_out(once.daemon, running, request, next));
            work.await
                .map_err(|why| Problem::from_error(StatusCode::INTERNAL_SERVER_ERROR, &why))
        }
    }
}

async fn carry_out(
    daemon: Arc<Daemon>,
    running: Running,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = next.run(request).await.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let answer = parts.status.is_success().then(|| answer(&parts, &body));
    let key = running.key.clone();
    let kept = blocking(move || {
        match answer {
            Some(answer) => daemon.store.keep_answer(key, answer)?,
            None => daemon.store.forget_answer(key)?,
        }
        Ok(())
    });
    if let Err(error) = kept.await {
        tracing::error!(error = %crate::live::chain(&error), "an answer was not kept for its retry");
    }
    Response::from_parts(parts, Body::from(body))
}

fn answer(parts: &axum::http::response::Parts, body: &Bytes) -> Answer {
    let kind = parts.headers.get(header::CONTENT_TYPE);
    // A token's secret is told once and kept nowhere, not even for a retry.
    let secret = parts
        .headers
        .get(header::CACHE_CONTROL)
        .is_some_and(|control| control == "no-store");
    Answer {
        status: parts.status.as_u16(),
        kind: kind
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        body: String::from_utf8(body.to_vec()).ok().filter(|_| !secret),
    }
}

/// The answer of the first try.
fn again(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    match answer.body {
        Some(body) => (status, [(header::CONTENT_TYPE, answer.kind)], body).into_response(),
        None => {
            let why = format!(
                "the request was carried out ({status}); its answer was too large or too secret to be kept"
            );
            refused(StatusCode::CONFLICT, &why).into_response()
        }
    }
}

/// Keys of one caller are unknown to all others.
fn caller(request: &Request) -> String {
    let caller = request.extensions().get::<Caller>();
    caller.map(|caller| caller.name.clone()).unwrap_or_default()
}

fn text(key: &HeaderValue) -> Result<String, Problem> {
    let text = key.to_str().unwrap_or_default();
    if (1..=KEY_LETTERS_MAX).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    let why = format!("the key must have 1 to {KEY_LETTERS_MAX} ASCII letters");
    Err(refused(StatusCode::BAD_REQUEST, &why))
}
