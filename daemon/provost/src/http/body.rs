//! What a request carries: a JSON body or query parameters, each refused with the member that is wrong.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

use super::problem::Problem;
use crate::daemon::Daemon;

/// Bytes of a request's body: a register document of a large district fits, a mistake does not.
pub(super) const BODY_BYTES_MAX: usize = 64 << 20;

/// Time for a whole body to arrive: the largest one at about 1 MB/s.
pub(super) const BODY_TIME: Duration = Duration::from_secs(60);

/// A JSON object in the request's body.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Daemon>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, daemon: &Arc<Daemon>) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "read the body",
                "the content type must be application/json",
            ));
        }
        let bytes = bytes(request, daemon).await?;
        parse(&bytes).map(Self)
    }
}

/// The whole body, in time.
pub(super) async fn bytes(request: Request, daemon: &Arc<Daemon>) -> Result<Bytes, Problem> {
    arrived(request, daemon, BODY_TIME).await
}

/// The whole body, if it arrives in time.
async fn arrived(
    request: Request,
    daemon: &Arc<Daemon>,
    within: Duration,
) -> Result<Bytes, Problem> {
    let read = tokio::time::timeout(within, Bytes::from_request(request, daemon));
    let read = read.await.map_err(|_| {
        let why = format!("it did not arrive within {} s", within.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "read the body", why)
    })?;
    read.map_err(|why| Problem::new(why.status(), "read the body", why.body_text()))
}

/// The media type of the body, in lower case and without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next()?;
    Some(kind.trim().to_ascii_lowercase())
}

fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).as_deref() == Some("application/json")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Derived readers take a list for an object, member by member; what nobody described is not accepted.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::bad_request(
            "read the body",
            "it must be a JSON object",
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = members(&mut reader)?;
    reader
        .end()
        .map_err(|why| Problem::bad_request("read the body", why.to_string()))?;
    Ok(value)
}

/// Reads an object; a problem names the member that is wrong.
pub(super) fn members<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    reader: D,
) -> Result<T, Problem> {
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let (path, why) = (error.path().to_string(), error.inner().to_string());
        let problem = Problem::bad_request("read the body", why.as_str());
        match field(&path, &why) {
            Some(field) => problem.with("field", Value::from(field)),
            None => problem,
        }
    })
}

/// The member that is wrong, with dots between levels. A missing one has no place in the text, only a name.
fn field(path: &str, why: &str) -> Option<String> {
    // What breaks off before a member has a name has no place either.
    let path = (path != "." && path != "?").then_some(path);
    let missing = why
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next());
    match (path, missing) {
        (None, None) => None,
        (Some(path), None) => Some(path.to_owned()),
        (None, Some(missing)) => Some(missing.to_owned()),
        (Some(path), Some(missing)) => Some(format!("{path}.{missing}")),
    }
}

/// Reads a member that must be an object, not a list of its members. For `#[serde(deserialize_with)]`.
pub(super) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    reader: D,
) -> Result<T, D::Error> {
    T::deserialize(Outright(reader))
}

/// Asks for an object where a struct is wanted, for which a list would do as well.
struct Outright<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Outright<D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The query parameters. Unknown keys were refused before, see [`super::guard`].
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Daemon>> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Daemon>) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(params)| Self(params))
            .map_err(|why| wrong_query(&why.body_text()))
    }
}

/// What axum says of a query is `…: KEY: why`, or names a missing key.
fn wrong_query(said: &str) -> Problem {
    let why = said.split_once(": ").map_or(said, |(_, why)| why);
    let path = why.split_once(": ").map_or(".", |(key, _)| key);
    let problem = Problem::bad_request("read the query", why);
    match field(path, why) {
        Some(field) => problem.with("field", Value::from(field)),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::rig::Rig;

    #[tokio::test]
    async fn a_body_that_does_not_arrive_in_time_is_cut_off_with_408() {
        let rig = Rig::new().await;
        let never = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let request = Request::new(axum::body::Body::from_stream(never));
        let cut = arrived(request, &rig.daemon, Duration::from_millis(20)).await;
        assert_eq!(cut.unwrap_err().status(), StatusCode::REQUEST_TIMEOUT);
    }

    #[test]
    fn a_problem_names_the_member_that_is_wrong_or_missing() {
        let named = |path: &str, why: &str| field(path, why);
        assert_eq!(
            named(".", "missing field `kind` at line 1").as_deref(),
            Some("kind")
        );
        assert_eq!(
            named("subject", "missing field `id`").as_deref(),
            Some("subject.id")
        );
        assert_eq!(named("at", "invalid type: integer").as_deref(), Some("at"));
        assert_eq!(named(".", "expected value"), None);
        assert_eq!(named("?", "EOF while parsing an object"), None);
    }
}
