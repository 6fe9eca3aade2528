//! The words of a question, as the OpenID AuthZEN Authorization API 1.0 has them: for evaluations and searches.

use axum::http::StatusCode;
use provost_core::decision::{Reference, Request};
use provost_core::limits::{QUESTION_BYTES_MAX, QUESTION_NAMES_MAX, VALUE_BYTES};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::problem::Problem;

/// A subject or a resource (§5.1, §5.2).
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Entity {
    /// `person`, `district`, `case`, `group`, `tool` or `agent`.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// For a person: the register's id, `district/username`, a unique username, `uuid:…`, `mail:…` or `tel:…`.
    pub(super) id: String,
    #[serde(default)]
    pub(super) properties: Map<String, Value>,
}

/// An action (§5.3).
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct ActionName {
    /// E.g. `case.submit` or `login-as`.
    pub(super) name: String,
    #[serde(default)]
    pub(super) properties: Map<String, Value>,
}

/// The question that these words make. Where the action and the resource have a property of one name, the resource's
/// counts.
pub(super) fn request(
    subject: Entity,
    action: ActionName,
    resource: Entity,
    context: Map<String, Value>,
) -> Request {
    let mut properties = action.properties;
    properties.extend(resource.properties);
    let reference = |kind, id| Reference {
        kind: Some(kind),
        id,
    };
    Request {
        subject: reference(subject.kind, subject.id),
        action: action.name,
        resource: reference(resource.kind, resource.id),
        properties,
        context,
    }
}

/// The standard has 400 for a wrong content type too (§10.1.1).
pub(super) fn malformed(problem: Problem) -> Problem {
    match problem.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => problem.under(StatusCode::BAD_REQUEST),
        _ => problem,
    }
}

/// A question of a size that is decided upon.
///
/// # Errors
/// A 400 that names the limit.
pub(super) fn bounded(request: &Request) -> Result<(), Problem> {
    bounded_weight(request.weight())?;
    for key in ["with", "to"] {
        if request.texts(key).count() > QUESTION_NAMES_MAX {
            let why = format!("a question names at most {QUESTION_NAMES_MAX} people");
            return Err(Problem::bad_request("read the question", why).with("field", key.into()));
        }
    }
    Ok(())
}

/// The same of no more than a part of one.
///
/// # Errors
/// A 400 that names the limit.
pub(super) fn bounded_weight(bytes: usize) -> Result<(), Problem> {
    if bytes <= QUESTION_BYTES_MAX {
        return Ok(());
    }
    let why = format!(
        "a question has at most {QUESTION_BYTES_MAX} bytes: its texts, and {VALUE_BYTES} for each value"
    );
    Err(Problem::bad_request("read the question", why))
}
